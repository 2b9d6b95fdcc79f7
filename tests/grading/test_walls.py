"""Behind every wall a submission gets the same marks, wherever Python lies and whoever grades.

The last of the walls is none at all (`--unsafe`).
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import nbformat
import pytest
from nbgrader.utils import determine_grade, is_grade
from packaging.requirements import Requirement

from course import ROOT
from grading import sample_class
from grading.assignment import SOLUTIONS
from grading.judge import Master, judge
from grading.preprocessor import prepare
from grading.sandbox import WALLS, Limits, NoSandbox, Sandbox
from tests.grading.test_attacks import as_nobody
from tests.support import missing

pytestmark = pytest.mark.slow
# nobody who waits for a limit, and not the cheat, who walks through all files that there are
HONEST = ("amina", "ben", "chidi", "dora", "emil", "goran")
LATE = """
import statistics, timeit, json, decimal, unittest, numpy as np
def rnn_cell(x, h, W_xh, W_hh, b):
    import fractions, random, secrets
    np.random.default_rng(0).normal()
    return np.tanh(x @ W_xh + h @ W_hh + b)
"""

THREADS = """
from concurrent.futures import ThreadPoolExecutor
from time import sleep
import numpy as np
with ThreadPoolExecutor(12) as pool:
    assert sum(pool.map(lambda i: sleep(0.05) or i, range(24))) == 276
def rnn_cell(x, h, W_xh, W_hh, b):
    return np.tanh(x @ W_xh + h @ W_hh + b)
"""
FILES = """
import numpy as np, matplotlib.pyplot as plt
np.save("kept.npy", np.arange(3))
plt.savefig("figure.png")
assert np.load("kept.npy").sum() == 3
def rnn_cell(x, h, W_xh, W_hh, b):
    return np.tanh(x @ W_xh + h @ W_hh + b)
"""
CELLS = {"late": LATE, "threads": THREADS, "files": FILES}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory) -> dict[str, dict[str, tuple]]:
    """State and points of some of the sample class and of those in CELLS, by wall."""
    root = sample_class.make(tmp_path_factory.mktemp("walls"))
    release = json.loads((ROOT / "exercises" / "rnn" / "rnn.ipynb").read_text("utf-8"))
    for who, cell in CELLS.items():
        answered = sample_class.answered(release, sample_class.right() | {"rnn_cell": cell})
        sample_class.hand_in(root, who, "rnn", json.dumps(answered))
    master = Master(prepare(SOLUTIONS / "rnn" / "rnn.ipynb"))
    found: dict[str, dict[str, tuple]] = {}
    for name in WALLS:
        try:
            sandbox = Sandbox(name)
        except NoSandbox:
            continue
        found[name] = {}
        for folder in [root / "submitted" / who / "rnn" for who in (*HONEST, *CELLS)]:
            verdict = judge(master, folder, "rnn", sandbox, Limits())
            cells = map(nbformat.from_dict, verdict["notebook"]["cells"])
            points = {
                c.metadata.nbgrader.grade_id: determine_grade(c) for c in cells if is_grade(c)
            }
            found[name][folder.parent.name] = (str(verdict["state"]), points)
        sandbox.close()
    return found


@pytest.mark.parametrize("name", list(WALLS)[1:])
def test_the_same_marks_behind_every_wall(verdicts, name):
    best = next(iter(verdicts.values()))
    if name not in verdicts:
        missing(f"this machine has no {name}")
    different = {who: (best[who], v) for who, v in verdicts[name].items() if best[who] != v}
    if name in ("Landlock, without files", "none"):
        assert different.pop("files")
    assert different == {}
    assert verdicts[name]["late"][0] == verdicts[name]["threads"][0] == "graded"


def test_a_wall_that_hides_part_of_python_is_not_used(monkeypatch):
    monkeypatch.setattr("grading.sandbox.LATE_IMPORTS", "import what_is_not_there")
    with pytest.raises(NoSandbox, match=r"none: .* cannot import all of itself \(No module named"):
        Sandbox("none")


def test_it_says_why_no_better_wall_was_had(monkeypatch):
    monkeypatch.setattr("grading.sandbox.shutil.which", lambda name: None)
    sandbox = Sandbox(unsafe=True)
    sandbox.close()
    assert sandbox.kind != "bubblewrap"
    assert "bubblewrap cannot be had: bwrap is not installed" in sandbox.why


# ---- where Python lies, and whose it is ---------------------------------------------------------
def needed(*names: str) -> Iterator[str]:
    """These packages and all that they need."""
    todo, seen = list(names), set()
    while todo:
        name = todo.pop().lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            wants = distribution(name).requires or []
        except PackageNotFoundError:
            continue
        yield name
        parsed = map(Requirement, wants)
        todo += [r.name for r in parsed if r.marker is None or r.marker.evaluate({"extra": ""})]


@pytest.fixture(scope="module")
def python() -> Iterator[Path]:
    """A virtual environment below the temporary folder, with copies of what the worker imports."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        home = Path(folder) / "home"
        venv.create(home / "python", symlinks=False)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        there = home / "python" / "lib" / version / "site-packages"
        for name in needed("numpy", "ipython"):
            for file in distribution(name).files or ():
                if ".." not in file.parts and file.suffix != ".pyc" and "tests" not in file.parts:
                    (there / file).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(str(file.locate()), there / file)
        for path in (ROOT / "grading").glob("*.py"):
            (home / "grading").mkdir(exist_ok=True)
            shutil.copy(path, home / "grading")
        Path(folder).chmod(0o755)
        yield home / "python" / "bin" / "python"


TRY = """
import json, sys
from grading.sandbox import Limits, NoSandbox, Sandbox
try:
    sandbox = Sandbox(sys.argv[1])
except NoSandbox as error:
    print(json.dumps([False, str(error)]))
else:
    process = sandbox.start(Limits())
    cell = {"do": "cell", "name": "late", "source": sys.argv[2]}
    print(json.dumps([True, str(process.ask(cell, 5).get("error"))]))
    sandbox.close()
"""


@pytest.mark.parametrize("name", list(WALLS))
@pytest.mark.parametrize("closed", [False, True], ids=["below /tmp", "below a closed home"])
@pytest.mark.parametrize("user", ["me", "an ordinary user"])
def test_imports_work_wherever_python_lies(python, name, closed, user):
    """Or else the wall is not used, and says why."""
    home = python.parents[2]
    before: tuple[str, ...] = ()
    if user != "me":
        if os.geteuid():
            missing("only root can become an ordinary user; this run was one already")
        before = as_nobody()
        os.chown(home, 65534, 65534)
    else:
        os.chown(home, os.geteuid(), os.getegid())
    home.chmod(0o700 if closed else 0o755)
    done = subprocess.run(
        [*before, str(python), "-B", "-c", TRY, name, LATE],
        cwd="/",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(home)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    works, said = json.loads(done.stdout)
    if not works:
        assert f"{name}: " in said
        assert name != "none", said
        if not name.startswith("bubblewrap") or shutil.which("bwrap"):
            missing(said)
    else:
        assert said == "None"
