"""`make grade` and `nbgrader autograde` give the same marks, reasons and files, and one total.

Two courses hold the same submissions. One is graded by `python -m grading`, the other by one
`nbgrader autograde`; formgrader's button calls what the latter calls (see test_formgrader.py).
"""

import csv
import datetime as dt
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI

from course import ROOT
from grading import sample_class
from grading.classroom import Course, total

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("both doors")]

RELEASE = json.loads((ROOT / "exercises" / "rnn" / "rnn.ipynb").read_text("utf-8"))
RIGHT = sample_class.answered(RELEASE, sample_class.right())
TEXT = json.dumps(RIGHT)
DOT = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
LATE = """
from nbgrader.plugins import LateSubmissionPlugin


class Tenth(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return score / 10


c.AssignLatePenalties.plugin_class = Tenth
"""


def edited(change: Callable[[list], None]) -> str:
    """The right notebook, with its cells changed."""
    notebook = json.loads(TEXT)
    change(notebook["cells"])
    return json.dumps(notebook)


def cell_of(cells: list, grade_id: str) -> dict:
    [cell] = [c for c in cells if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id]
    return cell


def outputs(cells: list) -> None:
    data = {"image/png": "A" * (11 << 20)}
    shown = {"output_type": "display_data", "metadata": {}, "data": data}
    cell_of(cells, "rnn_cell")["outputs"] = [shown]


def pasted(cells: list) -> None:
    cells += [
        {
            "cell_type": "markdown",
            "metadata": {},
            "source": "![mine](attachment:mine.png)",
            "attachments": {"mine.png": {"image/png": DOT}},
        }
    ]


def gone(cells: list) -> None:
    cells += [{"cell_type": "markdown", "metadata": {}, "source": "![x](attachment:gone.png)"}]


def raw(cells: list) -> None:
    cell = cell_of(cells, "run_rnn")
    del cell["outputs"], cell["execution_count"]
    cell["cell_type"] = "raw"


def of_format_3() -> str:
    cells = json.loads(TEXT)["cells"]
    for cell in cells:
        if cell["cell_type"] == "code":
            cell["input"] = cell.pop("source")
    return json.dumps({"nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": cells}]})


def conflict() -> str:
    text = json.dumps(RIGHT, indent=1)
    return text.replace(' "cells"', '<<<<<<< HEAD\n"cells"\n=======\n"cells"\n>>>>>>> mine\n', 1)


