"""A class: find what was handed in, judge all of it, record the marks in nbgrader's gradebook.

    submitted/LEARNER/ASSIGNMENT/*.ipynb  ->  autograded/…  ->  gradebook.db

What is in these places afterwards is what nbgrader's own commands and formgrader go on from. A
submission is judged again only when it, the assignment, the judge or its limits have changed, or
when the gradebook no longer holds what was recorded. Points that somebody gave by hand stay, and
the points that anybody is shown are those of the gradebook.
"""

import copy
import datetime as dt
import hashlib
import json
import os
import platform
import sys
import tempfile
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    MissingEntry,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties
from nbgrader.utils import compute_checksum, determine_grade, is_grade, is_solution, parse_utc
from sqlalchemy.engine import make_url
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from grading import amendments, deadlines, roster
from grading.files import CannotGrade, Submission, Unreadable, find, nearest, read, read_file
from grading.judge import State, Verdict
from grading.pool import Judge
from grading.preprocessor import RunInJudge, prepare
from grading.submission import is_answer, is_test, meta

HERE = Path(__file__).parent
EXCHANGE = ("timestamp.txt", "submission_secret.txt")  # by these it finds whose feedback is whose
UNGRADED = (State.UNREADABLE, State.NOT_THIS_ASSIGNMENT)
MISSING = "missing"  # the state of somebody who handed in nothing
# modules on which no verdict hangs: a change of theirs has nobody graded again
NO_VERDICT = {
    "__main__",
    "amendments",
    "bench",
    "deadlines",
    "door",
    "lists",
    "lms",
    "pages",
    "report",
    "roster",
}

CHANGED = """{0} has gained or lost cells since it was first graded, and nbgrader does not change an
assignment that has marks. To start over, keep a copy of gradebook.db (marks given by hand are
lost), run
    nbgrader db assignment remove {0} --force
and grade again."""


@dataclass
class Row:
    """What all lists say of one submission, or of somebody who handed in none."""

    learner: str
    state: str
    reason: str = ""
    points: dict[str, float | None] = field(default_factory=dict)  # by test; None: not given yet
    most: dict[str, float] = field(default_factory=dict)  # the maximum, by test
    penalty: float = 0.0  # taken off for being late
    handed_in: dt.datetime | None = None  # UTC; None where nobody knows
    due: dt.datetime | None = None  # this learner's date, UTC
    needs_a_look: bool = False
    stamp: str = ""  # of all that a feedback page shows
    incomplete: bool = False  # it was not recorded, or its page could not be made
    by_hand: list[str] = field(default_factory=list)  # tests whose points somebody gave
    name: str = ""  # of the person, where roster.csv has it

    @property
    def total(self) -> float:
        return total(sum(p for p in self.points.values() if p is not None), self.penalty)

    @property
    def maximum(self) -> float:
        return sum(self.most.values())

    @property
    def counts(self) -> bool:
        """Whether it was read: the 0 of what nobody could read is no mark."""
        return bool(self.points) and self.state not in UNGRADED

    @property
    def late(self) -> bool:
        return bool(self.handed_in and self.due and self.handed_in > self.due)


def total(points: float, penalty: float | None) -> float:
    """The mark of a submission: its points, less what is taken off for being late."""
    return max(0.0, points - (penalty or 0.0))


def points_of(grade: Any) -> float | None:
    """The points of one test as nbgrader counts them: by hand before by test, and extra credit."""
    given = grade.auto_score if grade.manual_score is None else grade.manual_score
    return None if given is None else given + (grade.extra_credit or 0.0)


def _hint(name: str, there: list[str]) -> str:
    meant = nearest(name, there)
    return f"did you mean {meant}?" if meant else f"there are {', '.join(there)}"


