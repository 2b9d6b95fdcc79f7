"""What a class got wrong: a page and the same as JSON, of what is graded; nothing is graded here.

    python -m grading.report             all assignments that are graded
    python -m grading.report rnn --names who made which mistake, and who is alike

For each function and test how many passed; the mistakes of the catalogue, with their sentences;
answers that failed without a name, those of equal behaviour together, so that the catalogue can
learn them; totals; limits hit; who is missing, late or not read. Work that is alike is something to
look at and no verdict.
"""

import argparse
import ast
import collections
import itertools
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import jinja2

from course import ROOT
from grading import skip_slow_imports

if __name__ == "__main__":
    skip_slow_imports()  # before nbgrader is imported

from grading.classroom import MISSING, UNGRADED, CannotGrade, Course, Row, Run, absent, graded
from grading.files import no_course
from grading.lists import numbers
from grading.submission import BEGIN, is_answer, is_locked, is_test, meta

MORE = "(There is more to it: mend this first, then run the tests again.)"  # as checks.py says
NEVER_RAN = {"NameError", "SyntaxError", "IndentationError"}
STOPPED = {"TimeoutError", "ProcessDied"}
SHINGLE = 7  # tokens
SHARED = 15  # shingles that hardly anybody else has, from which on two are called alike
ALIKE = 0.6  # and their share of all such shingles of the one who has fewer
MOST_PAIRS = 50
LEARNERS = ("learners", "unanswered", "missing", "late")  # lists of them in a report
TOKEN = re.compile(r"\w+|[^\w\s]")
PAGE = Path(__file__).with_suffix(".html.j2")


@dataclass
class Test:
    """How a test went; `judged` are those whose notebook could be run."""

    name: str
    claim: str
    points: float
    hidden: bool
    passed: int = 0
    judged: int = 0


@dataclass
class Group:
    """Learners of whom the same is to be said."""

    said: str
    learners: list[str]
    probes: list[str] = field(default_factory=list)  # what their function gave
    code: str = ""  # the shortest of their answers, without comments

    @property
    def count(self) -> int:
        return len(self.learners)


@dataclass
class Function:
    """How the tests of one function went."""

    name: str
    most: float
    passed: int = 0  # learners who passed all of them
    tests: list[Test] = field(default_factory=list)
    named: list[Group] = field(default_factory=list)  # mistakes of the catalogue
    unnamed: list[Group] = field(default_factory=list)  # of equal behaviour
    never_ran: list[Group] = field(default_factory=list)
    stopped: list[Group] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)


@dataclass
class Report:
    """What is said of an assignment; learners are names until `without_names`."""

    assignment: str
    numbers: dict[str, float]
    states: dict[str, int]
    totals: list[tuple[float, float, int]]  # from, to (without it, but for the last), how many
    functions: list[Function]
    missing: list[str]
    late: list[str]
    not_read: list[Group]
    alike: list[Group]


@dataclass
class Work:
    """One graded notebook."""

    learner: str
    content: str  # a fingerprint of the file
    points: dict[str, float | None]  # the judge's, by test
    faults: dict[str, tuple[str, str]]  # by test: kind of exception, what it says
    answers: dict[str, str]  # source by id
    own: str  # all that the learner wrote
    probes: dict[str, list[str]]


def study(course: Course, assignment: str, rows: list[Row]) -> Report:
    """The report on these submissions, and on those who handed in none."""
    run = Run(course, assignment)
    here = [row for row in rows if row.state != MISSING]
    read = [row for row in here if row.counts]
    works = [work for row in read if (work := _work(run.graded_copy(row.learner), row.learner))]
    functions = list(_functions(run))
    for function in functions:
        _judge(function, works)
    not_read = _groups((row.reason, row.learner) for row in here if row.state in UNGRADED)
    return Report(
        assignment,
        numbers(rows),
        dict(collections.Counter(str(row.state) for row in here)),
        list(_histogram([row.total for row in read], max((r.maximum for r in read), default=0))),
        functions,
        [row.learner for row in rows if row.state == MISSING],
        [row.learner for row in here if row.late],
        not_read,
        [*_same_rare_mistake(functions, len(works)), *_alike(works, run)],
    )


