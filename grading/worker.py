"""The other side of the judge: the process in which a learner's code runs.

It is started once for a class (`python worker.py FD [--landlock] [PATH…]`; the paths are Python's
own), imports numpy and matplotlib, and waits on the socket FD. Each request brings one end of a
connection; for it the process makes a copy of itself, locks the copy in (`_lock_in`) and lets it
answer the judge until it is killed. Nothing secret is ever in here: no test, no expected value, no
other submission. This file, wire.py and checks.py, which learners have in their notebooks, are all
of the course that is seen inside.
"""

import builtins
import contextlib
import ctypes
import errno
import gc
import getpass
import io
import json
import os
import platform
import re
import resource
import signal
import socket
import stat
import struct
import sys
import time
import traceback
import types
import warnings
from base64 import b64encode
from collections.abc import Callable, Iterator
from importlib.abc import MetaPathFinder
from importlib.util import find_spec
from typing import Any

import IPython
import numpy as np
import wire
from checks import fake_clock
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magics.execution import TimeitResult
from IPython.utils.text import LSString, SList
from traitlets.config import Config

libc = ctypes.CDLL(None, use_errno=True)
NOBODY = 65534

# linux/sched.h
CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER = 0x00020000, 0x08000000, 0x10000000
CLONE_NEWPID, CLONE_NEWUTS, CLONE_THREAD = 0x20000000, 0x04000000, 0x00010000
# sys/mount.h
MS_RDONLY, MS_NOSUID, MS_NODEV = 1, 2, 4
MS_REC, MS_PRIVATE = 0x4000, 0x40000
# linux/prctl.h, linux/capability.h
PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 4, 8, 22, 38
LINUX_CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_READ_SEARCH = 1 << 2
# linux/fcntl.h, linux/mount.h; the numbers of system calls that have no name in the C library
open_tree, move_mount = 428, 429
AT_FDCWD, AT_RECURSIVE, OPEN_TREE_CLONE, MOVE_MOUNT_F_EMPTY_PATH = -100, 0x8000, 1, 4
# linux/seccomp.h, linux/audit.h: offsets in struct seccomp_data, and what may become of a call
SECCOMP_MODE_FILTER = 2
DATA_NUMBER, DATA_ARCH, DATA_FIRST_ARGUMENT = 0, 4, 16
SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_ERRNO = 0x80000000, 0x00050000
SECCOMP_RET_ALLOW = 0x7FFF0000
AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64 = 0xC000003E, 0xC00000B7
X32_BIT = 0x40000000
# linux/bpf_common.h: load a word; jump if equal, at least, or a bit in common; return
LOAD, IF_EQUAL, IF_AT_LEAST, IF_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
# linux/landlock.h
landlock_create_ruleset, landlock_add_rule, landlock_restrict_self = 444, 445, 446
LANDLOCK_CREATE_RULESET_VERSION, LANDLOCK_RULE_PATH_BENEATH = 1 << 0, 1
LANDLOCK_ACCESS_FS_READ_FILE, LANDLOCK_ACCESS_FS_READ_DIR = 1 << 2, 1 << 3
LANDLOCK_ACCESS_NET_BIND_TCP, LANDLOCK_ACCESS_NET_CONNECT_TCP = 1, 2
LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET, LANDLOCK_SCOPE_SIGNAL = 1, 2
LANDLOCK_ACTIONS = (13, 14, 15, 15, 16)  # on files, so many of them in version 1, 2, …