class Course:
    """A folder with `submitted/`, and nbgrader's settings for it."""

    def __init__(self, root: Path, config: Config | None = None):
        """`config` holds the settings where they were read already."""
        self.root = root.resolve()
        if config is None:
            file = "nbgrader_config.py"
            config = PyFileConfigLoader(file, path=str(self.root)).load_config()
            config.NbGraderAPI.log_level = "ERROR"  # it sets that of the whole process
        self.config: Config = copy.deepcopy(config)
        self.config.CourseDirectory.root = str(self.root)
        self.folders = CourseDirectory(config=self.config)
        self._prepared: dict[str, dict] = {}

    @cached_property
    def deadlines(self) -> deadlines.Deadlines:
        """
        Raises:
            CannotGrade: deadlines.toml cannot be understood, or names no assignment of this course.
        """
        found = deadlines.read(self.root / deadlines.FILE)
        for assignment in {*found.dates, *found.rules} - {""}:
            try:
                self.check(assignment)
            except CannotGrade as error:
                raise CannotGrade(f"{deadlines.FILE}: {error}") from None
        return found

    @cached_property
    def roster(self) -> roster.Roster:
        """
        Raises:
            CannotGrade: roster.csv cannot be understood.
        """
        return roster.read(self.root / roster.FILE)

    @cached_property
    def amendments(self) -> dict[str, dict[str, str]]:
        """What was decided about tests, by assignment.

        Raises:
            CannotGrade: amendments.toml cannot be understood.
        """
        return amendments.read(self.root / amendments.FILE)

    def amend(self, assignment: str, test: str, decided: str) -> None:
        """Decide about a test: `decided` is one of the values of amendments.toml.

        Raises:
            CannotGrade: the assignment has no such test.
        """
        self.check(assignment)
        cells = json.loads(self.master(assignment).read_text("utf-8"))["cells"]
        tests = [meta(cell)["grade_id"] for cell in cells if is_test(cell)]
        if test not in tests:
            raise CannotGrade(f"{assignment} has no test {test}: {_hint(test, tests)}")
        self.amendments.setdefault(assignment, {})[test] = decided
        amendments.write(self.root / amendments.FILE, self.amendments)

    def name_of(self, learner: str) -> str:
        """The name that roster.csv has for a learner, or an empty text."""
        person = self.roster.whose(learner)
        return person.name if person else ""

    def folder(self, step: str, learner: str, assignment: str) -> Path:
        """`step` is one of "source", "submitted", "autograded", "feedback"."""
        name = getattr(self.folders, f"{step}_directory")
        return Path(self.folders.format_path(name, learner, assignment))

    @property
    def submitted(self) -> Path:
        return self.folder("submitted", "x", "x").parents[1]

    def master(self, assignment: str) -> Path:
        """The author's notebook."""
        return self.folder("source", ".", assignment) / f"{assignment}.ipynb"

    def prepared(self, assignment: str) -> dict:
        """The author's notebook as the judge takes it; it is read and packed once."""
        if assignment not in self._prepared:
            self._prepared[assignment] = prepare(self.master(assignment), self.config)
        return copy.deepcopy(self._prepared[assignment])

    def assignments(self) -> list[str]:
        """All that there are."""
        sources = self.folder("source", ".", "x").parent
        if not sources.is_dir():
            raise CannotGrade(f"{sources} is missing: the assignments belong there")
        return sorted(p.name for p in sources.iterdir() if self.master(p.name).exists())

    def check(self, assignment: str) -> None:
        """
        Raises:
            CannotGrade: there is no such assignment; the text names the one that is most like it.
        """
        there = self.assignments()
        if assignment not in there:
            raise CannotGrade(f"there is no assignment {assignment}: {_hint(assignment, there)}")

    def find(self) -> tuple[list[Submission], list[tuple[str, str]]]:
        """What was handed in; of each thing that is no submission its path and why it is none."""
        return find(self.submitted, self.assignments())

    def gradebook(self) -> Gradebook:
        """Close it after use: it is a context manager."""
        programs = str(Path(sys.executable).parent)
        if programs not in os.environ["PATH"].split(os.pathsep):  # nbgrader runs `alembic`
            os.environ["PATH"] = programs + os.pathsep + os.environ["PATH"]
        return Gradebook(self.folders.db_url, self.folders.course_id)

    def register(self, book: Gradebook, assignment: str, master: dict) -> None:
        """Have the gradebook know the assignment as it is now.

        Raises:
            CannotGrade: it has other cells than when it was first graded.
        """
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
            raise CannotGrade(CHANGED.format(assignment))
        if not done["success"]:
            raise CannotGrade(f"{assignment} cannot be put into the gradebook:\n{done['log']}")


