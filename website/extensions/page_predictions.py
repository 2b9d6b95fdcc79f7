"""A Sphinx extension of the book: a Predict box hides what answers it until the reader has guessed.

What stands between a box of the class `predict` and the box that is called *Answer* is marked: the
outputs of the cells, the Answer itself, and verdicts right behind it. `predict.js` shows them when
the reader has guessed. On paper, without scripts and in JupyterLab nothing is hidden.

A Predict box that ends in a list offers what it lists as choices. A list of one item that begins
with an ellipsis, "… MiB", is a field for a number. The Answer begins with what is right, in bold.
"""

from collections.abc import Iterator

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

from website.extensions import connect

log = logging.getLogger(__name__)


def _mark(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    if app.builder.format != "html":
        return
    parts = list(doctree.findall(_is_part))
    for number, part in enumerate(parts):
        if "predict" not in part["classes"]:
            continue
        answer = None
        for later in _reach(parts[number + 1 :]):
            if "dropdown" in later["classes"]:
                answer = later
                answer["classes"] = ["answer"]
            else:
                later["classes"].append("after-guess")
        _offer(part, answer)


def _is_part(node: nodes.Node) -> bool:
    """Whether `node` may be a part of a prediction: a box, what a cell shows, a heading."""
    if isinstance(node, nodes.title):
        return isinstance(node.parent, nodes.section)
    boxes = {"predict", "dropdown", "verdict"}
    is_box = isinstance(node, nodes.admonition) and boxes & set(node["classes"])
    return bool(is_box) or (
        isinstance(node, nodes.container) and node.get("nb_element") == "cell_code_output"
    )


def _reach(parts: list[nodes.Element]) -> Iterator[nodes.Element]:
    """What a prediction hides: outputs up to its Answer, the Answer, the verdicts behind it."""
    answered = False
    for part in parts:
        if isinstance(part, nodes.title) or "predict" in part["classes"]:
            return
        is_verdict = "verdict" in part["classes"]
        if answered and not is_verdict:
            return
        if "dropdown" in part["classes"]:
            if part.children[0].astext() != "Answer":
                return
            answered = True
        yield part


def _offer(box: nodes.Element, answer: nodes.Element | None) -> None:
    """Mark the choices of a Predict box, and which of them is right."""
    choices = box.children[-1]
    if not isinstance(choices, nodes.bullet_list):
        return
    choices["classes"].append("choices")
    if choices[0].astext().startswith("…"):
        choices["classes"].append("field")
    bold = next(answer.findall(nodes.strong), None) if answer else None
    said = bold.astext().rstrip(".:,") if bold else ""
    right = [item for item in choices if item.astext().casefold() == said.casefold()]
    for item in right:
        item["classes"].append("right")
    if not said or not (right or "field" in choices["classes"]):
        offered = ", ".join(item.astext() for item in choices)
        log.warning(
            "this Predict offers %s; its Answer has to begin with the right one in bold, not %r",
            offered,
            said,
            location=box,
        )


def setup(app: Sphinx) -> dict:
    connect(app, "doctree-resolved", _mark)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
