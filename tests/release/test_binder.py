"""What Binder makes of the learner edition, and a learner's way through it in a real browser.

The steps are those of the Dockerfile that repo2docker writes, run in an empty environment. The
server that starts there has 1 GB, as on mybinder.org. `--all-chapters` walks every chapter.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Locator, Page, TimeoutError, expect

from course import ROOT
from grading import sample_class
from tests.support import PATIENCE, free_port, wait_for_jupyter

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser_context_args(viewport={"width": 1400, "height": 1000}),
]
MEMORY = 1024  # MB, what mybinder.org gives a learner's server and kernels together
WALKED = ("refresher", "choose")
NO_SLIDER = {"claim-ledger", "where-rnns-win"}
IDLE = '.jp-Notebook-ExecutionIndicator[data-status="idle"]'


@pytest.fixture(scope="module")
def dockerfile(edition) -> list[str]:
    """The instructions of repo2docker's Dockerfile, one an item."""
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", edition]
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    return re.findall(r"^[A-Z]{3,} (?:.*\\\n)*.*", said.stdout + said.stderr, re.M)


@pytest.fixture(scope="module")
def environment(dockerfile, edition) -> Path:
    """An environment that was empty before the Dockerfile's steps; kept until one of them changes.

    It lacks what repo2docker puts below: Python and JupyterLab from conda, of which our lists
    replace all that they name.
    """
    steps = [line[4:] for line in dockerfile if line.startswith("RUN") and "binder/" in line]
    lists = [edition / "constraints.txt", *sorted(p for p in edition.glob("binder/**/*"))]
    content = b"".join(p.read_bytes() for p in lists if p.is_file()) + repr(steps).encode()
    place = ROOT / "_build" / f"binder-{hashlib.sha256(content).hexdigest()[:12]}"
    if not (place / "seconds").exists():
        for old in place.parent.glob("binder-*"):
            shutil.rmtree(old)
        started = time.monotonic()
        python = shutil.which((edition / "binder/runtime.txt").read_text().strip().replace("-", ""))
        subprocess.run([python or sys.executable, "-m", "venv", place], check=True)
        for step in steps:  # --no-cache-dir keeps an image small; here pip's cache saves minutes
            subprocess.run(
                ["bash", "-ec", step.replace("--no-cache-dir", "-q")],
                check=True,
                cwd=edition,
                env=inside(place, edition.parent),
            )
        (place / "seconds").write_text(f"{time.monotonic() - started:.0f}")
    return place


def inside(environment: Path, home: Path) -> dict[str, str]:
    """The variables by which the Dockerfile's steps and Jupyter find `environment` and `home`."""
    return os.environ | {
        "KERNEL_PYTHON_PREFIX": str(environment),
        "NB_PYTHON_PREFIX": str(environment),
        "PATH": f"{environment}/bin:{os.environ['PATH']}",
        "HOME": str(home),
    }


class Server:
    """A JupyterLab in `folder`; `peak` is the most memory (MB) that it and its kernels had."""

    def __init__(self, environment: Path, folder: Path):
        port = free_port()
        self.address, self.peak, self.group = f"http://127.0.0.1:{port}", 0.0, memory_group()
        options = ["--allow-root", "--no-browser", f"--port={port}", "--IdentityProvider.token="]
        log = folder.parent / "log"
        with open(log, "w") as out:
            self.process = subprocess.Popen(
                [environment / "bin" / "jupyter", "lab", *options],
                env=inside(environment, folder.parent),
                cwd=folder,
                stdout=out,
                stderr=out,
            )
        if self.group:
            (self.group / "cgroup.procs").write_text(str(self.process.pid))
        threading.Thread(target=self._watch, daemon=True).start()
        wait_for_jupyter(self.address, self.process, log)

    def _watch(self) -> None:
        server = psutil.Process(self.process.pid)
        with contextlib.suppress(psutil.NoSuchProcess):
            while True:
                used = 0
                for process in [server, *server.children(recursive=True)]:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        used += process.memory_full_info().pss  # shared pages count once
                self.peak = max(self.peak, used / 2**20)
                time.sleep(0.5)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()
        if self.group:
            with contextlib.suppress(OSError):  # a kernel is still on its way out
                self.group.rmdir()


