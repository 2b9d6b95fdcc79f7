"""A class: find what was handed in, judge all of it, record the marks in nbgrader's gradebook.

    submitted/LEARNER/ASSIGNMENT/*.ipynb  ->  autograded/…  ->  gradebook.db  ->  feedback/…

What is in these places afterwards is what `nbgrader autograde` and `nbgrader generate_feedback`
would have put there, so formgrader and every other nbgrader command go on from it. A submission is
graded again only when it, the assignment or the judge's limits have changed; what is done stays
done when a run is interrupted.
"""

import csv
import hashlib
import json
import multiprocessing
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import CsvExportPlugin
from nbgrader.preprocessors import AssignLatePenalties
from nbgrader.utils import compute_checksum, determine_grade, is_grade, is_solution, parse_utc
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from grading.judge import State, Verdict
from grading.pool import Judge
from grading.preprocessor import RunInJudge, prepare
from grading.submission import Unreadable, meta, read, read_file

# nbgrader 0.9 builds its rows in an order that SQLAlchemy 2.1 remarks on; nothing is lost
warnings.filterwarnings("ignore", "Object of type .* not in session")
HERE = Path(__file__).parent
NAME = re.compile(
    r"[^\W_][\w.@+-]{0,99}"
)  # of a learner's folder: it ends up in paths and in a CSV

CHANGED = """{0} has gained or lost cells since it was first graded, and nbgrader does not change an
assignment that has marks. To start over, keep a copy of gradebook.db (marks given by hand are
lost), run
    nbgrader db assignment remove {0} --force
and grade again."""


@dataclass
class Row:
    """What the table says of one submission."""

    learner: str
    state: str
    reason: str
    points: dict[str, float | None] = field(default_factory=dict)  # by test; None: by hand

    @property
    def total(self) -> float:
        return sum(p for p in self.points.values() if p is not None)


class Course:
    """A folder with `submitted/`, and nbgrader's settings for it."""

    def __init__(self, root: Path):
        self.root = root.resolve()
        file = "nbgrader_config.py"
        self.config: Config = PyFileConfigLoader(file, path=str(self.root)).load_config()
        self.config.CourseDirectory.root = str(self.root)
        self.config.NbGraderAPI.log_level = "ERROR"
        self.folders = CourseDirectory(config=self.config)

    def folder(self, step: str, learner: str, assignment: str) -> Path:
        """`step` is one of "source", "submitted", "autograded", "feedback"."""
        name = getattr(self.folders, f"{step}_directory")
        return Path(self.folders.format_path(name, learner, assignment))

    def assignments(self) -> list[str]:
        """Those that somebody handed in, of those that there are."""
        sources = self.folder("source", ".", "x").parent
        there = {p.name for p in sources.iterdir() if (p / f"{p.name}.ipynb").exists()}
        handed_in = {p.name for p in self.folder("submitted", "x", "x").parents[1].glob("*/*")}
        return sorted(there & handed_in)

    def gradebook(self) -> Gradebook:
        """Close it after use: it is a context manager."""
        programs = str(Path(sys.executable).parent)
        if programs not in os.environ["PATH"].split(os.pathsep):  # nbgrader runs `alembic`
            os.environ["PATH"] = programs + os.pathsep + os.environ["PATH"]
        return Gradebook(self.folders.db_url, self.folders.course_id)

    def register(self, book: Gradebook, assignment: str, master: dict) -> None:
        """Have the gradebook know the assignment as it is now."""
        cells = {meta(c)["grade_id"]: c["source"] for c in master["cells"] if meta(c)}
        try:
            known = book.find_notebook(assignment, assignment).source_cells
        except MissingEntry:
            known = []
        if cells == {c.name: c.source for c in known}:
            return
        book.db.rollback()  # what was read is out of date soon, and must not lock the file
        with tempfile.TemporaryDirectory() as release:
            config = Config(self.config)
            config.CourseDirectory.release_directory = release
            done = NbGraderAPI(config=config).generate_assignment(assignment, force=True)
        if "Cannot add or remove cells" in done.get("log", ""):
            raise SystemExit(CHANGED.format(assignment))
        if not done["success"]:
            raise SystemExit(f"{assignment} cannot be put into the gradebook:\n{done['log']}")


