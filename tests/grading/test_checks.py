"""What a failing test says: the first difference, the known mistake, and nothing that is secret."""

import datetime
import threading
import time
import timeit
import traceback
import warnings
from time import perf_counter

import numpy as np
import pytest

from grading import checks
from grading.assignment import _sealed
from grading.checks import check, fake_clock, parts, same, same_shape, timed


def said(got, want, hidden=False) -> str:
    with pytest.raises(AssertionError) as caught, check(hidden=hidden):
        same(got, want, "the example")
    return " ".join(str(caught.value).split())


@pytest.mark.parametrize(
    "got, want, message",
    [
        (None, [1.0], "the example: the result is None; does the function end with `return`?"),
        ([1.0], [1.0], "should be an array of shape (1,), but is of type list"),
        ((np.ones(1),), [1.0], "but is of type tuple"),
        ("text", 1.0, "should be one number, but is of type str"),
        (np.array([1j]), [1.0], "but is of type array of complex128"),
        (np.array(["a"]), [1.0], "but is of type array of <U1"),
        (np.ones((1, 2)), [1.0, 1.0], "the shape is (1, 2) instead of (2,)"),
        (np.array([1, np.nan, np.inf]), [1.0, 2.0, 3.0], "2 of 3 numbers are nan or infinite"),
        (
            np.array([1.0, 2.5]),
            [1.0, 2.0],
            "1 of 2 numbers is wrong, the worst at [1]: 2.5 instead of 2",
        ),
        (0.25, 0.5, "the number is wrong: 0.25 instead of 0.5"),
        (np.array(0.3333333), 0.3334, "0.333333 instead of 0.3334"),
        (1_000_001, 1_000_000, "the number is wrong: 1000001 instead of 1000000"),
    ],
)
def test_the_first_difference_is_told(got, want, message):
    assert message in said(got, want)


@pytest.mark.parametrize(
    "got, want",
    [
        (np.float32([1 / 3]), [1 / 3]),
        (np.array([1, 2]), [1.0, 2.0]),
        (np.float64(0.5), 0.5),
        (3, 3.0),
        (np.array(3), 3),
        (np.array([np.inf, -np.inf]), [np.inf, -np.inf]),
        (np.zeros((0, 3)), np.zeros((0, 3))),
    ],
)
def test_what_is_equal_passes(got, want):
    with check():
        same(got, want, "the example")


def test_a_hidden_test_tells_no_number():
    message = said(np.array([0.123, 0.5]), [0.456, 0.5], hidden=True)
    assert message == "the example: 1 of 2 numbers is wrong"


def test_parts_wants_so_many_values():
    assert parts((1, 2), "out", "weights") == (1, 2)
    for wrong in (np.ones(2), None, (1, 2, 3)):
        with pytest.raises(AssertionError, match="return the 2 values out, weights, not"):
            parts(wrong, "out", "weights")


def test_warnings_and_stderr_cost_nothing(capsys):
    with check():
        np.log(np.zeros(1))
        warnings.warn("beware", stacklevel=1)
        print("a note", file=checks.sys.stderr)
    assert capsys.readouterr() == ("a note\n", "")


@pytest.fixture
def known(monkeypatch):
    """A table of two mistakes of `double`: one forgets to double, one changes its argument."""

    def forgets(x):
        return x

    def changes(x):
        x *= 2
        return x

    probes = [[np.array([1.0, 2.0])], [np.ones((2, 2))]]
    rows = [
        [sentence, {str(i): checks._observe(wrong, p) for i, p in enumerate(probes)}]
        for sentence, wrong in [("It is not doubled.", forgets), ("It is changed.", changes)]
    ]
    right = [_sealed(*checks._observe(lambda x: 2 * x, probe)) for probe in probes]
    table = {"double": {"probes": probes, "right": right, "mistakes": rows}}
    monkeypatch.setattr(checks, "KNOWN", table)


def fails(monkeypatch, double) -> str:
    monkeypatch.setattr(checks, "double", double, raising=False)
    with pytest.raises(Exception) as caught, check(double):
        same(double(np.ones(3)), [2.0, 2.0, 2.5], "ones")
    return str(caught.value)


def test_a_known_mistake_is_named(known, monkeypatch):
    assert fails(monkeypatch, lambda x: x).endswith("\n→ It is not doubled.")
    assert fails(monkeypatch, lambda x: np.multiply(x, 2, out=x)).endswith("\n→ It is changed.")


@pytest.mark.parametrize(
    "double",
    [
        lambda x: 2 * x,
        lambda x: 3 * x,
        lambda x: x[0],
        lambda x: None,
        lambda x: 1 / 0,
        lambda: None,
        lambda x: x if x.ndim == 1 else 2 * x,
    ],
)
def test_anything_else_is_not(known, monkeypatch, double):
    assert "→" not in fails(monkeypatch, double)


def test_an_unanswered_function_speaks_for_itself(known, monkeypatch):
    def double(x):
        raise NotImplementedError("write double")

    assert fails(monkeypatch, double) == "write double"


def test_the_learners_own_line_stays_in_the_traceback(known, monkeypatch):
    def double(x):
        return x.nothing

    with pytest.raises(AttributeError) as caught, check(double):
        double(np.ones(2))
    assert "return x.nothing" in "".join(traceback.format_exception(caught.value))


def test_no_frame_of_the_checks_is_shown():
    with pytest.raises(AssertionError) as caught, check():
        same_shape(np.ones(2), (3,), "ones")
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert {frame.name for frame in frames} == {"test_no_frame_of_the_checks_is_shown"}


def test_lines_are_short_enough_for_nbgrader_validate():
    with pytest.raises(AssertionError) as caught, check():
        raise AssertionError("a word " * 40)
    assert max(map(len, f"AssertionError: {caught.value}".split("\n"))) <= 83


CLOCKS = {
    "time": lambda: time.time(),
    "nanoseconds": lambda: time.monotonic_ns() / 1e9,
    "timeit": lambda: timeit.default_timer(),
    "by its own name": lambda: perf_counter(),
    "datetime": lambda: datetime.datetime.now().timestamp(),
}


@pytest.mark.parametrize("clock", CLOCKS.values(), ids=CLOCKS)
def test_a_timed_function_sees_what_its_calls_are_said_to_take(clock):
    def spans(workload):
        ends = [clock()]
        for _ in range(3):
            workload()
            ends.append(clock())
        return np.diff(ends)

    took, calls = timed(spans, [9000, 0.25, 3])
    same(took, [9000, 0.25, 3], "what a clock shows")
    assert calls == 3


def test_to_wait_takes_no_time_of_the_processor():
    def spent(workload):
        start = time.process_time()
        workload()
        return time.process_time() - start

    assert timed(spent, [5]) == (0, 1)


def test_clocks_go_right_again_also_after_an_error_and_always_in_other_threads():
    before = time.perf_counter, timeit.default_timer, datetime.datetime, perf_counter
    start, seen = time.perf_counter(), []
    with pytest.raises(ZeroDivisionError), fake_clock(globals()) as clock:
        clock.now += 1e6
        assert time.perf_counter() > start + 9e5
        other = threading.Thread(target=lambda: seen.append(time.perf_counter()))
        other.start()
        other.join()
        _ = 1 / 0
    assert (time.perf_counter, timeit.default_timer, datetime.datetime, perf_counter) == before
    assert timeit.repeat.__defaults__[2] is timeit.Timer.__init__.__defaults__[2] is perf_counter
    assert start <= seen[0] <= time.perf_counter() < start + 9e5
