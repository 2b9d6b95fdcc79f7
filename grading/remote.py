"""The learner's values, seen from outside.

A `LearnerSession` holds a learner's code in its sandbox: it runs cells, looks names up and calls
functions there, and brings back plain data. What is no plain data stays inside; here stands a
`Remote` for it, or a `RemoteFunction`, which can be called like the learner's own.
"""

import builtins
import contextlib
import re
import sys
import warnings
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from grading import wire
from grading.sandbox import Limits, OutOfTime, Process, Sandbox, Stopped
from grading.wire import clean

MAX_STOPS = 8  # how often a submission may be stopped before the rest of it is not run
MAX_PRINTED = 5_000  # characters of one test cell's output
MAX_PLOTS = 5  # of one cell
MAX_PLOT = 400_000  # characters of one plot in base 64
PNG = b"\x89PNG\r\n\x1a\n"
AT_HOME = {*sys.stdlib_module_names, "numpy", "matplotlib", "IPython"}  # these always fit
REPLY = {"printed": str, "shown": str, "plots": list, "warnings": list, "error": dict}


class ProcessDied(Exception):
    """What a test sees when the learner's process ended: by a crash, os._exit, or a limit."""


class Remote:
    """Stands for a learner's value that is no plain data. It can be handed back, nothing else."""

    def __init__(self, target: int | str):
        self._target = target

    def __bool__(self) -> bool:
        raise TypeError(f"{type(self).__name__} is neither true nor false")


class RemoteFunction(Remote):
    """Stands for a learner's function."""

    def __init__(self, target: int | str, name: str, call: Callable):
        super().__init__(target)
        self._call, self.__name__ = call, name
        self.memo: dict = {}  # what tests keep of it; it lasts until the learner's next cell

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(self, args, kwargs)


