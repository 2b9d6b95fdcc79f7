"""A Sphinx extension of the book: chapters and exercises have their number wherever they are named.

The number stands in the title, so the menu, the links to the next page and the search have it, too.
"""

import re

from docutils import nodes
from sphinx.application import Sphinx

from course import contents
from website.extensions import connect

NUMBER = re.compile(r"^(E?\d+) · ")  # as it begins a title


def numbers() -> dict[str, str]:
    """The number of each page that has one: 0, 1, … for chapters, E1, E2, … for exercises."""
    _, (_, chapters), (_, exercises), *_ = contents()
    named = {name: str(number) for number, name in enumerate(chapters)}
    return named | {name: f"E{number}" for number, name in enumerate(exercises, start=1)}


def _number(app: Sphinx, doctree: nodes.document) -> None:
    number = numbers().get(app.env.docname)
    title = next(iter(doctree.findall(nodes.title)), None)
    if number is not None and title is not None:
        title.insert(0, nodes.Text(f"{number} · "))


def setup(app: Sphinx) -> dict:
    connect(app, "doctree-read", _number)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
