"""What tests of every folder share: the built site, a real browser, the sandbox."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import expect

from course import SITE
from tests.support import DESKTOP, PATIENCE, chromium, missing, need
from website.chromium import FLAGS

# A busy machine is slow, which says nothing of what is tested.
settings.register_profile("course", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("course")


def pytest_addoption(parser):
    words = "tests/release/test_binder.py walks every chapter, not two"
    parser.addoption("--all-chapters", action="store_true", help=words)
    words = (
        "tests/grading tries every attack and every answer behind every wall, not behind the best"
    )
    parser.addoption("--all-walls", action="store_true", help=words)


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the built book."""
    if not (SITE / "index.html").exists():
        missing("the book is not built; run `make book`")
    return SITE


# The fixtures `page`, `context` and `new_context` are pytest-playwright's: they close what they
# open, and leave a picture of a page whose test failed in `_build/failures`. A test that wants
# another screen says so with `@pytest.mark.browser_context_args(viewport=…)`.
@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args) -> dict:
    """Debian's Chromium in place of a downloaded one."""
    expect.set_options(timeout=PATIENCE)
    return browser_type_launch_args | {"executable_path": chromium(), "args": FLAGS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args) -> dict:
    return browser_context_args | {"viewport": DESKTOP}


@pytest.fixture
def new_context(new_context):
    """A context that waits as long as a busy machine needs."""

    def make(**options):
        context = new_context(**options)
        context.set_default_timeout(PATIENCE)
        return context

    return make


@pytest.fixture(scope="session")
def bubblewrap() -> str:
    """The path of bubblewrap, the sandbox."""
    return need("bwrap", "bubblewrap")
