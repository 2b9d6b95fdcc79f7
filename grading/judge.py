"""One submission in, one verdict out.

The learner's cells run in a sandbox (sandbox.py, worker.py). The master's test cells run here, in
a trusted process. A name that a test reads and no locked cell defines is the learner's; the test
finds a stand-in under it, which asks the sandbox and brings back plain data. So a test sees what a
function gives, and the learner's code never sees the test, the assert or the expected value.

`Judge` starts the trusted side as a process of its own (`python -m grading.judge`), which holds the
master and forks for each submission. What one submission does to its fork ends with it.
"""

import ast
import builtins
import contextlib
import gc
import io
import itertools
import json
import os
import re
import resource
import select
import signal
import socket
import subprocess
import sys
import time
import traceback
import warnings
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from grading import wire
from grading.sandbox import Limits, NoSandbox, OutOfTime, Process, Sandbox, Stopped, die_with_parent
from grading.submission import (
    NotThisAssignment,
    Unreadable,
    as_text,
    is_locked,
    is_test,
    meta,
    parse,
    read,
    restore,
    visible,
)
from grading.wire import clean

STATES = (
    "graded",
    "failed tests",
    "timed out",
    "crashed",
    "unreadable",
    "not this assignment",
)
MAX_STOPS = 3  # how often a submission may be stopped before the rest of it is not run
MAX_PRINTED = 5_000  # characters of one test cell's output
JUDGE_MEMORY = 4 << 30
REPLY = {"printed": str, "shown": str, "plots": list, "warnings": list, "error": dict}
# from here on numpy's own assertions tell expected values
NUMBERS_OF_NUMPY = (
    r"(?m)^\s*(Not equal|Arrays are not|Items are not|Mismatch|Max |ACTUAL|DESIRED|x|y:)"
)


class Ended(Exception):
    """What a test sees when the learner's process ended: a crash, os._exit, or a limit."""


class Thing:
    """Stands for a learner's value that is no plain data. It can be handed back, nothing else."""

    def __init__(self, target: int | str):
        self._target = target

    def __bool__(self) -> bool:
        raise TypeError(f"{type(self).__name__} is neither true nor false")


class Function(Thing):
    """Stands for a learner's function."""

    def __init__(self, target: int | str, name: str, call: Callable):
        super().__init__(target)
        self._call, self.__name__ = call, name
        self.memo: dict = {}  # what tests keep of it; it lasts until the learner's next cell

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._call(self, args, kwargs)