class LearnerSession:
    """A learner's code in its sandbox. After a stop it goes on without the culprit."""

    def __init__(self, sandbox: Sandbox, limits: Limits):
        self.sandbox, self.limits = sandbox, limits
        self.process: Process | None = None
        self.cells: dict[str, str] = {}  # the sources of those that ran, to run again after a stop
        self.barred: dict[str, Exception] = {}  # what is not run again, and why
        self.finished: Exception | None = None  # why nothing at all is run any more
        self.stops: list[Exception] = []  # a TimeoutError or a ProcessDied each
        self.errors: dict[str, str] = {}  # how cells ended that ended with an exception
        self.running = "", ""  # the cell that was run last: its name and its source
        self.spent = 0.0  # seconds of the processes that are gone
        self.functions: dict[str, RemoteFunction] = {}  # those looked up since the last cell
        self.lent: dict[str, Callable] = {}  # what stands in place of the learner's own functions
        self.ours: list[Callable] = []  # the tests' functions that the learner's code may call
        self.arguments = Arguments()
        self.clock: FakeClock | None = None  # what the learner's code sees instead of the time
        self.seen: dict[str, list[str]] = {}  # what wrong functions gave on the probes, as text

    def close(self) -> None:
        if self.process:
            self.process.end()

    def _ask(self, message: dict, seconds: float, culprit: str) -> dict:
        """Ask the process; if it has to be stopped, `culprit` is not run again.

        Raises:
            TimeoutError, ProcessDied: it was stopped, now or before.
        """
        if error := self.finished or self.barred.get(culprit):
            raise error
        process = self.process or self._restart()
        try:
            reply = process.ask(message, self._left(seconds), self._call_back)
        except Stopped as error:
            raise self._bar(culprit, error) from None
        return {k: v for k, v in reply.items() if isinstance(v, REPLY.get(k, object))}

    def run_beside(self, name: str, source: str) -> None:
        """Run a visible test cell for the names that it makes. Only the test outside can fail."""
        self.functions.clear()
        try:
            if self.process is None:
                self._restart()
            assert self.process
            self.process.ask(_run(name, source), self._left(self.limits.cell_seconds), _no_call)
            self.cells[name] = source
        except (TimeoutError, ProcessDied):
            pass
        except Stopped:
            self._give_up()

    def _give_up(self) -> None:
        if self.process:
            self.spent += self.process.used()
            self.process.end()
            self.process = None

    def _left(self, seconds: float) -> float:
        """So many seconds, or what the submission has left."""
        used = self.spent + (self.process.used() if self.process else 0)
        return max(0.01, min(seconds, self.limits.total_seconds - used))

    def _restart(self) -> Process:
        """A fresh process, in which each cell that is not barred has had a cell's time again."""
        culprit = "the submission"
        try:
            process = self.process = self.sandbox.start(self.limits)
            for name, source in self.cells.items():
                culprit = _cell(name)
                if culprit not in self.barred:
                    # a busy machine may take longer over what once was just in time
                    seconds = self._left(2 * self.limits.cell_seconds)
                    process.ask(_run(name, source), seconds, self._call_back)
            culprit = "the submission"
            if self.lent:
                process.ask(self._lend(), self.limits.call_seconds, self._call_back)
            return process
        except Stopped as error:
            raise self._bar(culprit, error) from None

    def _bar(self, culprit: str, error: Stopped) -> Exception:
        """Give the process up, and never run `culprit` again; what is said of it from now on."""
        self._give_up()
        why: Exception
        used_up = self.spent >= self.limits.total_seconds
        if used_up:
            total = f"{self.limits.total_seconds} s of processor time"
            why = TimeoutError(f"{culprit} was stopped: the whole submission had used its {total}")
        elif isinstance(error, OutOfTime):
            why = TimeoutError(f"{culprit} was stopped: it did not end within {error}")
        else:
            why = ProcessDied(f"{culprit} crashed: {error}{self._perhaps(culprit)}")
        self.barred[culprit] = why
        self.stops.append(why)
        if used_up or len(self.stops) >= MAX_STOPS:
            self.finished = why
        return why

    def _perhaps(self, culprit: str) -> str:
        """What may have ended the process of a cell that imports more than it should."""
        if culprit != _cell(self.running[0]):
            return ""
        foreign = set(re.findall(r"(?m)^\s*(?:import|from)\s+(\w+)", self.running[1])) - AT_HOME
        if not foreign:
            return ""
        return (
            f". It imports {', '.join(sorted(foreign))}, and all that it loads must fit into "
            f"{self.limits.memory_mib} MiB of memory; the exercises need numpy alone"
        )

    def lend(self, functions: dict[str, Callable]) -> None:
        """Let the learner's code find these under their names, until others are lent."""
        if functions != self.lent:
            self.functions.clear()
            self.lent = functions
            if self.process:
                with contextlib.suppress(TimeoutError, ProcessDied):
                    self._ask(self._lend(), self.limits.call_seconds, "the submission")

    def _lend(self) -> dict:
        return {"do": "lend", "functions": wire.encode(self.lent, self._refer)}

    def run(self, name: str, source: str) -> list[dict]:
        """Run a cell; its outputs as a notebook stores them."""
        self.lend({})
        self.functions.clear()
        self.running = name, source
        try:
            reply = self._ask(_run(name, source), self.limits.cell_seconds, _cell(name))
        except (TimeoutError, ProcessDied) as error:
            self.errors[name] = str(error)
            return [error_output(type(error).__name__, str(error), str(error))]
        self.cells[name] = source
        outputs = [stream(reply["printed"])] if reply.get("printed") else []
        outputs += [plot_output(p) for p in reply.get("plots", [])[:MAX_PLOTS] if _is_png(p)]
        if shown := clean(reply.get("shown")):
            outputs.append(result(shown))
        if "error" in reply:
            kind, text, trace = _described(reply["error"])
            self.errors[name] = f"{kind[0]}: {text}"
            outputs.append(error_output(kind[0], text, trace))
        return outputs

    def look(self, name: str, names: dict) -> None:
        """Put what the learner has under `name`, or a stand-in for it, into `names`."""
        if name in self.functions:
            return
        try:
            reply = self._ask({"do": "look", "name": name}, self.limits.call_seconds, name)
        except (TimeoutError, ProcessDied):
            names.setdefault(name, self._function(name))  # a call will say what happened
            return
        if "value" not in reply:
            names.pop(name, None)
            return
        value = reply["value"]
        other = value.get("other") if isinstance(value, dict) else None
        if isinstance(other, list) and len(other) == 3 and other[2] is True:
            names[name] = self._function(name)
        else:
            names[name] = self._decode(value)

    def _function(self, name: str) -> RemoteFunction:
        return self.functions.setdefault(name, RemoteFunction(name, name, self._call))

    def _call(self, function: RemoteFunction, args: tuple, kwargs: dict) -> Any:
        sent = wire.encode((args, kwargs), self._refer)
        strict = bool(warnings.filters) and warnings.filters[0][0] == "error"
        message = {"do": "call", "target": function._target, "args": sent}
        message |= {"errstate": np.geterr(), "strict": strict}
        if self.clock:
            message["clock"] = self.clock.now
        reply = self._ask(message, self.limits.call_seconds, function.__name__)
        print(clean(reply.get("printed"), MAX_PRINTED), end="")
        if "error" in reply:
            raise _exception(*_described(reply["error"])[:2])
        after = self._decode(reply["changed"]) if "changed" in reply else (args, kwargs)
        given = self.arguments.record((args, kwargs), after)
        for said in reply.get("warnings", []):
            kind = getattr(builtins, str(said[0]), None)
            is_warning = isinstance(kind, type) and issubclass(kind, Warning)
            warnings.warn(clean(said[1], 300), kind if is_warning else UserWarning, stacklevel=3)
        return self.arguments.came_back(self._decode(reply.get("value"), given), given)

    def _refer(self, value: Any) -> Any:
        """What is sent for a value that is no plain data: a stand-in, or a function of the test."""
        if isinstance(value, Remote):
            return value._target
        if callable(value):
            self.ours.append(value)
            return [len(self.ours) - 1]
        raise TypeError(f"a test cannot hand a {type(value).__name__} to the learner's code")

    def _decode(self, message: Any, known: Sequence[Any] = ()) -> Any:
        def stand_in(body: Any) -> Remote | None:
            if body is None:
                return None
            number, kind, is_callable = body
            name = kind if str(kind).replace(" ", "_").isidentifier() else "object"
            if is_callable is True:
                return RemoteFunction(int(number), name, self._call)
            return type(name, (Remote,), {})(int(number))

        return wire.decode(message, stand_in, known)

    def _call_back(self, number: Any, sent: Any) -> dict:
        """The learner's code calls a function that a test handed to it."""
        try:
            args, kwargs = self._decode({"tuple": sent})
            answer = {"value": wire.encode(self.ours[number](*args, **kwargs), self._refer)}
            return answer | {"clock": self.clock.now} if self.clock else answer
        except Exception as error:
            return {"error": [type(error).__name__, str(error)[:1000]]}


