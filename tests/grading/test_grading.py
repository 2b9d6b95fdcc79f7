"""A class gets the marks it should, those that nbgrader gives, and none goes unexplained."""

import csv
import functools
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
from tests.grading.support import grade, marks, nbgrader, report, run, small_class

pytestmark = pytest.mark.slow

# learner: points of rnn_cell, run_rnn and rnn_cell_backward, and the state
CLASS = {
    "amina": (20, 10, 10, "graded"),
    "ben": (5, 10, 10, "failed tests"),
    "chidi": (20, 1, 10, "failed tests"),
    "dora": (20, 10, 1, "failed tests"),
    "emil": (5, 10, 10, "failed tests"),
    "fatima": (0, 0, 0, "failed tests"),
    "goran": (0, 10, 10, "failed tests"),
    "hana": (20, 0, 10, "timed out"),
    "ivan": (5, 10, 10, "failed tests"),
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
    running = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        # tests that a shell runs in the background inherit from it that Ctrl-C is ignored
        preexec_fn=functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
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


# ---- what is stored, and what is given by hand ---------------------------------------------------
@pytest.fixture
def small(bubblewrap, tmp_path) -> Path:
    """A course folder with solutions of its own, in which three handed in."""
    return small_class(tmp_path / "class", "amina", "ben", "fatima")


def totals(root: Path, name: str = "report", who: str = "learner", what: str = "total") -> dict:
    with open(root / f"{name}-rnn.csv", newline="", encoding="utf-8") as file:
        return {row[who]: float(row[what]) for row in csv.DictReader(file)}


def by_hand(root: Path, learner: str, test: str, points: float, comment: str = "") -> None:
    """As a grader does it in formgrader: points, which approves them, and a comment."""
    with Gradebook(f"sqlite:///{root}/gradebook.db", "rnns-vs-transformers") as book:
        held = book.find_grade(test, "rnn", "rnn", learner)
        held.manual_score, held.needs_manual_grade = points, False
        if comment:
            book.find_comment("rnn_cell", "rnn", "rnn", learner).manual_comment = comment
        book.db.commit()


def test_a_stored_result_counts_only_while_the_gradebook_holds_it(small):
    want = {"amina": 40, "ben": 25, "fatima": 0}
    grade(small)
    (small / "gradebook.db").unlink()
    grade(small)
    assert totals(small) == totals(small, "marks", "student_id", "score") == want
    with Gradebook(f"sqlite:///{small}/gradebook.db", "rnns-vs-transformers") as book:
        book.remove_student("ben")
    grade(small)
    assert totals(small) == totals(small, "marks", "student_id", "score") == want
    with Gradebook(f"sqlite:///{small}/gradebook.db", "rnns-vs-transformers") as book:
        book.find_grade("rnn_cell-shape", "rnn", "rnn", "amina").auto_score = 1
        book.db.commit()
    grade(small)
    assert totals(small) == totals(small, "marks", "student_id", "score") == want


def test_what_was_given_by_hand_survives_a_mended_assignment_and_reaches_every_list(small):
    grade(small)
    by_hand(small, "ben", "rnn_cell-example", 3.5, "Well tried!")
    said = grade(small).stdout
    want = {"amina": 40, "ben": 25 + 3.5, "fatima": 0}
    assert totals(small) == totals(small, "marks", "student_id", "score") == want
    assert " 28.5 " in said
    page = small / "feedback" / "ben" / "rnn" / "rnn.html"
    assert "Well tried!" in page.read_text() and "(Score: 28.5 / 40" in page.read_text()
    path = small / "solutions" / "rnn" / "rnn.ipynb"
    path.write_text(path.read_text().replace("one a word.", "one for each word."))  # as for a typo
    grade(small)
    assert totals(small) == want
    assert marks(small)["ben", "rnn_cell-example"] == (0, 3.5, False), "it is still approved"
    assert "Well tried!" in page.read_text()
    submitted = small / "submitted" / "ben" / "rnn" / "rnn.ipynb"
    submitted.write_text((small / "submitted/amina/rnn/rnn.ipynb").read_text())
    grade(small)
    assert marks(small)["ben", "rnn_cell-example"] == (4, 3.5, True), "this is other work"


def test_a_page_that_cannot_be_made_is_a_reason_and_stops_nobody(small):
    (small / "feedback").mkdir()
    (small / "feedback" / "ben").write_text("in the way")
    done = run(small)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "ben: (no feedback page: " in done.stdout
    assert totals(small, "marks", "student_id", "score") == {"amina": 40, "ben": 25, "fatima": 0}
    assert "no feedback page" in report(small)["ben"]["reason"]
    assert (small / "feedback" / "amina" / "rnn" / "rnn.html").exists()
    (small / "feedback" / "ben").unlink()
    grade(small)
    assert "no feedback page" not in report(small)["ben"]["reason"]
    assert (small / "feedback" / "ben" / "rnn" / "rnn.html").exists()


# ---- the command line ----------------------------------------------------------------------------
def test_some_are_graded_and_the_others_keep_their_lines(small):
    plan = grade(small, "--dry-run").stdout
    assert plan.count("would be graded") == 3 and not (small / "gradebook.db").exists()
    grade(small)
    copies = {who: small / "autograded" / who / "rnn" / "rnn.ipynb" for who in ("amina", "ben")}
    assert grade(small, "--dry-run").stdout.count("nothing has changed") == 3
    bare = copies["amina"].read_text().replace('"sandbox": "bubblewrap"', '"sandbox": "none"')
    copies["amina"].write_text(bare)  # as after --unsafe
    assert grade(small, "--dry-run").stdout.count("nothing has changed") == 2
    before = {who: path.stat().st_mtime_ns for who, path in copies.items()}
    done = grade(small, "rnn", "--student", "ben", "--regrade", "--json")
    [row] = json.loads(done.stdout)["assignments"][0]["submissions"]
    assert (row["learner"], row["total"], row["maximum"]) == ("ben", 25, 40)
    assert copies["amina"].stat().st_mtime_ns == before["amina"]
    assert copies["ben"].stat().st_mtime_ns != before["ben"]
    assert totals(small) == {"amina": 40, "ben": 25, "fatima": 0}


def test_what_is_mistyped_gets_the_nearest_and_no_traceback(tmp_path):
    root = sample_class.course(tmp_path / "deep learning")
    sample_class.hand_in(root, "ada", "rnn", "")
    for words, said in {
        ("rnnn",): "there is no assignment rnnn: did you mean rnn?",
        ("midterm",): "there is no assignment midterm: there are attention, ",
        ("--student", "adda"): "did you mean ada?",
        ("-j", "0"): "a number from 1 on",
        ("--sample",): "leave out --course",
    }.items():
        done = run(root, *words)
        assert done.returncode == 2 and said in done.stderr, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
    for folder, said in {
        tmp_path / "deep_learning": f"did you mean {root}?",
        tmp_path: "it holds no nbgrader_config.py",
        sample_class.course(tmp_path / "empty"): "Nothing to grade",
    }.items():
        done = run(folder)
        assert done.returncode == 2 and said in done.stderr, done.stdout + done.stderr
        assert "sample class" not in done.stdout


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
