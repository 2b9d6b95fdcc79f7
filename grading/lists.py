"""What comes of grading: the table in the terminal, the lists of marks, the pages of feedback."""

import contextlib
import csv
import multiprocessing
import re
import statistics
import textwrap
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.api import NbGraderAPI
from nbgrader.plugins import ExportPlugin

from grading.classroom import MISSING, UNGRADED, Course, Row, total
from grading.harmless import field
from grading.judge import State

SHORTEST = 40  # characters in which a reason can be read
# the states in the order in which somebody should look at them
STATES: list[str] = [
    State.NOT_GRADED,
    *UNGRADED,
    State.CRASHED,
    State.TIMED_OUT,
    State.FAILED_TESTS,
]
STATES += [State.GRADED, MISSING]


# ---- the terminal --------------------------------------------------------------------------------
def by_need(rows: Iterable[Row]) -> list[Row]:
    """The rows in the order in which somebody should look at them; the missing come last."""

    def key(row: Row) -> tuple:
        ungraded = row.state in (State.NOT_GRADED, *UNGRADED)
        need = 0 if ungraded else 1 if row.needs_a_look else 2
        return need, STATES.index(row.state), row.learner

    return sorted(rows, key=key)


def numbers(rows: list[Row]) -> dict[str, float]:
    """What is said of a class in numbers: how many, and mean, median, least and most of totals.

    A submission that nobody could read has no total here: the 0 in the gradebook is no mark.
    """
    here = [row for row in rows if row.state != MISSING]
    totals = [row.total for row in here if row.counts]
    found: dict[str, float] = {
        "handed_in": len(here),
        "missing": len(rows) - len(here),
        "late": sum(row.late for row in here),
        "need_a_look": sum(row.needs_a_look for row in here),
        "not_read": sum(row.state in (State.NOT_GRADED, *UNGRADED) for row in here),
    }
    if totals:
        found["mean"] = round(statistics.mean(totals), 2)
        found["median"] = statistics.median(totals)
        found["least"], found["most"] = min(totals), max(totals)
        found["maximum"] = next(row.maximum for row in here if row.most)
    return found


def said_in_numbers(rows: list[Row], due: str = "") -> str:
    """The same as a line of text; `due` is the date as the class reads it."""
    about = numbers(rows)
    said = f"due {due}: " if due else ""
    said += f"{about['handed_in']} handed in"
    timeless = sum(row.handed_in is None for row in rows if row.state != MISSING)
    said += f" ({timeless} at no known time, taken as in time)" if due and timeless else ""
    for name in ("missing", "late"):
        said += f", {about[name]} {name}" if about[name] else ""
    if "mean" in about:
        of = f" of {about['maximum']:g}"
        said += f"; totals{of}: mean {about['mean']:g}, median {about['median']:g}"
        said += f", from {about['least']:g} to {about['most']:g}"
        said += f" (without {about['not_read']} not read)" if about["not_read"] else ""
    said += f"; {about['need_a_look']} need a look" if about["need_a_look"] else ""
    return said


def table(rows: list[Row], width: int, due: str = "") -> Iterator[str]:
    """Who, points per test, total, state and reason, in lines of at most `width` characters.

    Who should be looked at comes first, who is missing below, then the class in numbers. Where a
    line is too short for all of it, the tests of a function are added up; where it is too short
    for the reason, that stands below.
    """
    ordered = by_need(rows)
    here = [row for row in ordered if row.state != MISSING]
    missing = [_who(row, row.reason) for row in ordered if row.state == MISSING]
    if here:
        yield from _of_submissions(here, width)
        yield ""
    for said in (f"missing: {', '.join(missing)}" if missing else "", said_in_numbers(rows, due)):
        yield from textwrap.wrap(said, width, subsequent_indent="  ")


def _who(row: Row, more: str = "") -> str:
    """The learner's id, and the name where the roster has one."""
    name = row.name if row.name != row.learner else ""
    about = ", ".join(filter(None, [name, more]))
    return f"{row.learner} ({about})" if about else row.learner


