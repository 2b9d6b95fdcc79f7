"""An honest submission gets the marks that nbgrader by itself would give it.

Every right and wrong answer that there is (outside CI: every fourth) goes through the judge, and is
compared test by test with what its tests say when they are simply run. Behind the second-best walls
every eighth does, or all with --all-walls. A few of each assignment go through stock nbgrader too.
"""

import ast
from functools import cache

import nbformat
import pytest
from nbgrader.utils import determine_grade, is_grade

from course import ROOT
from grading import bench, checks, sample_class
from grading.assignment import SOLUTIONS, assignments, catalogue, grade_id, read, reference
from grading.judge import stand_ins
from grading.pool import Judge
from grading.preprocessor import prepare
from grading.sandbox import WALLS
from release.quick_marks import Mark, marks
from tests.grading.support import grade, nbgrader
from tests.grading.support import marks as recorded
from tests.release.support import EACH, functions, mistakes, packed, texts, variants
from tests.support import CI

pytestmark = pytest.mark.slow
ODD = {
    "warns": "np.tanh(x @ W_xh + h @ W_hh + b) + 0 * (np.exp(np.array(1e3)) > 0)",
    "float32": "np.tanh(np.float32(x) @ np.float32(W_xh) + np.float32(h @ W_hh + b))",
    "list": "(np.tanh(x @ W_xh + h @ W_hh + b)).tolist()",
    "nan": "h * np.nan",
    "none": "None",
    "raises": "x @ W_hh @ W_xh",
}
REMEMBERS = """
calls = []
class Cell:
    def __call__(self, x, h, W_xh, W_hh, b):
        calls.append(1)
        h = h + (0 if len(calls) < 2 else 1)
        return np.tanh(x @ W_xh + h @ W_hh + b)
rnn_cell = Cell()
"""


@cache
def answers(assignment: str) -> dict[str, tuple[str, str]]:
    """All right and wrong answers there are, by name: the function, and the text of its cell."""
    (right, wrong), found = texts(assignment), {}
    for function in functions(assignment):
        for name in (answer.__name__ for answer in variants(assignment)[function]):
            found[f"{function}-right-{name}"] = function, f"{right}\n{function} = {name}\n"
        for name in (m.name for m in mistakes(assignment, function)):
            found[f"{function}-{name}"] = function, f"{wrong}\n{function} = {name}\n"
    if assignment == "rnn":
        for name, result in ODD.items():
            body = f"def rnn_cell(x, h, W_xh, W_hh, b):\n    return {result}\n"
            found[f"rnn_cell-odd-{name}"] = "rnn_cell", body
        found["rnn_cell-odd-remembers"] = "rnn_cell", REMEMBERS
    return found if CI else dict(list(found.items())[::4])


def submission(assignment: str, answers: dict[str, str]) -> str:
    """The reference with some cells of it answered otherwise, as a notebook to hand in."""
    right = {grade_id(c): c.source for c in read(assignment).cells if c.cell_type == "code"}
    right = {name: right[name] for name in functions(assignment)} | answers
    notebook = nbformat.read(ROOT / "exercises" / assignment / f"{assignment}.ipynb", 4)
    for cell in notebook.cells:
        cell.source = right.get(grade_id(cell), cell.source)
    return nbformat.writes(notebook)


def judged(verdict: dict) -> dict[str, float]:
    """The points that nbgrader reads out of a graded notebook, by test."""
    cells = map(nbformat.from_dict, verdict["notebook"]["cells"])
    points = {grade_id(c): determine_grade(c)[0] for c in cells if is_grade(c)}
    return {test: score for test, score in points.items() if score is not None}


def changes_its_arguments(assignment: str, function: str, text: str) -> bool:
    names = reference(read(assignment))
    exec(text, names)
    probes = catalogue(SOLUTIONS / assignment)[1].get(function, [])
    return any("changed" in checks._observe(names[function], probe)[0] for probe in probes)


@cache
def plain(assignment: str, name: str) -> dict[str, Mark]:
    """What the tests say of this answer when they are simply run."""
    function, text = answers(assignment)[name]
    return marks(packed(assignment), {function: text})


@EACH
def test_the_judge_says_of_every_answer_what_its_tests_say(assignment, wall, request, tmp_path):
    found = answers(assignment)
    if wall != "bubblewrap" and not request.config.getoption("--all-walls"):
        found = dict(list(found.items())[list(WALLS).index(wall) :: 8])
    for name, (function, text) in found.items():
        content = submission(assignment, {function: text})
        sample_class.hand_in(tmp_path, name, assignment, content)
    with Judge(jobs=2, wall=wall) as judge:
        judge.load(prepare(SOLUTIONS / assignment / f"{assignment}.ipynb"))
        assert judge.ready() == wall
        folders = sorted((tmp_path / "submitted").glob(f"*/{assignment}"))
        verdicts = {f.parent.name: v for f, v in judge.judge(folders, assignment)}
    assert verdicts.keys() == found.keys()
    for name, (function, text) in found.items():
        got = judged(verdicts[name])
        expected = plain(assignment, name)
        different = {t: (got[t], m) for t, m in expected.items() if got.get(t) != m.points}
        if different and changes_its_arguments(assignment, function, text):
            # the wanted difference: what a test expects does not depend on what a call has changed
            different = {t: (score, m) for t, (score, m) in different.items() if score < m.points}
            assert 0 in got.values(), f"{name}: a test finds out that it changes its arguments"
        assert not different, f"{name}: {verdicts[name]['state']}: {different}"


def some(assignment: str) -> dict[str, tuple[str, str]]:
    """Six answers from all over the assignment, and all that are odd."""
    found = answers(assignment)
    spread = list(found)[:: -(-len(found) // 6)]
    return {name: a for name, a in found.items() if name in spread or "-odd-" in name}


def test_stock_nbgrader_gives_the_same_marks(bubblewrap, tmp_path):
    ours, stock = sample_class.course(tmp_path / "judge"), tmp_path / "stock"
    stock.mkdir()
    text = bench.STOCK.format(root=str(ROOT), solutions=str(ROOT / "solutions"))
    # any output on stderr costs a test cell all its points there: the judge's one wanted difference
    text += 'c.IgnorePattern.enabled = True\nc.IgnorePattern.pattern = "Warning"\n'
    # on a busy machine a kernel is slow to start and to answer, for which stock takes all points
    text += "c.Execute.timeout = c.Execute.iopub_timeout = c.Execute.startup_timeout = 300\n"
    (stock / "nbgrader_config.py").write_text(text)
    for assignment in assignments():
        for name, (function, text) in some(assignment).items():
            for root in (ours, stock):
                sample_class.hand_in(
                    root, name, assignment, submission(assignment, {function: text})
                )
    grade(ours, "--marks-only")
    for assignment in assignments():
        nbgrader(stock, "generate_assignment", assignment)
        said = nbgrader(stock, "autograde", assignment)
        found, judged = recorded(stock, assignment), recorded(ours, assignment)
        assert {who for who, _ in found} == some(assignment).keys(), said[-3000:]
        assert judged.keys() == found.keys()
        # the judge's other wanted difference: what stands on a wrong function is judged alone
        leans = {
            (who, grade_id(test))
            for who, (function, _) in some(assignment).items()
            for test in read(assignment).cells
            if test.cell_type == "code" and is_grade(test)
            if function in stand_ins(ast.parse(test.source))
        }
        differ = {k: (judged[k], found[k]) for k in found if judged[k] != found[k]}
        assert {k: points for k, points in differ.items() if k not in leans} == {}
        assert all(one >= other for one, other in differ.values())
