"""The shapes of the letters in typeset formulas: a page holds each once, paper each time.

MathJax draws every letter where it stands. `share` has a page's formulas point to one drawing of
each; `unshare` undoes it, for documents that take formulas out of their page.
"""

import re

from bs4 import BeautifulSoup, Tag

SHAPE = re.compile(r'<path data-c="[^"]*" d="([^"]*)"></path>')


def share(svg: str, shapes: dict[str, int]) -> str:
    """`svg` with references in place of shapes; `shapes` numbers those of the page so far."""
    return SHAPE.sub(
        lambda shape: f'<use href="#shape-{shapes.setdefault(shape[1], len(shapes))}"/>', svg
    )


def drawn(shapes: dict[str, int]) -> str:
    """What the references point to: an element that the page must have once."""
    paths = "".join(f'<path id="shape-{n}" d="{d}"/>' for d, n in shapes.items())
    return f'<svg class="visually-hidden" aria-hidden="true"><defs>{paths}</defs></svg>'


def unshare(article: Tag) -> None:
    """Put the shapes back where the formulas of `article` refer to them."""
    new = BeautifulSoup("", "html.parser").new_tag
    shapes = {shape["id"]: shape["d"] for shape in article.select("defs > path[id]")}
    for letter in article.select(".math use"):
        letter.replace_with(new("path", d=shapes[str(letter["href"])[1:]]))
