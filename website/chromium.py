"""The browser that prints the book, measures its pages and tests them: one that is installed."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
HOW = "Chromium is missing; on Debian or Ubuntu: apt-get install chromium"


class NoChromium(Exception):
    """None is installed; the sentence says how to get one."""


def path() -> str:
    """Where Chromium is.

    Raises:
        NoChromium: nowhere.
    """
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise NoChromium(HOW)
    return found


@contextmanager
def chromium() -> Iterator:
    """A headless Chromium.

    Raises:
        NoChromium: none is installed.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=path(), args=FLAGS)
        yield browser
        browser.close()
