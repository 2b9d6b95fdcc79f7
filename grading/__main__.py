"""Grade submitted/ with the judge: marks into nbgrader's gradebook, lists, a feedback page each.

Grades all assignments in submitted/LEARNER/ASSIGNMENT/, or those named. What was graded before and
has not changed is not graded again. Where there is no submitted/ and no --course is given, a class
is made up from grading/sample_class/ in _build/sample-class/ and graded there.
"""

import argparse
import json
import os
import shutil
import sys
import time
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from course import ROOT
from grading import amendments, skip_slow_imports
from grading.files import nearest, no_course
from grading.pool import Judge
from grading.sandbox import WALLS, NoSandbox

if TYPE_CHECKING:
    from grading.classroom import Course, Row

MORE = """\
examples:
  python -m grading                       everything in submitted/
  python -m grading rnn attention         two assignments
  python -m grading rnn --student ada     one learner, who handed in again
  python -m grading rnn --regrade         everybody anew, changed or not
  python -m grading rnn --give rnn_cell-large   a test was unfair: its points for everybody
  python -m grading --dry-run             what would be graded, and what is not understood
  python -m grading --json > marks.json   for another program
  python -m grading --course ~/2026/dl    a course folder elsewhere

what is written, into the course folder:
  gradebook.db          nbgrader's, which formgrader opens; points given by hand stay
  marks-ASSIGNMENT.csv  the marks in nbgrader's columns
  report-ASSIGNMENT.csv points by test, state and reason of each submission
  report-ASSIGNMENT.html what the class got wrong, without names; .json for programs
  autograded/ feedback/ the graded copies, and a page for each learner

exit status:
  0    everything is graded and written
  1    graded, but of somebody something is missing: the table or what follows it says what
  2    nothing is graded: wrong arguments, no sandbox, nothing to grade
  130  interrupted; the same command goes on from there
"""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m grading",
        description=__doc__,
        epilog=MORE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("assignment", nargs="*", help="default: all that somebody handed in")
    parser.add_argument(
        "--student",
        action="append",
        metavar="LEARNER",
        type=lambda name: unicodedata.normalize("NFC", name),
        help="only this learner, the name of a folder in submitted/; may be given several times",
    )
    parser.add_argument("--regrade", action="store_true", help="grade also what has not changed")
    unfair = parser.add_argument_group("a test was unfair")
    unfair.add_argument("--give", metavar="TEST", help="everybody gets its points")
    unfair.add_argument("--take-out", metavar="TEST", help="it counts for nobody")
    unfair.add_argument("--as-judged", metavar="TEST", help="it counts again as it was judged")
    parser.add_argument("--dry-run", action="store_true", help="write nothing, say what would be")
    parser.add_argument("--json", action="store_true", help="say everything as JSON, for programs")
    parser.add_argument("--marks-only", action="store_true", help="write no feedback and no lists")
    parser.add_argument(
        "--course", type=Path, help="a folder with nbgrader_config.py; default: this"
    )
    parser.add_argument("--sample", action="store_true", help="grade the made-up class")
    parser.add_argument(
        "-j",
        "--jobs",
        type=_jobs,
        default=os.cpu_count() or 1,
        help="submissions at a time; default: one for each core",
    )
    walls = [name for name in WALLS if name != "none"]
    parser.add_argument(
        "--wall",
        choices=walls,
        metavar="NAME",
        help=f"this wall and no other, of {'; '.join(walls)}; default: the first that works here",
    )
    parser.add_argument(
        "--unsafe", action="store_true", help="go on where no sandbox can be had: trust everybody"
    )
    args = parser.parse_args()
    if any(_amendments(args)) and (len(args.assignment) != 1 or args.student or args.dry_run):
        parser.error("--give, --take-out and --as-judged want one assignment, and the whole class")
    if args.sample and args.course:
        parser.error("--sample makes a course folder of its own: leave out --course")
    if args.course and (problem := no_course(args.course)):
        parser.error(problem)
    return args