def _of_submissions(rows: list[Row], width: int) -> Iterator[str]:
    """A line a submission, or several where a reason is long, and above them the maxima."""
    most = next((row.most for row in rows if row.most), {})
    groups: dict[str, list[str]] = {}
    for test in most:
        groups.setdefault(test.split("-")[0], []).append(test)
    detailed = _cells(rows, most, groups, each=True)
    if _width(detailed) <= width:
        for group, names in groups.items():
            said = f"{group}: {', '.join(n.removeprefix(group).strip('-') or n for n in names)}"
            yield from textwrap.wrap(said, width, subsequent_indent="  ")
        yield ""
    summed = detailed if _width(detailed) <= width else _cells(rows, most, groups, each=False)
    lines, reasons = summed, [" ".join(row.reason.split()) for row in rows]
    if _width(lines) > width:  # what is said beside the state goes to the reason
        lines = [[*line[:-1], line[-1].split(" (")[0]] for line in lines]
        reasons = [f"{_notes(row)} {why}".strip() for row, why in zip(rows, reasons, strict=True)]
    if _width(lines) > width:  # many functions, or a long name: the total must do
        lines = [[*line[:1], *line[-2:]] for line in lines]
    room = max(8, width - (_width(lines) - max(len(line[0]) for line in lines)))
    lines = [[_shortened(line[0], room), *line[1:]] for line in lines]
    yield from _laid_out(lines, ["reason", "", *reasons], width)


def _cells(
    rows: list[Row], most: dict[str, float], groups: dict[str, list[str]], each: bool
) -> list[list[str]]:
    """Head, maximum and a line a row: learner, points of each group, total, state."""

    def points(given: dict, names: list[str]) -> str:
        if not given:
            return "–"
        numbers = [given.get(name) for name in names]
        if each:
            return " ".join("?" if n is None else f"{n:g}" for n in numbers)
        unknown = "?" if None in numbers else ""
        return f"{sum(n for n in numbers if n is not None):g}{unknown}"

    lines = [["learner", *groups, "total", "state"]]
    maxima = [points(most, names) for names in groups.values()]
    lines.append(["(maximum)", *maxima, f"{sum(most.values()):g}", ""])
    for row in rows:
        mark = f"{row.total:g}" if row.points else "–"
        given = [points(row.points, names) for names in groups.values()]
        lines.append([_who(row), *given, mark, f"{row.state} {_notes(row)}".strip()])
    return lines


def _notes(row: Row) -> str:
    """What the state does not say: late, and what for, and that somebody should look at it."""
    late = f"late: −{row.penalty:g}" if row.penalty else "late" if row.late else ""
    notes = [note for note in (late, "needs a look" if row.needs_a_look else "") if note]
    return f"({', '.join(notes)})" if notes else ""


def _width(lines: list[list[str]]) -> int:
    return sum(max(map(len, column)) + 2 for column in zip(*lines, strict=True)) - 2


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _laid_out(lines: list[list[str]], reasons: list[str], width: int) -> Iterator[str]:
    """The cells in columns; each reason at the end of its line, or below it where it is long."""
    wide = [max(map(len, column)) for column in zip(*lines, strict=True)]
    left = width - _width(lines) - 2
    beside = left >= SHORTEST or left >= max(map(len, reasons))
    reasons = reasons if beside else ["", *reasons[1:]]  # no column, so no head
    for line, reason in zip(lines, reasons, strict=True):
        text = "  ".join(cell.ljust(w) for cell, w in zip(line, wide, strict=True))
        parts = textwrap.wrap(reason, left if beside else width - 4) or [""]
        yield (f"{text}  {parts.pop(0)}" if beside else text).rstrip()
        indent = " " * (width - left if beside else 4)
        yield from (indent + part for part in parts if part)


# ---- lists ---------------------------------------------------------------------------------------
MARKS = ["assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email"]
MARKS += ["raw_score", "late_submission_penalty", "score", "max_score"]


def export(
    course: Course, assignment: str, rows: list[Row], whole: bool = True
) -> tuple[Path, Path]:
    """The list of marks, in nbgrader's columns, and ours, which has state and reason too.

    Where the rows are not the whole class, the lines of the others stay as they are.
    """
    marks, report = (course.root / f"{name}-{assignment}.csv" for name in ("marks", "report"))
    with course.gradebook() as book:
        _write(marks, MARKS, _marks(book, assignment, book.students))
    tests = next((list(row.most) for row in rows if row.most), [])
    lines = []
    for row in rows:
        points = [row.points.get(test) for test in tests]
        mark = [row.penalty, row.total, row.maximum] if row.points else ["", "", ""]
        look = "yes" if row.needs_a_look else ""
        times = [course.deadlines.shown(when) for when in (row.handed_in, row.due)]
        lines.append([row.learner, row.name, *points, *mark, row.state, look, *times, row.reason])
    head = ["learner", "name", *tests, "late penalty", "total", "maximum", "state", "needs a look"]
    head += ["handed in", "due", "reason"]
    lines.sort(key=lambda line: line[0])
    if not whole:
        others = _others(report, head, {field(row.learner) for row in rows})
        lines = sorted([*lines, *others], key=lambda line: line[0])
    _write(report, head, lines)
    return marks, report


