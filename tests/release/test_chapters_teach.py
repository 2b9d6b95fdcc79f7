"""Chapters teach what an exercise asks for, and leave the step to its answer to the learner."""

import ast
import contextlib
import importlib
import inspect
import types
from collections.abc import Callable, Iterator

import nbformat
import pytest

from course import ROOT
from grading.assignment import grade_id, reference
from tests.release.support import EACH, functions, packed

pytestmark = pytest.mark.slow
BOOK = ROOT / "book"


@pytest.fixture(scope="module", autouse=True)
def lesson():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BOOK))
        yield


def in_chapters() -> Iterator[tuple[str, Callable]]:
    """The functions that the cells of chapters define, with their imports and without the rest."""
    for path in sorted(BOOK.glob("*.ipynb")):
        names = {"__name__": "__main__"}
        for cell in (c for c in nbformat.read(path, 4).cells if c.cell_type == "code"):
            lines = [x for x in cell.source.split("\n") if not x.lstrip().startswith(("%", "!"))]
            for node in ast.parse("\n".join(lines)).body:
                if isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef)):
                    exec(compile(ast.Module([node], []), path.name, "exec"), names)
                if isinstance(node, ast.FunctionDef):
                    yield f"{path.stem}: {node.name}", names[node.name]


def in_lesson() -> Iterator[tuple[str, Callable]]:
    """The functions of book/lesson, which learners have on their disk."""
    for path in sorted((BOOK / "lesson").rglob("*.py")):
        module = ".".join(path.relative_to(BOOK).with_suffix("").parts).removesuffix(".__init__")
        for name, value in vars(importlib.import_module(module)).items():
            if isinstance(value, types.FunctionType) and value.__module__ == module:
                yield f"{module}: {name}", value


@pytest.fixture(scope="module")
def taught(lesson) -> list[tuple[str, Callable]]:
    return [*in_chapters(), *in_lesson()]


def parameters(function: Callable) -> list[str]:
    return list(inspect.signature(function).parameters)


def adapted(taught: Callable, asked: Callable) -> Iterator[Callable]:
    """What a learner may write who copies `taught`: as it stands, or with its arguments by name."""
    yield taught
    names = [name.lower() for name in parameters(asked)]
    about = inspect.signature(taught).parameters.values()
    if all(p.name.lower() in names or p.default is not p.empty for p in about):

        def by_name(*args):
            given = dict(zip(names, args, strict=False))
            return taught(
                **{p.name: given[p.name.lower()] for p in about if p.name.lower() in given}
            )

        yield by_name


class Exercise:
    """The tests of an assignment, run on one answer after the other, without naming mistakes."""

    def __init__(self, assignment: str):
        self.names = {"__name__": "__main__"}
        self.tests = []
        for cell in (c for c in packed(assignment).cells if c.cell_type == "code"):
            exec(cell.source, self.names)
            if cell.metadata.nbgrader.grade:
                self.tests.append((grade_id(cell), cell.metadata.nbgrader.points, cell.source))
        self.names["KNOWN"].clear()
        self.right = {name: self.names[name] for name in functions(assignment)}

    def share(self, function: str, answer: Callable) -> float:
        """Points earned, of all that `function` is worth."""
        try:
            about = inspect.signature(self.right[function]).parameters.values()
            inspect.signature(answer).bind(*(p.name for p in about if p.default is p.empty))
        except TypeError:
            return 0.0  # it takes another number of arguments
        earned = possible = 0
        for test, points, source in self.tests:
            if test.split("-")[0] == function:
                possible += points
                self.names[function] = answer
                with contextlib.suppress(Exception):
                    exec(source, self.names)
                    earned += points
        self.names[function] = self.right[function]
        return earned / possible


# What learners could find on their disk, and why it may lie there.
MAY_BE_THERE = {
    ("parallel_scan", "lesson.nets.gated: scan"): "a trained net runs on it; no page shows it"
}


@EACH
def test_no_code_of_a_chapter_is_half_an_answer(assignment, taught):
    exercise, gifts = Exercise(assignment), {}
    for function, right in exercise.right.items():
        for where, code in taught:
            share = max(exercise.share(function, answer) for answer in adapted(code, right))
            if share >= 0.5:
                gifts[function, where] = share
    assert not gifts.keys() - MAY_BE_THERE.keys(), gifts


@EACH
def test_arguments_stand_in_the_order_of_the_exercise(assignment, taught):
    """A chapter's function that takes most of what an exercise's takes has it in the same order."""
    other_order = []
    for function, right in reference(packed(assignment)).items():
        if function not in functions(assignment):
            continue
        names = parameters(right)
        for where, code in taught:
            about = inspect.signature(code).parameters.values()
            common = [p.name for p in about if p.name in names and p.default is p.empty]
            if len(common) > 3 and common != sorted(common, key=names.index):
                other_order.append((function, where))
    assert not other_order
