"""A Sphinx extension of the book: a claim's number leads from its words to its verdict and back.

A verdict box is named after its claim (`:name: claim-16`). The quotation that it judges, the box
and the row in the ledger link one another, and each verdict in a table has its colour.
"""

import re
from functools import cache

from docutils import nodes
from lesson import ledger
from sphinx.application import Sphinx

from course import chapters
from website.extensions import connect

CLAIM = re.compile(r"claim-(\d+[a-z]?)")
LEDGER = "book/claim-ledger"
SIGNS = {words: verdict for verdict, words in ledger.VERDICTS.items()}


@cache
def _entries() -> list[dict]:
    return ledger.load()


def _link(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    if app.builder.format != "html":
        return
    for table in doctree.findall(nodes.table):
        _rows(app, table, docname)
    if docname not in chapters():
        return
    entries = {str(e["id"]): e for e in _entries() if f"book/{e['chapter']}" == docname}
    named = {}
    for box in doctree.findall(nodes.admonition):
        number = next((m[1] for i in box["ids"] if (m := CLAIM.fullmatch(i))), None)
        if number and "verdict" in box["classes"]:
            named[number] = box
            title = box.children[0]
            title += nodes.Text(" ")
            title += _reference(app, docname, LEDGER, number, "verdict-claim")
    for quote in doctree.findall(nodes.block_quote):
        text = _words(quote.astext())
        if "the seed text" not in text:
            continue
        quote["classes"].append("seed")
        judged = [n for n, e in entries.items() if n in named and _words(e.get("says")) in text]
        for number in judged:
            quote += nodes.paragraph(
                "", "", _reference(app, docname, docname, number, "seed-claim")
            )


def _words(text: str | None) -> str:
    """`text` in lower case, without what a quotation may write otherwise; never empty."""
    return re.sub(r"[^a-z0-9]+", " ", (text or "–not said–").lower()).strip()


def _reference(app: Sphinx, here: str, page: str, number: str, name: str) -> nodes.reference:
    """A link called by its claim, to where `page` says it, or to the page alone."""
    place = f"claim-{number}"
    named_on = app.env.get_domain("std").data["anonlabels"].get(place, ("",))[0]
    is_there = page in (LEDGER, named_on)
    address = app.builder.get_relative_uri(here, page) if page != here else ""
    address += f"#{place}" if is_there else ""
    link = nodes.reference("", f"Claim {number}", internal=True, classes=[name])
    link["refuri"] = address or "#"
    return link


def _rows(app: Sphinx, table: nodes.table, docname: str) -> None:
    """Ids, links and colours of a table of verdicts."""
    head = [entry.astext() for entry in next(iter(table.findall(nodes.row)))]
    if "Verdict" not in head:
        return
    table["classes"].append("ledger")
    column, places = head.index("Verdict"), {str(e["id"]): e["chapter"] for e in _entries()}
    for row in list(table.findall(nodes.row))[1:]:
        verdict = row[column].astext()
        if verdict in SIGNS:
            row[column].children = []
            row[column] += nodes.paragraph(
                "", "", nodes.inline("", verdict, classes=["verdict-sign", SIGNS[verdict]])
            )
        number = row[0].astext().split(", ")[0]
        if number in places:
            chapter = f"book/{places[number]}"
            if docname == LEDGER:
                row["ids"].append(f"claim-{number}")
            link = _reference(app, docname, chapter, number, "claim-number")
            link.children = [nodes.Text(row[0].astext())]
            row[0].children = []
            row[0] += nodes.paragraph("", "", link)


def setup(app: Sphinx) -> dict:
    connect(app, "doctree-resolved", _link)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