# ---- the learner's side, as seen from here -------------------------------------------------------
class Code:
    """A learner's code in its sandbox. After a stop, it goes on without the culprit."""

    def __init__(self, sandbox: Sandbox, limits: Limits):
        self.sandbox, self.limits = sandbox, limits
        self.process: Process | None = None
        self.cells: list[tuple[str, str]] = []  # those that ran, to run again after a stop
        self.barred: dict[str, Exception] = {}  # what is not run again, and why
        self.stops: list[tuple[str, str]] = []  # (state, sentence)
        self.errors: dict[str, str] = {}  # cells that ended with an exception
        self.spent = 0.0  # seconds of the processes that are gone
        self.functions: dict[str, Function] = {}  # those looked up since the last cell
        self.ours: list[Callable] = []  # the tests' functions that the learner's code may call

    def _ask(self, message: dict, seconds: float, culprit: str) -> dict:
        if culprit in self.barred or "" in self.barred:
            raise self.barred.get(culprit) or self.barred[""]
        left = self.limits.total_seconds - self.spent - (self.process.used() if self.process else 0)
        if self.stops:
            seconds /= 2  # one long wait a submission is enough
        again = self.process is None
        if again:
            self.process = self.sandbox.start(self.limits)
        try:
            if again:
                for name, source in self.cells:
                    if f"the cell {name}" not in self.barred:
                        cell = {"do": "cell", "name": name, "source": source}
                        self.process.ask(cell, seconds, self._call_back)
            reply = self.process.ask(message, max(0.01, min(seconds, left)), self._call_back)
            return {k: v for k, v in reply.items() if isinstance(v, REPLY.get(k, object))}
        except Stopped as error:
            used = self.process.used()
            if isinstance(error, OutOfTime):
                text = f"{culprit} was stopped: it did not end within {error}"
                self.barred[culprit] = TimeoutError(text)
                self.stops.append(("timed out", text))
            else:
                text = f"{culprit} crashed: {error}"
                self.barred[culprit] = Ended(text)
                self.stops.append(("crashed", text))
            self.spent += used
            self.process = None
            if len(self.stops) >= MAX_STOPS or self.spent >= self.limits.total_seconds:
                self.barred[""] = self.barred[culprit]
            raise self.barred[culprit] from None

    def run(self, name: str, source: str) -> list[dict]:
        """Run a cell; its outputs as a notebook stores them."""
        self.functions.clear()
        try:
            message = {"do": "cell", "name": name, "source": source}
            reply = self._ask(message, self.limits.cell_seconds, f"the cell {name}")
        except (TimeoutError, Ended) as error:
            self.errors[name] = str(error)
            return [_error(type(error).__name__, str(error), str(error))]
        self.cells.append((name, source))
        outputs = [_stream(reply["printed"])] if reply.get("printed") else []
        for plot in reply.get("plots", [])[:5]:
            with contextlib.suppress(ValueError, TypeError):
                if (
                    len(plot) < 400_000
                    and b64decode(plot, validate=True)[:8] == b"\x89PNG\r\n\x1a\n"
                ):
                    data = {"image/png": plot, "text/plain": "a plot"}
                    outputs.append({"output_type": "display_data", "data": data, "metadata": {}})
        if shown := clean(reply.get("shown")):
            outputs.append(_result(shown))
        if "error" in reply:
            kind, text, trace = _described(reply["error"])
            self.errors[name] = f"{kind[0]}: {text}"
            outputs.append(_error(kind[0], text, trace))
        return outputs

    def look(self, name: str, names: dict) -> None:
        """Put what the learner has under `name`, or a stand-in for it, into `names`."""
        if name in self.functions:
            return
        try:
            reply = self._ask({"do": "look", "name": name}, self.limits.call_seconds, name)
        except (TimeoutError, Ended):
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

    def _function(self, name: str) -> Function:
        return self.functions.setdefault(name, Function(name, name, self._call))

    def _call(self, function: Function, args: tuple, kwargs: dict) -> Any:
        sent = wire.encode((args, kwargs), self._refer)
        strict = bool(warnings.filters) and warnings.filters[0][0] == "error"
        message = {"do": "call", "target": function._target, "args": sent}
        message |= {"errstate": np.geterr(), "strict": strict}
        given = list(wire.parts((args, kwargs)))
        reply = self._ask(message, self.limits.call_seconds, function.__name__)
        print(clean(reply.get("printed"), MAX_PRINTED), end="")
        if "error" in reply:
            raise _exception(*_described(reply["error"])[:2])
        if "changed" in reply:
            _change((args, kwargs), self._decode(reply["changed"]))
        for said in reply.get("warnings", []):
            kind = getattr(builtins, str(said[0]), None)
            is_warning = isinstance(kind, type) and issubclass(kind, Warning)
            warnings.warn(clean(said[1], 300), kind if is_warning else UserWarning, stacklevel=3)
        return self._decode(reply.get("value"), given)

    def _refer(self, value: Any) -> Any:
        """What is sent for a value that is no plain data: a stand-in, or a function of the test."""
        if isinstance(value, Thing):
            return value._target
        if callable(value):
            self.ours.append(value)
            return [len(self.ours) - 1]
        raise TypeError(f"a test cannot hand a {type(value).__name__} to the learner's code")

    def _decode(self, message: Any, known: Sequence[Any] = ()) -> Any:
        def stand_in(body: Any) -> Thing | None:
            if body is None:
                return None
            number, kind, is_callable = body
            name = kind if str(kind).isidentifier() else "object"
            if is_callable is True:
                return Function(int(number), name, self._call)
            return type(name, (Thing,), {})(int(number))

        return wire.decode(message, stand_in, known)

    def _call_back(self, number: Any, sent: Any) -> dict:
        """The learner's code calls a function that a test handed to it."""
        try:
            args, kwargs = self._decode({"tuple": sent})
            return {"value": wire.encode(self.ours[number](*args, **kwargs), self._refer)}
        except Exception as error:
            return {"error": [type(error).__name__, str(error)[:1000]]}


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
    return Ended(f"{types[0]}: {text}")


def _change(old: Any, new: Any) -> None:
    """Do to the test's own arguments what the learner's function did to its copies."""
    if isinstance(old, np.ndarray) and isinstance(new, np.ndarray):
        if old.shape == new.shape and old.dtype == new.dtype and old.flags.writeable:
            old[...] = new
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
        same = old.shape == new.shape and old.dtype == new.dtype
    if same:
        _change(old, new)
    return same or isinstance(old, Thing) or callable(old)


