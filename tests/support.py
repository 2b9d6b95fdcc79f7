"""What tests of several folders share and that is no fixture."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

CI = os.environ.get("CI") == "true"


def need(program: str, package: str) -> str:
    """The path of `program`; without it the test is skipped, and fails in CI."""
    path = shutil.which(program)
    if path is None:
        message = f"{program} is missing; on Debian or Ubuntu: apt-get install {package}"
        (pytest.fail if CI else pytest.skip)(message)
    return path


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_jupyter(address: str, server: subprocess.Popen, log: Path) -> None:
    """Until the server answers; fails with what it logged when it ends first."""
    for _ in range(240):
        assert server.poll() is None, log.read_text()
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{address}/api")
            return
        time.sleep(0.25)
