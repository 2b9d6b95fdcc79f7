"""A Sphinx extension of the book: how a page's notebook is opened elsewhere, or taken away."""

import html
import re
from collections.abc import Iterator

from docutils import nodes
from sphinx.application import Sphinx

from website.extensions import connect

PART = re.compile(r"\d+ · (\w+)(?:: .*)? \((\d+ points?)\)")


def _launch(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Pages that are no notebooks open Binder's first page; Colab opens notebooks alone."""
    if context.get("page_source_suffix") == ".ipynb":
        return
    for group in context.get("header_buttons", []):
        if group.get("label") != "launch-buttons":
            continue
        group["buttons"] = [b for b in group["buttons"] if b["text"] != "Colab"]
        for button in group["buttons"]:
            before, tree, _ = button["url"].partition("lab/tree/")
            button["url"] = before + tree + "README.md"


def _download(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Below the title of an exercise, its notebook: the very file, as Sphinx copies it."""
    if not docname.startswith("exercises/") or app.builder.format != "html":
        return
    up = "../" * docname.count("/")
    link = f'<a href="{up}_sources/{docname}.ipynb" download>Download this notebook</a>'
    text = (
        f'<p class="take-away">{link} <span>Or write your answers on this page, or let the rocket '
        "above open it on Binder or Colab.</span></p>"
    )
    title = next(doctree.findall(nodes.title))
    title.parent.insert(title.parent.index(title) + 1, nodes.raw("", text, format="html"))
    parts = "".join(_parts(doctree))
    if parts:
        listed = nodes.raw("", f'<ol class="exercise-parts">{parts}</ol>', format="html")
        title.parent.insert(title.parent.index(title) + 1, listed)


def _parts(doctree: nodes.document) -> Iterator[str]:
    """A link to each function that an exercise asks for, with what it is worth."""
    for section in doctree.findall(nodes.section):
        part = PART.fullmatch(section[0].astext())
        if part:
            yield (
                f'<li><a href="#{section["ids"][0]}"><code>{html.escape(part[1])}</code> '
                f"{part[2]}</a></li>"
            )


def setup(app: Sphinx) -> dict:
    connect(app, "html-page-context", _launch)
    connect(app, "doctree-resolved", _download)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
