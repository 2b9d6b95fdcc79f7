"""Classes to grade: what is handed in, the commands that grade it, what they recorded."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from nbgrader.api import Gradebook

from course import ROOT
from grading import sample_class
from tests.grading import attacks


def run(root: Path, *options: str) -> subprocess.CompletedProcess:
    """`python -m grading` in the course folder `root`."""
    command = [sys.executable, "-m", "grading", "--course", str(root), *options]
    env = os.environ | {"COLUMNS": "250"}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def grade(root: Path, *options: str) -> subprocess.CompletedProcess:
    """The same, which must end well."""
    done = run(root, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def small_class(folder: Path, *learners: str) -> Path:
    """The sample class in `folder`, of whom these handed in, with a solution of its own."""
    root = sample_class.make(folder)
    for learner in {p.name for p in (root / "submitted").iterdir()} - set(learners):
        shutil.rmtree(root / "submitted" / learner)
    shutil.copytree(ROOT / "solutions" / "rnn", root / "solutions" / "rnn")
    with open(root / "nbgrader_config.py", "a") as config:
        config.write('c.CourseDirectory.source_directory = "solutions"\n')
    return root


def nbgrader(root: Path, *words: str) -> str:
    """What an nbgrader command says, run in `root`."""
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *words],
        cwd=root,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def marks(root: Path, assignment: str = "rnn") -> dict[tuple[str, str], tuple]:
    """What the gradebook holds: score, need of a human eye, and comments."""
    found = {}
    with Gradebook(f"sqlite:///{root}/gradebook.db", "rnns-vs-transformers") as book:
        for submission in book.assignment_submissions(assignment):
            [notebook] = submission.notebooks
            who = submission.student.id
            for g in notebook.grades:
                found[who, g.name] = (g.auto_score, g.manual_score, g.needs_manual_grade)
            for c in notebook.comments:
                found[who, f"comment on {c.name}"] = (c.auto_comment,)
    return found


def report(root: Path) -> dict[str, dict]:
    """The rows of report-rnn.csv by learner."""
    with open(root / "report-rnn.csv", newline="", encoding="utf-8") as file:
        return {row["learner"]: row for row in csv.DictReader(file)}


def with_cell(code: str) -> str:
    """The exercise, with this code in the cell `rnn_cell` and nothing else answered."""
    notebook = json.loads((ROOT / "exercises" / "rnn" / "rnn.ipynb").read_text())
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "rnn_cell":
            cell["source"] = code
    return json.dumps(notebook)


def everywhere(change) -> str:
    """The exercise with the honest wrong answer, each cell changed."""
    notebook = json.loads(with_cell(attacks.HONEST))
    for cell in notebook["cells"]:
        change(cell)
    return json.dumps(notebook)


def script(cell: dict) -> None:
    """Put into a cell what would run in the browser of whoever reads it."""
    evil = "<script>window.EVIL = 1</script><img src=x onerror='window.EVIL = 1'>"
    cell["attachments"] = {"a.svg": {"image/svg+xml": evil}}
    if cell["cell_type"] == "code":
        cell["outputs"] = [
            {
                "output_type": "display_data",
                "metadata": {},
                "data": {"text/html": evil, "application/javascript": "window.EVIL = 1"},
            }
        ]
    elif "nbgrader" not in cell["metadata"]:
        cell["source"] = (
            f"{evil}\n[click](javascript:window.EVIL=1) <a href='javascript:window.EVIL=1'>me</a>\n"
            r"$\href{javascript:window.EVIL=1}{x}$ <iframe srcdoc='<script>parent.EVIL=1</script>'>"
            "<svg onload='window.EVIL=1'></svg><style>body {display: none}</style>"
        )
