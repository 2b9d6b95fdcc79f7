"""A test was unfair: one command gives its points or takes it out, and marks by hand stay."""

import json
from pathlib import Path

import pytest

from grading.amendments import read, write
from grading.classroom import CannotGrade, Course, grade
from grading.pool import Judge
from tests.grading import support
from tests.grading.support import marks, small_class


@pytest.mark.parametrize("text", ["[rnn", 'rnn = "give"', '[rnn]\n"a-b" = "drop"', "[rnn]\na = 1"])
def test_what_cannot_be_meant_is_explained(tmp_path, text):
    (tmp_path / "amendments.toml").write_text(text)
    with pytest.raises(CannotGrade, match=r"amendments\.toml"):
        read(tmp_path / "amendments.toml")


def test_what_is_written_is_read(tmp_path):
    decided = {"rnn": {"rnn_cell-large": "give", 'a "b"': "take out"}, "x y": {"t": "as judged"}}
    write(tmp_path / "amendments.toml", decided)
    assert read(tmp_path / "amendments.toml") == decided


@pytest.fixture
def small(bubblewrap, tmp_path) -> Path:
    """A graded course with solutions of its own: one right, one wrong, one that nobody can read."""
    return small_class(tmp_path / "class", "amina", "ben", "kwame")


@pytest.mark.slow
def test_a_test_is_given_taken_out_and_judged_again(small):
    copies = {}

    def totals(*decided: str) -> dict[str, tuple[float, float]]:
        course = Course(small)
        if decided:
            course.amend("rnn", *decided)
        rows, _ = grade(Course(small), "rnn", judge)
        at = {p: p.stat().st_mtime_ns for p in (small / "autograded").rglob("*.ipynb")}
        assert copies in ({}, at), "somebody was judged again"
        copies.update(at)
        return {row.learner: (row.total, row.maximum) for row in rows}

    with Judge(1) as judge:
        assert totals() == {"amina": (40, 40), "ben": (25, 40), "kwame": (0, 40)}
        with Course(small).gradebook() as book:
            for test, points in (("rnn_cell-example", 3), ("rnn_cell-square", 0.5)):
                held = book.find_grade(test, "rnn", "rnn", "ben")
                held.manual_score, held.needs_manual_grade = points, False
            book.db.commit()
        assert totals()["ben"] == (28.5, 40)
        # whom nobody could read is given nothing
        given = totals("rnn_cell-sizes", "give")
        assert given == {"amina": (40, 40), "ben": (32.5, 40), "kwame": (0, 40)}
        assert marks(small)["ben", "rnn_cell-example"] == (0, 3, False), "still approved"
        # what somebody gave by hand stays, even for a test that counts for nobody else
        out = totals("rnn_cell-square", "take out")
        assert out == {"amina": (38, 38), "ben": (32.5, 38), "kwame": (0, 38)}
        assert totals() == out, "it stays decided"
        # a mark by hand for a test that everybody was given stays approved when all is judged anew
        assert totals("rnn_cell-example", "give") == out
        grade(Course(small), "rnn", judge, again=True)
        assert marks(small)["ben", "rnn_cell-example"] == (4, 3, False)
        copies.clear()
        assert totals("rnn_cell-example", "as judged") == out
        assert totals("rnn_cell-sizes", "as judged")["ben"] == (28.5, 38)
        assert totals("rnn_cell-square", "as judged")["amina"] == (40, 40)
        path = small / "solutions" / "rnn" / "rnn.ipynb"  # a typo in a statement
        notebook = json.loads(path.read_text())
        text = next(c for c in notebook["cells"] if c["cell_type"] == "markdown")
        text["source"] = [*text["source"], "\nMended."]
        path.write_text(json.dumps(notebook))
        assert totals()["ben"] == (28.5, 40)
        assert marks(small)["ben", "rnn_cell-example"] == (0, 3, False)
        with pytest.raises(CannotGrade, match=r"did you mean rnn_cell-sizes\?"):
            Course(small).amend("rnn", "rnn_cell-size", "give")


@pytest.mark.slow
def test_the_command_says_what_changes_for_whom(small):
    support.grade(small, "--marks-only")
    said = support.grade(small, "rnn", "--give", "rnn_cell-sizes").stdout
    assert "rnn_cell-sizes: give. What that changes:" in said
    assert "  ben: 25 of 40 → 29 of 40\n" in said and "nothing for 2 of 3" in said
    assert "(Score: 29.0 / 40" in (small / "feedback/ben/rnn/rnn.html").read_text()
    assert support.report(small)["ben"]["total"] == "29.0"
    for words, why in {
        ("--give", "rnn_cell-sizes"): "want one assignment",
        ("rnn", "--give", "rnn_cell-sizes", "--student", "ben"): "and the whole class",
    }.items():
        done = support.run(small, *words)
        assert done.returncode == 2 and why in done.stderr, done.stderr
