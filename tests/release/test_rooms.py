"""Rooms import what they may, where an import graph does not see it: notebooks, the sandbox."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from course import ROOT

STANDARD = set(sys.stdlib_module_names)
BOOK = {"lesson", "data"}
SHIPPED = {"numpy", "matplotlib", "IPython", "ipywidgets", "PIL", "yaml"}  # binder/requirements.txt
INSIDE = ("worker", "wire", "checks")  # what runs, or is read, inside the sandbox


def imported(source: str) -> set[str]:
    """The top-level names of what a text of Python imports; lines for IPython do not count."""
    lines = [line for line in source.split("\n") if not line.lstrip().startswith(("%", "!"))]
    names = set()
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names


def code(path: Path) -> Iterator[str]:
    yield from (c.source for c in nbformat.read(path, 4).cells if c.cell_type == "code")


@pytest.mark.parametrize("path", sorted(ROOT.glob("book/*.ipynb")), ids=lambda p: p.stem)
def test_a_chapter_imports_only_lesson_and_what_learners_have(path):
    for source in code(path):
        assert imported(source) <= STANDARD | BOOK | SHIPPED, source


@pytest.mark.parametrize(
    "path",
    sorted([*ROOT.glob("exercises/*/*.ipynb"), *ROOT.glob("solutions/*/*.ipynb")]),
    ids=lambda p: f"{p.parts[-3]}-{p.stem}",
)
def test_an_exercise_imports_numpy_and_matplotlib_alone(path):
    for source in code(path):
        assert imported(source) <= STANDARD | {"numpy", "matplotlib"}, source


@pytest.mark.parametrize("path", sorted(ROOT.glob("book/**/*.py")), ids=lambda p: p.stem)
def test_what_the_book_computes_with_imports_no_other_room(path):
    rooms = {"course", "grading", "release", "website", "tests", "solutions"}
    assert not imported(path.read_text("utf-8")) & rooms


@pytest.mark.parametrize("name", INSIDE)
def test_inside_the_sandbox_is_the_standard_library_numpy_and_ipython(name):
    allowed = STANDARD | {"numpy", "matplotlib", "IPython", "traitlets", "checks", "wire"}
    assert imported((ROOT / "grading" / f"{name}.py").read_text("utf-8")) <= allowed