def _work(path: Path, learner: str) -> Work | None:
    """What the graded copy at `path` tells; None where there is none."""
    try:
        notebook = json.loads(path.read_text("utf-8"))
        about = notebook["metadata"]["judge"]
    except (OSError, ValueError, KeyError):
        return None
    work = Work(learner, about["content"], about["points"], {}, {}, "", about.get("probes", {}))
    for cell in notebook["cells"]:
        name = meta(cell).get("grade_id", "")
        for output in cell.get("outputs", ()):
            if output["output_type"] == "error" and name:
                work.faults[name] = output["ename"], output["evalue"]
        if not is_locked(cell) and cell.get("id") != "notice":
            work.own += cell["source"] + "\n"
            work.answers[name] = cell["source"]
    return work


def _functions(run: Run) -> Iterator[Function]:
    """The functions of an assignment and their tests, in their order."""
    found: dict[str, Function] = {}
    for cell in run.master["cells"]:
        if is_test(cell) or (is_answer(cell) and meta(cell).get("grade")):
            name = meta(cell)["grade_id"]
            function = found.setdefault(name.split("-")[0], Function(name.split("-")[0], 0))
            points = run.written[name]
            function.most += points
            claim = re.match(r"#[^·\n]*·\s*(.+)", cell["source"])
            said = claim[1].strip() if claim else ""
            if name in run.amended:
                said = f"{said} ({run.amended[name]})"
            hidden = BEGIN in cell["source"]
            function.tests.append(Test(name, said, points, hidden))
    return iter(found.values())


def _judge(function: Function, works: list[Work]) -> None:
    """Put into a function what became of it."""
    named: list[tuple[str, str]] = []
    never_ran: list[tuple[str, str]] = []
    stopped: list[tuple[str, str]] = []
    unnamed: dict[tuple[str, ...], list[tuple[Work, str]]] = {}
    for work in works:
        lost = []
        for test in function.tests:
            points = work.points.get(test.name)
            if points is not None:
                test.judged += 1
                test.passed += points >= test.points
                lost += [test.name] if points < test.points else []
        if not lost:
            function.passed += any(work.points.get(t.name) is not None for t in function.tests)
            continue
        faults = [work.faults[name] for name in lost if name in work.faults]
        kinds = {kind for kind, _ in faults}
        sentences = dict.fromkeys(s for _, text in faults for s in _sentences(text))
        if kinds and kinds <= {"NotImplementedError"}:
            function.unanswered.append(work.learner)
        elif kinds & STOPPED:
            said = next(text for kind, text in faults if kind in STOPPED)
            stopped.append((_line(said), work.learner))
        elif sentences:
            named += [(sentence, work.learner) for sentence in sentences]
        elif kinds and kinds <= NEVER_RAN:
            never_ran.append((_line(faults[0][1]), work.learner))
        else:
            said = f"{lost[0]}: {_line(faults[0][1])}" if faults else f"{lost[0]}: partial credit"
            look = work.probes.get(function.name) or [*lost, said]
            unnamed.setdefault(tuple(look), []).append((work, said))
    function.named, function.never_ran = _groups(named), _groups(never_ran)
    function.stopped = _groups(stopped)
    for _, alike in sorted(unnamed.items(), key=lambda item: -len(item[1])):
        first = alike[0][0]
        codes = [_plain_code(work.answers.get(function.name, "")) for work, _ in alike]
        shown = min(filter(None, codes), key=len, default="")
        learners = [work.learner for work, _ in alike]
        group = Group(alike[0][1], learners, first.probes.get(function.name, []), shown)
        function.unnamed.append(group)


def _sentences(text: str) -> Iterator[str]:
    """The sentences of the catalogue in what is said of a failed test."""
    for part in text.split("→")[1:]:
        sentence = _line(part).removesuffix(MORE).strip()
        yield re.sub(r"^In \w+: ", "", sentence)


def _line(text: str) -> str:
    return " ".join(text.split())


def _groups(pairs: Iterable[tuple[str, str]]) -> list[Group]:
    """Groups of those of whom the same is said, the largest first."""
    found: dict[str, list[str]] = {}
    for said, learner in pairs:
        found.setdefault(said, []).append(learner)
    groups = [Group(said, learners) for said, learners in found.items()]
    return sorted(groups, key=lambda group: (-group.count, group.said))