def memory_group() -> Path | None:
    """A cgroup that gives its processes `MEMORY` together; None for who may not make one."""
    old, new = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")
    parent, limit = (old, "memory.limit_in_bytes") if old.is_dir() else (new, "memory.max")
    group = parent / f"binder-{os.getpid()}"
    try:
        group.mkdir()
        (group / limit).write_text(str(MEMORY * 2**20))
    except OSError:
        with contextlib.suppress(OSError):
            group.rmdir()
        return None
    return group


@pytest.fixture(scope="module")
def lab(environment, edition):
    server = Server(environment, edition)
    yield server
    server.stop()
    size = sum(p.lstat().st_size for p in environment.rglob("*") if p.is_file()) / 2**20
    seconds = (environment / "seconds").read_text()
    limit = f"limited to {MEMORY}" if server.group else "not limited, for want of a cgroup"
    print(f"\ninstalled: {size:.0f} MB in {seconds} s; peak: {server.peak:.0f} MB, {limit}")


def pytest_generate_tests(metafunc):
    if "chapter" in metafunc.fixturenames:
        every = sorted(path.stem for path in ROOT.glob("book/*.ipynb"))
        chosen = every if metafunc.config.getoption("--all-chapters") else WALKED
        metafunc.parametrize("chapter", chosen)


def test_binder_takes_our_lists_and_has_them_all_before_it_installs(dockerfile, edition):
    install = [i for i, line in enumerate(dockerfile) if "pip install" in line]
    assert len(install) == 1 and '-r "binder/requirements.txt"' in dockerfile[install[0]]
    everything = [i for i, line in enumerate(dockerfile) if re.match(r"COPY .* src/ ", line)]
    assert everything and everything[0] < install[0], "constraints.txt is not there yet"
    assert any("py-2d3-2e11-2d" in line for line in dockerfile), "another Python than 3.11"
    assert any("binder/postBuild" in line for line in dockerfile)


def test_the_environment_is_consistent_and_small(environment):
    listed = subprocess.run(
        [environment / "bin" / "pip", "list", "--format=json"], check=True, capture_output=True
    )
    have = {package["name"].lower() for package in json.loads(listed.stdout)}
    assert have.isdisjoint({"jupyter-book", "sphinx", "pytest", "ruff", "torch", "playwright"})
    subprocess.run([environment / "bin" / "pip", "check"], check=True)


def test_it_opens_on_the_start_page_which_leads_to_a_chapter(lab, page):
    page.goto(lab.address)
    start = page.locator(".jp-MarkdownViewer")
    expect(start.get_by_role("heading", name="Start here")).to_be_visible()
    start.get_by_role("link", name="word vectors").first.click()
    expect(page.locator(".jp-NotebookPanel h1").first).to_contain_text("ector")
    expect(page.get_by_role("menuitem", name="Nbgrader")).to_have_count(0)
    expect(page.get_by_role("tab", name="Create Assignment")).to_have_count(0)


def test_a_chapter_runs_and_its_slider_answers(chapter, lab, edition, page):
    path = edition / "book" / f"{chapter}.ipynb"
    tab = opened(page, lab, edition, path)
    notebook = run_all(tab, path)
    if chapter not in NO_SLIDER:
        box = scroll_to(tab, tab.locator(".explore"))
        before = visible_picture(box)
        handle = box.locator(".noUi-handle")
        if handle.count():
            handle.first.focus()
            for key in ("ArrowRight", "ArrowRight", "End"):
                tab.keyboard.press(key)
        else:
            box.locator(".widget-toggle-button").last.click()
        assert before
        deadline = time.monotonic() + PATIENCE / 1000
        while (after := visible_picture(box)) in (None, before):
            assert time.monotonic() < deadline, f"still shows {after!r}"
            tab.wait_for_timeout(100)
    for cell in code_cells(notebook):
        assert cell["execution_count"], cell["source"]
        for output in cell["outputs"]:
            assert output["output_type"] != "error" and output.get("name") != "stderr", output
    closed(tab)


def test_an_exercise_names_a_mistake_and_is_solved_and_validated(lab, edition, page):
    path = edition / "exercises" / "rnn" / "rnn.ipynb"
    tab = opened(page, lab, edition, path)
    assert "failed" in validate(tab).lower()
    right = sample_class.right()
    wrong = right["rnn_cell"].replace(" + b)", ")")
    assert wrong != right["rnn_cell"]
    write(tab, "def rnn_cell(", wrong)
    said = [o for c in code_cells(run_all(tab, path)) for o in c["outputs"]]
    assert len(said) == 1 and "The bias is missing" in said[0]["evalue"], said
    for name, source in right.items():
        write(tab, f"def {name}(", source)
    assert not [o for c in code_cells(run_all(tab, path)) for o in c["outputs"]]
    assert "Success" in validate(tab)
    closed(tab)


