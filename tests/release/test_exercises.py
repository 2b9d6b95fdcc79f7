"""Assignments: right answers get all points, wrong ones do not and are told why, nothing leaks.

These tests find the assignments by themselves: a new folder in `solutions/` is covered at once, if
`tests/release/variants/` has its right answers. The marks here are made in this process, which is
quick; `test_exercises_in_nbgrader.py` compares them with nbgrader's.
"""

import math

import pytest

from course import SOLUTIONS
from grading import checks
from grading.assignment import _short, catalogue, known, read, reference
from release import exercises
from release.quick_marks import marks, total
from tests.release.support import (
    EACH,
    EACH_FUNCTION,
    MISTAKES,
    RIGHT_ANSWERS,
    fitting,
    mistakes,
    packed,
    variants,
    worth,
)

HEART = ("rnn_cell", "transformer_block")  # the two functions that the course is about


@EACH
def test_the_reference_gets_all_worth(assignment):
    result = marks(packed(assignment))
    assert not {name: mark for name, mark in result.items() if mark.message or mark.stderr}
    assert total(result) == (worth(assignment), worth(assignment))


@pytest.mark.slow
@EACH_FUNCTION
def test_every_right_answer_gets_all_points(assignment, function):
    answers = variants(assignment)[function]
    assert len(answers) >= (12 if function in HEART else RIGHT_ANSWERS)
    for answer in answers:
        result = marks(packed(assignment), {function: answer})
        lost = {name: mark for name, mark in result.items() if mark.points < mark.possible}
        assert not lost, f"{answer.__name__} is right but loses points"


@pytest.mark.slow
@EACH_FUNCTION
def test_every_mistake_loses_points_and_is_named(assignment, function):
    found, shares = mistakes(assignment, function), []
    assert len(found) >= (25 if function in HEART else MISTAKES)
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
            for probe, stored in ((p, out) for p, out in outputs.items() if out):
                assert not checks._agree(truth[int(probe)], stored, slack=2), sentence


@pytest.mark.slow
@EACH
@pytest.mark.parametrize("processor", ["Prescott", "Haswell", "SkylakeX"])
def test_every_processor_packs_the_same_bytes(assignment, processor):
    ours = exercises.checks_of(packed(assignment))
    assert exercises.packed_elsewhere(assignment, processor) == ours


@pytest.mark.parametrize(
    "edge, stored",
    [
        (0.140625, 0.140625),
        (-0.140625, -0.140625),
        (2.0, 2.0),
        (1e-16, 0.0),
        (1 / 3, 0.33333),
        (math.inf, math.inf),
    ],
)
def test_the_last_bits_of_a_number_are_not_stored(edge, stored):
    for number in (edge, edge * (1 + 1e-13), edge * (1 - 1e-13), edge - 1e-16, edge + 1e-16):
        assert _short(number) == stored


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