WRONG = json.dumps(
    sample_class.answered(
        RIGHT, {"rnn_cell": "def rnn_cell(x, h, W_xh, W_hh, b):\n    return np.tanh(x @ W_xh + b)"}
    )
)
OTHER = (ROOT / "exercises" / "attention" / "attention.ipynb").read_text("utf-8")
# learner: the files in the submission, the total, the state, and what the reason says
KINDS: dict[str, tuple[dict[str, str | bytes], float, str, str]] = {
    "right": ({"rnn.ipynb": TEXT}, 40, "graded", ""),
    "wrong": ({"rnn.ipynb": WRONG}, 25, "failed tests", "The old state never enters"),
    "blank": ({"rnn.ipynb": json.dumps(RELEASE)}, 0, "failed tests", "not written yet"),
    "renamed": ({"RNN (1).ipynb": TEXT}, 40, "graded", "file RNN (1).ipynb"),
    "ending": ({"rnn.ipynb.txt": TEXT}, 40, "graded", "file rnn.ipynb.txt"),
    "two-files": (
        {"rnn.ipynb": TEXT, "rnn-1.ipynb": WRONG},
        40,
        "graded",
        "rnn-1.ipynb, which is newer, was not graded",
    ),
    "twins": ({"rnn.ipynb": TEXT, "._rnn.ipynb": b"\0\5\26\7"}, 40, "graded", ""),
    "outputs-of-11-mb": ({"rnn.ipynb": edited(outputs)}, 40, "graded", ""),
    "utf-16": ({"rnn.ipynb": TEXT.encode("utf-16")}, 40, "graded", ""),
    "bom": ({"rnn.ipynb": TEXT.encode("utf-8-sig")}, 40, "graded", ""),
    "format-3": ({"rnn.ipynb": of_format_3()}, 40, "graded", ""),
    "pasted-picture": ({"rnn.ipynb": edited(pasted)}, 40, "graded", ""),
    "picture-gone": ({"rnn.ipynb": edited(gone)}, 40, "graded", ""),
    "raw-cell": ({"rnn.ipynb": edited(raw)}, 40, "graded", ""),
    "empty": ({"rnn.ipynb": ""}, 0, "unreadable", "the file is empty"),
    "cut-off": ({"rnn.ipynb": TEXT[:30_000]}, 0, "unreadable", "cut off after 30000 bytes"),
    "conflict": ({"rnn.ipynb": conflict()}, 0, "unreadable", "a merge conflict"),
    "web-page": ({"rnn.ipynb": "<!DOCTYPE html>"}, 0, "unreadable", "a web page (HTML)"),
    "pointer": ({"rnn.ipynb": "version https://git-lfs.x"}, 0, "unreadable", "git lfs pull"),
    "no-notebook": ({"essay.pdf": "%PDF"}, 0, "unreadable", "there is essay.pdf"),
    "other": ({"rnn.ipynb": OTHER}, 0, "not this assignment", "the notebook of attention"),
    "Zoe\u0308 O'Neill, Jr.": ({"rnn.ipynb": TEXT}, 40, "graded", ""),
    "late": ({"rnn.ipynb": TEXT, "timestamp.txt": "2026-01-02 00:00:00 UTC"}, 36, "graded", ""),
    "no-time": ({"rnn.ipynb": TEXT, "timestamp.txt": "soon"}, 40, "graded", "holds no time"),
}
LINKS = {"link": "it is a link or a device", "pipe": "it is a link or a device"}


def handed_in(root: Path) -> Path:
    """A course in which all kinds lie under submitted/, and some that are no submissions."""
    sample_class.course(root)
    with (root / "nbgrader_config.py").open("a") as config:
        config.write(LATE)
    for learner, (files, *_) in KINDS.items():
        folder = root / "submitted" / learner / "rnn"
        folder.mkdir(parents=True)
        for age, (name, content) in enumerate(files.items()):
            path = folder / name
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            os.utime(path, (10**9 + age, 10**9 + age))
    for learner in LINKS:
        (root / "submitted" / learner / "rnn").mkdir(parents=True)
    (root / "submitted/link/rnn/rnn.ipynb").symlink_to(ROOT / "solutions/rnn/rnn.ipynb")
    os.mkfifo(root / "submitted/pipe/rnn/rnn.ipynb")
    (root / "submitted/right/rnn/notes").symlink_to(ROOT / "solutions")
    (root / "submitted/wrong-case/RNN").mkdir(parents=True)
    course = Course(root)
    with course.gradebook() as book:
        book.add_assignment("rnn", duedate=dt.datetime(2026, 1, 1))
    return root


def command(root: Path, *words: str) -> subprocess.CompletedProcess:
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=root,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def doors(bubblewrap, tmp_path_factory) -> tuple[Path, Path, dict]:
    """The two courses, graded, and what the first said as JSON."""
    place = tmp_path_factory.mktemp("[2026] it's 100% deep")
    ours, nbgrader = handed_in(place / "ours"), handed_in(place / "nbgrader's")
    done = command(ROOT, "grading", "rnn", "--json", "--course", str(ours))
    assert done.returncode == 0, done.stderr
    plain = command(nbgrader, "nbgrader", "autograde", "rnn")
    assert plain.returncode == 0, plain.stderr
    assert "wrong-case/RNN: there is no assignment of this name" in plain.stderr
    return ours, nbgrader, json.loads(done.stdout)


def nfc(learner: str) -> str:
    return learner.replace("e\u0308", "ë")


