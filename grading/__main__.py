"""usage: python -m grading [ASSIGNMENT …] [-j N] [--unsafe] [--sample] [--course DIR]

Grades `submitted/`, all assignments in it or those named. Where there is no `submitted/`, or with
--sample, a class is made up from grading/sample_class/ in _build/sample-class/ and graded there.
"""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from course import ROOT
from grading import skip_slow_imports
from grading.pool import Judge
from grading.sandbox import NoSandbox

if TYPE_CHECKING:
    from grading.classroom import Course, Row


def bar(steps: Iterable, total: int, what: str) -> Iterator:
    """The steps, with a progress bar that shows who was done last."""
    with tqdm(steps, total=total, desc=what, unit="", disable=total == 0, leave=False) as shown:
        for step in shown:
            name = step if isinstance(step, str) else step[0].parent.name
            shown.set_postfix_str(name, refresh=False)
            yield step


def table(rows: "list[Row]", width: int) -> Iterator[str]:
    """One line a submission: who, points per test, total, state, reason."""
    tests = next((row.points for row in rows if row.points), {})
    groups: dict[str, list[str]] = {}
    for test in tests:
        groups.setdefault(test.split("-")[0], []).append(test)
    for group, names in groups.items():
        yield f"{group}: {', '.join(n.removeprefix(group).strip('-') or n for n in names)}"
    yield ""
    lines = [["learner", *groups, "total", "state", "reason"]]
    for row in rows:
        cells = [
            " ".join("?" if row.points[n] is None else f"{row.points[n]:g}" for n in names)
            if row.points
            else "–"
            for names in groups.values()
        ]
        total = f"{row.total:g}" if row.points else "–"
        lines.append([row.learner, *cells, total, row.state, " ".join(row.reason.split())])
    wide = [max(len(line[n]) for line in lines) for n in range(len(lines[0]) - 1)]
    for line in lines:
        text = "  ".join([*(cell.ljust(w) for cell, w in zip(line, wide, strict=False)), line[-1]])
        yield text if len(text) <= width else text[: width - 1] + "…"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m grading", description=__doc__.split("\n\n")[1])
    parser.add_argument("assignment", nargs="*")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count(), help="default: all cores")
    parser.add_argument("--unsafe", action="store_true", help="go on where no sandbox can be had")
    parser.add_argument("--sample", action="store_true", help="grade a made-up class")
    parser.add_argument(
        "--course", type=Path, default=ROOT, help="a folder with nbgrader_config.py"
    )
    parser.add_argument("--marks-only", action="store_true", help="no feedback, no CSV")
    args = parser.parse_args()
    root = args.course
    if args.sample or not (root / "submitted").is_dir():
        from grading.sample_class import make

        root = make(ROOT / "_build" / "sample-class")
        print(f"The sample class of grading/sample_class/, in {root.relative_to(ROOT)}/:")
    skip_slow_imports()
    with Judge(args.jobs) as judge:  # its sandbox gets ready while nbgrader is imported
        from grading.classroom import Course

        return run(Course(root), judge, args)


def run(course: "Course", judge: Judge, args: argparse.Namespace) -> int:
    """Grade, print the table, write feedback and lists; the exit status."""
    from grading.classroom import export, feedback, grade

    found = args.assignment or course.assignments()
    if not found:
        print("There is nothing in submitted/ of an assignment that is in solutions/.")
    for assignment in found:
        start = time.monotonic()
        try:
            rows, sandbox = grade(course, assignment, judge, args.unsafe, bar)
        except NoSandbox as error:
            print(error, file=sys.stderr)
            return 2
        seconds = time.monotonic() - start
        wall = "NO SANDBOX" if sandbox == "none" else f"sandbox: {sandbox}"
        print(f"\n{assignment}: {len(rows)} submissions in {seconds:.1f} s, {wall}")
        print(*table(rows, shutil.get_terminal_size((200, 0)).columns), sep="\n")
        if args.marks_only:
            continue
        for _ in bar(feedback(course, assignment, args.jobs, rows), len(rows), "feedback"):
            pass
        marks, report = export(course, assignment, rows)
        pages = course.folder("feedback", "LEARNER", assignment) / f"{assignment}.html"
        print("\nFeedback:", pages, "\nMarks:   ", marks, "\nReport:  ", report)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nInterrupted. What is graded is recorded; the same command goes on from there.")
        sys.exit(130)
