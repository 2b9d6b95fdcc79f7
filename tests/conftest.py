"""What the tests share: the built site in a real browser, and skips that become failures in CI."""

import contextlib
import functools
import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SITE = ROOT / "_build" / "html"
CI = os.environ.get("CI") == "true"


def pytest_addoption(parser):
    words = "tests/test_binder.py walks every chapter, not two"
    parser.addoption("--all-chapters", action="store_true", help=words)


def need(program: str, package: str) -> str:
    """The path of `program`; without it the test is skipped, and fails in CI."""
    path = shutil.which(program)
    if path is None:
        message = f"{program} is missing; on Debian or Ubuntu: apt-get install {package}"
        (pytest.fail if CI else pytest.skip)(message)
    return path


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the built book."""
    if not (SITE / "index.html").exists():
        (pytest.fail if CI else pytest.skip)("the book is not built; run `make book`")
    return SITE


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def served(site) -> str:
    """The address of the built book on a local server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium, Debian's."""
    path = need("chromium", "chromium")
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as p:
        chromium = p.chromium.launch(executable_path=path, args=flags)
        yield chromium
        chromium.close()


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


@pytest.fixture(scope="session")
def bubblewrap() -> str:
    """The path of bubblewrap, the sandbox."""
    return need("bwrap", "bubblewrap")
