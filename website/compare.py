"""Does another build of the book say the same, word for word?

usage: python -m website.compare FOLDER     after `make book`; ends with 1 where a page differs

FOLDER holds the other build, as `make next` makes it with plain Sphinx. What is compared is what a
reader would hear or copy: the text of each page, formulas as TeX, what pictures show, the positions
and frames of sliders. White space and signs that only a builder puts in (anchors, buttons) are not.
"""

import difflib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from bs4 import BeautifulSoup

from course import SITE, pages
from website import sliders

FURNITURE = ".headerlink, script, style, nav, .toctree-wrapper, svg, .editions"
BLOCKS = "p, li, h1, h2, h3, h4, td, th, dt, dd, pre, figcaption, summary"
SHOWN = 5  # differences of a page that are printed


def words(page: Path) -> list[str]:
    """What `page` says, a block a line."""
    soup = BeautifulSoup(page.read_text("utf-8"), "html.parser")
    article = soup.find("article")
    for extra in article.select(FURNITURE):
        extra.decompose()
    for formula in article.find_all("math"):
        formula.replace_with(f"${''.join(formula['alttext'].split())}$")
    for picture in article.find_all("img"):
        picture.replace_with(f"[{picture.get('alt', '')}]\n")
    for block in article.select(BLOCKS):
        block.append("\n")
    lines = (re.sub(r"\s+", " ", line).strip() for line in article.get_text().split("\n"))
    return [line for line in lines if line]


def differences(ours: Path, theirs: Path) -> Iterator[str]:
    """A line for each line of text that only one build has, `-` ours and `+` theirs."""
    if not theirs.exists():
        yield "the page is not there"
        return
    lines = difflib.unified_diff(words(ours), words(theirs), lineterm="", n=0)
    yield from (line for line in lines if not line.startswith(("---", "+++", "@@")))
    if sliders.on_page(ours) != sliders.on_page(theirs):
        yield "its sliders are others"


def main(other: Path) -> int:
    """Print the differences between the built book and `other`; 1 where there is one."""
    different = 0
    for name in pages():
        found = list(differences(SITE / f"{name}.html", other / f"{name}.html"))
        if found:
            different += 1
            print(f"{name}: {len(found)} differences", *found[:SHOWN], sep="\n  ")
    print(f"{len(pages())} pages compared, {different} of them differ")
    return 1 if different else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
