"""A Sphinx extension of the book: what is read as one thing stands on one line, also on a phone."""

import re

from docutils import nodes
from sphinx.application import Sphinx

from website.extensions import connect

LONGEST = 24  # letters of code that find room on a phone's line, inside a box too
VALUE = r"(?:[A-Za-z]|\d[\d.,]*[A-Za-z]?)"
TOGETHER = re.compile(
    rf"\b{VALUE} [=×] (?={VALUE}\b)"  # n = 5, 5 × 5
    r"|\d (?=(?:[KMG]i|[kMGT])?B\b)"  # 64 KiB
)


def _keep_together(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    if app.builder.format != "html":
        return
    for code in doctree.findall(nodes.literal):
        if len(code.astext()) <= LONGEST:
            code["classes"].append("one-line")
    for text in list(doctree.findall(nodes.Text)):
        if isinstance(text.parent, nodes.literal | nodes.FixedTextElement | nodes.math | nodes.raw):
            continue
        joined = TOGETHER.sub(lambda match: match[0].replace(" ", "\N{NO-BREAK SPACE}"), text)
        if joined != text:
            text.parent.replace(text, nodes.Text(joined))


def setup(app: Sphinx) -> dict:
    connect(app, "doctree-resolved", _keep_together)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