# ---- locking in ----------------------------------------------------------------------------------
def _ok(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _capabilities(kept: int) -> None:
    """Give up all capabilities but those in `kept`."""
    sets = struct.pack("6I", kept, kept, 0, 0, 0, 0)  # effective, permitted, inheritable; twice
    _ok(libc.capset(struct.pack("Ii", LINUX_CAPABILITY_VERSION_3, 0), sets))


def _become_nobody(paths: list[str]) -> int:
    """Give up root's rights; which capability is left.

    Where Python lies in a folder that only root may enter, that is to read what is closed: the wall
    shows nothing but Python's own files.
    """
    libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    kept = 0 if all(os.access(path, os.R_OK) for path in paths) else CAP_DAC_READ_SEARCH
    try:
        _capabilities(kept)
    except OSError:  # root of a container has not got it
        _capabilities(kept := 0)
    # so that a copy may write its own /proc/self/uid_map
    libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
    return kept


def _namespaces(file_mib: int, paths: list[str]) -> None:
    """Own mounts, processes and IPC; /tmp empty but for those of `paths` in it; no /proc.

    An ordinary user needs own users for that; root has the right already.
    """
    uid, gid = os.getuid(), os.getgid()
    own = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID
    if uid == 0:
        uid = gid = NOBODY
        _ok(libc.unshare(own))
    else:
        _ok(libc.unshare(own | CLONE_NEWUSER))
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{uid} {uid} 1"),
            ("gid_map", f"{gid} {gid} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
    size = f"size={file_mib}m,nr_inodes=1000,mode=700,uid={uid},gid={gid}".encode()
    _ok(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))
    harmless = MS_NOSUID | MS_NODEV
    clone = OPEN_TREE_CLONE | AT_RECURSIVE
    below = [path for path in paths if path.startswith("/tmp/")]  # Python may lie there
    trees = {p: _ok(libc.syscall(open_tree, AT_FDCWD, p.encode(), clone)) for p in below}
    _ok(libc.mount(b"tmpfs", b"/tmp", b"tmpfs", harmless, size))
    for path, tree in trees.items():
        os.makedirs(path)
        to = path.encode()
        _ok(libc.syscall(move_mount, tree, b"", AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH))
        os.close(tree)
    empty = b"nr_inodes=1,mode=500"
    _ok(libc.mount(b"tmpfs", b"/proc", b"tmpfs", harmless | MS_RDONLY, empty))
    if os.fork():
        os._exit(0)  # the child is the first process of its own world: when it dies, all die


# System calls that no exercise needs: their numbers on x86_64 and aarch64; None: it has none
DENIED: dict[str, tuple[int, int | None]] = {
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "socket": (41, 198),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "prlimit64": (302, 261),
    "setpriority": (141, 140),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "ioprio_set": (251, 30),
    "sched_setaffinity": (203, 122),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
}
CLONE, CLONE3 = (56, 220), 435
MACHINES = {"x86_64": (0, AUDIT_ARCH_X86_64), "aarch64": (1, AUDIT_ARCH_AARCH64)}  # column, id


def _filter_system_calls() -> None:
    """No other process, no signal, no socket, no window into the kernel's rarer parts (seccomp)."""
    if platform.machine() not in MACHINES:
        return
    column, machine = MACHINES[platform.machine()]
    denied = sorted({n for row in DENIED.values() if (n := row[column]) is not None})

    def op(code: int, k: int, yes: int = 0, no: int = 0) -> bytes:
        """One instruction; `yes` and `no` say how many of the next are left out (struct bpf)."""
        return struct.pack("HBBI", code, yes, no, k)

    n = len(denied)
    refuse, unknown = SECCOMP_RET_ERRNO | errno.EPERM, SECCOMP_RET_ERRNO | errno.ENOSYS
    program = [
        op(LOAD, DATA_ARCH), op(IF_EQUAL, machine, 1, 0), op(RETURN, SECCOMP_RET_KILL_PROCESS),
        op(LOAD, DATA_NUMBER),
        op(IF_AT_LEAST, X32_BIT, n + 6, 0),  # the x32 numbers of the same calls
        op(IF_EQUAL, CLONE3, n + 6, 0),  # "not known", and the C library falls back to clone
        op(IF_EQUAL, CLONE[column], n + 1, 0),
        *(op(IF_EQUAL, number, n + 3 - i, 0) for i, number in enumerate(denied)),
        op(RETURN, SECCOMP_RET_ALLOW),
        op(LOAD, DATA_FIRST_ARGUMENT), op(IF_ANY_BIT, CLONE_THREAD, 0, 1),
        op(RETURN, SECCOMP_RET_ALLOW),
        op(RETURN, refuse), op(RETURN, unknown),
    ]  # fmt: skip
    code = b"".join(program)
    buffer = ctypes.create_string_buffer(code, len(code))
    argument = struct.pack("HxxxxxxQ", len(program), ctypes.addressof(buffer))
    _ok(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.c_char_p(argument), 0, 0))


