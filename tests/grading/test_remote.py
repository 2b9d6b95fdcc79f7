"""A learner's code behind the wall: what is stopped, what goes on, and what comes back."""

import time
from pathlib import Path

import numpy as np
import pytest

from grading.remote import LearnerSession, RemoteFunction
from grading.sandbox import Limits, Sandbox

# a call has little time here and a cell much, so that the two cannot be taken for one another
LIMITS = Limits(call_seconds=0.2, cell_seconds=20, total_seconds=60)
SLOW = """
import time
while time.process_time() < 1: pass
def good(): return 1
"""
ENDLESS = """
def {name}():
    while True: pass
"""


@pytest.fixture(scope="module")
def sandbox(bubblewrap):
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


@pytest.fixture
def session(sandbox):
    session = LearnerSession(sandbox, LIMITS)
    yield session
    session.close()


def look(session: LearnerSession, name: str) -> RemoteFunction:
    session.functions.clear()
    names: dict = {}
    session.look(name, names)
    return names[name]


def test_a_slow_cell_runs_again_after_another_function_was_stopped(session):
    session.run("slow", SLOW)
    session.run("endless", ENDLESS.format(name="loop"))
    assert look(session, "good")() == 1
    with pytest.raises(TimeoutError, match=r"loop was stopped: it did not end within 0\.2 s"):
        look(session, "loop")()
    assert look(session, "good")() == 1


def test_every_endless_function_is_named_and_none_takes_an_innocent_one_with_it(session):
    names = ["one", "two", "three", "four"]
    for name in names:
        session.run(name, ENDLESS.format(name=name))
    session.run("good", "def good(): return 1")
    for name in names:
        with pytest.raises(TimeoutError, match=f"{name} was stopped"):
            look(session, name)()
    assert look(session, "good")() == 1
    assert len(session.stops) == len(names)


def test_a_function_that_was_stopped_is_not_called_again(session):
    session.run("a", "def ends(): import os; os._exit(0)")
    for _ in range(3):
        with pytest.raises(Exception, match="ends crashed: it ended the Python process"):
            look(session, "ends")()
    assert len(session.stops) == 1


def test_a_busy_machine_costs_no_marks(sandbox, monkeypatch):
    """A call that the machine keeps waiting for a processor is not one that waits."""
    session = LearnerSession(sandbox, Limits(call_seconds=0.2, patience=5))
    session.run("sleeps", "import time\ndef sleeps(): time.sleep(3); return 1")
    names = look(session, "sleeps")
    assert session.process
    start = time.monotonic()
    monkeypatch.setattr(session.process, "queued", lambda: time.monotonic() - start)
    assert names() == 1  # all that time it seemed to wait for a processor
    monkeypatch.undo()
    with pytest.raises(TimeoutError, match=r"sleeps was stopped: .* and waited for 1 s"):
        names()
    session.close()


def test_what_waits_for_a_processor_is_seen(sandbox):
    process = sandbox.start(LIMITS)
    process.ask({"do": "cell", "name": "a", "source": "sum(range(10**6))"}, 20)
    assert process.queued() > 0 or not Path("/proc/self/schedstat").exists()
    process.end()


@pytest.mark.parametrize(
    "change", ["x.flags.writeable = False", "x.dtype = 'i8'", "x.shape = (2, 1)", "x *= 0"]
)
def test_a_test_that_looks_at_an_argument_sees_every_change_of_it(session, change):
    session.run("a", f"def f(x):\n    {change}\n    return 1")
    x = np.array([1.0, 2.0])
    look(session, "f")(x)
    about = (x.dtype, x.shape, x.flags.writeable, x.tobytes())
    assert about == (np.dtype(float), (2,), True, np.array([1.0, 2.0]).tobytes())
    with session.arguments.as_changed():
        assert about != (x.dtype, x.shape, x.flags.writeable, x.tobytes())
    assert about == (x.dtype, x.shape, x.flags.writeable, x.tobytes())


def test_an_array_that_holds_no_numbers_is_named_so(session):
    session.run("a", "import numpy as np\ndef f(): return np.array([None])")
    assert type(look(session, "f")()).__name__ == "array of object"
