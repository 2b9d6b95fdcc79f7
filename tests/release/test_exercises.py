"""Assignments: right answers get all points, wrong ones do not and are told why, nothing leaks.

These tests find the assignments by themselves: a new folder in `solutions/` is covered at once, if
`tests/release/variants/` has its right answers. The marks here are made in this process, which is
quick; `test_exercises_in_nbgrader.py` compares them with nbgrader's.
"""

import importlib
from functools import cache
from pathlib import Path

import pytest

from course import SOLUTIONS
from grading import checks
from grading.assignment import (
    Mistake,
    assignments,
    catalogue,
    grade_id,
    known,
    pack,
    read,
    reference,
)
from release import exercises
from release.quick_marks import marks, total

POINTS = {"word_vectors": 10, "rnn": 40, "attention": 35, "transformer": 30, "complexity": 25}
HEART = ("rnn_cell", "transformer_block")  # the two functions that the course is about

packed = cache(pack)


def functions(assignment: str) -> list[str]:
    """The functions that learners write."""
    cells = (c for c in read(assignment).cells if c.cell_type == "code")
    return [grade_id(c) for c in cells if c.metadata.get("nbgrader", {}).get("solution")]


@cache
def mistakes(assignment: str, function: str) -> list[Mistake]:
    return [m for m in catalogue(SOLUTIONS / assignment)[0] if m.function == function]


def fitting(m: Mistake, assignment: str) -> set[str]:
    """The sentences that may be said of a mistake: its own and its siblings'."""
    family = mistakes(assignment, m.function)
    return {n.sentence for n in family if n is m or n.name in m.siblings or m.name in n.siblings}


def variants(assignment: str) -> dict[str, list]:
    """Right answers by function."""
    return importlib.import_module(f"tests.release.variants.{assignment}").VARIANTS


def texts(assignment: str) -> tuple[str, str]:
    """All right and all wrong answers as source that a cell can hold."""
    right = (Path(__file__).parent / "variants" / f"{assignment}.py").read_text(encoding="utf-8")
    wrong = (SOLUTIONS / assignment / "mistakes.py").read_text(encoding="utf-8")
    stub = "def mistake(*about, **more):\n    return lambda call: call\n"
    return right, wrong.replace("from grading.assignment import mistake\n", stub)


EACH = pytest.mark.parametrize("assignment", assignments())
EACH_FUNCTION = pytest.mark.parametrize(
    "assignment, function", [(a, f) for a in assignments() for f in functions(a)]
)


@EACH
def test_the_reference_gets_all_points(assignment):
    result = marks(packed(assignment))
    assert not {name: mark for name, mark in result.items() if mark.message or mark.stderr}
    assert total(result) == (POINTS[assignment], POINTS[assignment])


@pytest.mark.slow
@EACH_FUNCTION
def test_every_right_answer_gets_all_points(assignment, function):
    answers = variants(assignment)[function]
    assert len(answers) >= (12 if function in HEART else 4)
    for answer in answers:
        result = marks(packed(assignment), {function: answer})
        lost = {name: mark for name, mark in result.items() if mark.points < mark.possible}
        assert not lost, f"{answer.__name__} is right but loses points"


@pytest.mark.slow
@EACH_FUNCTION
def test_every_mistake_loses_points_and_is_named(assignment, function):
    found, shares = mistakes(assignment, function), []
    assert len(found) >= (25 if function in HEART else 8)
    for m in found:
        result = marks(packed(assignment), {function: m.call})
        points, possible = total(result, function)
        shares.append(points / possible)
        assert points < possible, f"{m.name} gets full marks"
        messages = [" ".join(mark.message.split()) for mark in result.values() if mark.message]
        said = {message.partition("→ ")[2].removeprefix(f"In {function}: ") for message in messages}
        said.discard("")
        assert said, f"{m.name} is not named: {messages}"
        assert said <= fitting(m, assignment), f"{m.name} is taken for another mistake"
    assert sum(shares) / len(shares) < 0.5, "wrong answers earn too much on average"


@EACH_FUNCTION
def test_each_mistake_has_a_sentence_of_its_own(assignment, function):
    found = mistakes(assignment, function)
    names, sentences = {m.name for m in found}, {m.sentence for m in found}
    assert len(sentences) == len(names) == len(found)
    for m in found:
        assert m.sentence.endswith(".") and 20 < len(m.sentence) < 300, m.name
        assert set(m.siblings) <= names, m.name


@EACH
def test_no_right_result_is_near_a_stored_one(assignment):
    """What travels in the notebook is wrong on purpose: no right answer fits any of it."""
    probes = catalogue(SOLUTIONS / assignment)[1]
    table = known(read(assignment), SOLUTIONS / assignment)
    right = reference(read(assignment))
    for function, inputs in probes.items():
        with checks.check():
            truth = [checks._observe(right[function], probe) for probe in inputs]
        for sentence, outputs in table[function]["mistakes"]:
            for probe, stored in outputs.items():
                assert not checks._agree(truth[int(probe)], stored, slack=2), sentence


@EACH
def test_exercises_hold_nothing_of_an_answer_or_a_hidden_test(assignment):
    assert exercises.leaks(packed(assignment), exercises.EXERCISES / assignment) == []


@EACH
def test_the_leak_check_sees_every_answer_and_every_hidden_test(assignment, tmp_path):
    master = packed(assignment)
    for cell in master.cells:
        for region in exercises.REGION.finditer(cell.source):
            line = max(region[2].split("\n"), key=len).strip()
            (tmp_path / "note.txt").write_text(f"see: {line}")
            assert line in exercises.leaks(master, tmp_path)


@pytest.mark.slow
def test_exercises_are_current_and_pass_the_authors_check(capsys):
    assert exercises.main(["--check"]) == 0, capsys.readouterr().err
