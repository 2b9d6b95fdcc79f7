"""Behind every wall a submission gets the same marks, wherever Python lies and whoever grades.

The walls are bubblewrap (its namespaces nested or not), Landlock, and none at all (`--unsafe`).
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
from grading.sandbox import Limits, Sandbox
from tests.grading.test_attacks import as_nobody
from tests.support import missing

pytestmark = pytest.mark.slow
WALLS = ["bubblewrap", "bubblewrap, not nested", "Landlock", "none"]
# nobody who waits for a limit, and not the cheat, who walks through all files that there are
HONEST = ("late", "amina", "ben", "chidi", "dora", "emil", "goran")
LATE = """
import statistics, timeit, json, decimal, unittest, numpy as np
def rnn_cell(x, h, W_xh, W_hh, b):
    import fractions, random, secrets
    np.random.default_rng(0).normal()
    return np.tanh(x @ W_xh + h @ W_hh + b)
"""


def wall(name: str) -> Sandbox:
    """This wall; where the machine has not got it, the test is skipped."""
    kind = name.split(",")[0]
    sandbox = Sandbox.__new__(Sandbox)
    sandbox.reasons, sandbox.why = {}, ""
    if not sandbox._try(kind, name == "bubblewrap"):
        missing(f"this machine has no {name}: {sandbox.reasons[kind]}")
    return sandbox


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory) -> dict[str, dict[str, tuple]]:
    """State and points of some of the sample class, and of who imports late, by wall."""
    root = sample_class.make(tmp_path_factory.mktemp("walls"))
    release = json.loads((ROOT / "exercises" / "rnn" / "rnn.ipynb").read_text("utf-8"))
    late = sample_class.answered(release, sample_class.right() | {"rnn_cell": LATE})
    sample_class.hand_in(root, "late", "rnn", json.dumps(late))
    master = Master(prepare(SOLUTIONS / "rnn" / "rnn.ipynb"))
    found: dict[str, dict[str, tuple]] = {}
    for name in WALLS:
        try:
            sandbox = wall(name)
        except pytest.skip.Exception:
            continue
        found[name] = {}
        for folder in [root / "submitted" / who / "rnn" for who in HONEST]:
            verdict = judge(master, folder, "rnn", sandbox, Limits())
            cells = map(nbformat.from_dict, verdict["notebook"]["cells"])
            points = {
                c.metadata.nbgrader.grade_id: determine_grade(c) for c in cells if is_grade(c)
            }
            found[name][folder.parent.name] = (str(verdict["state"]), points)
        sandbox.close()
    return found


@pytest.mark.parametrize("name", WALLS[1:])
def test_the_same_marks_behind_every_wall(verdicts, name):
    best = next(iter(verdicts.values()))
    if name not in verdicts:
        missing(f"this machine has no {name}")
    different = {who: (best[who], v) for who, v in verdicts[name].items() if best[who] != v}
    assert different == {}
    assert verdicts[name]["late"][0] == "graded"


def test_a_wall_that_hides_part_of_python_is_not_used(monkeypatch):
    monkeypatch.setattr("grading.sandbox.LATE_IMPORTS", "import what_is_not_there")
    sandbox = Sandbox.__new__(Sandbox)
    sandbox.reasons, sandbox.why = {}, ""
    assert not sandbox._try("none", False)
    assert "cannot import all of itself (No module named" in sandbox.reasons["none"]


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
from grading.sandbox import Limits, Sandbox
kind, nested = sys.argv[1].split(",")[0], sys.argv[1] == "bubblewrap"
sandbox = Sandbox.__new__(Sandbox)
sandbox.reasons = {}
works = sandbox._try(kind, nested)
said = sandbox.reasons
if works:
    process = sandbox.start(Limits())
    cell = {"do": "cell", "name": "late", "source": sys.argv[2]}
    said = process.ask(cell, 5)
sandbox.close()
print(json.dumps([works, str(said.get("error")) if works else said]))
"""


@pytest.mark.parametrize("name", WALLS)
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
        assert said[name.split(",")[0]]
        assert name != "none", said
        if name == "Landlock" or (name.startswith("bubblewrap") and shutil.which("bwrap")):
            missing(f"no {name} here: {said}")
    else:
        assert said == "None"