def _landlock(readable: list[int], writable: bool) -> None:
    """Reading below the open folders `readable` and nothing else of the file system, for good.

    `writable`: everything below /tmp too, which is this process's own.
    """

    def call(number: int, *args: Any) -> int:
        return _ok(libc.syscall(number, *args))

    version = call(landlock_create_ruleset, None, 0, LANDLOCK_CREATE_RULESET_VERSION)
    # struct landlock_ruleset_attr grew with the versions, and so did what can be forbidden in it
    actions = (1 << LANDLOCK_ACTIONS[min(version, len(LANDLOCK_ACTIONS)) - 1]) - 1
    network = LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP if version >= 4 else 0
    scope = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL if version >= 6 else 0
    size = 8 if version < 4 else 16 if version < 6 else 24
    attributes = struct.pack("QQQ", actions, network, scope)
    rules = call(landlock_create_ruleset, attributes, size, 0)
    for fd in readable:
        is_folder = stat.S_ISDIR(os.fstat(fd).st_mode)
        may = LANDLOCK_ACCESS_FS_READ_FILE | (LANDLOCK_ACCESS_FS_READ_DIR if is_folder else 0)
        beneath = struct.pack("=Qi", may, fd)
        call(landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, beneath, 0)
    if writable:
        tmp = os.open("/tmp", os.O_PATH)
        beneath = struct.pack("=Qi", actions, tmp)
        call(landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, beneath, 0)
        os.close(tmp)
    call(landlock_restrict_self, rules, 0)


