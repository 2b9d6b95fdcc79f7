"""A class gets the marks it should, those that nbgrader gives, and none goes unexplained."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from course import ROOT
from grading import sample_class
from grading.sandbox import Limits, Sandbox
from tests.grading.support import grade, marks, nbgrader, report, run

pytestmark = pytest.mark.slow

# learner: points of rnn_cell, run_rnn and rnn_cell_backward, and the state
CLASS = {
    "amina": (20, 10, 10, "graded"),
    "ben": (5, 2, 10, "failed tests"),
    "chidi": (20, 1, 10, "failed tests"),
    "dora": (20, 10, 1, "failed tests"),
    "emil": (5, 5, 10, "failed tests"),
    "fatima": (0, 0, 0, "failed tests"),
    "goran": (0, 0, 9, "failed tests"),
    "hana": (20, 0, 10, "timed out"),
    "ivan": (5, 2, 10, "failed tests"),
    "june": (20, 10, 10, "graded"),
    "kwame": (0, 0, 0, "unreadable"),
    "lena": (3, 0, 0, "failed tests"),
}
REASONS = {
    "ben": "The old state never enters",
    "fatima": "rnn_cell is not written yet",
    "goran": "'(' was never closed",
    "hana": "run_rnn was stopped: it did not end within",
    "june": "file rnn (1).ipynb",
    "kwame": "not a notebook",
}


@pytest.fixture(scope="module")
def graded(bubblewrap, tmp_path_factory) -> tuple[Path, str]:
    root = sample_class.make(tmp_path_factory.mktemp("class"))
    return root, grade(root).stdout


def test_the_sample_class_gets_the_marks_it_should(graded):
    for learner, row in report(graded[0]).items():
        points = [
            sum(float(row[test]) for test in row if test.split("-")[0] == function)
            for function in ("rnn_cell", "run_rnn", "rnn_cell_backward")
        ]
        assert (*points, row["state"]) == CLASS[learner]
        assert REASONS.get(learner, "") in row["reason"]
        assert row["reason"] or row["state"] == "graded"


def test_the_table_says_who_how_many_and_why(graded):
    root, said = graded
    for learner, (*_, state) in CLASS.items():
        [line] = [line for line in said.split("\n") if line.startswith(f"{learner} ")]
        assert state in line
    assert "sandbox: bubblewrap" in said
    assert (root / "marks-rnn.csv").exists()
    for learner in CLASS:
        assert (root / "feedback" / learner / "rnn" / "rnn.html").exists()


def test_feedback_names_the_mistake_and_leaves_the_tools_out(graded):
    page = (graded[0] / "feedback" / "ben" / "rnn" / "rnn.html").read_text()
    assert "The old state never enters" in page
    assert "KNOWN = load" not in page
    assert "a hidden test failed" in page
    assert "HIDDEN TESTS" not in page


def test_a_second_run_grades_only_what_changed(graded):
    root, _ = graded
    done = sorted((root / "autograded").rglob("*.ipynb"))
    before = {path: path.stat().st_mtime_ns for path in done}
    path = root / "submitted" / "ben" / "rnn" / "rnn.ipynb"
    notebook = json.loads(path.read_text())
    path.write_text(json.dumps(notebook | {"metadata": {"changed": True}}))
    (root / "autograded" / "dora" / "rnn" / "rnn.ipynb").unlink()  # as after an interrupted run
    grade(root)
    changed = {path.parts[-3] for path in done if path.stat().st_mtime_ns != before[path]}
    assert changed == {"ben", "dora"}
    assert float(report(root)["ben"]["total"]) == sum(CLASS["ben"][:3])


def test_an_assignment_that_changed_its_cells_is_explained(bubblewrap, tmp_path):
    root = sample_class.make(tmp_path / "class")
    for learner in set(CLASS) - {"amina"}:
        shutil.rmtree(root / "submitted" / learner)
    shutil.copytree(ROOT / "solutions", root / "solutions")
    with open(root / "nbgrader_config.py", "a") as config:
        config.write('c.CourseDirectory.source_directory = "solutions"\n')
    grade(root, "--marks-only")
    path = root / "solutions" / "rnn" / "rnn.ipynb"
    notebook = json.loads(path.read_text())
    ids = [c["metadata"].get("nbgrader", {}).get("grade_id") for c in notebook["cells"]]
    del notebook["cells"][ids.index("rnn_cell-large")]
    path.write_text(json.dumps(notebook))
    said = run(root, "--marks-only").stderr
    assert "gained or lost cells" in said and "Traceback" not in said, said
    assert marks(root)["amina", "rnn_cell-large"][0] == 1  # what was there is there
    command = said.split("run\n")[1].split("\n")[0].split()
    nbgrader(root, *command[1:])
    grade(root, "--marks-only")
    assert ("amina", "rnn_cell-large") not in marks(root)
    assert marks(root)["amina", "rnn_cell-example"][0] == 4


def test_an_interrupted_run_goes_on_where_it_stopped(bubblewrap, tmp_path):
    root = sample_class.make(tmp_path / "class")
    command = [sys.executable, "-m", "grading", "--course", str(root), "-j", "1", "--marks-only"]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    while not (done := list(root.glob("autograded/*/rnn/rnn.ipynb"))):
        assert running.poll() is None, running.stdout.read()
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    said = running.communicate()[0].decode()
    assert running.returncode == 130 and "goes on from there" in said and "Traceback" not in said, (
        said
    )
    done = {path: path.stat().st_mtime_ns for path in root.glob("autograded/*/rnn/rnn.ipynb")}
    assert 0 < len(done) < len(CLASS)
    grade(root)
    assert {path: path.stat().st_mtime_ns for path in done} == done
    totals = {learner: float(row["total"]) for learner, row in report(root).items()}
    assert totals == {learner: sum(about[:3]) for learner, about in CLASS.items()}


def test_a_worse_resubmission_loses_its_marks(graded):
    """nbgrader by itself keeps the old points where the new file has no test cells."""
    root, _ = graded
    path = root / "submitted" / "emil" / "rnn" / "rnn.ipynb"
    before, notebook = path.read_text(), json.loads(path.read_text())
    cells = [c for c in notebook["cells"] if not c["metadata"].get("nbgrader", {}).get("grade")]
    for cell in cells:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = "pass"
    path.write_text(json.dumps(notebook | {"cells": cells}))
    grade(root, "--marks-only")
    assert marks(root)["emil", "rnn_cell_backward-example"][0] == 0
    path.write_text(before)
    grade(root)
    assert float(report(root)["emil"]["total"]) == sum(CLASS["emil"][:3])


def test_marks_that_a_human_gave_stay(graded):
    root, _ = graded
    with Gradebook(f"sqlite:///{root}/gradebook.db", "rnns-vs-transformers") as book:
        grade_ = book.find_grade("rnn_cell-example", "rnn", "rnn", "lena")
        grade_.manual_score = 1.5
        book.db.commit()
    (root / "autograded" / "lena" / "rnn" / "rnn.ipynb").unlink()
    grade(root, "--marks-only")
    assert marks(root)["lena", "rnn_cell-example"] == (0, 1.5, True)


# ---- small things --------------------------------------------------------------------------------
def test_plots_and_prints_are_kept_and_magics_do_no_harm(bubblewrap):
    sandbox = Sandbox()
    process = sandbox.start(Limits())

    def run(source: str) -> dict:
        return process.ask({"do": "cell", "name": "a", "source": source}, 10)

    plotted = run(
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
    )
    assert len(plotted["plots"]) == 1
    assert run("%%time\nx = 3\nprint(x)\nx")["printed"].startswith("3\n")
    assert run("!ls\ny = !ls\nx?\nx")["shown"] == "3"
    assert run("s = '''\n%not magic\n'''\ns")["shown"] == repr("\n%not magic\n")
    assert run("import warnings; warnings.warn('careful')")["printed"].count("careful") >= 1
    sandbox.close()
