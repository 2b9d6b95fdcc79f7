"""The table in the terminal keeps state and reason, however narrow it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.classroom import Row, total
from grading.lists import table

TESTS = [f"{cell}-{n}" for cell in ("rnn_cell", "run_rnn", "rnn_cell_backward") for n in range(8)]
MOST = dict.fromkeys(TESTS, 2.0)
REASON = "rnn_cell-shape: the old state never enters, so nothing in your result changes when h does"


def a_class(**more: str) -> list[Row]:
    right = Row("ada", "graded", "", MOST, MOST)
    wrong = Row("ben", "failed tests", REASON, dict.fromkeys(TESTS, 0.5), MOST, penalty=1.5)
    blank = Row("a-learner-with-a-long-name_20441", "unreadable", "the file is empty")
    return [right, wrong, blank]


@pytest.mark.parametrize("width", [60, 80, 100, 120, 250])
def test_no_line_is_too_long_and_nothing_that_matters_is_lost(width):
    lines = list(table(a_class(), width))
    assert all(len(line) <= width for line in lines)
    said = " ".join(" ".join(lines).split())
    assert REASON in said and "the file is empty" in said
    assert all(state in said for state in ("graded", "failed tests", "unreadable"))
    assert "(maximum)" in said and " 48 " in said
    assert " 10.5 " in said and "late: −1.5" in said


@given(
    st.lists(st.text(st.characters(categories=["L"]), min_size=1, max_size=100), max_size=5),
    st.integers(40, 200),
)
def test_any_name_fits(names, width):
    rows = [Row(name, "not this assignment", "why", MOST, MOST) for name in names]
    lines = list(table(rows, width))
    assert all(len(line) <= width for line in lines)
    assert " ".join(lines).count("not this assignment") == len(names)


def test_a_total_is_points_less_the_penalty_and_never_below_nothing():
    assert total(10, None) == 10
    assert total(10, 2.5) == 7.5
    assert total(1, 2.5) == 0