class Run:
    """An assignment of a class, as it is about to be graded."""

    def __init__(self, course: Course, assignment: str):
        """
        Raises:
            CannotGrade: there is no such assignment, or the plug-in for late work is broken.
        """
        course.check(assignment)
        self.course, self.assignment = course, assignment
        self.master = course.prepared(assignment)
        others = [name for name in course.assignments() if name != assignment]
        self.master["metadata"]["others"] = {name: _tells(course, name) for name in others}
        self.sandbox = ""  # its kind, once it is ready
        self.settings = RunInJudge(config=course.config)
        self.late = AssignLatePenalties(config=_late_rule(course, assignment))
        try:
            self.late.init_plugin()
        except Exception as error:  # somebody's own code
            raise CannotGrade(f"the plug-in for late work cannot be loaded: {error}") from error
        graded = [meta(c) for c in self.master["cells"] if meta(c).get("grade")]
        self.written = {about["grade_id"]: float(about["points"]) for about in graded}
        self.amended = course.amendments.get(assignment, {})
        if unknown := sorted(set(self.amended) - set(self.written)):
            raise CannotGrade(f"{amendments.FILE}: {assignment} has no test {unknown[0]}")
        out = [test for test, decided in self.amended.items() if decided == amendments.TAKE_OUT]
        self.most = self.written | dict.fromkeys(out, 0.0)  # what counts, by test
        about = [_without_prose(self.master), repr(self.settings.limits()), _version(NO_VERDICT)]
        self.ground = json.dumps(about).encode()  # all that a verdict hangs on but the submission

    def graded_copy(self, learner: str) -> Path:
        folder = self.course.folder("autograded", learner, self.assignment)
        return folder / f"{self.assignment}.ipynb"

    def decided(self, points: dict[str, float | None], state: str) -> dict[str, float | None]:
        """The points of a submission by what the judge said and what was decided afterwards."""
        found = dict(points)
        for test, decided in self.amended.items():
            if decided == amendments.TAKE_OUT:
                found[test] = 0.0
            elif decided == amendments.GIVE and state not in UNGRADED:
                found[test] = self.written[test]
        return found

    def fingerprint(self, content: str) -> str:
        return hashlib.sha256(self.ground + content.encode()).hexdigest()

    def stored(self, book: Gradebook | None, submissions: Iterable[Submission]) -> dict[Path, dict]:
        """What was recorded of the submissions for which nothing has changed since."""
        autos = _auto_scores(book, self.assignment) if book else {}
        found = {}
        for one in submissions:
            about = _recorded(self.graded_copy(one.learner))
            same = about.get("fingerprint") == self.fingerprint(
                _content(one.folder, self.assignment)
            )
            behind_a_wall = about.get("sandbox") != "none" or self.sandbox == "none"
            points = self.decided(about.get("points", {}), about.get("state", ""))
            recorded = points == autos.get(one.learner)
            if same and behind_a_wall and recorded:
                found[one.folder] = about
        return found


