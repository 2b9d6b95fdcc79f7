"""How fast is it? `make bench` grades the same class with nbgrader as it comes and with the judge.

The class is that of grading/sample_class/, without those that hang, over and over. Both sides are
whole commands, started from nothing, in turn; only their ratio means something on another machine.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from course import ROOT
from grading.sample_class import course, make

BEHAVE = ("amina", "ben", "chidi", "dora", "emil", "fatima", "ivan")
ENDLESS = "hana"
STOCK = """
import sys

sys.path.insert(0, {root!r})
c = get_config()
c.CourseDirectory.course_id = "rnns-vs-transformers"
c.CourseDirectory.source_directory = {solutions!r}
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "mistakes.py"]
c.ClearSolutions.code_stub = {{"python": "# YOUR CODE HERE"}}
from grading.assignment import Pack
from nbgrader.converters import GenerateAssignment

c.GenerateAssignment.preprocessors = [Pack, *GenerateAssignment.preprocessors.default()]
"""


def timed(command: list[str], folder: Path) -> tuple[float, float]:
    """Seconds, and the size of its largest process in MiB."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    start = time.monotonic()
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=environment)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - start
        log.seek(0)
        if status:
            raise SystemExit(f"{command} failed:\n{log.read()[-3000:]}")
    return seconds, used.ru_maxrss / 1024


def classroom(root: Path, stock: bool, learners: int, endless: int = 0) -> Path:
    """A course folder with so many learners, the last of which hang."""
    sample = make(root.parent / "sample") / "submitted"
    course(root)
    if stock:
        text = STOCK.format(root=str(ROOT), solutions=str(ROOT / "solutions"))
        (root / "nbgrader_config.py").write_text(text)
    for n in range(learners):
        who = ENDLESS if n >= learners - endless else BEHAVE[n % len(BEHAVE)]
        shutil.copytree(sample / who / "rnn", root / "submitted" / f"learner{n:04}" / "rnn")
    timed([sys.executable, "-m", "nbgrader", "generate_assignment", "rnn", "--force"], root)
    return root


def stock(root: Path) -> tuple[float, float]:
    """One `nbgrader autograde` for all."""
    return timed([sys.executable, "-m", "nbgrader", "autograde", "rnn"], root)


def judged(root: Path, jobs: int | None = None) -> tuple[float, float]:
    """One `python -m grading` for all."""
    command = [sys.executable, "-m", "grading", "rnn", "--course", str(root), "--marks-only"]
    return timed([*command, "-j", str(jobs or os.cpu_count())], ROOT)


def spread(numbers: list[float], form: str) -> str:
    middle = statistics.median(numbers)
    return f"{middle:{form}} ({min(numbers):{form}} to {max(numbers):{form}})"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m grading.bench", description=__doc__)
    parser.add_argument("learners", nargs="?", type=int, default=40, help="default: 40")
    parser.add_argument("rounds", nargs="?", type=int, default=3, help="default: 3")
    args = parser.parse_args()
    learners, rounds = args.learners, args.rounds
    print(f"{learners} learners, {rounds} rounds, {os.cpu_count()} cores; median (least to most)\n")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        number = 0

        def run(side: Callable, *args: int, **of: int) -> tuple[float, float]:
            nonlocal number
            number += 1
            root = classroom(Path(folder, str(number)), side is stock, **of)
            result = side(root, *args)
            shutil.rmtree(root)
            return result

        slow, fast, one, short, loops, memory = [], [], [], [], [], []
        for _ in range(rounds):
            slow.append(run(stock, learners=learners)[0])
            fast.append(run(judged, learners=learners)[0])
            one.append(run(judged, 1, learners=learners)[0])
            few, many = run(judged, learners=10), run(judged, learners=100)
            short.append((many[0] - few[0]) / 90)
            memory.append(many[1] / few[1])
            loops.append(run(judged, learners=100, endless=10)[0] / many[0])
    each = [s / learners for s in slow], [s / learners for s in fast]
    ratios = [s / f for s, f in zip(slow, fast, strict=True)]
    ratios_of_one = [s / f for s, f in zip(slow, one, strict=True)]
    print("| what | result |\n|---|---|")
    print(f"| `nbgrader autograde`, seconds a submission | {spread(each[0], '.2f')} |")
    print(f"| the judge, seconds a submission | {spread(each[1], '.3f')} |")
    print(f"| the judge, each further submission | {spread(short, '.3f')} |")
    print(f"| **times as fast**, whole commands | **{spread(ratios, '.1f')}** |")
    print(f"| times as fast, with `-j 1` | {spread(ratios_of_one, '.1f')} |")
    print(f"| ten endless loops in 100, against none | {spread(loops, '.2f')} times as long |")
    print(f"| memory of 100 learners against 10 | {spread(memory, '.2f')} |")


if __name__ == "__main__":
    main()
