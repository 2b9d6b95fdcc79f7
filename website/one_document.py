"""The published book in one piece, for editions that are not a web site.

Pages are read from the built site in the order of `_toc.yml`, so nothing is executed again and each
edition says what the site says. Ids become unique in the whole book, links between pages become
links within it, sliders become figures: the first frame above a few positions of the slider.
"""

import os
import posixpath
import re
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urljoin, urlsplit

from bs4 import BeautifulSoup, Tag
from lesson.explore import strip

from course import SITE, address, contents, settings
from website import letters, sliders
from website.chromium import NoChromium
from website.extensions.page_order import NUMBER

TITLE, BASE = settings()["title"], settings()["sphinx"]["config"]["html_baseurl"]
NAME = address().rpartition("/")[2]  # editions are called like the repository
SUBTITLE = (
    "A course that takes one lively page about RNNs and transformers at its word "
    "and measures every claim of it."
)
SVG = "data:image/svg+xml,"
# Keywords, strings and comments keep their colours; to mark the rest would be most of the file.
PALE = re.compile(r'<span(?: class="(?!k|s[12d]|c1|nf|math|std)[a-z]{1,3}\d?")?>([^<]*)</span>')
WEB_ONLY = (
    ".headerlink, .toctree-wrapper, .sd-container-fluid, .web-only, details.hide, style, "
    ".practice, .practice-notebook, .course-memory, .findings, .figure-save"
)


class NoEdition(Exception):
    """An edition cannot be made here; the sentence says why."""


@dataclass
class Page:
    """One page of the book."""

    name: str  # book/memory
    part: str  # the caption of its part; empty for the first page
    number: int | None  # of a chapter
    body: Tag

    @property
    def id(self) -> str:
        return key(self.name)

    @property
    def title(self) -> str:
        return self.body.h1.get_text()

    @property
    def eyebrow(self) -> str:
        """What stands above the title."""
        if self.number is not None:
            return f"Chapter {self.number}"
        return self.part.removesuffix("s")


def key(name: str) -> str:
    """The prefix of the ids of page `name`: `exercises/rnn/rnn` and `book/x` never share one."""
    return name.removeprefix("book/").replace("/", "-")


def pages(site: Path = SITE) -> list[Page]:
    """The pages of `site`, ready to stand in one document."""
    places = [
        (name, caption, number if part == 1 else None)
        for part, (caption, names) in enumerate(contents())
        for number, name in enumerate(names)
    ]
    known = {name for name, *_ in places}
    return [Page(name, part, n, _body(site, name, known)) for name, part, n in places]


def _body(site: Path, name: str, known: set[str]) -> Tag:
    text = (site / f"{name}.html").read_text("utf-8")
    article = text[text.index("<article") : text.index("</article>")]
    soup = BeautifulSoup(PALE.sub(r"\1", article), "html.parser")
    letters.unshare(soup.article)
    body = soup.article.find("section")
    first = body.h1.find(string=NUMBER)
    if first:
        first.replace_with(NUMBER.sub("", first))  # paper has it above the title
    for image in body.select("img.lesson-figure"):
        picture = (site / f"{name}.html").parent / image["src"]
        image["src"] = SVG + quote(picture.read_text("utf-8"))
        del image["loading"]
    for box in body.select("div.explore"):
        box.replace_with(_figure(box, site / f"{name}.html"))
    for element in [*body.select(WEB_ONLY), *body.find_all("script")]:
        element.decompose()
    for element in body.find_all(True):
        classes = element.get("class", [])
        if "cell" in classes and not element.get_text(strip=True) and not element.find("img"):
            element.clear()  # nothing is left of a hidden cell
        if "dropdown" in classes:
            classes.remove("dropdown")  # paper does not unfold
        if element.name == "details":
            element["open"] = ""
            element.summary.string = element.summary.get_text().replace(" (click to unfold)", "")
        if "id" in element.attrs:
            element["id"] = f"{key(name)}--{element['id']}"
        if element.name == "a" and "href" in element.attrs:
            element["href"] = _address(element["href"], name, known)
    top = BeautifulSoup("", "html.parser").new_tag("span", id=f"{key(name)}--{body['id']}")
    body["id"] = key(name)  # by this the whole page is named, by the other one its title
    body.insert(0, top)
    return body


def _address(url: str, name: str, known: set[str]) -> str:
    """`url` on page `name`, as an address in the whole book or, for other files, on the site."""
    parts = urlsplit(url)
    if parts.scheme or parts.netloc:
        return url
    place = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(parts.path)))
    target = place.removesuffix(".html") if parts.path else name
    if target not in known:
        return urljoin(f"{BASE}{name}.html", url)
    return f"#{key(target)}--{parts.fragment}" if parts.fragment else f"#{key(target)}"


def _figure(box: Tag, page: Path) -> Tag:
    """A slider as a figure: its first frame, and some positions of the longest control."""
    soup = BeautifulSoup("", "html.parser")
    slider, first = sliders.read(box, page), box.find("img", class_="lesson-figure")
    start, controls = slider.start, slider.controls
    sizes = [len(control.labels) for control in controls]
    longest = sizes.index(max(sizes))

    def frame(position: tuple[int, ...]) -> Tag:
        img, shown = copy(first), slider.at[position]
        img["alt"], img["src"] = shown.alt, SVG + quote(shown.svg)
        return img

    figure = soup.new_tag("figure", attrs={"class": "slider"})
    figure.append(frame(start))
    row = soup.new_tag("div", attrs={"class": "strip"})
    for position in strip(start, sizes)[1:]:
        cell, label = soup.new_tag("div"), soup.new_tag("p")
        label.string = f"{controls[longest].name} = {controls[longest].labels[position[longest]]}"
        cell.extend([frame(position), label])
        row.append(cell)
    figure.append(row)
    caption = soup.new_tag("figcaption")
    values = [f"{c.name} from {c.labels[0]} to {c.labels[-1]}" for c in controls]
    caption.string = f"On the web this figure moves: {', '.join(values)}."
    figure.append(caption)
    return figure


def offer(site: Path) -> None:
    """Link the editions that lie in `site` from its first page; without any, say nothing there."""
    page = site / "book" / "index.html"
    links = [
        f'<a href="../{path.name}">{words} ({path.stat().st_size / 1e6:.1f} MB)</a>'
        for path, words in (
            (site / f"{NAME}.pdf", "PDF to print"),
            (site / f"{NAME}.epub", "EPUB for e-readers"),
        )
        if path.exists()
    ]
    text = page.read_text("utf-8")
    line = f"\\1{' · '.join(links)}</span>"
    page.write_text(re.sub(r'(<span class="editions">).*?</span>', line, text), "utf-8")


def main(name: str, make: Callable[[Path, Path], None]) -> int:
    """Make the edition called `name` of the built book and put it into the site."""
    if not (SITE / "index.html").exists():
        print("The book is not built; run `make book` first.")
        return 1
    new = SITE / f"{name}.new"
    try:
        make(SITE, new)
    except (NoEdition, NoChromium) as problem:
        print(f"{name} was not made: {problem}")
        return 1
    os.replace(new, SITE / name)
    offer(SITE)
    print(f"_build/html/{name}: {(SITE / name).stat().st_size / 1e6:.1f} MB")
    return 0
