"""A process that can do no harm, to run a learner's code in.

`Sandbox` holds the wall around all of a class's processes: bubblewrap, which gives them a system
that is read-only and holds nothing of the course, no network, and their own process numbers.
`Sandbox.start` makes one more process inside it, cut off from its neighbours in turn (see
`_lock_in` in worker.py), in a few milliseconds, for numpy is imported already. Where bubblewrap
cannot be had, Landlock and seccomp stand in: the process then sees Python's own files and can start
no other. It may write into a `/tmp` of its own where the system lets it have one, else nowhere.
"""

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from grading import wire

HERE = Path(__file__).parent
# The walls, best first, and whether each process inside has namespaces of its own
WALLS = {
    "bubblewrap": True,
    "bubblewrap, one for each": False,  # some systems let it make namespaces, but not inside it
    "Landlock": True,
    "Landlock, without files": False,
    "none": False,
}
# Python opens these only when they are asked for: behind a wall that hides them, right answers fail
LATE_IMPORTS = "import numpy.random, statistics, timeit; numpy.random.default_rng()"


@dataclass(frozen=True)
class Limits:
    """What one submission may use. Seconds are of processor time."""

    call_seconds: float = 1.0  # one call of a function by a test
    cell_seconds: float = 5.0  # one cell
    total_seconds: int = 30  # all of it
    patience: float = 8.0  # waiting may take so many times longer than computing
    memory_mib: int = 1024
    file_mib: int = 16
    processes: int = 32  # threads, in fact: other processes cannot be started


class NoSandbox(Exception):
    """No way to lock a learner's code in was found on this machine."""


class Stopped(Exception):
    """The learner's process was ended, by the judge or by itself."""


class OutOfTime(Stopped):
    """It was ended because it used up its time."""


def _system() -> list[str]:
    """The folders and files that Python needs."""
    found = ["/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime"]
    found += {os.path.realpath(p) for p in (sys.prefix, sys.base_prefix)}
    return [p for p in found if os.path.exists(p)]


