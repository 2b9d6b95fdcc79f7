"""The table in the terminal keeps state and reason, however narrow it is."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.classroom import MISSING, Row, total
from grading.lists import numbers, table

TESTS = [f"{cell}-{n}" for cell in ("rnn_cell", "run_rnn", "rnn_cell_backward") for n in range(8)]
MOST = dict.fromkeys(TESTS, 2.0)
DAY = dt.timedelta(days=1)
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


def test_who_needs_a_look_comes_first_and_the_class_stands_below_in_numbers():
    day = dt.datetime(2026, 10, 20)
    rows = [
        Row("ada", "graded", points={"a": 9.0}, most={"a": 10.0}),
        Row("ben", "failed tests", "why", {"a": 4.0}, {"a": 10.0}, 1.0, day, day - DAY),
        Row("cem", "timed out", "why", {"a": 2.0}, {"a": 10.0}),
        Row("dov", "graded", points={"a": 8.0}, most={"a": 10.0}, needs_a_look=True),
        Row("eva", "unreadable", "why", {"a": 0.0}, {"a": 10.0}, needs_a_look=True),
        Row("zoe", MISSING),
        Row("fin", MISSING),
    ]
    *lines, missing, said = table(rows, 200)
    names = [line.split()[0] for line in lines if "  " in line.strip()]
    assert names == ["learner", "(maximum)", "eva", "dov", "cem", "ben", "ada"]
    assert missing == "missing: fin, zoe"
    assert said == (
        "5 handed in, 2 missing, 1 late; totals of 10: mean 5.5, median 5.5, from 2 to 9"
        " (without 1 not read); 2 need a look"
    )
    assert numbers(rows)["mean"] == (9 + 3 + 2 + 8) / 4
    assert list(table(rows[-2:], 200)) == ["missing: fin, zoe", "0 handed in, 2 missing"]


@given(
    st.lists(st.text(st.characters(categories=["L"]), min_size=1, max_size=100), max_size=5),
    st.integers(40, 200),
)
def test_any_name_fits(names, width):
    rows = [Row(n, "not this assignment", "why", MOST, MOST, 9, needs_a_look=True) for n in names]
    lines = list(table(rows, width))
    assert all(len(line) <= width for line in lines)
    said = " ".join(" ".join(lines).split())
    assert said.count("not this assignment") == said.count("late: −9, needs a look") == len(names)


def test_a_total_is_points_less_the_penalty_and_never_below_nothing():
    assert total(10, None) == 10
    assert total(10, 2.5) == 7.5
    assert total(1, 2.5) == 0
