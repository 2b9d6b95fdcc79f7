"""Formgrader's Autograde button asks the judge, and what it then shows cannot act in a browser."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from course import ROOT
from grading import sample_class
from tests.grading.support import everywhere, nbgrader, script
from tests.support import free_port, wait_for_jupyter

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def formgrader(tmp_path_factory, bubblewrap) -> str:
    """The address of the formgrader of a course in which three handed in."""
    root = sample_class.course(tmp_path_factory.mktemp("formgrader"))
    release = json.loads((ROOT / "exercises" / "rnn" / "rnn.ipynb").read_text())
    sample_class.hand_in(
        root, "right", "rnn", json.dumps(sample_class.answered(release, sample_class.right()))
    )
    sample_class.hand_in(root, "script", "rnn", everywhere(script))
    loop = sample_class.answered(
        release, {"rnn_cell": "def rnn_cell(*any):\n    while True:\n        pass"}
    )
    sample_class.hand_in(root, "endless", "rnn", json.dumps(loop))
    nbgrader(root, "generate_assignment", "rnn")
    address = f"http://127.0.0.1:{(port := free_port())}"
    command = [sys.executable, "-m", "jupyter", "server", "--allow-root", "--no-browser"]
    env = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "JUPYTER_CONFIG_DIR": str(root / "config"),
        "JUPYTER_RUNTIME_DIR": str(root / "runtime"),
    }
    with open(root / "log", "w") as log:
        server = subprocess.Popen(
            [*command, f"--port={port}", "--IdentityProvider.token="],
            cwd=root,
            env=env,
            stdout=log,
            stderr=log,
        )
    try:
        wait_for_jupyter(address, server, root / "log")
        yield f"{address}/formgrader"
    finally:
        server.terminate()
        server.wait()


def test_the_button_asks_the_judge_and_nothing_shown_acts(formgrader, page):
    page.route("https://**", lambda route: route.abort())  # nbgrader would load MathJax
    page.goto(f"{formgrader}/manage_submissions/rnn")
    for who, score in (("right", "40 / 40"), ("script", "5 / 40"), ("endless", "0 / 40")):
        row = page.locator("tr", has=page.locator(f"td:text-is('{who}')"))
        row.locator(".autograde a").click()
        page.locator(".modal.in .modal-title", has_text="Success").wait_for()
        page.locator(".modal.in .btn", has_text="OK").click()
        assert row.locator(".score").inner_text() == score
    page.goto(f"{formgrader}/gradebook/rnn/rnn")
    page.locator("a[href*='/submissions/']").first.wait_for()
    links = page.locator("a[href*='/submissions/']").evaluate_all("all => all.map(a => a.href)")
    shown = []
    for link in dict.fromkeys(links):
        page.goto(link)
        shown.append(page.locator("body").inner_text())
        assert page.evaluate("window.EVIL") is None
        assert page.locator("a[href*=javascript i]").count() == 0
        assert "What the tests of this notebook use" not in shown[-1]  # a tool, nobody's work
    assert len(shown) == 3
    assert sum("rnn_cell was stopped: it did not end within" in text for text in shown) == 1