# ---- the trusted side ----------------------------------------------------------------------------
@dataclass
class Test:
    """A test cell, compiled."""

    body: Any
    last: Any  # the expression on its last line, for partial credit
    needs: list[str]  # the learner's names that it reads
    visible: dict[int, str]


class Master:
    """The packed notebook: its locked cells executed once, its tests compiled once."""

    def __init__(self, notebook: dict):
        self.notebook, self.names, self.tests = notebook, {"__name__": "__main__"}, {}
        trusted = [c for c in notebook["cells"] if c["cell_type"] == "code" and is_locked(c)]
        trees = {meta(c)["grade_id"]: ast.parse(c["source"]) for c in trusted}
        self.adds = {i: set(_defined(tree)) for i, tree in trees.items()}  # names, by cell
        own = set(dir(builtins)).union(*self.adds.values())
        for cell in trusted:
            i = meta(cell)["grade_id"]
            if is_test(cell):
                reads = {n.id for n in ast.walk(trees[i]) if isinstance(n, ast.Name)}
                tree = trees[i]
                expression = tree.body and isinstance(tree.body[-1], ast.Expr)
                last = ast.Expression(tree.body.pop().value) if expression else None
                self.tests[i] = Test(
                    compile(tree, f"<{i}>", "exec"),
                    last and compile(last, f"<{i}>", "eval"),
                    sorted(reads - own),
                    visible(cell["source"]),
                )
            else:
                exec(compile(trees[i], f"<{i}>", "exec"), self.names)


