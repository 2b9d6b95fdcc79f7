"""The recipe for a new assignment, from nothing to graded submissions."""

import json
import subprocess
import sys

import nbformat
import pytest

from course import ROOT
from grading import assignment, sample_class
from release import exercises, new_assignment, notebook_format
from release.quick_marks import marks, total
from tests.grading.support import marks as recorded
from tests.grading.support import run

# What an author writes in place of each TODO, for a function that doubles.
NOTEBOOK = {
    "# TODO: what it is about": "# Twice",
    "about TODO minutes": "about 5 minutes",
    "[TODO](../../book/TODO.ipynb)": "[Refresher](../../book/refresher.ipynb)",
    "TODO: two or three sentences on what the learner writes and what for.": "You double.",
    "| `x` | `(TODO,)` | TODO |": "| `x` | `(n,)` | numbers |",
    "TODO: what it computes, as a formula with the shape under each letter.": "$2x$",
    "TODO, an example small enough for a pencil; it is the first test.": "twice 3 is 6.",
    "TODO: what comes back for x, with shapes.": "Twice x (n,).",
    "return TODO\n": "return 2 * x\n",
    "return TODO.": "return an array shaped like x.",
    "np.array(TODO)\n    same(double(x), TODO": "np.array([3.0])\n    same(double(x), [6.0]",
    "hidden: TODO, what the example leaves open": "hidden: two numbers",
    "x = np.array(TODO)\n    before": "x = np.array([1.5, -2.0])\n    before",
    'same(double(x), TODO, "TODO: what is special about this input")': (
        'same(double(x), [3.0, -4.0], "a negative one among them")'
    ),
}
MISTAKES = {
    "np.array(TODO)": "np.array([5.0, -1.0])",
    "TODO: what the learner did, and what follows from it.": "This is the square of x.",
    "todo_double": "squares",
    "return TODO": "return x**2",
}
RIGHT = {"return TODO": "return np.array([number + number for number in x])"}


def fill_in(path, answers: dict[str, str]) -> None:
    """Replace what is to be replaced, which must all be there; then no TODO may be left."""
    notebook = nbformat.read(path, 4) if path.suffix == ".ipynb" else None
    cells = notebook.cells if notebook else []
    text = path.read_text("utf-8") if notebook is None else "\0".join(c.source for c in cells)
    for todo, answer in answers.items():
        assert todo in text, todo
        text = text.replace(todo, answer)
    assert "TODO" not in text
    if notebook is None:
        path.write_text(text, "utf-8")
        return
    for cell, source in zip(cells, text.split("\0"), strict=True):
        cell.source = source
    nbformat.write(notebook, path)


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course without any assignment."""
    solutions = tmp_path / "solutions"
    monkeypatch.setattr(exercises, "SOLUTIONS", solutions)
    monkeypatch.setattr(exercises, "EXERCISES", tmp_path / "exercises")
    monkeypatch.setattr(exercises, "ROOT", tmp_path)
    monkeypatch.setattr(exercises, "pack", lambda name: assignment.pack(name, solutions))
    config = (ROOT / "nbgrader_config.py").read_bytes()
    (tmp_path / "nbgrader_config.py").write_bytes(config)
    return tmp_path


@pytest.mark.slow
def test_from_nothing_to_graded_submissions(course, tmp_path, capsys, bubblewrap):
    there = new_assignment.write("double", None, course / "solutions", course / "variants")
    notebook, mistakes, right = there
    assert exercises.main(["double"]) == 1
    assert "double.ipynb and mistakes.py still say TODO" in capsys.readouterr().err

    fill_in(notebook, NOTEBOOK)
    fill_in(mistakes, MISTAKES)
    fill_in(right, RIGHT)
    assert exercises.main(["double"]) == 0, capsys.readouterr().err
    released = course / "exercises" / "double" / "double.ipynb"
    assert "2 * x" not in released.read_text("utf-8")

    module: dict = {}
    exec(right.read_text("utf-8"), module)
    packed = assignment.pack("double", course / "solutions")
    for answer in module["VARIANTS"]["double"]:
        assert total(marks(packed, {"double": answer})) == (module["POINTS"], module["POINTS"])

    graded = sample_class.course(tmp_path / "class")
    with open(graded / "nbgrader_config.py", "a") as config:
        config.write(f"c.CourseDirectory.source_directory = {str(course / 'solutions')!r}\n")
    release = json.loads(released.read_text("utf-8"))
    for who, result in {"ada": "x + x", "ben": "x**2"}.items():
        answered = sample_class.answered(
            release, {"double": f"def double(x):\n    return {result}\n"}
        )
        sample_class.hand_in(graded, who, "double", json.dumps(answered))
    done = run(graded, "double")
    assert done.returncode == 0, done.stderr
    points = {key: mark[0] for key, mark in recorded(graded, "double").items() if len(mark) == 3}
    assert points == {
        ("ada", "double-example"): 2,
        ("ada", "double-hidden"): 3,
        ("ben", "double-example"): 0,
        ("ben", "double-hidden"): 0,
    }
    assert "This is the square of x." in (graded / "report-double.csv").read_text("utf-8")


def test_the_skeleton_is_formatted_and_refuses_what_nbgrader_would_not_take(tmp_path):
    written = new_assignment.write("gates", ["forget", "update"], tmp_path / "s", tmp_path / "v")
    assert notebook_format.main(["--check", str(written[0])]) == 0
    command = [sys.executable, "-m", "ruff", "format", "--check", "--isolated"]
    subprocess.run([*command, "--line-length=100", *written], cwd=ROOT, check=True)
    with pytest.raises(FileExistsError, match="nothing was written"):
        new_assignment.write("gates", None, tmp_path / "s", tmp_path / "v")
    for name in ("Gates", "two words", "../gates", "class", "9gates"):
        with pytest.raises(ValueError, match="lower-case letters"):
            new_assignment.write(name, None, tmp_path / "s", tmp_path / "v")