def grade(
    course: Course,
    assignment: str,
    judge: Judge,
    unsafe: bool = False,
    progress: Callable[[Iterable, int, str], Iterable] = lambda steps, total, what: steps,
) -> tuple[list[Row], str]:
    """Grade all submissions of an assignment; a row for each, and the sandbox that was used.

    Raises:
        NoSandbox: there is none on this machine, and `unsafe` is not set.
    """
    master = prepare(
        course.folder("source", ".", assignment) / f"{assignment}.ipynb", course.config
    )
    settings = RunInJudge(config=course.config)
    judge.load(master, settings.limits(), unsafe or settings.unsafe)  # it does so meanwhile
    base = json.dumps([master, repr(settings.limits()), _version()]).encode()
    folders = sorted(course.folder("submitted", "*", assignment).parents[1].glob(f"*/{assignment}"))
    rows, prints = {}, {}
    for folder in folders:
        learner = folder.parent.name
        if not NAME.fullmatch(learner):
            why = "the name of its folder may hold letters, digits and . _ @ + - only"
            rows[folder] = Row(repr(learner)[1:-1], State.UNREADABLE, why)
            continue
        prints[folder] = hashlib.sha256(base + _content(folder, assignment)).hexdigest()
        if row := _known(course, assignment, learner, prints[folder]):
            rows[folder] = row
    todo = [folder for folder in folders if folder not in rows]
    with course.gradebook() as book:
        course.register(book, assignment, master)
        sandbox = judge.ready()
        # nbgrader commits after every step; here a submission is one transaction
        book.db().expire_on_commit, book.db.commit = False, book.db.flush
        verdicts = judge.judge(todo, assignment)
        for n, (folder, verdict) in enumerate(progress(verdicts, len(todo), "grading")):
            rows[folder] = _record(course, book, folder, assignment, verdict, prints[folder])
            if n % 20 == 19:
                book.db.expunge_all()  # so that memory does not grow with the class
    return [rows[folder] for folder in folders], sandbox


def _version() -> str:
    """What the judge's own files are, so that a changed judge grades again."""
    files = sorted(HERE.glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def _content(folder: Path, assignment: str) -> bytes:
    try:
        name, data = read(folder, assignment)
        return name.encode() + b"\0" + data + b"\0" + (read_file(folder, "timestamp.txt") or b"")
    except Unreadable as error:
        return str(error).encode()


def _known(course: Course, assignment: str, learner: str, fingerprint: str) -> Row | None:
    """The row of a submission that was graded before, if nothing has changed since."""
    path = course.folder("autograded", learner, assignment) / f"{assignment}.ipynb"
    try:
        judged = json.loads(path.read_text(encoding="utf-8"))["metadata"]["judge"]
    except (OSError, ValueError, KeyError):
        return None
    if judged["fingerprint"] != fingerprint:
        return None
    return Row(learner, judged["state"], judged["reason"], judged["points"])


def _record(
    course: Course,
    book: Gradebook,
    folder: Path,
    assignment: str,
    verdict: Verdict,
    fingerprint: str,
) -> Row:
    """Write a verdict to the gradebook, then the graded notebook, as nbgrader would."""
    learner = folder.parent.name
    notebook = verdict["notebook"]
    if notebook is None:
        return Row(learner, verdict["state"], verdict["reason"].strip().split("\n")[-1])
    row = Row(learner, verdict["state"], verdict["reason"])
    book.update_or_create_student(learner)
    when = {}
    if text := read_file(folder, "timestamp.txt"):
        try:
            when = {"timestamp": parse_utc(text.decode().strip())}
        except (ValueError, OverflowError):
            row.reason += " (timestamp.txt holds no time)"
    submission = book.update_or_create_submission(assignment, learner, **when)
    [entry] = [n for n in submission.notebooks if n.name == assignment]
    names = {c.id: c.name for c in entry.notebook._base_cells}  # one question, not one a cell
    grades = {names[g.cell_id]: g for g in entry.grades}
    comments = {names[c.cell_id]: c for c in entry.comments}
    for cell in map(nbformat.from_dict, notebook["cells"]):
        if is_grade(cell):
            grade_ = grades[cell.metadata.nbgrader.grade_id]
            grade_.auto_score, _ = determine_grade(cell)
            by_hand = grade_.manual_score is not None or grade_.auto_score is None
            # a 0 for what nobody could read should not go unseen
            grade_.needs_manual_grade = by_hand or verdict["state"] in UNGRADED
            row.points[cell.metadata.nbgrader.grade_id] = grade_.auto_score
        if is_solution(cell):
            same = cell.metadata.nbgrader.get("checksum") == compute_checksum(cell)
            comments[cell.metadata.nbgrader.grade_id].auto_comment = (
                "No response." if same else None
            )
    entry.late_submission_penalty = _penalty(course, submission, entry)
    type(book.db).commit(book.db)
    notebook["metadata"]["judge"] = {
        "fingerprint": fingerprint,
        "state": row.state,
        "reason": row.reason,
        "points": row.points,
    }
    path = course.folder("autograded", learner, assignment) / f"{assignment}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")
    os.replace(part, path)
    for name in EXCHANGE:
        if data := read_file(folder, name):
            (path.parent / name).write_bytes(data)
        else:
            (path.parent / name).unlink(missing_ok=True)
    return row


