"""Assignments as tests see them: their right answers, their mistakes, what may be said of one."""

import importlib
from functools import cache
from pathlib import Path

import pytest

from course import SOLUTIONS
from grading.assignment import Mistake, assignments, catalogue, grade_id, pack, read

RIGHT_ANSWERS, MISTAKES = 4, 8  # the fewest that a function has

packed = cache(pack)


def functions(assignment: str) -> list[str]:
    """The functions that learners write."""
    cells = (c for c in read(assignment).cells if c.cell_type == "code")
    return [grade_id(c) for c in cells if c.metadata.get("nbgrader", {}).get("solution")]


@cache
def mistakes(assignment: str, function: str) -> list[Mistake]:
    return [m for m in catalogue(SOLUTIONS / assignment)[0] if m.function == function]


def fitting(m: Mistake, assignment: str) -> set[str]:
    """The sentences that may be said of a mistake: its own and its siblings'."""
    family = mistakes(assignment, m.function)
    return {n.sentence for n in family if n is m or n.name in m.siblings or m.name in n.siblings}


def worth(assignment: str) -> int:
    """What an assignment is worth, as its module of right answers states it."""
    return importlib.import_module(f"tests.release.variants.{assignment}").POINTS


def variants(assignment: str) -> dict[str, list]:
    """Right answers by function."""
    return importlib.import_module(f"tests.release.variants.{assignment}").VARIANTS


def texts(assignment: str) -> tuple[str, str]:
    """All right and all wrong answers as source that a cell can hold."""
    right = (Path(__file__).parent / "variants" / f"{assignment}.py").read_text(encoding="utf-8")
    wrong = (SOLUTIONS / assignment / "mistakes.py").read_text(encoding="utf-8")
    stub = "def mistake(*about, **more):\n    return lambda call: call\n"
    return right, wrong.replace("from grading.assignment import mistake\n", stub)


EACH = pytest.mark.parametrize("assignment", assignments())
EACH_FUNCTION = pytest.mark.parametrize(
    "assignment, function", [(a, f) for a in assignments() for f in functions(a)]
)