def _late_rule(course: Course, assignment: str) -> Config:
    """nbgrader's settings, with the rule for late work that deadlines.toml has, if it has one.

    Raises:
        CannotGrade: nbgrader_config.py has one too.
    """
    rule = course.deadlines.plug_in(assignment)
    if rule is None:
        return course.config
    if "plugin_class" in course.config.AssignLatePenalties:
        raise CannotGrade(
            f"{deadlines.FILE} and nbgrader_config.py (AssignLatePenalties) both say what being"
            " late costs: take one of them out"
        )
    config = copy.deepcopy(course.config)
    config.merge(rule)
    return config


def grade(
    course: Course,
    assignment: str,
    judge: Judge,
    unsafe: bool = False,
    progress: Callable[[Iterable, int, str], Iterable] = lambda steps, total, what: steps,
    only: Collection[str] | None = None,
    again: bool = False,
) -> tuple[list[Row], str]:
    """Grade the submissions of an assignment; a row for each, and the sandbox that was used.

    `only` are the learners to grade, all of them by default; `again` judges also what has not
    changed.

    Raises:
        NoSandbox: there is none on this machine, and `unsafe` is not set.
        CannotGrade: there is no such assignment, or the gradebook holds it with other cells.
    """
    run = Run(course, assignment)
    judge.load(run.master, run.settings.limits(), unsafe or run.settings.unsafe)
    everything = [one for one in course.find()[0] if one.assignment == assignment]  # it loads now
    wanted = [one for one in everything if only is None or one.learner in only]
    rows = {one.folder: Row(one.learner, State.UNREADABLE, one.problem) for one in wanted}
    good = {one.folder: one for one in wanted if not one.problem}
    with course.gradebook() as book, warnings.catch_warnings():
        # nbgrader 0.9 builds its rows in an order that SQLAlchemy 2.1 remarks on; nothing is lost
        warnings.filterwarnings("ignore", "Object of type .* not in session")
        course.register(book, assignment, run.master)
        run.sandbox = judge.ready()
        _amend(run, book)
        known = {} if again else run.stored(book, good.values())
        for folder, about in known.items():
            one = good[folder]
            rows[folder] = Row(one.learner, about["state"], about["reason"], stamp=about["id"])
        todo = [folder for folder in good if folder not in known]
        with one_transaction(book) as commit:
            verdicts = judge.judge(todo, assignment)
            for n, (folder, verdict) in enumerate(progress(verdicts, len(todo), "grading")):
                rows[folder] = _record(run, book, good[folder], verdict, commit)
                if n % 20 == 19:
                    book.db.expunge_all()  # so that memory does not grow with the class
        _enrol(course, book)
        _date(run, book)
        if todo:
            _amend(run, book)  # what was judged now
        _penalize(run, book, {rows[folder].learner: rows[folder] for folder in good})
        _fill(run, book, [rows[folder] for folder in good])
    for row in rows.values():
        row.name = course.name_of(row.learner)
    return list(rows.values()), run.sandbox


def plan(
    course: Course, assignment: str, only: Collection[str] | None = None, again: bool = False
) -> Iterator[tuple[str, str]]:
    """Whose submission `grade` would judge, and whose not and why; nothing is written."""
    run = Run(course, assignment)
    wanted = [one for one in course.find()[0] if one.assignment == assignment]
    known: dict[Path, dict] = {}
    database = make_url(course.folders.db_url).database
    if not again and database and Path(database).exists():
        with course.gradebook() as book:
            known = run.stored(book, wanted)
    for one in wanted:
        if only is None or one.learner in only:
            would = "would not be graded again: nothing has changed"
            yield one.learner, one.problem or (would if one.folder in known else "would be graded")


def graded(course: Course, assignment: str) -> list[Row]:
    """A row for each submission as it was graded the last time; nobody is graded here."""
    run = Run(course, assignment)
    rows = {}
    for one in course.find()[0]:
        if one.assignment == assignment:
            about = _recorded(run.graded_copy(one.learner))
            if "id" in about:
                row = Row(one.learner, about["state"], about["reason"])
            else:
                row = Row(one.learner, State.NOT_GRADED, one.problem or "it was not graded yet")
            rows[one.learner] = row
    with course.gradebook() as book:
        _penalize(run, book, rows)
        _fill(run, book, list(rows.values()))
    return list(rows.values())


