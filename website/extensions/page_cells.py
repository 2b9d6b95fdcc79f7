"""A Sphinx extension of the book: cells that say nothing to a reader make room.

A cell that only imports, or only draws what was computed above, is folded. In an exercise the
hidden tests below an answer, which are empty here, become one line.
"""

import ast
import re

from docutils import nodes
from sphinx.application import Sphinx

from website.extensions import connect

SHOWS = {"explore", "plots.show"}
HIDDEN = re.compile(r"# (\d+) points? · hidden: (.*)")


def kind(source: str) -> str | None:
    """What a cell does that needs no reading: `imports`, `draws`, `ledger`, or None of these."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return None  # a line magic
    if not body:
        return None
    if all(isinstance(line, ast.Import | ast.ImportFrom) for line in body):
        return "imports"
    *before, last = body
    if not isinstance(last, ast.Expr) or not isinstance(last.value, ast.Call):
        return None
    called = ast.unparse(last.value.func)
    if called == "ledger.show" and not before:
        return "ledger"
    only_settings = all(isinstance(line, ast.Assign) and _is_plain(line.value) for line in before)
    return "draws" if called in SHOWS and only_settings else None


def _is_plain(value: ast.expr) -> bool:
    """Whether nothing is computed in it."""
    return not any(isinstance(node, ast.Call | ast.Lambda) for node in ast.walk(value))


def _fold(app: Sphinx, doctree: nodes.document) -> None:
    is_exercise = app.env.docname.startswith("exercises/")
    for cell in doctree.findall(lambda node: _is(node, "cell_code")):
        source = next((part for part in cell.children if _is(part, "cell_code_source")), None)
        if source is None:
            continue
        if is_exercise:
            if cell.get("hide_mode"):
                _say(cell, "what the tests use")
            continue
        what = kind(source.astext())
        if what == "ledger":
            cell.remove(source)
        elif what:
            cell["hide_mode"] = "input"
            _say(cell, "what is imported" if what == "imports" else "how this figure is drawn")


def _is(node: nodes.Node, element: str) -> bool:
    return isinstance(node, nodes.container) and node.get("nb_element") == element


def _say(cell: nodes.Element, what: str) -> None:
    cell["prompt_show"], cell["prompt_hide"] = f"Show {what}", f"Hide {what}"


def _one_line(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Hidden tests in a row, as a line that says how many they are and what they try."""
    if not docname.startswith("exercises/") or app.builder.format != "html":
        return
    runs: list[list[nodes.Element]] = []
    for cell in doctree.findall(lambda node: _is(node, "cell_code")):
        if not HIDDEN.fullmatch(cell.astext().strip()):
            continue
        if runs and runs[-1][-1].next_node(descend=False, siblings=True) is cell:
            runs[-1].append(cell)
        else:
            runs.append([cell])
    for run in runs:
        _replace(run)


def _replace(run: list[nodes.Element]) -> None:
    found = [HIDDEN.fullmatch(cell.astext().strip()) for cell in run]
    points = sum(int(match[1]) for match in found if match)
    tried = "; ".join(match[2] for match in found if match)
    tests = "1 hidden test" if len(run) == 1 else f"{len(run)} hidden tests"
    worth = "1 point" if points == 1 else f"{points} points"
    line = nodes.paragraph("", f"{tests}, {worth}: {tried}.", classes=["hidden-tests"])
    run[0].parent.replace(run[0], line)
    for cell in run[1:]:
        cell.parent.remove(cell)


def setup(app: Sphinx) -> dict:
    connect(app, "doctree-read", _fold)
    connect(app, "doctree-resolved", _one_line)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
