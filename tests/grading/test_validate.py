"""A notebook that passes `nbgrader validate` in a fresh kernel passes its visible tests here.

Notebooks are made from the right one as learners make them: cells split, merged, moved, copied,
retyped and renamed, with cells of their own in between that use what stands above. Each is run by
nbgrader's own Execute, in a real kernel, and judged; what passes there passes here.
"""

import copy
import json

import nbformat
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from nbgrader.preprocessors import Execute
from nbgrader.utils import determine_grade, is_grade

from course import EXERCISES, SOLUTIONS
from grading.pool import Judge
from grading.preprocessor import prepare
from grading.sample_class import answered, hand_in, right

pytestmark = pytest.mark.slow
RIGHT = answered(
    json.loads((EXERCISES / "rnn" / "rnn.ipynb").read_text(encoding="utf-8")), right("rnn")
)
for cell in RIGHT["cells"]:
    cell["source"] = "".join(cell["source"])
ANSWERS = ("rnn_cell", "run_rnn", "rnn_cell_backward")
OLD = "def rnn_cell(x, h, W_xh, W_hh, b):\n    return np.tanh(x @ W_xh + b)"
OWN = [
    "x = 3\nx",
    "print(x.shape, h.shape)",  # names of a visible test
    "%time y = rnn_cell(x, h, W_xh, W_hh, b)",
    "files = !ls",
    "h_new = _",
    "same = check = None",
    "await __import__('asyncio').sleep(0)",
    "draw = lambda *size: np.zeros(size)",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2]);",
    "raise ValueError('not finished')",
]


def named(notebook: dict, i: str) -> int:
    ids = [c["metadata"].get("nbgrader", {}).get("grade_id") for c in notebook["cells"]]
    return ids.index(i) if i in ids else -1


@st.composite
def notebooks(draw) -> dict:
    """The right notebook after one to four changes."""
    notebook = copy.deepcopy(RIGHT)
    cells = notebook["cells"]
    for change in draw(st.lists(st.sampled_from(CHANGES), min_size=1, max_size=4)):
        n = named(notebook, draw(st.sampled_from(ANSWERS)))
        if n >= 0:
            change(cells, n, draw)
    return notebook


def split(cells: list, n: int, draw) -> None:
    first = copy.deepcopy(cells[n])
    cells[n]["source"], first["source"] = cells[n]["source"], "scale = 1.0"
    cells.insert(n, first)


def merge(cells: list, n: int, draw) -> None:
    cells[n]["source"] += "\n\n" + draw(st.sampled_from(OWN[:1]))


def copied(cells: list, n: int, draw) -> None:
    cells.insert(n, copy.deepcopy(cells[n]) | {"source": OLD})


def copied_below(cells: list, n: int, draw) -> None:
    cells.append(copy.deepcopy(cells[n]) | {"source": OLD})


def moved(cells: list, n: int, draw) -> None:
    cells.insert(min(n, 3), cells.pop(n))


def renamed(cells: list, n: int, draw) -> None:
    cells[n]["metadata"] = {}


def helper(cells: list, n: int, draw) -> None:
    cells.insert(n, {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
                 | {"source": "def helper(v):\n    return np.tanh(v)"})  # fmt: skip
    cells[n + 1]["source"] = cells[n + 1]["source"].replace("np.tanh(", "helper(")


def own_cell(cells: list, n: int, draw) -> None:
    place = draw(st.integers(2, len(cells)))
    source = draw(st.sampled_from(OWN))
    cells.insert(place, {"cell_type": "code", "metadata": {}, "outputs": [], "source": source}
                 | {"execution_count": None})  # fmt: skip


CHANGES = [split, merge, copied, copied_below, moved, renamed, helper, own_cell, own_cell]


def passed_in_a_kernel(notebook: dict) -> set[str]:
    """The visible tests that pass where the notebook runs in a fresh kernel."""
    nb = nbformat.from_dict(copy.deepcopy(notebook))
    for n, cell in enumerate(nb.cells):
        cell.id = f"cell-{n}"
    nb, _ = Execute(timeout=120, startup_timeout=120).preprocess(nb, {})
    return {
        c.metadata.nbgrader.grade_id
        for c in nb.cells
        if is_grade(c) and not [o for o in c.outputs if o.output_type == "error"] and c.source
    }


@pytest.fixture(scope="module")
def judge(bubblewrap):
    with Judge(jobs=1) as judge:
        judge.load(prepare(SOLUTIONS / "rnn" / "rnn.ipynb"))
        yield judge


def passed_here(judge: Judge, notebook: dict, folder) -> tuple[set[str], str]:
    there = hand_in(folder, "one", "rnn", json.dumps(notebook))
    [(_, verdict)] = judge.judge([there], "rnn")
    cells = [c for c in map(nbformat.from_dict, verdict["notebook"]["cells"]) if is_grade(c)]
    return {c.metadata.nbgrader.grade_id for c in cells if determine_grade(c)[0]}, verdict["reason"]


VISIBLE = {
    c["metadata"]["nbgrader"]["grade_id"]
    for c in RIGHT["cells"]
    if c["metadata"].get("nbgrader", {}).get("grade") and "check(" in "".join(c["source"])
}


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_what_passes_in_a_kernel_passes_here(judge, tmp_path_factory, data):
    notebook = data.draw(notebooks())
    ours, reason = passed_here(judge, notebook, tmp_path_factory.mktemp("one"))
    missing = (passed_in_a_kernel(notebook) & VISIBLE) - ours
    assert not missing, reason
