"""The trusted process that serves many: it holds the master and forks for each submission.

`Judge` starts it (`python -m grading.pool`) and talks to it. What one submission does to its fork
ends with it.
"""

import contextlib
import gc
import itertools
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, NoReturn

from grading import wire
from grading.judge import Master, State, Verdict, judge, refuse
from grading.sandbox import Limits, NoSandbox, Sandbox, die_with_parent

JUDGE_MEMORY = 4 << 30  # bytes; of the fork that judges one submission


class Judge:
    """The trusted side for classes, one after another. Its sandbox gets ready from the start."""

    def __init__(self, jobs: int = 2, wall: str | None = None):
        """`wall` is one of `sandbox.WALLS`; by default the best that works here."""
        ours, theirs = socket.socketpair()
        fd = theirs.fileno()
        with theirs:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "grading.pool", str(fd), str(jobs), wall or ""],
                cwd=Path(__file__).parents[1],
                pass_fds=[fd],
                stdin=subprocess.DEVNULL,
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            )
        self._channel = wire.Channel(ours)
        self.sandbox, self.why, self.jobs = "", "", jobs

    def load(self, master: dict, limits: Limits | None = None, unsafe: bool = False) -> None:
        """From now on submissions are judged by this master; `ready` tells whether they can be."""
        settings = {
            "do": "load",
            "master": master,
            "limits": asdict(limits or Limits()),
            "unsafe": unsafe,
        }
        self._channel.send(settings)
        self.sandbox = ""

    def ready(self) -> str:
        """Wait until the master is loaded; which sandbox is used. `why` says why no better one.

        Raises:
            NoSandbox: there is none on this machine, and `unsafe` is not set.
        """
        if not self.sandbox:
            answer = self._channel.receive()
            if "refused" in answer:
                raise NoSandbox(answer["refused"])
            self.sandbox, self.why = answer["sandbox"], answer["why"]
        return self.sandbox

    def judge(self, folders: Iterable[Path], assignment: str) -> Iterator[tuple[Path, Verdict]]:
        """Judge the submissions in these folders; a folder and its verdict, as each is done.

        Raises:
            EOFError: the judge's process is gone.
        """
        self.ready()
        folders, under_way = iter(folders), 0  # few, so that neither side waits to be read
        while True:
            for folder in itertools.islice(folders, 2 * self.jobs - under_way):
                self._channel.send({"do": "judge", "folder": str(folder), "assignment": assignment})
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
    """A submission that is being judged, in a process of its own."""

    folder: str
    pid: int
    pipe: int  # its verdict comes from here
    end: float  # on the clock time.monotonic
    state: Literal["running", "done", "late"] = "running"
    data: bytes = b""

    def read(self) -> None:
        part = os.read(self.pipe, 1 << 20)
        self.data += part
        if not part:
            self.state = "done"

    def verdict(self, master: Master) -> Verdict:
        """End the process: the verdict that it wrote, or one that says that it did not."""
        os.close(self.pipe)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        if self.state == "late":
            return refuse(master.notebook, State.TIMED_OUT, "grading it took too long")
        try:
            return json.loads(self.data)
        except ValueError:
            why = "grading it ended the judge's process"
            return refuse(master.notebook, State.CRASHED, why)


def main() -> None:
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever asked; this ends with them
    with contextlib.suppress(EOFError, ConnectionError):
        fd, jobs, wall = sys.argv[1:]
        _Pool(wire.Channel(socket.socket(fileno=int(fd))), int(jobs), wall or None).serve()


class _Pool:
    """Serves a `Judge`: forks for each submission, `jobs` of them at a time."""

    def __init__(self, channel: wire.Channel, jobs: int, wall: str | None):
        self.channel, self.jobs, self.wall = channel, jobs, wall
        self.running: dict[int, _Running] = {}  # by their pipes
        self.master: Master | None = None
        self.limits = Limits()
        self.sandbox: Sandbox | None = None
        with contextlib.suppress(NoSandbox):  # whoever asked may allow to go on without
            self.sandbox = Sandbox(wall)

    def serve(self) -> NoReturn:
        """
        Raises:
            EOFError, ConnectionError: whoever asked is gone. What was started ends with this.
        """
        while True:
            for fd in self._wait():
                if fd in self.running:
                    self.running[fd].read()
                else:
                    self._obey(self.channel.receive())
            for fd, one in list(self.running.items()):
                if one.state == "running" and one.end <= time.monotonic():
                    one.state = "late"
                if one.state != "running":
                    del self.running[fd]
                    assert self.master
                    answer = {"folder": one.folder, "verdict": one.verdict(self.master)}
                    self.channel.send(answer)

    def _wait(self) -> list[int]:
        """Until a pipe or the channel has something, or somebody is late; which have."""
        poll = select.poll()
        for fd in self.running:
            poll.register(fd, select.POLLIN)
        if len(self.running) < self.jobs:
            poll.register(self.channel.sock, select.POLLIN)
        ends = [one.end - time.monotonic() for one in self.running.values()]
        return [fd for fd, _ in poll.poll(max(0, min(ends)) * 1000 if ends else None)]

    def _obey(self, message: dict) -> None:
        if message["do"] == "judge":
            self._fork(message["folder"], message["assignment"])
        else:
            self._load(message)

    def _load(self, message: dict) -> None:
        try:
            self.sandbox = self.sandbox or Sandbox(self.wall, message["unsafe"])
        except NoSandbox as error:
            self.channel.send({"refused": str(error)})
            return
        self.master, self.limits = Master(message["master"]), Limits(**message["limits"])
        gc.freeze()  # what each fork inherits need not be looked through again
        self.channel.send({"sandbox": self.sandbox.wall, "why": self.sandbox.why})

    def _fork(self, folder: str, assignment: str) -> None:
        """Judge one submission in a process of its own."""
        inside, outside = os.pipe()
        if pid := os.fork():
            os.close(outside)
            end = time.monotonic() + self.limits.total_seconds * self.limits.patience
            self.running[inside] = _Running(folder, pid, inside, end)
            return
        verdict: Verdict
        try:
            die_with_parent()
            resource.setrlimit(resource.RLIMIT_AS, (JUDGE_MEMORY, JUDGE_MEMORY))
            assert self.master and self.sandbox
            verdict = judge(self.master, Path(folder), assignment, self.sandbox, self.limits)
        except BaseException:
            verdict = {
                "state": State.NOT_GRADED,
                "reason": traceback.format_exc(),
                "notebook": None,
            }
        with os.fdopen(outside, "wb") as pipe:
            pipe.write(json.dumps(verdict).encode())
        os._exit(0)


if __name__ == "__main__":
    main()
