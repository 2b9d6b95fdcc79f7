"""What tests of several folders share and that is no fixture."""

import contextlib
import functools
import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NoReturn

import pytest

from course import ROOT, pages
from website.chromium import NoChromium
from website.chromium import path as chromium_path

# Addresses in the built book: the pages that people wrote, and with those that the builder adds.
PAGES = [f"{name}.html" for name in pages()]
EVERY_PAGE = [*PAGES, "search.html", "404.html"]
CI = os.environ.get("CI") == "true"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE = 300_000  # ms; how long to wait for what will come, however busy the machine is
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


def missing(message: str) -> NoReturn:
    """Skip the test for want of something, and say of what; in CI it fails."""
    (pytest.fail if CI else pytest.skip)(message)


def need(program: str, package: str) -> str:
    """The path of `program`; without it the test is skipped, and fails in CI."""
    path = shutil.which(program)
    if path is None:
        missing(f"{program} is missing; on Debian or Ubuntu: apt-get install {package}")
    return path


def chromium() -> str:
    """The path of Chromium; without it the test is skipped, and fails in CI."""
    try:
        return chromium_path()
    except NoChromium as error:
        missing(str(error))


class FolderHandler(SimpleHTTPRequestHandler):
    """Answers with the files of a folder, and logs nothing."""

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def serving(folder: Path, handler: type[FolderHandler] = FolderHandler) -> Iterator[str]:
    """The address of a server on this machine that answers with the files of `folder`."""
    answer = functools.partial(handler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_jupyter(address: str, server: subprocess.Popen, log: Path) -> None:
    """Until the server answers; fails with what it logged when it ends first."""
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{address}/api")
            return
        time.sleep(0.25)
    raise AssertionError(f"{address} never answered: {log.read_text()}")