EXCHANGE = ("timestamp.txt", "submission_secret.txt")  # by these it finds whose feedback is whose
UNGRADED = (State.UNREADABLE, State.NOT_THIS_ASSIGNMENT)


def _penalty(course: Course, submission, entry) -> float | None:
    """What nbgrader's plug-in takes off for a late submission."""
    if submission.total_seconds_late <= 0:
        return None
    step = AssignLatePenalties(config=course.config)
    step.init_plugin()
    late = submission.total_seconds_late
    penalty = step.plugin_inst.late_submission_penalty(submission.student_id, entry.score, late)
    return None if penalty is None else step._check_late_penalty(entry, penalty)


# ---- what comes of it ----------------------------------------------------------------------------
def feedback(course: Course, assignment: str, jobs: int, rows: Iterable[Row]) -> Iterator[str]:
    """Have nbgrader write the feedback of those whose marks are newer; yields who is done."""
    todo = []
    for row in rows:
        marks = course.folder("autograded", row.learner, assignment) / f"{assignment}.ipynb"
        page = course.folder("feedback", row.learner, assignment) / f"{assignment}.html"
        if marks.exists() and not (page.exists() and page.stat().st_mtime >= marks.stat().st_mtime):
            todo.append(row.learner)
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(jobs, context) as pool:
        steps = {pool.submit(_feedback, course, assignment, who): who for who in todo}
        yield from _named_steps(steps)


def _named_steps(steps: dict) -> Iterator[str]:
    for step in as_completed(steps):
        if problem := step.result():
            raise RuntimeError(f"no feedback for {steps[step]}:\n{problem}")
        yield steps[step]


def _feedback(course: Course, assignment: str, learner: str) -> str:
    done = NbGraderAPI(config=course.config).generate_feedback(assignment, learner, force=True)
    return "" if done["success"] else done.get("log", "") + done.get("error", "")


def export(course: Course, assignment: str, rows: list[Row]) -> tuple[Path, Path]:
    """nbgrader's own list of marks, and ours, which says the state and the reason too."""
    marks, report = (course.root / f"{name}-{assignment}.csv" for name in ("marks", "report"))
    with course.gradebook() as book:
        plugin = CsvExportPlugin(config=course.config)
        plugin.to, plugin.assignment = str(marks), [assignment]
        plugin.export(book)
    tests = next((list(row.points) for row in rows if row.points), [])
    with open(report, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["learner", *tests, "total", "state", "reason"])
        for row in rows:
            points = [row.points.get(test) for test in tests]
            table.writerow(
                [row.learner, *points, row.total if points else "", row.state, row.reason]
            )
    return marks, report
