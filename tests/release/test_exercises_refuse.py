"""`make exercises` lets nothing out that is not sound, and then leaves the old release in place."""

import nbformat
import pytest

from course import ROOT
from grading import assignment
from grading.assignment import grade_id
from release import exercises

RIGHT = "return np.tanh(x @ W_xh + h @ W_hh + b)"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course with the RNN exercise alone, to be spoilt."""
    solutions = tmp_path / "solutions"
    (solutions / "rnn").mkdir(parents=True)
    for name in ("rnn.ipynb", "mistakes.py"):
        (solutions / "rnn" / name).write_bytes((ROOT / "solutions" / "rnn" / name).read_bytes())
    monkeypatch.setattr(exercises, "SOLUTIONS", solutions)
    monkeypatch.setattr(exercises, "EXERCISES", tmp_path / "exercises")
    monkeypatch.setattr(exercises, "ROOT", tmp_path)
    monkeypatch.setattr(exercises, "pack", lambda name: assignment.pack(name, solutions))
    (tmp_path / "nbgrader_config.py").write_bytes((ROOT / "nbgrader_config.py").read_bytes())
    (tmp_path / "exercises" / "rnn").mkdir(parents=True)
    (tmp_path / "exercises" / "rnn" / "old.txt").write_text("the old release")

    def spoil(cell_id, old, new):
        path = solutions / "rnn" / "rnn.ipynb"
        notebook = nbformat.read(path, 4)
        [cell] = [c for c in notebook.cells if cell_id in (grade_id(c), c.id)]
        assert old in cell.source
        cell.source = cell.source.replace(old, new)
        nbformat.write(notebook, path)

    return tmp_path, spoil


@pytest.mark.slow
@pytest.mark.parametrize(
    "cell, old, new, why",
    [
        ("rnn_cell", RIGHT, RIGHT.replace("+ b", "+ 1.5 * b"), "the reference gets 0 of 4"),
        ("rnn_cell", "    ### BEGIN SOLUTION\n", "", "rnn_cell: the release lacks the function"),
        ("rnn_cell-statement", "One step", f"`{RIGHT}`: one step", "leaks: " + RIGHT),
        ("rnn_cell-sizes", "# 4 points", "# 3 points", "the first line should be `# 4 points"),
        ("rnn_cell-example", "with check(rnn_cell):", "if True:", "outside `with check"),
        ("rnn_cell-bias", "draw(4)", "spread(4)", "reads spread, which only a learner's cell"),
        ("run_rnn-past", ', "after another first word, every state should differ"', "", "assert"),
        (
            "rnn_cell",
            'raise NotImplementedError("rnn_cell is not written yet: return the new state, '
            'shaped like h.")',
            "return np.tanh(x[..., :1] * 0 + b)",
            "should raise NotImplementedError",
        ),
    ],
)
def test_a_spoilt_exercise_is_not_released(course, capsys, cell, old, new, why):
    root, spoil = course
    spoil(cell, old, new)
    assert exercises.main(["rnn"]) == 1
    assert why in capsys.readouterr().err
    assert (root / "exercises" / "rnn" / "old.txt").exists()


FRAGILE = """

@mistake("rnn_cell", "This sentence would hang on the last bit of 10 x.")
def planted(x, h, W_xh, W_hh, b):
    return np.floor(10 * x[..., :1]) + 0 * h
"""


@pytest.mark.slow
def test_a_mistake_that_hangs_on_rounding_is_not_released(course, capsys):
    root, _ = course
    with open(root / "solutions" / "rnn" / "mistakes.py", "a", encoding="utf-8") as file:
        file.write(FRAGILE)
    assert exercises.main(["rnn"]) == 1
    said = capsys.readouterr().err
    assert "planted: what it gives on probe 0 of rnn_cell hangs on rounding" in said
    assert (root / "exercises" / "rnn" / "old.txt").exists()


@pytest.mark.slow
def test_a_sound_exercise_replaces_the_old_release(course):
    root, _ = course
    assert exercises.main(["rnn"]) == 0
    assert [p.name for p in (root / "exercises" / "rnn").iterdir()] == ["rnn.ipynb"]
    assert exercises.main(["--check", "rnn"]) == 0