def _bubblewrap(nested: bool) -> list[str]:
    """The command that starts worker.py inside bubblewrap."""
    command = ["bwrap", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    command += ["--unshare-cgroup-try", "--die-with-parent", "--new-session", "--clearenv"]
    if os.geteuid():
        command += ["--unshare-user"]
    made = {"/"}

    def show(source: str, place: str) -> None:
        for parent in reversed(Path(place).parents):  # bubblewrap run by root makes these 0700
            if str(parent) not in made:
                command.extend(["--perms", "0755", "--dir", str(parent)])
                made.add(str(parent))
        command.extend(["--ro-bind", source, place])
        made.update(p for p in [place] if os.path.isdir(source))

    # first, for Python may lie below it; its size counts where a process gets no other
    command += ["--size", str(Limits.file_mib << 20), "--perms", "1777", "--tmpfs", "/tmp"]
    made.add("/tmp")
    for path in _system():
        if os.path.islink(path):
            command += ["--symlink", os.readlink(path), path]
        elif not any(path.startswith(p + "/") for p in made - {"/"} if p in _system()):
            show(path, path)
    for name in ("worker.py", "wire.py", "checks.py"):
        show(str(HERE / name), f"/judge/{name}")
    if nested:
        command += ["--proc", "/proc"]
    command += ["--dev-bind", "/dev/null", "/dev/null"]
    return [*command, "--chdir", "/tmp", "--remount-ro", "/"]


class Sandbox:
    """The wall around the processes of one class.

    `wall` says which of `WALLS` it is, `why` in a sentence why it is not a better one, where there
    is one.
    """

    def __init__(self, wall: str | None = None, unsafe: bool = False):
        """Set up `wall`, or else the best that works on this machine.

        Raises:
            NoSandbox: nothing works, and `unsafe` does not allow to go on without.
        """
        self.reasons: dict[str, str] = {}
        self.why = ""
        for name in WALLS:
            wanted = name == wall if wall else name != "none" or unsafe
            if wanted and self._try(name):
                if wall is None:
                    better = [f"{name} cannot be had: {why}" for name, why in self.reasons.items()]
                    self.why = "; ".join(better)
                return
        raise NoSandbox(
            "No sandbox works here, so grading would run learners' code with your rights.\n"
            + "".join(f"  {name}: {why}\n" for name, why in self.reasons.items())
            + "What helps: install bubblewrap (Debian, Ubuntu: apt-get install bubblewrap); on\n"
            "Ubuntu 23.10 or newer also: sysctl kernel.apparmor_restrict_unprivileged_userns=0\n"
            "(as root), or grade as root. A Linux kernel from 5.13 on has Landlock.\n"
            "--unsafe grades without a sandbox, if you trust every submission."
        )

    def _try(self, wall: str) -> bool:
        """Set this wall up and see whether a process starts in it, and whether imports work."""
        self.wall, self.namespaces = wall, WALLS[wall]
        self.kind = wall.partition(",")[0]
        self._server: subprocess.Popen[bytes] | None = None
        try:
            if self.kind == "bubblewrap" and not shutil.which("bwrap"):
                raise OSError("bwrap is not installed")
            if self.kind != "none" and not hasattr(os, "pidfd_open"):
                raise OSError("this is not Linux")
            process = self.start(Limits())
            probe = {"do": "cell", "name": "probe", "source": LATE_IMPORTS}
            answer = process.ask(probe, Limits.cell_seconds)
            process.end()
            if "error" in answer:
                why = answer["error"].get("text", "")
                raise OSError(f"behind it Python cannot import all of itself ({why})")
            return True
        except (OSError, Stopped) as error:
            self.reasons[wall] = str(error)
            self.close()
            return False

    def _serve(self) -> subprocess.Popen[bytes]:
        """Start the process that the learners' processes are copies of."""
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        fd = theirs.fileno()
        command = [sys.executable, "-s", "-B", str(HERE / "worker.py"), str(fd)]
        env = {"PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8"}
        env |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        if self.kind == "Landlock":
            command += ["--landlock", "/dev/null", "/dev/urandom"]
        if self.kind == "bubblewrap":
            wall = _bubblewrap(self.namespaces)
            for name, value in env.items():
                wall += ["--setenv", name, value]
            python = os.path.realpath(sys.prefix) + "/bin/python"
            command = [*wall, "--", python, "-s", "-B", "/judge/worker.py", str(fd)]
        server = subprocess.Popen(
            [*command, *_system()],
            env=env,
            cwd="/",
            pass_fds=[fd],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        theirs.close()
        return server

    def start(self, limits: Limits) -> "Process":
        """One more process, that nothing but the judge can reach."""
        if self._server is None or (not self.namespaces and self.kind == "bubblewrap"):
            self.close()  # without namespaces of their own, each needs its own wall
            self._server = self._serve()
        ours, theirs = socket.socketpair()
        request = asdict(limits) | {"namespaces": self.namespaces}
        with theirs:
            socket.send_fds(self._control, [json.dumps(request).encode()], [theirs.fileno()])
        try:
            return Process(ours, limits)
        except EOFError:
            if self._server.poll() is not None:
                errors = self._server.stderr
                said = errors.read().decode(errors="replace").strip() if errors else ""
                raise Stopped(said or f"exit status {self._server.returncode}") from None
            raise Stopped("it ended before it began") from None

    def close(self) -> None:
        """End everything inside."""
        if self._server is not None:
            self._control.close()
            self._server.kill()
            self._server.wait()
            if self._server.stderr:
                self._server.stderr.close()
            self._server = None


class Process:
    """One learner's process: `ask` it, `end` it."""

    def __init__(self, sock: socket.socket, limits: Limits):
        self.sock, self.limits = sock, limits
        sock.settimeout(300)  # no learner's code runs yet: what takes long is a busy machine
        answer, fds, _, _ = socket.recv_fds(sock, 1000, 1)
        if not answer:
            raise EOFError
        if not fds:
            raise Stopped(answer[1:].decode(errors="replace"))
        self.pidfd = fds[0]
        with open(f"/proc/self/fdinfo/{self.pidfd}") as info:
            pid = next(int(line.split()[1]) for line in info if line.startswith("Pid:"))
        self._clock = (
            ~pid << 3
        ) | 2  # this process's clock of processor time: clock_getcpuclockid(3)
        self._queue = f"/proc/{pid}/schedstat"
        self._used = 0.0
        self.channel = wire.Channel(sock, self._wait)
        self._poll = select.poll()
        self.deadline()

    def used(self) -> float:
        """Seconds of processor time so far."""
        with contextlib.suppress(OSError):  # it is gone: what was seen last
            self._used = time.clock_gettime(self._clock)
        return self._used

    def queued(self) -> float:
        """Seconds for which it could have computed, but other programs had the processors."""
        try:
            with open(self._queue) as file:
                return int(file.read().split()[1]) / 1e9
        except (OSError, IndexError):
            return 0.0  # it is gone, or this kernel does not count them

    def deadline(self, seconds: float | None = None) -> None:
        """From now on it may compute for `seconds`, and wait for `patience` times as long.

        To wait for a processor is not to wait: a busy machine costs nobody marks.
        """
        self._seconds = seconds or self.limits.cell_seconds
        self._cpu_end = self.used() + self._seconds
        self._wall_end = time.monotonic() - self.queued() + self._seconds * self.limits.patience

    def _wait(self, event: int) -> None:
        while True:
            idle = self._wall_end + self.queued() - time.monotonic()
            left = min(self._cpu_end - self.used(), idle)
            if left <= 0:
                self.end()
                waited = f", and waited for {self._seconds * self.limits.patience:g} s"
                raise OutOfTime(f"{self._seconds:g} s{waited if idle <= 0 else ''}")
            self._poll.register(self.sock, event)
            if self._poll.poll(min(left + 0.002, 1) * 1000):
                return

    def ask(
        self, message: dict, seconds: float, call_back: Callable[[int, list], dict] | None = None
    ) -> dict:
        """Send a message and wait for its answer, serving calls back meanwhile.

        Raises:
            OutOfTime: it took longer than `seconds`; the process is ended.
            Stopped: the process ended, or did not answer in the judge's language.
        """
        try:
            self.deadline(seconds)
            self.channel.send(message)
            while "call back" in (answer := self.channel.receive()):
                if call_back is None:
                    raise wire.Unreadable("a call to a function that it was not given")
                self.channel.send(call_back(answer["call back"], answer.get("args", [])))
            return answer
        except wire.Unreadable as error:
            self.end()
            raise Stopped(f"what it sent to the judge is {error}") from None
        except (EOFError, ConnectionError):
            self.end()
            raise Stopped("it ended the Python process") from None

    def end(self) -> None:
        """End it, and all that it started."""
        if self.pidfd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
            os.close(self.pidfd)
            self.pidfd = -1
            self.sock.close()


def die_with_parent() -> None:
    """Have this process ended when its parent ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