def test_memory_sufficed(lab):
    """The last test: what was walked before it is what was measured."""
    assert 100 < lab.peak < MEMORY


def opened(tab: Page, lab: Server, edition: Path, path: Path) -> Page:
    """The tab with that notebook, its kernel ready."""
    tab.goto(f"{lab.address}/lab/tree/{path.relative_to(edition)}?reset")
    tab.locator(".jp-NotebookPanel .jp-Cell").first.wait_for()
    tab.locator(IDLE).wait_for()
    return tab


def closed(tab: Page) -> None:
    """End the kernel too, as a learner would before the next chapter."""
    choose(tab, "Kernel", "Shut Down Kernel")
    tab.locator('.jp-Notebook-ExecutionIndicator[data-status="unknown"]').wait_for()


def choose(tab: Page, menu: str, entry: str) -> None:
    tab.get_by_role("menuitem", name=menu, exact=True).click(timeout=60_000)
    tab.get_by_role("menuitem", name=entry, exact=True).click(timeout=60_000)


PROMPTS = "[...document.querySelectorAll('.jp-InputArea-prompt')].map(e => e.textContent).join()"


def run_all(tab: Page, path: Path) -> dict:
    """Run All Cells, again if a kernel that was not ready let it go; the notebook afterwards."""
    for _ in range(4):
        before = tab.evaluate(PROMPTS)
        try:
            choose(tab, "Run", "Run All Cells")
            tab.wait_for_function(f"before => {PROMPTS} != before", arg=before, timeout=60_000)
        except TimeoutError:
            tab.keyboard.press("Escape")  # a menu left open
            continue
        for _ in range(2):  # between two cells it can look idle for a moment
            tab.wait_for_timeout(500)
            tab.locator(IDLE).wait_for()
        cells = code_cells(notebook := saved(tab, path))
        failed = any(o["output_type"] == "error" for c in cells for o in c["outputs"])
        if failed or all(cell["execution_count"] for cell in cells):
            return notebook
    raise AssertionError("the kernel never ran the cells")


def saved(tab: Page, path: Path) -> dict:
    """The notebook as it is on disk after saving it: JupyterLab renders only what is in view."""
    before = path.stat().st_mtime_ns
    tab.keyboard.press("Control+s")
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline:
        if path.stat().st_mtime_ns != before:
            with contextlib.suppress(ValueError):  # half written
                return json.loads(path.read_text("utf-8"))
        time.sleep(0.1)
    raise AssertionError(f"{path.name} was not saved")


def code_cells(notebook: dict) -> list[dict]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def write(tab: Page, first: str, source: str) -> None:
    """Type `source` over the code cell that begins with `first`."""
    cell = scroll_to(tab, tab.locator(".jp-CodeCell .cm-content").filter(has_text=first))
    cell.click()
    tab.keyboard.press("Control+A")
    tab.keyboard.insert_text(source)


def validate(tab: Page) -> str:
    """What the dialog says after a press on Validate."""
    tab.get_by_role("button", name="Validate").click()
    dialog = tab.locator(".jp-Dialog")
    expect(dialog).to_contain_text(re.compile("success|failed", re.I))
    said = dialog.inner_text()
    dialog.get_by_role("button").last.click()
    return said


def scroll_to(tab: Page, found: Locator) -> Locator:
    """The first of what is `found`; JupyterLab renders a cell only when it comes into view."""
    notebook = tab.locator(".jp-WindowedPanel-outer").first
    for pause in (150, 500):  # a busy machine renders late
        notebook.evaluate("e => e.scrollTo(0, 0)")
        for _ in range(120):
            tab.wait_for_timeout(pause)
            if found.count():
                found.first.scroll_into_view_if_needed()
                return found.first
            notebook.evaluate("e => e.scrollBy(0, 700)")
    raise AssertionError(f"not in the notebook: {found}")


def visible_picture(box: Locator) -> str:
    """The alt text of the picture that can be seen."""
    return box.evaluate(
        "box => [...box.querySelectorAll('img')].find(i => i.offsetParent && i.naturalWidth)?.alt"
    )