def _lock_in(limits: dict) -> None:
    """Give up everything that a learner's code could do harm with. Cannot be undone."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    own_users = limits["namespaces"] and os.geteuid() != 0
    if limits["namespaces"]:
        _namespaces(limits["file_mib"], limits["paths"])
        os.chdir("/tmp")
    kept = 0 if limits["namespaces"] else limits["capabilities"]
    if os.geteuid() == 0:
        kept = _become_nobody(limits["paths"])
    amounts = {
        "AS": limits["memory_mib"] << 20,
        "FSIZE": limits["file_mib"] << 20,
        "NOFILE": 64,
        "CORE": 0,
        "CPU": limits["total_seconds"],
    }
    if own_users:  # elsewhere the user's other processes would count; there memory is the limit
        amounts["NPROC"] = limits["processes"]
    for name, amount in amounts.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (amount, amount))
    _ok(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _ok(libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))  # nobody may look into this process
    if limits["readable"]:
        _landlock(limits["readable"], limits["namespaces"])
    _capabilities(kept)
    _filter_system_calls()


# ---- answering the judge -------------------------------------------------------------------------
MAX_SHOWN = 20_000  # characters of what a cell's last line gives
MAX_PLOTS = 5  # of one cell
DPI = 72
NOT_SHOWN = (__file__, os.path.dirname(IPython.__file__))  # no frames of these in a traceback


class Output(io.StringIO):
    """What the code prints, up to a limit."""

    left = 50_000

    def write(self, text: str) -> int:
        super().write(text[: self.left])
        self.left = max(0, self.left - len(text))
        return len(text)


class Result(DisplayHook):
    """Keeps what the last line of a cell gives."""

    text = ""

    def start_displayhook(self) -> None: ...

    def write_output_prompt(self) -> None: ...

    def write_format_data(self, format_dict: dict, md_dict: dict | None = None) -> None:
        text = format_dict.get("text/plain", "")
        self.text = f"{self.text}\n{text}".strip()[:MAX_SHOWN]

    def finish_displayhook(self) -> None: ...


class Display(DisplayPublisher):
    """Shows what `display` is given: as PNG, or as text."""

    def publish(self, data: dict, *args: Any, **kwargs: Any) -> None:
        picture = data.get("image/png")
        if picture is None:
            print(data.get("text/plain", ""))
            return
        text = picture if isinstance(picture, str) else b64encode(picture).decode()
        self.shell.plots.append(text.replace("\n", ""))

    def clear_output(self, wait: bool = False) -> None: ...


class Shell(InteractiveShell):
    """An IPython session without files, history, threads and a terminal.

    What reaches out of the notebook (`!ls`, `%pip`, `%%bash`) is not run: a line says so, and the
    cell goes on, as it would on the learner's own machine.
    """

    displayhook_class = Result
    display_pub_class = Display
    code_name = ""  # of the cell that runs, for tracebacks

    def __init__(self, **kwargs: Any):
        self.plots: list[str] = []
        self.left_out: list[str] = []  # what was not run of the cell
        self.told: BaseException | None = None  # an error that a magic has caught
        super().__init__(**kwargs)
        self.compile.get_code_name = lambda raw, transformed, number: self.code_name
        magics = self.magics_manager
        magics.register_function(lambda line: None, "line", "matplotlib")
        magics.register_function(self.once, "line_cell", "timeit")

    def init_ipython_dir(self, ipython_dir: Any) -> None: ...

    def init_profile_dir(self, profile_dir: Any) -> None: ...

    def init_virtualenv(self) -> None: ...

    @contextlib.contextmanager
    def _tee(self, channel: str) -> Iterator[None]:
        """IPython would keep all output a second time, at a cost that grows with its square."""
        yield

    def ask_exit(self) -> None: ...

    def enable_gui(self, gui: str | None = None) -> None: ...

    def enable_matplotlib(self, gui: str | None = None) -> tuple[str, str]:
        return "agg", "agg"

    def showtraceback(self, *args: Any, **kwargs: Any) -> None:
        self.told = sys.exc_info()[1]

    showsyntaxerror = showindentationerror = showtraceback

    def _leave_out(self, what: str) -> None:
        self.left_out.append(what)
        print(f"{what} is not run when the notebook is graded.")

    def system(self, cmd: str) -> None:
        self._leave_out(f"!{cmd}")

    def getoutput(self, cmd: str, split: bool = True, depth: int = 0) -> Any:
        self._leave_out(f"!{cmd}")
        return SList() if split else LSString("")

    def run_line_magic(self, magic_name: str, line: str, _stack_depth: int = 1) -> Any:
        run = super().run_line_magic
        return self._magic(f"%{magic_name}", run, magic_name, line, _stack_depth + 2)

    def run_cell_magic(self, magic_name: str, line: str, cell: str) -> Any:
        return self._magic(f"%%{magic_name}", super().run_cell_magic, magic_name, line, cell)

    def _magic(self, what: str, run: Callable, name: str, *args: Any) -> Any:
        """Run a magic. Where it cannot be run, say so; what the learner's code raises is raised."""
        if name in OUTSIDE:
            return self._leave_out(what)
        try:
            return run(name, *args)
        except Exception:
            if name in RUN_CODE:
                raise
            return self._leave_out(what)

    def once(self, line: str, cell: str | None = None) -> TimeitResult | None:
        """Stands for %timeit, which would run its code a million times."""
        options = re.match(r"(?:\s*-(?:[nr]\s*\d+|[tcpqov]+))*", line)
        code = line[options.end() :].strip() if options else line
        start = time.perf_counter()
        exec(self.transform_cell(code), self.user_ns)
        if cell:
            exec(self.transform_cell(cell), self.user_ns)
        seconds = time.perf_counter() - start
        print("%timeit runs its code once when the notebook is graded.")
        if options and re.search(r"-[tcpqv]*o", options[0]):
            return TimeitResult(1, 1, seconds, seconds, [seconds], 0, 3)
        return None


