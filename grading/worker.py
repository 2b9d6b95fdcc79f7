"""The other side of the judge: the process in which a learner's code runs.

It is started once for a class (`python worker.py FD [PATH…]`), imports numpy and matplotlib, and
waits on the socket FD. Each request brings one end of a connection; for it the process makes a copy
of itself, locks the copy in (`_lock_in`) and lets it answer the judge until it is killed. Nothing
secret is ever in here: no test, no expected value, no other submission. This file and wire.py are
all of the course that is seen inside.
"""

import ast
import builtins
import ctypes
import gc
import io
import json
import linecache
import os
import platform
import re
import resource
import signal
import socket
import stat
import struct
import sys
import traceback
import types
import warnings
from base64 import b64encode
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import numpy as np
import wire

libc = ctypes.CDLL(None, use_errno=True)
NOBODY = 65534


# ---- locking in ----------------------------------------------------------------------------------
def _ok(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _namespaces(file_mib: int) -> None:
    """Own users, mounts, processes and IPC; one small empty folder, /tmp; no /proc."""
    uid, gid = os.getuid(), os.getgid()
    _ok(libc.unshare(0x10000000 | 0x00020000 | 0x08000000 | 0x04000000 | 0x20000000))
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {uid} 1"),
        ("gid_map", f"{gid} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    size = f"size={file_mib}m,nr_inodes=1000,mode=700".encode()
    _ok(libc.mount(b"none", b"/", None, 0x44000, None))  # private, all the way down
    _ok(libc.mount(b"tmpfs", b"/tmp", b"tmpfs", 6, size))
    _ok(libc.mount(b"tmpfs", b"/proc", b"tmpfs", 7, b"nr_inodes=1,mode=500"))
    if os.fork():
        os._exit(0)  # the child is the first process of its own world: when it dies, all die


# System calls that no exercise needs: [x86_64, aarch64]
DENIED = {
    "fork vfork execve execveat": ([57, 58, 59, 322], [221, 281]),
    "kill tkill tgkill rt_sigqueueinfo pidfd_send_signal": (
        [62, 200, 234, 129, 297, 424],
        [129, 130, 131, 138, 240, 424],
    ),
    "ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp": (
        [101, 310, 311, 438, 312],
        [117, 270, 271, 438, 272],
    ),
    "socket": ([41], [198]),
    "unshare setns mount umount2 pivot_root chroot": (
        [272, 308, 165, 166, 155, 161],
        [97, 268, 40, 39, 41, 51],
    ),
    "open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr": (
        [428, 429, 430, 431, 432, 433, 442],
        [428, 429, 430, 431, 432, 433, 442],
    ),
    "shmget msgget semget mq_open": ([29, 68, 64, 240], [194, 186, 190, 180]),
    "prlimit64 setpriority sched_setscheduler sched_setparam sched_setattr ioprio_set": (
        [302, 141, 144, 142, 314, 251],
        [261, 140, 119, 118, 274, 30],
    ),
    "sched_setaffinity": ([203], [122]),
    "add_key request_key keyctl": ([248, 249, 250], [217, 218, 219]),
    "bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register": (
        [321, 298, 323, 425, 426, 427],
        [280, 241, 282, 425, 426, 427],
    ),
}
MACHINES = {"x86_64": (0, 0xC000003E, 56), "aarch64": (1, 0xC00000B7, 220)}  # column, id, clone


def _filter_system_calls() -> None:
    """No other process, no signal, no socket, no window into the kernel's rarer parts (seccomp)."""
    if platform.machine() not in MACHINES:
        return
    column, machine, clone = MACHINES[platform.machine()]
    denied = sorted({n for row in DENIED.values() for n in row[column]})

    def op(code: int, k: int, yes: int = 0, no: int = 0) -> bytes:
        return struct.pack("HBBI", code, yes, no, k)

    load, equal, at_least, any_bit, ret = 0x20, 0x15, 0x35, 0x45, 0x06
    kill, allow, refuse, unknown = 0x80000000, 0x7FFF0000, 0x00050001, 0x00050026
    n = len(denied)
    program = [
        op(load, 4), op(equal, machine, 1, 0), op(ret, kill),
        op(load, 0), op(at_least, 0x40000000, n + 6, 0),  # the x32 numbers of the same calls
        op(equal, 435, n + 6, 0),  # clone3: "not known", and the C library falls back to clone
        op(equal, clone, n + 1, 0),
        *(op(equal, number, n + 3 - i, 0) for i, number in enumerate(denied)),
        op(ret, allow),
        op(load, 16), op(any_bit, 0x10000, 0, 1), op(ret, allow),  # a thread is allowed
        op(ret, refuse), op(ret, unknown),
    ]  # fmt: skip
    code = b"".join(program)
    buffer = ctypes.create_string_buffer(code, len(code))
    argument = struct.pack("HxxxxxxQ", len(program), ctypes.addressof(buffer))
    _ok(libc.prctl(22, 2, ctypes.c_char_p(argument), 0, 0))


def _landlock(readable: list[int]) -> None:
    """Reading below the open folders `readable` and nothing else of the file system, for good."""

    def call(number: int, *args: Any) -> int:
        return _ok(libc.syscall(number, *args))

    version = call(444, None, 0, 1)
    actions = (1 << (13, 14, 15, 15, 16)[min(version, 5) - 1]) - 1
    scope = struct.pack("QQQ", actions, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    rules = call(444, scope, 8 if version < 4 else 16 if version < 6 else 24, 0)
    for fd in readable:
        read = 0b1100 if stat.S_ISDIR(os.fstat(fd).st_mode) else 0b100
        call(445, rules, 1, struct.pack("=Qi", read, fd), 0)
    call(446, rules, 0)


def _lock_in(limits: dict) -> None:
    """Give up everything that a learner's code could do harm with. Cannot be undone."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if limits["namespaces"]:
        _namespaces(limits["file_mib"])
        os.chdir("/tmp")
    for name, amount in {
        "AS": limits["memory_mib"] << 20,
        "FSIZE": limits["file_mib"] << 20,
        "NPROC": limits["processes"],
        "NOFILE": 64,
        "CORE": 0,
        "CPU": limits["total_seconds"],
    }.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (amount, amount))
    _ok(libc.prctl(38, 1, 0, 0, 0))  # no new privileges, ever
    _ok(libc.prctl(4, 0, 0, 0, 0))  # nobody may look into this process
    if limits["readable"]:
        _landlock(limits["readable"])
    nothing = struct.pack("6I", *[0] * 6)
    _ok(libc.capset(struct.pack("Ii", 0x20080522, 0), nothing))
    _filter_system_calls()


# ---- answering the judge -------------------------------------------------------------------------
class Output(io.StringIO):
    """What the code prints, up to a limit."""

    left = 50_000

    def write(self, text: str) -> int:
        super().write(text[: self.left])
        self.left = max(0, self.left - len(text))
        return len(text)


class Shell:
    """Stands where notebooks expect IPython, and does nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: None


def _python(source: str) -> str:
    """A cell without what only IPython understands."""
    try:
        ast.parse(source)
        return source
    except SyntaxError:
        pass
    if first := re.match(r"\s*%%(\w+).*\n?", source):
        if first[1] not in ("time", "timeit", "capture", "prun"):
            return ""
        source = "\n" * first[0].count("\n") + source[first.end() :]
    source = re.sub(r"(?m)^([ \t]*)([%!?].*|[\w.]+\?{1,2}[ \t]*)$", r"\1pass  # \2", source)
    return re.sub(r"(?m)^([ \t]*[\w, \t]+=[ \t]*)[%!].*$", r"\1None", source)


class Answers:
    """One learner's names, and what the judge may ask about them."""

    def __init__(self, channel: wire.Channel):
        main = types.ModuleType("__main__")
        sys.modules["__main__"] = main
        self.names = main.__dict__
        self.names |= {"display": lambda *v: print(*map(repr, v), sep="\n"), "get_ipython": Shell}
        self.channel, self.others, self.cells = channel, [], 0

    def serve(self) -> None:
        while True:
            message = self.channel.receive()
            output = Output()
            with redirect_stdout(output), redirect_stderr(output):
                try:
                    reply = getattr(self, message["do"])(message)
                except BaseException as error:
                    reply = {"error": self.describe(error)}
            self.channel.send(reply | {"printed": output.getvalue()})

    def describe(self, error: BaseException) -> dict:
        """The names of an exception's types, its text, and where in the learner's code it arose."""
        frames = traceback.extract_tb(error.__traceback__)
        shown = [f for f in frames if f.filename != __file__]
        text = traceback.format_list(shown[:5] + shown[5:][-15:])
        try:
            last = traceback.format_exception_only(error)
            said = str(error)
        except BaseException:
            last, said = [type(error).__name__], ""
        names = [t.__name__ for t in type(error).__mro__]
        return {"types": names, "text": said[:5000], "trace": "".join(text + last)[-10_000:]}

    def keep(self, value: Any) -> list:
        """What is sent for a value that is no plain data."""
        self.others.append(value)
        return [len(self.others) - 1, type(value).__name__[:100], callable(value)]

    def find(self, body: Any) -> Any:
        """What the judge means: a value kept here, or a function of the judge's to call back."""
        if isinstance(body, int):
            return self.others[body]
        number = body[0]

        def call_back(*args: Any, **kwargs: Any) -> Any:
            sent = [wire.encode(args, self.keep), wire.encode(kwargs, self.keep)]
            self.channel.send({"call back": number, "args": sent})
            answer = self.channel.receive()
            if "error" in answer:
                name, text = answer["error"]
                raise getattr(builtins, name, RuntimeError)(text)
            return wire.decode(answer["value"], self.find)

        return call_back

    def cell(self, message: dict) -> dict:
        """Run one cell as a notebook would; what its last line gives and its plots come back."""
        self.cells += 1
        name = f"<{message['name']}>"
        source = _python(message["source"])
        linecache.cache[name] = (len(source), None, source.splitlines(True), name)
        body = ast.parse(source, name).body
        shown = None
        is_last = bool(body) and isinstance(body[-1], ast.Expr)
        last = body.pop() if is_last else None
        exec(compile(ast.Module(body, []), name, "exec"), self.names)
        if last:
            value = eval(compile(ast.Expression(last.value), name, "eval"), self.names)
            if value is not None and not source.rstrip().endswith(";"):
                shown = repr(value)[:20_000]
        return {"shown": shown, "plots": self.plots()}

    def plots(self) -> list[str]:
        """The open figures as PNG, at most five; they are closed."""
        plt = sys.modules.get("matplotlib.pyplot")
        found = []
        for number in plt.get_fignums()[:5] if plt else []:
            file = io.BytesIO()
            plt.figure(number).savefig(file, format="png", dpi=72)
            found.append(b64encode(file.getvalue()).decode())
        if found:
            plt.close("all")
        return found

    def look(self, message: dict) -> dict:
        name = message["name"]
        return {"value": wire.encode(self.names[name], self.keep)} if name in self.names else {}

    def call(self, message: dict) -> dict:
        """Call a function; its result, the arguments that it changed and its warnings come back."""
        target = message["target"]
        function = self.names[target] if isinstance(target, str) else self.others[target]
        sent = message["args"]
        args = wire.decode(sent, self.find)
        given = [(part, *_form(part)) for part in wire.parts(args)]
        with np.errstate(**message["errstate"]), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("error" if message["strict"] else "always")
            value = function(*args[0], **args[1])
            # an argument that comes back must be the same one there: it may be changed later
            known = {id(p): n for n, (p, *form) in enumerate(given) if form == _form(p)}
            value = wire.encode(value, self.keep, known)
        changed = wire.encode(args, lambda v: None)
        said = [[w.category.__name__, str(w.message)[:300]] for w in caught[:20]]
        reply = {"value": value, "warnings": said}
        same = changed == sent or changed == _without_others(sent)
        return reply if same else reply | {"changed": changed}


def _form(part: Any) -> list:
    """What no change of its numbers changes."""
    return [part.shape, part.dtype] if isinstance(part, np.ndarray) else []


def _without_others(message: Any) -> Any:
    """A message in which nothing but plain data is left, to compare with what came of it."""
    if isinstance(message, dict):
        return {k: None if k == "other" else _without_others(v) for k, v in message.items()}
    return [_without_others(m) for m in message] if isinstance(message, list) else message


def _answer(fd: int, limits: dict) -> None:
    """Become the process of one submission."""
    sock = socket.socket(fileno=fd)
    try:
        _lock_in(limits)
        os.closerange(3, fd)
        os.closerange(fd + 1, 1 << 16)
        me = os.pidfd_open(os.getpid())
        socket.send_fds(sock, [b"+"], [me])
        os.close(me)
    except OSError as error:
        sock.sendall(f"-{error}".encode()[:1000])
        os._exit(1)
    try:
        Answers(wire.Channel(sock)).serve()
    finally:
        os._exit(0)


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    readable = [os.open(path, os.O_PATH) for path in sys.argv[2:]]
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.environ["MPLCONFIGDIR"] = "/tmp"
    try:
        import matplotlib.pyplot as plt

        plt.switch_backend("Agg")
        plt.show = lambda *args, **kwargs: None
        plt.figure().add_subplot().plot([0, 1])
        plt.title("$x$")
        plt.savefig(io.BytesIO(), format="png")
        plt.close("all")
    except ImportError:
        pass
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        libc.prctl(4, 1, 0, 0, 0)  # so that a copy may write its own /proc/self/uid_map
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()  # a copy that counts what it has inherited would need memory of its own for it
    while True:
        request, fds, _, _ = socket.recv_fds(control, 65536, 1)
        if not request:
            return
        if os.fork() == 0:
            control.close()
            _answer(fds[0], json.loads(request) | {"readable": readable})
        os.close(fds[0])


if __name__ == "__main__":
    main()