def absent(course: Course, assignment: str) -> list[Row]:
    """A row for each of the class who handed in nothing.

    The class is whom roster.csv names; without it, who has a folder in `submitted/` or stands in
    the gradebook.
    """
    submissions, _ = course.find()
    known = {one.learner for one in submissions}
    there = {one.learner for one in submissions if one.assignment == assignment}
    with course.gradebook() as book:
        known |= {student.id for student in book.students}
    if not course.roster:
        return [_missing(course, assignment, learner) for learner in sorted(known - there)]
    called = {person.keys: who for who in known if (person := course.roster.whose(who))}
    people = course.roster.absent(there)
    names = [called.get(person.keys) or person.id or person.name for person in people]
    return [
        _missing(course, assignment, learner, person.name)
        for learner, person in sorted(zip(names, people, strict=True), key=lambda pair: pair[0])
    ]


def _missing(course: Course, assignment: str, learner: str, name: str = "") -> Row:
    dates = course.deadlines.dates.get(assignment)
    later = dates.extensions.get(learner) if dates else None
    reason = f"has until {course.deadlines.shown(later)}" if later else ""
    due = later or (dates.due if dates else None)
    return Row(learner, MISSING, reason, due=due, name=name)


def remarks(course: Course) -> Iterator[tuple[str, str]]:
    """What in roster.csv and deadlines.toml does not meet what was handed in, and what to do."""
    learners = {one.learner for one in course.find()[0]}
    people = [person for person in course.roster.people if person.id]
    if course.roster:
        for learner in sorted(learners):
            if not course.roster.whose(learner):
                meant = nearest(
                    learner, [person.id for person in people if person.id not in learners]
                )
                hint = f"; did they mean {meant}?" if meant else ""
                yield learner, f"handed in, but is not in {roster.FILE}{hint}"
    extended = {a: set(d.extensions) for a, d in course.deadlines.dates.items() if d.extensions}
    if not extended:
        return
    with course.gradebook() as book:
        known = learners | {s.id for s in book.students} | {person.id for person in people}
    for assignment, whose in extended.items():
        for learner in sorted(whose - known):
            meant = nearest(learner, known)
            hint = f"; did you mean {meant}?" if meant else ""
            why = f"the extension in {assignment} is nobody's: no learner is called so{hint}"
            yield f"{deadlines.FILE}: {learner}", why


@contextmanager
def one_transaction(book: Gradebook) -> Iterator[Callable[[], None]]:
    """Have what nbgrader would commit step by step wait; gives the function that commits it all."""
    session = book.db()
    commit, expire = book.db.commit, session.expire_on_commit
    session.expire_on_commit, book.db.commit = False, book.db.flush
    try:
        yield commit
    finally:
        session.expire_on_commit, book.db.commit = expire, commit


def _without_prose(master: dict) -> dict:
    """The master without the text of its statements: mending a typo there changes no verdict."""
    cells = [c for c in master["cells"] if c["cell_type"] == "code" or meta(c).get("grade")]
    return master | {"cells": cells}


def _tells(course: Course, assignment: str) -> list[str]:
    """The ids by which a notebook of an assignment is known: those of its answers and tests."""
    cells = json.loads(course.master(assignment).read_text("utf-8"))["cells"]
    return [meta(c)["grade_id"] for c in cells if meta(c) and (is_answer(c) or is_test(c))]


def _version(without: Collection[str] = ()) -> str:
    """What the judge's own files are, and what runs them: when they change, it grades again."""
    paths = [path for path in sorted(HERE.glob("*.py")) if path.stem not in without]
    files = b"".join(path.read_bytes() for path in paths)
    runs = f"{platform.python_version()} {np.__version__}".encode()
    return hashlib.sha256(files + runs).hexdigest()