def graded(root: Path, learner: str) -> dict:
    path = root / "autograded" / nfc(learner) / "rnn" / "rnn.ipynb"
    return json.loads(path.read_text("utf-8"))


@pytest.mark.parametrize("learner", KINDS)
def test_each_kind_gets_its_marks_and_its_reason(doors, learner):
    _, points, state, said = KINDS[learner]
    [row] = [r for r in doors[2]["assignments"][0]["submissions"] if r["learner"] == nfc(learner)]
    assert (row["total"], row["state"]) == (points, state), row
    assert said in row["reason"]
    assert row["reason"] or state == "graded"


def test_links_and_pipes_end_with_a_reason_and_bring_nothing_in(doors):
    rows = {r["learner"]: r for r in doors[2]["assignments"][0]["submissions"]}
    for learner, said in LINKS.items():
        assert rows[learner]["state"] == "unreadable" and said in rows[learner]["reason"]
    for root in doors[:2]:
        for path in (root / "autograded").rglob("*"):
            assert path.is_dir() or path.name in ("rnn.ipynb", "timestamp.txt")


@pytest.mark.parametrize("learner", [*KINDS, *LINKS])
def test_both_doors_write_the_same_copy(doors, learner):
    one, two = graded(doors[0], learner), graded(doors[1], learner)
    for notebook in (one, two):
        del notebook["metadata"]["judge"]["id"]
    assert one == two


def test_both_doors_write_the_same_marks_and_files(doors):
    held = []
    for root in doors[:2]:
        marks = {}
        with Gradebook(f"sqlite:///{root}/gradebook.db", "rnns-vs-transformers") as book:
            for work in book.assignment_submissions("rnn"):
                [notebook] = work.notebooks
                scores = {g.name: (g.auto_score, g.needs_manual_grade) for g in notebook.grades}
                said = {c.name: c.auto_comment for c in notebook.comments}
                late = notebook.late_submission_penalty
                marks[work.student.id] = (scores, said, late, work.timestamp)
        files = sorted(str(p.relative_to(root)) for p in (root / "autograded").rglob("*"))
        held.append((marks, files))
    assert held[0] == held[1]
    assert len(held[0][0]) == len(KINDS) + len(LINKS)


def test_one_total_is_shown_everywhere(doors):
    root, _, said = doors
    course = Course(root)
    table = {r["learner"]: r["total"] for r in said["assignments"][0]["submissions"]}
    with (root / "report-rnn.csv").open(encoding="utf-8", newline="") as file:
        report = {row["learner"]: float(row["total"]) for row in csv.DictReader(file)}
    with (root / "marks-rnn.csv").open(encoding="utf-8", newline="") as file:
        marks = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    with course.gradebook() as book:
        works = book.assignment_submissions("rnn")
        held = {w.student.id: total(w.score, w.late_submission_penalty) for w in works}
    pages = {}
    for learner in table:
        page = (root / "feedback" / learner / "rnn" / "rnn.html").read_text("utf-8")
        pages[learner] = float(re.search(r"\(Score: ([\d.]+) / 40", page)[1])
    api = NbGraderAPI(config=course.config)
    formgrader = {s["student"]: s["score"] for s in api.get_submissions("rnn") if s["autograded"]}
    notebooks = {s["student"]: s["score"] for s in api.get_notebook_submissions("rnn", "rnn")}
    assert table == report == marks == held == pages == formgrader == notebooks
    assert table["late"] == 36


def test_what_is_no_submission_is_listed(doors):
    listed = {one["path"]: one["reason"] for one in doors[2]["not_understood"]}
    assert list(listed) == ["wrong-case/RNN"] and "rename it to rnn" in listed["wrong-case/RNN"]


def test_pasted_pictures_reach_the_page(doors):
    page = doors[0] / "feedback" / "pasted-picture" / "rnn" / "rnn.html"
    assert DOT in page.read_text("utf-8")
    assert (doors[0] / "feedback" / "picture-gone" / "rnn" / "rnn.html").exists()
