"""Run a notebook that we wrote ourselves, in this very process: quick marks for many answers.

For learners' notebooks there is the judge; here is no sandbox and no time limit.
"""

from __future__ import annotations

import ast
import contextlib
import io
from collections.abc import Callable
from dataclasses import dataclass

import nbformat

from grading.assignment import grade_id, reference
from grading.judge import redefined, stand_ins


@dataclass(frozen=True)
class Mark:
    """The outcome of one test cell: points earned of points possible, and what it printed."""

    points: float
    possible: float
    message: str  # of the failure, empty when it passed
    stderr: str


def marks(
    notebook: nbformat.NotebookNode, answers: dict[str, str | Callable] | None = None
) -> dict[str, Mark]:
    """The marks by test cell of a packed notebook, with some solution cells answered otherwise.

    `answers` maps the id of a solution cell to its new source, or to the function itself. As in
    nbgrader, a cell that fails or writes to stderr earns nothing; as in the judge, the functions
    that a test stands on are the reference's.
    """
    names, result = {"__name__": "__main__"}, {}
    answers = answers or {}
    theirs = redefined((name, text) for name, text in answers.items() if isinstance(text, str))
    right = reference(notebook) if answers else {}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        name, about = grade_id(cell), cell.metadata.get("nbgrader", {})
        answer = answers.get(name, cell.source)
        lent = {}
        if about.get("grade"):
            needs = stand_ins(ast.parse(cell.source))
            lent = {n: right[n] for n in needs if n in right and n not in theirs}
        own = {n: names[n] for n in lent if n in names}
        names.update(lent)
        message, out, err = "", io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                if callable(answer):
                    names[name] = answer
                else:
                    exec(compile(answer, f"<{name}>", "exec"), names)
            except Exception as error:
                message = f"{type(error).__name__}: {error}"
        names.update(own)
        for lacking in lent.keys() - own.keys():
            names.pop(lacking, None)
        if about.get("grade"):
            earned = 0 if message or err.getvalue() else about.points
            result[name] = Mark(earned, about.points, message, err.getvalue())
    return result


def total(result: dict[str, Mark], function: str = "") -> tuple[float, float]:
    """Points earned and possible, of all test cells or of `function` (ids are `function-claim`)."""
    chosen = [m for name, m in result.items() if function in ("", name.split("-")[0])]
    return sum(m.points for m in chosen), sum(m.possible for m in chosen)