def _plain_code(source: str) -> str:
    """Code without comments and docstrings, in which people write their names; empty if broken."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def _histogram(totals: list[float], most: float) -> Iterator[tuple[float, float, int]]:
    """Ten ranges, or as many as there are points, and how many totals lie in each."""
    if not totals or most <= 0:
        return
    steps = min(10, max(1, int(most)))
    edges = [most * n / steps for n in range(steps + 1)]
    for n, (low, high) in enumerate(itertools.pairwise(edges)):
        last = n == steps - 1
        inside = [t for t in totals if low <= t < high or (last and t >= high)]
        yield low, high, len(inside)


# ---- what is alike -------------------------------------------------------------------------------
def _few(learners: int) -> int:
    """How many of a class are so few that what only they have is rare."""
    return min(10, max(3, learners // 20))


def _same_rare_mistake(functions: list[Function], learners: int) -> Iterator[Group]:
    for function in functions:
        for group in function.unnamed:
            if 2 <= group.count <= _few(learners) and group.probes:
                said = f"{function.name} gives the same wrong results, which nobody else has"
                yield Group(said, group.learners)


def _alike(works: list[Work], run: Run) -> Iterator[Group]:
    """Files that are the same, and notebooks that share what hardly anybody else has.

    What the exercise and the reference answers say is taken out first.
    """
    stubs = set().union(*(_shingles(cell["source"]) for cell in run.master["cells"]))
    given = stubs.union(*map(_shingles, run.master["answers"].values()))
    whole = {work.learner: _shingles(work.own) for work in works}
    own = {learner: shingles - given for learner, shingles in whole.items()}
    same: dict[str, list[str]] = {}
    for work in works:
        if len(whole[work.learner] - stubs) >= SHARED:  # not the exercise as it came
            same.setdefault(work.content, []).append(work.learner)
    together = [learners for learners in same.values() if len(learners) > 1]
    yield from (Group("the same file, byte for byte", learners) for learners in together)
    pairs = {pair for learners in together for pair in itertools.combinations(learners, 2)}
    holders: dict[int, list[str]] = {}
    for learner, shingles in own.items():
        for shingle in shingles:
            holders.setdefault(shingle, []).append(learner)
    rare = {s: who for s, who in holders.items() if len(who) <= _few(len(works))}
    count = collections.Counter(learner for who in rare.values() for learner in who)
    shared = collections.Counter(
        pair for who in rare.values() for pair in itertools.combinations(who, 2)
    )
    found = []
    for (one, other), both in shared.items():
        share = both / min(count[one], count[other])
        if both >= SHARED and share >= ALIKE and (one, other) not in pairs:
            found.append((share, one, other))
    for share, one, other in sorted(found, reverse=True)[:MOST_PAIRS]:
        said = f"{share:.0%} of what hardly anybody else wrote is in both notebooks"
        yield Group(said, [one, other])


def _shingles(text: str) -> set[int]:
    """Each run of a few words and signs, as a number; spaces and empty lines do not count."""
    tokens = TOKEN.findall(text)
    return {hash(tuple(tokens[n : n + SHINGLE])) for n in range(len(tokens) - SHINGLE + 1)}


# ---- files ---------------------------------------------------------------------------------------
def as_json(report: Report, names: bool = False) -> dict[str, Any]:
    """The report in terms of JSON; without names a list of learners is their number."""
    about = asdict(report)
    return about if names else _counted(about)


def _counted(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: len(part) if key in LEARNERS and isinstance(part, list) else _counted(part)
            for key, part in value.items()
        }
    return [_counted(part) for part in value] if isinstance(value, list) else value


def write(course: Course, assignment: str, rows: list[Row], names: bool = False) -> Path:
    """Write report-ASSIGNMENT.html and .json into the course folder; the path of the page."""
    report = study(course, assignment, rows)
    path = course.root / f"report-{assignment}.html"
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.trim_blocks = environment.lstrip_blocks = True
    page = environment.from_string(PAGE.read_text("utf-8")).render(report=report, names=names)
    path.write_text(page, "utf-8")
    text = json.dumps(as_json(report, names), indent=1, ensure_ascii=False)
    path.with_suffix(".json").write_text(text, "utf-8")
    return path


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m grading.report",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("assignment", nargs="*", help="default: all that somebody handed in")
    parser.add_argument("--names", action="store_true", help="say who, not only how many")
    parser.add_argument("--course", type=Path, help="a folder with nbgrader_config.py")
    args = parser.parse_args()
    if args.course and (problem := no_course(args.course)):
        parser.error(problem)
    root = args.course or (ROOT if (ROOT / "submitted").is_dir() else ROOT / "_build/sample-class")
    try:
        course = Course(root)
        handed_in = {one.assignment for one in course.find()[0]}
        for assignment in args.assignment or sorted(handed_in):
            rows = graded(course, assignment)
            print(write(course, assignment, rows + absent(course, assignment), args.names))
    except CannotGrade as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