def _others(report: Path, head: list[str], learners: set[str]) -> list[list[str]]:
    """The lines of a report about others than these learners, if it has these columns."""
    if not report.exists():
        return []
    with open(report, newline="", encoding="utf-8") as file:
        before = list(csv.reader(file))
    return [line for line in before[1:] if line[0] not in learners] if before[:1] == [head] else []


class Marks(ExportPlugin):
    """What `nbgrader export` writes: its own table, in which no field is a formula or breaks it."""

    def export(self, gradebook: Gradebook) -> None:
        assignments = {str(name) for name in self.assignment}
        learners = {str(name) for name in self.student}
        students = [s for s in gradebook.students if not learners or s.id in learners]
        lines: list[list[Any]] = []
        for about in gradebook.assignments:
            if not assignments or about.name in assignments:
                lines += _marks(gradebook, about.name, students)
        path = Path(self.to or "grades.csv")
        _write(path, MARKS, lines)
        self.log.info("%d rows in %s", len(lines), path)


def _marks(book: Gradebook, assignment: str, students: list) -> Iterator[list[Any]]:
    """A line for each of the students; those who handed in nothing have 0 points."""
    about = book.find_assignment(assignment)
    for student in students:
        who = [student.id, student.last_name, student.first_name, student.email]
        try:
            work = book.find_submission(assignment, student.id)
        except MissingEntry:
            yield [assignment, about.duedate, "", *who, 0.0, 0.0, 0.0, about.max_score]
            continue
        penalty = work.late_submission_penalty
        mark = [work.score, penalty, total(work.score, penalty), about.max_score]
        yield [assignment, about.duedate, work.timestamp, *who, *mark]


def _write(path: Path, head: list[str], lines: Iterable[list[Any]]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        for line in lines:
            writer.writerow([field(cell) if isinstance(cell, str) else cell for cell in line])


# ---- pages ---------------------------------------------------------------------------------------
def page_of(course: Course, assignment: str, learner: str) -> Path:
    return course.folder("feedback", learner, assignment) / f"{assignment}.html"


def feedback(course: Course, assignment: str, jobs: int, rows: Iterable[Row]) -> Iterator[str]:
    """Have nbgrader write the pages of those whose work or marks have changed; yields who is done.

    A page that cannot be made becomes part of its row's reason.
    """
    todo = {}
    for row in rows:
        end = f"<!-- {row.stamp} -->"
        path = page_of(course, assignment, row.learner)
        if row.stamp and not (path.is_file() and path.read_text("utf-8").endswith(end)):
            todo[row.learner] = row
    context = multiprocessing.get_context("fork")
    # settings may hold classes that only they define, so they are inherited and not sent
    with ProcessPoolExecutor(jobs, context, _inherit, (course,)) as pool:
        steps = {
            pool.submit(_feedback, assignment, who, row.stamp): row for who, row in todo.items()
        }
        for step in as_completed(steps):
            row = steps[step]
            try:
                problem = step.result()
            except Exception as error:  # its process ended
                problem = repr(error)
            if problem:
                row.reason = f"{row.reason} (no feedback page: {problem})".strip()
                with contextlib.suppress(OSError):  # what is there is of before
                    page_of(course, assignment, row.learner).unlink()
                row.stamp, row.incomplete = "", True
            yield row.learner


_courses: list[Course] = []  # in a process that writes pages: the one that it writes for


def _inherit(course: Course) -> None:
    _courses[:] = [course]


def _feedback(assignment: str, learner: str, stamp: str) -> str:
    """Write one page; what went wrong, if anything."""
    [course] = _courses
    done = NbGraderAPI(config=course.config).generate_feedback(assignment, learner, force=True)
    page = page_of(course, assignment, learner)
    if not done["success"] or not page.exists():
        return _cause(done.get("log", "") + done.get("error", ""))
    with page.open("a", encoding="utf-8") as file:
        file.write(f"<!-- {stamp} -->")
    return ""


def _cause(log: str) -> str:
    """The line of a log that names the first exception, or its last line."""
    lines = [line.strip() for line in log.strip().split("\n")]
    named = [line for line in lines if re.match(r"[A-Za-z_][\w.]*: \S", line)]
    return ([*named, lines[-1]][0] or "nbgrader does not say why")[:300]