def _content(folder: Path, assignment: str) -> str:
    """A fingerprint of what was handed in."""
    try:
        choice, data = read(folder, assignment)
        when = read_file(folder, "timestamp.txt") or b""
        return hashlib.sha256(choice.encode() + b"\0" + data + b"\0" + when).hexdigest()
    except Unreadable as error:
        return str(error)


def _recorded(path: Path) -> dict:
    """What the graded copy at `path` says about itself; empty where it says nothing."""
    try:
        return json.loads(path.read_text("utf-8"))["metadata"]["judge"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}


# ---- the gradebook -------------------------------------------------------------------------------
def _of_class(book: Gradebook, assignment: str, kind: Any, *columns: Any) -> Any:
    """Learner, cell and columns of all `kind` (grades or comments) of an assignment."""
    query = book.db.query(SubmittedAssignment.student_id, BaseCell.name, *columns)
    query = query.select_from(kind).join(BaseCell, kind.cell_id == BaseCell.id)
    query = query.join(SubmittedNotebook, kind.notebook_id == SubmittedNotebook.id)
    query = query.join(
        SubmittedAssignment, SubmittedNotebook.assignment_id == SubmittedAssignment.id
    )
    query = query.join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
    return query.filter(Assignment.name == assignment).order_by(BaseCell.name)


def _auto_scores(book: Gradebook, assignment: str) -> dict[str, dict[str, float | None]]:
    """What the gradebook holds as the judge's points, by learner and test."""
    found: dict[str, dict[str, float | None]] = {}
    for learner, test, score in _of_class(book, assignment, Grade, Grade.auto_score):
        found.setdefault(learner, {})[test] = score
    return found


def _fill(run: Run, book: Gradebook, rows: list[Row]) -> None:
    """Put into the rows what the gradebook holds: by hand, by test, what needs a look."""
    by_learner = {row.learner: row for row in rows if row.state != State.NOT_GRADED}
    ground = f"{_version()} {run.amended}"
    shown = {learner: [row.stamp, ground] for learner, row in by_learner.items()}
    for row in by_learner.values():
        row.most, row.points = run.most, dict.fromkeys(run.most)
    scores = (Grade.auto_score, Grade.manual_score, Grade.extra_credit, Grade.needs_manual_grade)
    for line in _of_class(book, run.assignment, Grade, *scores):
        if line.student_id in by_learner and line.name in run.most:
            by_learner[line.student_id].points[line.name] = points_of(line)
            if line.manual_score is not None:
                by_learner[line.student_id].by_hand.append(line.name)
            by_learner[line.student_id].needs_a_look |= line.needs_manual_grade
            shown[line.student_id].append(repr(tuple(line)))
    comments = (Comment.auto_comment, Comment.manual_comment)
    for line in _of_class(book, run.assignment, Comment, *comments):
        if line.student_id in by_learner:
            shown[line.student_id].append(repr(tuple(line)))
    for learner, row in by_learner.items():
        shown[learner].append(f"{row.penalty} {row.handed_in} {row.due}")
        row.stamp = hashlib.sha256("\n".join(shown[learner]).encode()).hexdigest()


def _amend(run: Run, book: Gradebook) -> None:
    """Have the gradebook hold what was decided about tests; points given by hand stay."""
    for cell in book.find_notebook(run.assignment, run.assignment).grade_cells:
        if cell.name in run.most and cell.max_score != run.most[cell.name]:
            cell.max_score = run.most[cell.name]
    if run.amended:
        recorded: dict[str, dict] = {}
        for learner, test, grade in _of_class(book, run.assignment, Grade, Grade):
            if test not in run.amended:
                continue
            if learner not in recorded:
                recorded[learner] = _recorded(run.graded_copy(learner))
            about = recorded[learner]
            if test in about.get("points", {}):
                grade.auto_score = run.decided(about["points"], about["state"])[test]
    book.db.commit()