class FakeClock:
    """In this context the learner's code sees this clock for all others: `fake_clock` in checks.py.

    Here in the judge the time goes on.
    """

    def __init__(self, session: LearnerSession):
        self.session, self.now = session, 0.0

    def __enter__(self) -> "FakeClock":
        self.session.clock = self
        return self

    def __exit__(self, *error: Any) -> None:
        self.session.clock = None


class Arguments:
    """What a learner's function did to its arguments, kept apart from a test's own.

    A test computes what it expects from arguments that the function never touched. Only where a
    test looks at an argument itself does it see what the function made of it (`as_changed`).
    """

    def __init__(self) -> None:
        self.in_place = False  # whether a test's own are changed at once, as in Jupyter
        self.changes: list[tuple[Any, Any]] = []  # arguments as given, and as they were left
        self.results: list[Any] = []  # what came back, and all parts of it

    def clear(self) -> None:
        """Forget the calls of the last test."""
        self.changes.clear()
        self.results.clear()

    def record(self, given: Any, after: Any) -> list[Any]:
        """Remember a call; the parts of its arguments as the function left them."""
        own = list(wire.parts(given))
        if after is given:
            return own
        if self.in_place:
            _change(given, after)
            return own
        self.changes.append((given, after))
        with self._swapped([(given, after)]):
            return [part.copy() for part in own]

    def came_back(self, value: Any, given: list[Any]) -> Any:
        """Remember a result, which is not one of the arguments."""
        known = {id(part) for part in given}
        self.results += [p for p in (value, *wire.parts(value)) if id(p) not in known]
        return value

    def concern(self, values: Sequence[Any]) -> bool:
        """Whether these are arguments that a call has changed, and things that no call gave."""
        changed = {id(part) for given, _ in self.changes for part in wire.parts(given)}
        seen = {id(p) for value in values for p in (value, *wire.parts(value))}
        return bool(seen & changed) and not seen & {id(result) for result in self.results}

    def as_changed(self) -> contextlib.AbstractContextManager[None]:
        """In this context the arguments are what the learner's function made of them."""
        return self._swapped(self.changes)

    @contextlib.contextmanager
    def observed(self) -> Iterator[None]:
        """In this context calls change their arguments."""
        self.in_place = True
        try:
            yield
        finally:
            self.in_place = False

    @contextlib.contextmanager
    def _swapped(self, changes: list[tuple[Any, Any]]) -> Iterator[None]:
        parts = [part for given, _ in changes for part in wire.parts(given)]
        kept = [part.copy() for part in parts]
        own = [isinstance(part, np.ndarray) and part.flags.writeable for part in parts]
        try:
            for given, after in changes:
                _change(given, after)
            yield
        finally:
            for part, content, writeable in zip(parts, kept, own, strict=True):
                if isinstance(part, dict):
                    part.clear()
                    part.update(content)
                elif isinstance(part, list):
                    part[:] = content
                elif writeable:
                    part.flags.writeable = True
                    _put(part, content)


