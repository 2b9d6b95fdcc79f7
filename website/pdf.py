"""The book on paper: a PDF with contents, page numbers, running heads and an outline.

usage: python -m website.pdf     after `make book`; says where it is

Chromium prints the whole book as one page. The first time nobody knows on which page a heading will
stand; the outline of what was printed tells, the numbers are written into the contents and into the
references between chapters, and it is printed again until no number changes, as LaTeX does.
"""

import html
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
from bs4 import BeautifulSoup
from pypdfium2 import PdfDocument

from course import edition_in_words
from website.chromium import chromium
from website.one_document import (
    BASE,
    NAME,
    SUBTITLE,
    TITLE,
    NoEdition,
    Page,
    main,
    pages,
)

STYLE = Path(__file__).with_suffix(".css")
FONTS = {  # family: files of matplotlib for (regular, bold, italic, bold italic)
    "Serif": ("STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "STIXGeneralBolIta"),
    "Sans": ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique"),
    "Mono": (
        "DejaVuSansMono",
        "DejaVuSansMono-Bold",
        "DejaVuSansMono-Oblique",
        "DejaVuSansMono-BoldOblique",
    ),
}
LONG = 14  # lines of code that may be broken over two pages
TWICE = re.compile(rb"(/Title (?:\(|<FEFF))((?:[^()<>\\]|\\.)+)\2([)>])")
FILL = """numbers => {
  for (const place of document.querySelectorAll('[data-page-of]')) {
    const number = numbers[place.dataset.pageOf] ?? '000';
    place.textContent = (place.className == 'pageref' ? ' (p.\u00a0' + number + ')' : number);
  }
}"""


def document(book: list[Page], site: Path) -> str:
    """The whole book as one HTML page, page numbers still to come."""
    book[0].body.h1.string = "The course in brief"  # the cover has the title already
    headings = {h["id"] for h in _headings(book)}
    for page in book:
        for formula in page.body.select(".math"):
            formula.svg.attrs |= {"role": "img", "aria-label": formula.math["alttext"]}
            del formula.svg["aria-hidden"]
            formula.math.parent.decompose()
        for code in page.body.find_all("pre"):
            if code.get_text().count("\n") > LONG:
                code["class"] = "long"
        for link in page.body.find_all("a", href=True):
            target = link["href"].removeprefix("#")
            place, _, detail = target.partition("--")
            busy = place == "bibliography" or (place == "glossary" and detail)  # at every turn
            if target in headings and place != page.id and not busy:
                mark = BeautifulSoup("", "html.parser").new_tag("span", attrs={"class": "pageref"})
                mark["data-page-of"] = target
                link.insert_after(mark)
    chapters = "".join(
        f'<div class="chapter" style="page: {page.id}">'
        f'<p class="eyebrow">{html.escape(page.eyebrow)}</p>{page.body}</div>'
        for page in book
    )
    static = (site / "_static").resolve().as_uri()
    return f"""<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8">
<title>{TITLE}</title>
<link rel="stylesheet" href="{static}/pygments.css">
<style>{_fonts()}{STYLE.read_text("utf-8")}{_heads(book)}</style>
</head><body>
<div class="cover"><img src="{static}/logo.svg" alt="">
<p class="title">{TITLE.replace(": ", ":<br>")}</p><p class="subtitle">{SUBTITLE}</p>
<p class="imprint">{edition_in_words()}<br><a href="{BASE}">{BASE}</a><br>
Text and figures: CC BY 4.0. Code: MIT.</p></div>
{_contents(book)}{chapters}</body></html>"""


def _headings(book: list[Page]) -> Iterator:
    """All headings in order; each gets the id of its section, by which links name it."""
    for page in book:
        for heading in page.body.find_all(re.compile("^h[1-6]$")):
            heading_id = heading.parent.get("id")
            if heading_id and heading.parent.name == "section":
                heading["id"] = heading_id
                del heading.parent["id"]
            elif not heading.get("id"):
                heading["id"] = f"{page.id}--heading-{heading.sourceline}-{heading.sourcepos}"
            for math in heading.select(".math"):
                math.replace_with(plain(math.math["alttext"]))  # an outline cannot be typeset
            for part in heading.select("code, code span"):
                part.unwrap()  # of one piece, so that `_once` knows what Chromium said twice
            heading.smooth()
            yield heading


def _contents(book: list[Page]) -> str:
    """Chapters and their sections; sections that every chapter has say nothing here."""
    times = Counter(h.get_text() for page in book for h in page.body.find_all("h2"))

    def entry(kind, number, heading):
        label = "".join(map(str, heading.contents))
        return (
            f'<li class="{kind}"><a href="#{heading["id"]}"><span class="number">{number}</span>'
            f'<span>{label}</span><span class="leader"></span>'
            f'<span class="page" data-page-of="{heading["id"]}"></span></a></li>'
        )

    parts, lines = [], []
    for page in book:
        if page.part not in parts:
            parts.append(page.part)
            lines.append(f"</ul><h2>{page.part}</h2><ul>" if page.part else "<ul>")
        number = "" if page.number is None else page.number
        lines.append(entry("of-chapter", number, page.body.h1))
        if page.part in parts[1:3]:
            sections = (h for h in page.body.find_all("h2") if times[h.get_text()] < 3)
            lines += [entry("of-section", "", heading) for heading in sections]
    # the captions are no headings of the book: they stay out of the outline
    listing = "".join(lines).replace("<h2>", '<p class="part">').replace("</h2>", "</p>")
    return f'<nav class="contents"><h1 id="contents">Contents</h1>{listing}</ul></nav>'


def _fonts() -> str:
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    styles = (("normal", "normal"), ("bold", "normal"), ("normal", "italic"), ("bold", "italic"))
    return "".join(
        f'@font-face {{ font-family: "{family}"; font-weight: {weight}; font-style: {slant};'
        f" src: url({(folder / name).with_suffix('.ttf').as_uri()}) }}\n"
        for family, names in FONTS.items()
        for name, (weight, slant) in zip(names, styles, strict=True)
    )


def _heads(book: list[Page]) -> str:
    """A running head for each chapter."""
    return "".join(
        f"@page {page.id} {{ @top-left {{ content: {_css(TITLE.split(':')[0])}; {HEAD} }}"
        f" @top-right {{ content: {_css(plain(page.title))}; {HEAD} }} }}\n"
        for page in book
    )


HEAD = 'font: 7.5pt "Sans"; color: #666; vertical-align: bottom; padding-bottom: 6mm'


def _css(text: str) -> str:
    return '"' + text.replace("\\", "").replace('"', "”") + '"'


def plain(title: str) -> str:
    """A heading without TeX, for places that cannot typeset it."""
    title = re.sub(r"\\sqrt\{(.*?)\}", r"√\1", title)
    return re.sub(r"\\[()]", "", title).strip()


def page_numbers(pdf: Path, ids: list[str]) -> dict[str, int]:
    """The page of each heading, as the outline of `pdf` has them in the order of `ids`.

    Raises:
        NoEdition: the outline has other headings than the book.
    """
    with PdfDocument(pdf) as printed:
        numbers = [entry.get_dest().get_index() + 1 for entry in printed.get_toc(max_depth=6)]
    if len(numbers) != len(ids):
        raise NoEdition(f"the outline has {len(numbers)} headings, the book {len(ids)}")
    return dict(zip(ids, numbers, strict=True))


def print_book(site: Path, pdf: Path) -> None:
    """Print the book that is built in `site`.

    Raises:
        NoChromium: none is installed.
        NoEdition: the page numbers do not settle.
    """
    book = pages(site)
    text = document(book, site)
    headings = ["contents", *(h["id"] for h in _headings(book))]
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "book.html"
        source.write_text(text, "utf-8")
        tab = browser.new_page()
        tab.goto(source.as_uri())
        tab.evaluate("document.fonts.ready")
        numbers: dict[str, int] = {}
        for _ in range(4):
            tab.evaluate(FILL, numbers)
            tab.pdf(
                path=pdf,
                prefer_css_page_size=True,
                print_background=True,
                outline=True,
                tagged=True,
            )
            before, numbers = numbers, page_numbers(pdf, headings)
            if numbers == before:
                break
        else:
            raise NoEdition("the page numbers do not settle")
    pdf.write_bytes(TWICE.sub(_once, pdf.read_bytes()))


def _once(match: re.Match) -> bytes:
    """Chromium says a heading twice when it stands at the top of a page; nothing may move."""
    opening, title, closing = match.groups()
    return opening + title + closing + b" " * len(title)


if __name__ == "__main__":
    sys.exit(main(f"{NAME}.pdf", print_book))
