"""What the tests share: the built site in a real browser, and skips that become failures in CI."""

import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from course import SITE
from tests.support import CI, need


def pytest_addoption(parser):
    words = "tests/release/test_binder.py walks every chapter, not two"
    parser.addoption("--all-chapters", action="store_true", help=words)


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


@pytest.fixture(scope="session")
def bubblewrap() -> str:
    """The path of bubblewrap, the sandbox."""
    return need("bwrap", "bubblewrap")