def _enrol(course: Course, book: Gradebook) -> None:
    """Have the gradebook hold the names that roster.csv has, and whom it has by id."""
    for new in course.roster.absent([student.id for student in book.students]):
        if new.id:
            book.add_student(new.id)
    for student in book.students:
        if person := course.roster.whose(student.id):
            student.first_name, student.last_name = person.first, person.last
            student.email = person.email
    book.db.commit()


def _date(run: Run, book: Gradebook) -> None:
    """Have the gradebook hold the dates of deadlines.toml; it keeps its own where that has none."""
    dates = run.course.deadlines.dates.get(run.assignment)
    if dates is None:
        return
    about = book.find_assignment(run.assignment)
    about.duedate = dates.due
    for submission in about.submissions:
        extension = dates.extension(submission.student_id)
        if submission.extension != extension:
            submission.extension = extension
    book.db.commit()


def _penalize(run: Run, book: Gradebook, rows: dict[str, Row]) -> None:
    """Ask the plug-in for late work anew: the date, the plug-in or the points may have changed."""
    query = book.db.query(SubmittedAssignment, SubmittedNotebook).join(
        SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id
    )
    query = query.join(Assignment, SubmittedAssignment.assignment_id == Assignment.id)
    for submission, entry in query.filter(Assignment.name == run.assignment):
        row = rows.get(submission.student_id)
        if row is None or row.state == State.NOT_GRADED:
            continue
        try:
            penalty = _penalty(run.late, submission, entry)
        except Exception as error:  # somebody's own code
            row.reason = f"{row.reason} (no penalty: the plug-in for late work failed: {error})"
            penalty = entry.late_submission_penalty
        if penalty != entry.late_submission_penalty:
            entry.late_submission_penalty = penalty
        row.penalty = penalty or 0.0
        row.handed_in = submission.timestamp
        row.due = submission.assignment.duedate and submission.duedate
    book.db.commit()


def _penalty(step: AssignLatePenalties, submission: Any, entry: Any) -> float | None:
    """What nbgrader's plug-in takes off for a late submission, no more than its points."""
    if submission.assignment.duedate is None or submission.total_seconds_late <= 0:
        return None
    score = sum(points_of(g) or 0.0 for g in entry.grades)
    late = submission.total_seconds_late
    penalty = step.plugin_inst.late_submission_penalty(submission.student_id, score, late)
    return None if penalty is None else min(max(float(penalty), 0.0), score)


# ---- recording -----------------------------------------------------------------------------------
def _record(
    run: Run, book: Gradebook, one: Submission, verdict: Verdict, commit: Callable[[], None]
) -> Row:
    """Write a verdict to the gradebook, then the graded notebook, as nbgrader would."""
    row = Row(one.learner, verdict["state"], verdict["reason"])
    if verdict["notebook"] is None:
        row.reason = row.reason.strip().split("\n")[-1]
        row.incomplete = True
        return row
    try:
        cells = [nbformat.from_dict(cell) for cell in verdict["notebook"]["cells"]]
        content = _content(one.folder, run.assignment)
        entry, problem = _entry(run, book, one)
        row.reason = f"{row.reason} {problem}".strip()
        before = _Before(run.graded_copy(one.learner), content)
        points = _mark(entry, cells, row.state in UNGRADED, before)
        commit()
        fingerprint = run.fingerprint(content)
        about = {"fingerprint": fingerprint, "content": content, "points": points}
        row.stamp = os.urandom(8).hex()
        about |= {"state": row.state, "reason": row.reason, "id": row.stamp}
        about |= {"sandbox": run.sandbox}
        about |= {"probes": verdict["notebook"]["metadata"].pop("probes", {})}
        verdict["notebook"]["metadata"]["judge"] = about
        _write(run, one, verdict["notebook"])
    except Exception as error:  # one that cannot be recorded must not stop the class
        book.db.rollback()
        why = f"it cannot be recorded: {error!r}"[:500]
        return Row(one.learner, State.NOT_GRADED, why, incomplete=True)
    return row