OUTSIDE = {
    "bash", "cmd", "conda", "debug", "mamba", "micromamba", "perl", "pip", "pypy", "python2",
    "ruby", "script", "sh", "sx", "system", "uv",
}  # fmt: skip
RUN_CODE = {"capture", "prun", "python", "time", "timeit"}
LIBRARIES = (
    "IPython", "ipywidgets", "matplotlib", "numba", "numpy", "pandas", "scipy", "seaborn",
    "sklearn", "sympy", "tqdm",
)  # fmt: skip
# Their imports need more than there is behind the wall, and may end the process.
TOO_LARGE = ("jax", "tensorflow", "torch")
ALONE = "when graded there are no files beside the notebook, no network and no other programs"


def no_input(*args: Any, **kwargs: Any) -> None:
    """Stands for `input` and `getpass`."""
    raise EOFError(
        "input() cannot be used when the notebook is graded, for nobody is there to answer; "
        "write the value into the cell instead"
    )


class NotOffered(MetaPathFinder):
    """Finds nothing, where the grader's machine may have more than learners can use."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name.partition(".")[0] in TOO_LARGE:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def _libraries() -> str:
    """Which libraries there are, of those that learners ask for."""
    there = [name for name in LIBRARIES if find_spec(name)]
    return f"when graded there are Python's own modules and {', '.join(there)}"


class Worker:
    """One learner's names, and what the judge may ask about them."""

    def __init__(self, channel: wire.Channel, shell: Shell):
        self.shell = shell
        self.names = shell.user_ns
        sys.meta_path.insert(0, NotOffered())
        sys.path.insert(0, "")  # a cell can import what another has written
        self.replaced: dict[str, Any] = {}  # what the learner has under names that are lent
        self.channel = channel
        self.others: list[Any] = []  # what stands for itself on the judge's side
        self.clock: Any = None  # what is to be seen instead of the time

    def serve(self) -> None:
        while True:
            message = self.channel.receive()
            output = Output()
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
                try:
                    reply = getattr(self, message["do"])(message)
                except BaseException as error:
                    reply = {"error": self.describe(error)}
            self.channel.send(reply | {"printed": output.getvalue()})

    def describe(self, error: BaseException) -> dict:
        """The names of an exception's types, its text, and where in the learner's code it arose."""
        frames = traceback.extract_tb(error.__traceback__)
        shown = [f for f in frames if not f.filename.startswith(NOT_SHOWN)]
        text = traceback.format_list(shown[:5] + shown[5:][-15:])
        try:
            last = traceback.format_exception_only(error)
            said = str(error)
            if isinstance(error, ModuleNotFoundError):
                said = f"{said}; {_libraries()}"
            elif isinstance(error, OSError) and not isinstance(error, TimeoutError):
                said = f"{said}; {ALONE}"
        except BaseException:
            last, said = [type(error).__name__], ""
        names = [t.__name__ for t in type(error).__mro__]
        return {"types": names, "text": said[:5000], "trace": "".join(text + last)[-10_000:]}

    def keep(self, value: Any) -> list:
        """What is sent for a value that is no plain data."""
        self.others.append(value)
        what = type(value).__name__[:100]
        if type(value) is np.ndarray:
            what = f"array of {value.dtype.name}"[:100]
        return [len(self.others) - 1, what, callable(value)]

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
            if self.clock:
                self.clock.now = answer["clock"]
            return wire.decode(answer["value"], self.find)

        return call_back

    def cell(self, message: dict) -> dict:
        """Run one cell as a notebook would; what its last line gives and its plots come back."""
        shell = self.shell
        shell.plots, shell.left_out, shell.told = [], [], None
        shell.displayhook.text, shell.code_name = "", f"<{message['name']}>"
        done = shell.run_cell(message["source"], store_history=True)
        reply = {"shown": shell.displayhook.text, "plots": shell.plots + self.plots()}
        if error := done.error_before_exec or done.error_in_exec:
            if isinstance(error, SyntaxError):
                error = self.plainly(error, message["source"])
            said = self.describe(error)
            if shell.left_out:
                said["text"] += f" (in this cell, {shell.left_out[0]} is not run when graded)"
            return reply | {"error": said}
        if shell.told:
            print(*traceback.format_exception_only(shell.told))
        return reply

    def plainly(self, error: SyntaxError, source: str) -> SyntaxError:
        """What Python says of a cell that IPython calls incomplete: which bracket is open."""
        try:
            compile(self.shell.transform_cell(source), self.shell.code_name, "exec")
        except SyntaxError as plain:
            return plain if "incomplete input" in str(error) else error
        return error

    def plots(self) -> list[str]:
        """The open figures as PNG, at most five; they are closed."""
        plt = sys.modules.get("matplotlib.pyplot")
        found: list[str] = []
        if plt is None:
            return found
        for number in plt.get_fignums()[:MAX_PLOTS]:
            file = io.BytesIO()
            plt.figure(number).savefig(file, format="png", dpi=DPI)
            found.append(b64encode(file.getvalue()).decode())
        if found:
            plt.close("all")
        return found

    def lend(self, message: dict) -> dict:
        """Put functions of the judge's in place of the learner's, until others are lent."""
        for name, own in self.replaced.items():
            if own is self:  # there was none
                self.names.pop(name, None)
            else:
                self.names[name] = own
        functions = wire.decode(message["functions"], self.find)
        self.replaced = {name: self.names.get(name, self) for name in functions}
        self.names.update(functions)
        return {}

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
        self.clock = fake_clock(self.names) if "clock" in message else None
        with (
            np.errstate(**message["errstate"]),
            warnings.catch_warnings(record=True) as caught,
            self.clock or contextlib.nullcontext(),
        ):
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