def _defined(tree: ast.AST) -> Iterator[str]:
    """All names that a piece of code gives a value to."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from ((a.asname or a.name).split(".")[0] for a in node.names)
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name


def judge(master: Master, folder: Path, assignment: str, sandbox: Sandbox, limits: Limits) -> dict:
    """Run a submission against the master: the graded notebook, a state and a reason."""
    try:
        name, data = read(folder, assignment)
        notebook = restore(master.notebook, parse(data))
    except Unreadable as error:
        return refuse(master.notebook, "unreadable", str(error))
    except NotThisAssignment as error:
        return refuse(master.notebook, "not this assignment", str(error))
    code, failed = Code(sandbox, limits), []
    unused = _unused(master, notebook["cells"])
    number = 0
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code" or meta(cell).get("grade_id") in unused:
            continue
        number += 1
        i = meta(cell).get("grade_id")
        if i in master.tests:
            cell["outputs"] = _test(master, i, code)
            failed += [f"{i}: {o['evalue']}" for o in cell["outputs"] if "evalue" in o]
        else:
            cell["outputs"] = code.run(i or f"number {number}", cell["source"])
        cell["execution_count"] = number
    if code.process:
        code.process.end()
    state = code.stops[0][0] if code.stops else "failed tests" if failed else "graded"
    if code.stops:
        reason = "; ".join(dict.fromkeys(text for _, text in code.stops))
        notebook["cells"].insert(0, _notice(state, reason))
    else:
        reason = _short(failed)
    if name != f"{assignment}.ipynb":
        reason = f"(file {name}) {reason}"
    return {"notebook": notebook, "state": state, "reason": reason}


def _unused(master: Master, cells: list[dict]) -> set[str]:
    """The locked cells that add no name which the learner's code reads: the sandbox can do without.

    The cell `checks` costs more time to run than all the rest.
    """
    code = [c for c in cells if c["cell_type"] == "code" and not is_test(c)]
    reads, unused = set(), set()
    for cell in code:
        if not is_locked(cell):
            try:
                tree = ast.parse(cell["source"])
                reads |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                reads |= set(re.findall(r"\w+", cell["source"]))
    if reads & {"eval", "exec", "globals", "locals", "vars", "dir"}:
        return unused
    for cell in filter(is_locked, code):
        adds = master.adds[meta(cell)["grade_id"]]
        if adds & reads:
            reads -= adds
        else:
            unused.add(meta(cell)["grade_id"])
    return unused


def _short(failed: list[str]) -> str:
    """The first failure in a line, and how many more there are."""
    if not failed:
        return ""
    test, _, text = failed[0].partition(": ")
    fault, _, sentence = text.partition("→")
    said = " ".join(sentence.split()) or fault.split("\n")[0]
    more = f" (+{len(failed) - 1} more)" if failed[1:] else ""
    return f"{test}: {said}{more}"


def refuse(master: dict, state: str, reason: str) -> dict:
    """The verdict on what cannot be judged: the bare exercise, each test failed for this reason."""
    empty = [
        {"type": "markdown", "source": "", "id": meta(c).get("grade_id")} for c in master["cells"]
    ]
    notebook = restore(master, [c for c in empty if c["id"]])
    for cell in notebook["cells"]:
        if is_test(cell) and cell["cell_type"] == "code":
            cell["outputs"] = [_error("NotGraded", f"{state}: {reason}", f"{state}: {reason}")]
    notebook["cells"].insert(0, _notice(state, reason))
    return {"notebook": notebook, "state": state, "reason": reason}


def _test(master: Master, i: str, code: Code) -> list[dict]:
    """Run a test cell here; its outputs, in which nothing of a hidden test is told."""
    test, printed, value, error = master.tests[i], io.StringIO(), None, None
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            for name in test.needs:
                code.look(name, master.names)
            exec(test.body, master.names)
            if test.last:
                value = eval(test.last, master.names)
        except BaseException as raised:
            error = raised
    outputs = [_stream(clean(printed.getvalue(), MAX_PRINTED))] if printed.getvalue() else []
    if error is not None:
        return [*outputs, _told(test, i, error, code)]
    if isinstance(value, Thing):
        said = "the test's result is no number"
        return [*outputs, _error("TypeError", said, said)]
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        # nbgrader would give full marks for a negative number or nan, and fail on one too large
        [points] = [
            meta(c)["points"] for c in master.notebook["cells"] if meta(c).get("grade_id") == i
        ]
        value = float(min(max(value, 0), points)) if value == value else 0.0
    return outputs if value is None else [*outputs, _result(clean(repr(value), 200))]


def _told(test: Test, i: str, error: BaseException, code: Code) -> dict:
    """What the feedback says of a failed test."""
    lines, one = [], error
    while one is not None:
        frames = traceback.walk_tb(one.__traceback__)
        lines += [line for frame, line in frames if frame.f_code.co_filename == f"<{i}>"]
        one = one.__cause__ or one.__context__
    text = str(error)
    if isinstance(error, NameError) and (name := getattr(error, "name", None)) in code.errors:
        text += f", because its cell ended with {code.errors[name]}"
    if all(n in test.visible for n in lines):
        where = (
            "this line of the test failed:\n    " + test.visible[lines[0]].strip() if lines else ""
        )
    else:
        where = "a hidden test failed"
        text = re.split(NUMBERS_OF_NUMPY, text, maxsplit=1)[0].strip()
    text = clean(text, 3000)
    return _error(type(error).__name__, text, f"{where}\n{type(error).__name__}: {text}".strip())


def _notice(state: str, reason: str) -> dict:
    source = f"**What happened to this submission**{as_text(f'{state}: {reason}')}"
    return {"cell_type": "markdown", "id": "notice", "metadata": {}, "source": source}


def _stream(text: Any) -> dict:
    return {"output_type": "stream", "name": "stdout", "text": clean(text)}


def _result(text: str) -> dict:
    data = {"text/plain": text}
    return {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": None}


def _error(kind: str, text: str, trace: str) -> dict:
    return {"output_type": "error", "ename": kind, "evalue": text, "traceback": trace.split("\n")}


# ---- the process that holds the master -----------------------------------------------------------
class Judge:
    """The trusted side for classes, one after another. Its sandbox gets ready from the start."""

    def __init__(self, jobs: int = 2):
        ours, theirs = socket.socketpair()
        fd = theirs.fileno()
        with theirs:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "grading.judge", str(fd), str(jobs)],
                cwd=Path(__file__).parents[1],
                pass_fds=[fd],
                stdin=subprocess.DEVNULL,
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            )
        self._channel = wire.Channel(ours)
        self.sandbox, self.jobs = "", jobs

    def load(self, master: dict, limits: Limits | None = None, unsafe: bool = False) -> None:
        """From now on submissions are judged by this master; `ready` tells whether they can be."""
        settings = {"master": master, "limits": asdict(limits or Limits()), "unsafe": unsafe}
        self._channel.send(settings)
        self.sandbox = ""

    def ready(self) -> str:
        """Wait until the master is loaded; which sandbox is used.

        Raises:
            NoSandbox: there is none on this machine, and `unsafe` is not set.
        """
        if not self.sandbox:
            answer = self._channel.receive()
            if "refused" in answer:
                raise NoSandbox(answer["refused"])
            self.sandbox = answer["sandbox"]
        return self.sandbox

    def judge(self, folders: Iterable[Path], assignment: str) -> Iterator[tuple[Path, dict]]:
        """Judge the submissions in these folders: {"notebook", "state", "reason"}, as each is done.

        A verdict is {"failed"} where the judge itself failed, which is no fault of the learner's.

        Raises:
            EOFError: the judge's process is gone.
        """
        self.ready()
        folders, under_way = iter(folders), 0  # few, so that neither side waits to be read
        while True:
            for folder in itertools.islice(folders, 2 * self.jobs - under_way):
                self._channel.send({"folder": str(folder), "assignment": assignment})
                under_way += 1
            if not under_way:
                return
            answer = self._channel.receive()
            under_way -= 1
            yield Path(answer["folder"]), answer["verdict"]

    def close(self) -> None:
        self._channel.sock.close()
        self._server.wait()

    def __enter__(self) -> "Judge":
        return self

    def __exit__(self, *about: object) -> None:
        self.close()


@dataclass
class _Running:
    folder: str
    pid: int
    end: float
    data: bytes = b""


def main() -> None:
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever asked; this ends with them
    with contextlib.suppress(EOFError, ConnectionError):
        serve(wire.Channel(socket.socket(fileno=int(sys.argv[1]))), int(sys.argv[2]))


def serve(channel: wire.Channel, jobs: int) -> None:
    """Serve a `Judge`: fork for each submission, `jobs` of them at a time.

    Raises:
        EOFError, ConnectionError: whoever asked is gone. What was started ends with this process.
    """
    sandbox, master, limits = None, None, Limits()
    with contextlib.suppress(NoSandbox):
        sandbox = Sandbox()
    running: dict[int, _Running] = {}
    while True:
        poll = select.poll()
        for fd in [*running, *([channel.sock] if len(running) < jobs else [])]:
            poll.register(fd, select.POLLIN)
        ends = [one.end - time.monotonic() for one in running.values()]
        events = poll.poll(max(0, min(ends)) * 1000 if ends else None)
        for fd, _ in events:
            if fd != channel.sock.fileno():
                one = running[fd]
                part = os.read(fd, 1 << 20)
                one.data += part
                if not part:
                    one.end = 0  # it is done
                continue
            message = channel.receive()
            if "folder" in message:
                fd, pid = _fork(master, message, sandbox, limits)
                wall = time.monotonic() + limits.total_seconds * limits.patience
                running[fd] = _Running(message["folder"], pid, wall)
                continue
            try:
                sandbox = sandbox or Sandbox(unsafe=message["unsafe"])
            except NoSandbox as error:
                channel.send({"refused": str(error)})
                continue
            master, limits = Master(message["master"]), Limits(**message["limits"])
            gc.freeze()  # what each fork inherits need not be looked through again
            channel.send({"sandbox": sandbox.kind})
        for fd, one in list(running.items()):
            if one.end <= time.monotonic():
                os.close(fd)
                del running[fd]
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one.pid, signal.SIGKILL)
                os.waitpid(one.pid, 0)
                channel.send({"folder": one.folder, "verdict": _read(one, master)})


def _fork(master: Master, job: dict, sandbox: Sandbox, limits: Limits) -> tuple[int, int]:
    """Judge one submission in a process of its own; the pipe that its verdict comes from."""
    inside, outside = os.pipe()
    if pid := os.fork():
        os.close(outside)
        return inside, pid
    try:
        die_with_parent()
        resource.setrlimit(resource.RLIMIT_AS, (JUDGE_MEMORY, JUDGE_MEMORY))
        verdict = judge(master, Path(job["folder"]), job["assignment"], sandbox, limits)
    except BaseException:
        verdict = {"failed": traceback.format_exc()}
    with os.fdopen(outside, "wb") as pipe:
        pipe.write(json.dumps(verdict).encode())
    os._exit(0)


def _read(one: _Running, master: Master) -> dict:
    """The verdict that a process wrote, or one that says that it did not."""
    try:
        return json.loads(one.data)
    except ValueError:
        late = one.end > 0
        state = "timed out" if late else "crashed"
        reason = "grading it took too long" if late else "grading it ended the judge's process"
        return refuse(master.notebook, state, reason)


if __name__ == "__main__":
    main()