def _entry(run: Run, book: Gradebook, one: Submission) -> tuple[Any, str]:
    """The submission's entry in the gradebook, and what is wrong with its time, if anything."""
    book.update_or_create_student(one.learner)
    when = handed_in_at(one.folder)
    problem = "(timestamp.txt holds no time)" if when is None and _has_time(one.folder) else ""
    about = {"timestamp": when} if when else {}
    submission = book.update_or_create_submission(run.assignment, one.learner, **about)
    [entry] = [n for n in submission.notebooks if n.name == run.assignment]
    return entry, problem


def handed_in_at(folder: Path) -> dt.datetime | None:
    """What a folder's timestamp.txt says; None where it says nothing, or nothing that is a time."""
    try:
        return parse_utc((read_file(folder, "timestamp.txt") or b"").decode().strip())
    except (ValueError, OverflowError):
        return None


def _has_time(folder: Path) -> bool:
    return bool((read_file(folder, "timestamp.txt") or b"").strip())


class _Before:
    """What was graded the last time, to tell whether a mark given by hand still stands."""

    def __init__(self, path: Path, content: str):
        about = _recorded(path)
        self.same_file = about.get("content") == content
        self.points = about.get("points", {})  # the judge's, whatever was decided afterwards
        self.path = path

    def still_stands(self, cell: Any, old: float | None, new: float | None) -> bool:
        """Whether a cell holds what it held, and the judge says of it what it said."""
        if old != new:
            return False
        return self.same_file or (is_solution(cell) and self._source(cell) == cell.source)

    def _source(self, cell: Any) -> str | None:
        try:
            cells = json.loads(self.path.read_text("utf-8"))["cells"]
            sources = {meta(c).get("grade_id"): c["source"] for c in cells}
        except (OSError, ValueError, KeyError):
            return None
        return sources.get(cell.metadata.nbgrader.grade_id)


def _mark(entry: Any, cells: list[Any], ungraded: bool, before: _Before) -> dict[str, float | None]:
    """Set points and comments of a submission; its points by test.

    A mark given by hand and approved stays approved where what it was given for is the same.
    """
    names = {c.id: c.name for c in entry.notebook._base_cells}  # one question, not one a cell
    grades = {names[g.cell_id]: g for g in entry.grades}
    comments = {names[c.cell_id]: c for c in entry.comments}
    points: dict[str, float | None] = {}
    for cell in cells:
        if is_grade(cell):
            name = cell.metadata.nbgrader.grade_id
            held = grades[name]
            old, (new, _) = before.points.get(name, held.auto_score), determine_grade(cell)
            approved = held.manual_score is not None and not held.needs_manual_grade
            held.auto_score = points[name] = new
            # a 0 for what nobody could read should not go unseen
            look = held.manual_score is not None or new is None or ungraded
            held.needs_manual_grade = look and not (
                approved and before.still_stands(cell, old, new)
            )
        if is_solution(cell):
            same = cell.metadata.nbgrader.get("checksum") == compute_checksum(cell)
            comment = "No response." if same else None
            comments[cell.metadata.nbgrader.grade_id].auto_comment = comment
    return points


def _write(run: Run, one: Submission, notebook: dict) -> None:
    """Put the graded copy, and what the exchange needs beside it, in their place."""
    path = run.graded_copy(one.learner)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")
    os.replace(part, path)
    for name in EXCHANGE:
        beside = path.parent / name
        beside.unlink(missing_ok=True)
        data = read_file(one.folder, name)
        if data and (name != "timestamp.txt" or handed_in_at(one.folder)):
            beside.write_bytes(data)
