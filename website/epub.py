"""The book as an EPUB 3, for e-readers: one file a chapter, formulas in MathML, figures as SVG.

usage: python -m website.epub     after `make book`; says where it is
"""

import hashlib
import html
import re
import sys
import zipfile
from pathlib import Path
from urllib.parse import unquote

from course import edition, edition_in_words
from website.one_document import (
    BASE,
    NAME,
    SUBTITLE,
    SVG,
    TITLE,
    Page,
    main,
    pages,
)

CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="book/package.opf" media-type="application/oebps-package+xml"/>
</rootfiles></container>"""
SHEET = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"
  lang="en" xml:lang="en">
<head><title>{title}</title><link rel="stylesheet" type="text/css" href="style.css"/></head>
<body>{body}</body></html>"""


def write_epub(site: Path, path: Path) -> None:
    """Write the book that is built in `site`."""
    book = pages(site)
    book[0].body.h1.string = "The course in brief"  # the title page has the title already
    for page in book:
        for formula in page.body.select(".math"):
            formula.replace_with(formula.math)
    pictures: dict[str, str] = {}
    sheets = {
        "title": (TITLE, _title_page()),
        "nav": ("Contents", _contents(book)),
        **{page.id: (page.title, _chapter(page, pictures)) for page in book},
    }
    files = {
        "META-INF/container.xml": CONTAINER,
        "book/package.opf": _package(list(sheets), book, list(pictures)),
        "book/style.css": Path(__file__).with_suffix(".css").read_text("utf-8"),
        "book/logo.svg": (site / "_static" / "logo.svg").read_text("utf-8"),
    }
    for name, (title, body) in sheets.items():
        files[f"book/{name}.xhtml"] = SHEET.format(title=html.escape(title), body=body)
    files |= {f"book/{name}": svg for name, svg in pictures.items()}
    with zipfile.ZipFile(path, "w") as archive:
        # the first file, and not compressed: by this a reader knows what it has
        archive.writestr(zipfile.ZipInfo("mimetype"), "application/epub+zip")
        for name, text in files.items():  # the time is the same for all, and on every machine
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)


def _chapter(page: Page, pictures: dict[str, str]) -> str:
    for image in page.body.find_all("img"):
        svg = unquote(image["src"].removeprefix(SVG))
        svg = re.sub(
            r"<path (?![^>]*\bd=)", "<path d='' ", svg
        )  # that of a space; EPUB asks for one
        name = f"{hashlib.sha256(svg.encode()).hexdigest()[:16]}.svg"
        pictures[name] = svg
        image["src"] = name
        del image["style"]
    for link in page.body.find_all("a", href=True):
        if link["href"].startswith("#"):
            place = link["href"][1:].partition("--")[0]
            link["href"] = f"{place}.xhtml{link['href']}"
    eyebrow = f'<p class="eyebrow">{html.escape(page.eyebrow)}</p>' if page.eyebrow else ""
    return eyebrow + page.body.decode(formatter="minimal")


def _title_page() -> str:
    return (
        f'<p><img src="logo.svg" alt=""/></p><h1>{TITLE}</h1><p>{SUBTITLE}</p>'
        f"<p>{edition_in_words()}</p>"
        f'<p><a href="{BASE}">{BASE}</a></p><p>Text and figures: CC BY 4.0. Code: MIT.</p>'
    )


def _contents(book: list[Page]) -> str:
    parts: dict[str, str] = {}
    for page in book:
        label = page.body.h1.decode_contents(formatter="minimal")
        number = "" if page.number is None else f"{page.number} · "
        entry = f'<li><a href="{page.id}.xhtml">{number}{label}</a></li>'
        parts[page.part] = parts.get(page.part, "") + entry
    entries = "".join(
        f"<li><span>{part}</span><ol>{entries}</ol></li>" if part else entries
        for part, entries in parts.items()
    )
    return f'<nav epub:type="toc"><h1>Contents</h1><ol>{entries}</ol></nav>'


def _package(sheets: list[str], book: list[Page], pictures: list[str]) -> str:
    math = {page.id for page in book if page.body.find("math")}
    _, day = edition()

    def properties(sheet):
        found = "nav" if sheet == "nav" else "mathml" if sheet in math else ""
        return f' properties="{found}"' if found else ""

    items = [
        f'<item id="{s}" href="{s}.xhtml" media-type="application/xhtml+xml"{properties(s)}/>'
        for s in sheets
    ]
    items += [
        f'<item id="p{name[:-4]}" href="{name}" media-type="image/svg+xml"/>'
        for name in [*pictures, "logo.svg"]
    ]
    spine = "".join(f'<itemref idref="{s}"/>' for s in sheets)
    return f"""<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="en">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="id">{BASE}</dc:identifier>
<dc:title>{TITLE}</dc:title><dc:creator>The authors of the course</dc:creator>
<dc:language>en</dc:language><dc:description>{SUBTITLE} {edition_in_words()}</dc:description>
<dc:rights>CC BY 4.0; code: MIT</dc:rights>
<meta property="dcterms:modified">{day.isoformat()}T00:00:00Z</meta></metadata>
<manifest><item id="style" href="style.css" media-type="text/css"/>{"".join(items)}</manifest>
<spine>{spine}</spine></package>"""


if __name__ == "__main__":
    sys.exit(main(f"{NAME}.epub", write_epub))