def _jobs(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a number from 1 on, not {text}")
    return int(text)


def _amendments(args: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """What is decided about which test, as amendments.toml says it."""
    for decided in amendments.DECISIONS:
        if test := getattr(args, decided.replace(" ", "_")):
            yield test, decided


def main() -> int:
    args = arguments()
    skip_slow_imports()
    root = args.course or ROOT
    if args.sample or not (args.course or (ROOT / "submitted").is_dir()):
        from grading.sample_class import make

        root = make(ROOT / "_build" / "sample-class")
        _say(args, f"The sample class of grading/sample_class/, in {root.relative_to(ROOT)}/:")
    with Judge(args.jobs, args.wall) as judge:  # its sandbox gets ready while nbgrader is imported
        from grading.classroom import CannotGrade, Course

        try:
            return run(Course(root), judge, args)
        except (NoSandbox, CannotGrade) as error:
            print(error, file=sys.stderr)
            return 2


def run(course: "Course", judge: Judge, args: argparse.Namespace) -> int:
    """Grade, say what came of it, write lists and pages; the exit status."""
    from grading.classroom import remarks

    submissions, strays = course.find()
    handed_in: dict[str, set[str]] = {}
    for one in submissions:
        handed_in.setdefault(one.assignment, set()).add(one.learner)
    wanted = _wanted(course, handed_in, args)
    done = [
        _dry(course, a, args) if args.dry_run else _grade(course, a, judge, args) for a in wanted
    ]
    if not args.dry_run:
        strays = [*strays, *remarks(course)]
    if args.json:
        unknown = [{"path": path, "reason": why} for path, why in strays]
        print(json.dumps({"assignments": done, "not_understood": unknown}, indent=1))
    elif strays:
        print(f"\nNot understood in {course.submitted}:")
        print(*(f"  {path}: {why}" for path, why in strays), sep="\n")
    if not any(about["submissions"] for about in done):
        print(f"Nothing to grade: no submission in {course.submitted}", file=sys.stderr)
        return 2
    return int(any(about["incomplete"] for about in done))


def _wanted(
    course: "Course", handed_in: dict[str, set[str]], args: argparse.Namespace
) -> list[str]:
    """The assignments to grade: those named, or all that were handed in.

    Raises:
        CannotGrade: one that is named is not there, or nobody of a learner's name handed it in.
    """
    from grading.classroom import CannotGrade

    for assignment in args.assignment:
        course.check(assignment)
    wanted = args.assignment or sorted(handed_in)
    there = set().union(*(handed_in.get(assignment, set()) for assignment in wanted))
    for learner in args.student or ():
        if learner not in there:
            meant = nearest(learner, there)
            hint = f"; did you mean {meant}?" if meant else ""
            raise CannotGrade(f"nothing of {learner} is in {course.submitted}{hint}")
    if args.student and not args.assignment:
        wanted = [a for a in wanted if handed_in[a] & set(args.student)]
    return wanted


def _dry(course: "Course", assignment: str, args: argparse.Namespace) -> dict[str, Any]:
    """Say what would be graded."""
    from grading.classroom import plan

    rows = [
        {"learner": learner, "would": would}
        for learner, would in plan(course, assignment, args.student, args.regrade)
    ]
    _say(args, f"\n{assignment}: {len(rows)} submissions, nothing is written")
    for row in rows:
        _say(args, f"  {row['learner']}: {row['would']}")
    return {"assignment": assignment, "submissions": rows, "incomplete": False}


def _grade(
    course: "Course", assignment: str, judge: Judge, args: argparse.Namespace
) -> dict[str, Any]:
    """Grade an assignment, print its table, write its lists and pages."""
    from grading.classroom import absent, grade, graded
    from grading.lists import export, feedback, numbers, page_of, table
    from grading.report import write

    decided = list(_amendments(args))
    before = {row.learner: row for row in graded(course, assignment)} if decided else {}
    for test, what in decided:
        course.amend(assignment, test, what)
    start = time.monotonic()
    rows, sandbox = grade(
        course, assignment, judge, args.unsafe, bar, only=args.student, again=args.regrade
    )
    seconds = time.monotonic() - start
    wall = "NO SANDBOX" if sandbox == "none" else f"sandbox: {sandbox}"
    wall += f" ({judge.why})" if judge.why else ""
    _say(args, f"\n{assignment}: {len(rows)} submissions in {seconds:.1f} s, {wall}")
    dates = course.deadlines.dates.get(assignment)
    due = course.deadlines.shown(dates.due) if dates else ""
    missing = [] if args.student else absent(course, assignment)
    for line in table(rows + missing, shutil.get_terminal_size((200, 0)).columns, due):
        _say(args, line)
    for line in _changed(decided, before, rows):
        _say(args, line)
    written: dict[str, str] = {}
    if not args.marks_only:
        marks, report = export(course, assignment, rows + missing, whole=not args.student)
        reasons = [row.reason for row in rows]
        for _ in bar(feedback(course, assignment, args.jobs, rows), len(rows), "feedback"):
            pass
        if reasons != [row.reason for row in rows]:  # a page could not be made
            export(course, assignment, rows + missing, whole=not args.student)
        for row, reason in zip(rows, reasons, strict=True):
            if row.reason != reason:
                _say(args, f"{row.learner}: {row.reason.removeprefix(reason).strip()}")
        pages = page_of(course, assignment, "LEARNER")
        written = {"feedback": str(pages), "marks": str(marks), "report": str(report)}
        _say(args, f"\nFeedback: {pages}\nMarks:    {marks}\nReport:   {report}")
        if not args.student:
            written["class"] = str(write(course, assignment, rows + missing))
            _say(args, f"Class:    {written['class']}")
    return {
        "assignment": assignment,
        "sandbox": sandbox,
        "why": judge.why,
        "submissions": [_as_json(row) for row in rows],
        "missing": [row.learner for row in missing],
        "numbers": numbers(rows + missing),
        "incomplete": any(row.incomplete for row in rows),
        **written,
    }


def _changed(
    decided: list[tuple[str, str]], before: dict[str, "Row"], rows: list["Row"]
) -> Iterator[str]:
    """What a decision about tests has changed for whom."""
    if not decided:
        return
    yield f"\n{', '.join(f'{test}: {what}' for test, what in decided)}. What that changes:"
    same = 0
    for row in rows:
        was = before.get(row.learner, row)
        marks = [f"{one.total:g} of {one.maximum:g}" for one in (was, row)]
        by_hand = [test for test, _ in decided if test in row.by_hand]
        kept = f" (points given by hand for {', '.join(by_hand)} stay)" if by_hand else ""
        if marks[0] != marks[1] or kept:
            yield f"  {row.learner}: {marks[0]} → {marks[1]}{kept}"
        else:
            same += 1
    if same:
        yield f"  nothing for {same} of {len(rows)}"


def _as_json(row: "Row") -> dict[str, Any]:
    return {
        "learner": row.learner,
        "name": row.name,
        "state": str(row.state),
        "reason": row.reason,
        "points": row.points,
        "handed_in": row.handed_in and f"{row.handed_in:%Y-%m-%dT%H:%M:%SZ}",
        "due": row.due and f"{row.due:%Y-%m-%dT%H:%M:%SZ}",
        "late": row.late,
        "late_penalty": row.penalty,
        "total": row.total if row.points else None,
        "maximum": row.maximum if row.points else None,
        "needs_a_look": row.needs_a_look,
    }


def _say(args: argparse.Namespace, line: str) -> None:
    """Print for people; a program that asked for JSON reads nothing else."""
    if not args.json:
        print(line)


def bar(steps: Iterable, total: int, what: str) -> Iterator:
    """The steps, with a progress bar that shows who was done last."""
    with tqdm(steps, total=total, desc=what, unit="", disable=total == 0, leave=False) as shown:
        for step in shown:
            name = step if isinstance(step, str) else step[0].parent.name
            shown.set_postfix_str(name, refresh=False)
            yield step


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nInterrupted. What is graded is recorded; the same command goes on from there.")
        sys.exit(130)
