"""A chapter in a real JupyterLab: Run All works, and a slider answers there too."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from conftest import ROOT
from playwright.sync_api import TimeoutError

CHAPTER = "rnn-loop"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab whose folder is a copy of the book."""
    root = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "book", root / "book", ignore=shutil.ignore_patterns("vendor"))
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    options = {
        "--ServerApp.root_dir": root,
        "--ServerApp.port": port,
        "--IdentityProvider.token": "",
        "--ServerApp.allow_root": True,
        "--ServerApp.open_browser": False,
        # JupyterLab would ask its users whether it may fetch news
        "--LabApp.news_url": "",
    }
    command = [sys.executable, "-m", "jupyterlab", *(f"{k}={v}" for k, v in options.items())]
    home = {name: str(root / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")}
    with open(root / "log", "w") as log:
        server = subprocess.Popen(command, env=os.environ | home, stdout=log, stderr=log, cwd=root)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/api")
                break
            except OSError:
                assert server.poll() is None, (root / "log").read_text()
                time.sleep(0.25)
        yield address
    finally:
        server.terminate()
        server.wait()


@pytest.mark.slow
def test_run_all_then_move_a_slider(lab, browser):
    tab = browser.new_page(viewport={"width": 1400, "height": 1000})
    tab.goto(f"{lab}/lab/tree/book/{CHAPTER}.ipynb?reset")
    tab.locator(".jp-NotebookPanel .jp-Cell").first.wait_for(timeout=60_000)
    run_all(tab)
    box = scroll_to(tab, ".explore")
    handle = box.locator(".noUi-handle").first
    handle.wait_for(timeout=30_000)
    before = visible_picture(box)
    handle.focus()
    for key in ("ArrowRight", "ArrowRight", "End"):
        tab.keyboard.press(key)
    tab.wait_for_timeout(300)
    after = visible_picture(box)
    assert before and after and before != after
    # JupyterLab renders cells as they come into view, so the last one is scrolled to
    errors = tab.locator('[data-mime-type$=".error"], [data-mime-type$=".stderr"]')
    assert errors.count() == 0, errors.first.inner_text()
    tab.close()


def run_all(tab):
    """Run All Cells, again until it does: before the kernel is ready it says nothing."""
    tab.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for(timeout=60_000)
    # stored outputs are numbered 1
    started = tab.locator(
        ".jp-InputArea-prompt", has_text=re.compile(r"\[(\*|[2-9]|\d\d+)\]")
    ).first
    for _ in range(10):
        try:
            tab.get_by_role("menuitem", name="Run", exact=True).click(timeout=10_000)
            run = tab.get_by_role("menuitem", name="Run All Cells", exact=True)
            run.click(timeout=10_000)
            return started.wait_for(state="attached", timeout=5_000)
        except TimeoutError:
            tab.keyboard.press("Escape")  # a menu left open
            tab.wait_for_timeout(1_000)
    raise AssertionError("the kernel never started to run the cells")


def scroll_to(tab, selector):
    """The first element of that kind; JupyterLab renders a cell only when it comes into view."""
    found, notebook = tab.locator(selector).first, tab.locator(".jp-WindowedPanel-outer").first
    for _ in range(4):  # once more from the top for as long as cells are still being run
        notebook.evaluate("e => e.scrollTo(0, 0)")
        for _ in range(60):
            tab.wait_for_timeout(300)
            if found.count():
                found.scroll_into_view_if_needed()
                return found
            notebook.evaluate("e => e.scrollBy(0, 500)")
    raise AssertionError(f"no {selector} in the notebook")


def visible_picture(box) -> str:
    """The alt text of the picture that can be seen."""
    return box.evaluate(
        "box => [...box.querySelectorAll('img')].find(i => i.offsetParent && i.naturalWidth)?.alt"
    )