def _described(error: dict) -> tuple[list[str], str, str]:
    """A learner's exception: its types from the narrowest on, its text, its trace."""
    types = error.get("types")
    types = [clean(t, 100) for t in types if isinstance(t, str)] if isinstance(types, list) else []
    return types or ["Exception"], clean(error.get("text")), clean(error.get("trace"))


def _exception(types: list[str], text: str) -> Exception:
    """The nearest built-in exception, so that a test that expects ValueError sees one."""
    for name in types:
        kind = getattr(builtins, name, None)
        if isinstance(kind, type) and issubclass(kind, Exception):
            with contextlib.suppress(TypeError):  # UnicodeError and its like want more than a text
                return kind(text if name == types[0] else f"{types[0]}: {text}")
    return ProcessDied(f"{types[0]}: {text}")


def _put(array: np.ndarray, content: np.ndarray) -> None:
    """Make an array one of this type, this shape and these numbers, which take as many bytes."""
    if array.dtype != content.dtype:
        array.dtype = content.dtype  # type: ignore[misc]
    if array.shape != content.shape:
        array.shape = content.shape
    array[...] = content


def _change(old: Any, new: Any) -> None:
    """Do to the test's own arguments what the learner's function did to its copies."""
    if isinstance(old, np.ndarray) and isinstance(new, np.ndarray):
        if old.nbytes == new.nbytes and old.flags.writeable:
            _put(old, new)
            old.flags.writeable = new.flags.writeable
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            old[:] = new
        for i, value in enumerate(new):
            if not _changes(old[i], value):
                old[i] = value
    elif isinstance(old, tuple) and isinstance(new, tuple):
        for one, other in zip(old, new, strict=False):
            _changes(one, other)
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in old.keys() - new.keys():
            del old[key]
        for key, value in new.items():
            if key not in old or not _changes(old[key], value):
                old[key] = value


def _changes(old: Any, new: Any) -> bool:
    """Change a container in place; whether it is one of the same kind."""
    same = isinstance(old, (np.ndarray, list, tuple, dict)) and type(old) is type(new)
    if same and isinstance(old, np.ndarray):
        same = old.nbytes == new.nbytes
    if same:
        _change(old, new)
    return same or isinstance(old, Remote) or callable(old)


def _cell(name: str) -> str:
    """How a cell is spoken of."""
    return f"the cell {name}"


def _run(name: str, source: str) -> dict:
    return {"do": "cell", "name": name, "source": source}


def _no_call(number: Any, sent: Any) -> dict:
    return {"error": ["RuntimeError", "a cell has no function of a test to call"]}


def _is_png(plot: Any) -> bool:
    try:
        return len(plot) < MAX_PLOT and b64decode(plot, validate=True).startswith(PNG)
    except (ValueError, TypeError):
        return False


# ---- outputs, as a notebook stores them ----------------------------------------------------------
def stream(text: Any) -> dict:
    return {"output_type": "stream", "name": "stdout", "text": clean(text)}


def plot_output(plot: str) -> dict:
    data = {"image/png": plot, "text/plain": "a plot"}
    return {"output_type": "display_data", "data": data, "metadata": {}}


def result(text: str) -> dict:
    data = {"text/plain": text}
    return {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": None}


def error_output(kind: str, text: str, trace: str) -> dict:
    return {"output_type": "error", "ename": kind, "evalue": text, "traceback": trace.split("\n")}