def _answer(fd: int, limits: dict, shell: Shell) -> None:
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
        Worker(wire.Channel(sock), shell).serve()
    finally:
        os._exit(0)


def _session() -> Shell:
    """The session that every learner's is a copy of, with what most of them import."""
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    settings = Config()
    settings.HistoryManager.enabled = False
    settings.HistoryManager.hist_file = ":memory:"
    settings.InteractiveShell.colors = "nocolor"
    shell = Shell.instance(user_module=main, config=settings)
    for module, name in ((builtins, "input"), (getpass, "getpass")):
        setattr(module, name, no_input)
    shell.run_cell("None", store_history=False)
    try:
        import matplotlib
        import matplotlib.pyplot as plt
        from IPython.core.pylabtools import select_figure_formats
    except ImportError:
        return shell
    plt.switch_backend("Agg")
    select_figure_formats(shell, {"png"}, dpi=DPI)
    # windows, widgets and the like: there is nobody to see them
    for module, name in ((plt, "show"), (plt, "switch_backend"), (matplotlib, "use")):
        setattr(module, name, lambda *args, **kwargs: None)
    plt.figure().add_subplot().plot([0, 1])
    plt.title("$x$")
    plt.savefig(io.BytesIO(), format="png")
    plt.close("all")
    return shell


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    landlock, paths = sys.argv[2:3] == ["--landlock"], sys.argv[2:]
    readable = [os.open(path, os.O_PATH) for path in paths[1:]] if landlock else []
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.environ["MPLCONFIGDIR"] = os.environ["IPYTHONDIR"] = "/tmp"
    shell = _session()
    about = {"readable": readable, "paths": paths[landlock:], "capabilities": 0}
    if os.geteuid() == 0 and not landlock:
        about["capabilities"] = _become_nobody(paths)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()  # a copy that counts what it has inherited would need memory of its own for it
    while True:
        request, fds, _, _ = socket.recv_fds(control, 65536, 1)
        if not request:
            return
        if os.fork() == 0:
            control.close()
            _answer(fds[0], json.loads(request) | about, shell)
        os.close(fds[0])


if __name__ == "__main__":
    main()
