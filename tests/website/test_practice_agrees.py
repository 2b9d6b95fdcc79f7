"""The page's Python says of every answer what Python here says: same passes, same sentence."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from course import EXERCISES, ROOT
from grading.assignment import assignments, grade_id, read
from tests.release.support import functions, mistakes, texts, variants
from tests.support import CI, missing
from website import pyodide
from website.practice import runner

pytestmark = pytest.mark.slow

# What cannot agree, and why. The judge decides these.
UNLIKE = {
    ("complexity", "parallel_scan", "scan_in_long_double"): "a page's long double is a double",
}


def cells_of(assignment: str) -> list[dict]:
    """The code cells that a page runs: released tests, reference answers in place of stubs."""
    released = json.loads((EXERCISES / assignment / f"{assignment}.ipynb").read_text("utf-8"))
    answered = {grade_id(cell): cell.source for cell in read(assignment).cells}
    cells = []
    for cell in released["cells"]:
        about = cell["metadata"].get("nbgrader", {})
        if cell["cell_type"] != "code":
            continue
        kind = "test" if about.get("grade") else "answer" if about.get("solution") else "setup"
        source = "".join(cell["source"])
        if kind == "test" and "· hidden:" in source.split("\n")[0]:
            continue
        if kind == "answer":
            source = answered[about["grade_id"]]
        cells.append({"id": about.get("grade_id", ""), "kind": kind, "source": source})
    return cells


def jobs() -> dict[tuple[str, str, str], list[dict]]:
    """For each answer that there is (outside CI: every sixth), the cells that a page would run."""
    found = {}
    for assignment in assignments():
        cells, banks = cells_of(assignment), texts(assignment)
        for function in functions(assignment):
            right = [answer.__name__ for answer in variants(assignment).get(function, [])]
            wrong = [m.name for m in mistakes(assignment, function)]
            for bank, names in zip(banks, (right, wrong), strict=True):
                for name in names:
                    found[assignment, function, name] = _answered(cells, bank, function, name)
    return found if CI else dict(list(found.items())[::6])


def _answered(cells: list[dict], bank: str, function: str, name: str) -> list[dict]:
    kept = []
    for cell in cells:
        own = cell["id"].partition("-")[0] == function
        if cell["kind"] == "test" and not own:
            continue
        if cell["id"] == function:
            source = f"{function} = {name}"
            kept.append({"id": "bank", "kind": "setup", "source": bank})
            cell = {"id": function, "kind": "answer", "source": source}
        kept.append(cell)
    return kept


def said(events: list[dict]) -> dict[str, tuple[bool, str]]:
    """By test, whether it passed and which sentence named the mistake."""
    tests = [e for e in events if "-" in e["id"]]
    return {e["id"]: (e["ok"], " ".join(e["error"].partition("→")[2].split())) for e in tests}


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pyodide")
    try:
        pyodide.copy_to(folder)
    except pyodide.NoPython as error:
        missing(str(error))
    return folder


def test_every_answer_fares_in_the_page_as_it_does_here(python, tmp_path):
    asked = jobs()
    file = tmp_path / "jobs.json"
    file.write_text(json.dumps(list(asked.values())), "utf-8")
    path = f"{os.environ['PATH']}{os.pathsep}{Path(sys.executable).parent}"
    script = ROOT / "tests" / "website" / "agreement.mjs"
    done = subprocess.run(
        ["node", "--stack-size=4000", script, python, runner.__file__, file],
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    there = [said(json.loads(line)) for line in done.stdout.splitlines()]
    assert len(there) == len(asked)
    unlike = {}
    for answer, in_the_page in zip(asked, there, strict=True):
        events: list[dict] = []
        runner.run(asked[answer], events.append)
        here = said([event for event in events if "ok" in event])
        if here != in_the_page and answer not in UNLIKE:
            unlike[answer] = here, in_the_page
    assert not unlike
