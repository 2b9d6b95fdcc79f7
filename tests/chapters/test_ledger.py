"""The ledger agrees with the seed text, the chapters' printed numbers and the bibliography."""

import re

import nbformat
import pytest
from lesson import ledger

from course import ROOT

ENTRIES = ledger.load()
SEED = " ".join((ROOT / "book/data/seed.txt").read_text("utf-8").split())
NUMBER = re.compile(r"\d+(?:[.,  ]\d+)*")


def printed(chapter: str) -> str:
    """Everything that the marked cells of `chapter` print, as committed."""
    nb = nbformat.read(ROOT / f"book/{chapter}.ipynb", as_version=4)
    outputs = [out for cell in nb.cells if cell.cell_type == "code" for out in cell.outputs]
    return "\n".join(out.text if "text" in out else out.data["text/plain"] for out in outputs)


def test_every_claim_of_the_audit_has_its_row():
    numbers = {int(re.match(r"\d+", str(entry["id"]))[0]) for entry in ENTRIES}
    assert numbers == set(range(1, 42))
    assert len({str(entry["id"]) for entry in ENTRIES}) == len(ENTRIES), "an id stands twice"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: str(e["id"]))
def test_row_is_whole_and_its_quote_and_sources_exist(entry):
    allowed = {"id", "chapter", "says", "omits", "verdict", "finding", "measured", "sources"}
    assert set(entry) <= allowed and ("says" in entry) != ("omits" in entry)
    assert entry["verdict"] in ledger.VERDICTS
    assert entry["finding"].endswith(".")
    if "says" in entry:
        for part in entry["says"].split(" … "):
            assert " ".join(part.split()) in SEED, f"not in the seed text: {part}"
    keys = set(
        re.findall(r"^@\w+\{(\w+),", (ROOT / "book/references.bib").read_text("utf-8"), re.M)
    )
    assert set(entry.get("sources", [])) <= keys


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: str(e["id"]))
def test_each_measured_number_is_printed_in_its_chapter(entry):
    text = normal(printed(entry["chapter"]))
    for number in NUMBER.findall(normal(entry.get("measured", ""))):
        assert re.search(rf"(?<![\d.]){re.escape(number)}(?!\d)", text), (
            f"{number} is not in the stored outputs of {entry['chapter']}"
        )


def normal(text: str) -> str:
    """One spelling of numbers: no thousands separators, a plain minus sign."""
    return re.sub(r"(?<=\d)[,  ](?=\d{3}\b)", "", text).replace("−", "-")


def test_every_chapter_shows_its_own_rows():
    for chapter in {entry["chapter"] for entry in ENTRIES}:
        source = (ROOT / f"book/{chapter}.ipynb").read_text("utf-8")
        assert f'ledger.show(\\"{chapter}\\")' in source, chapter


def test_table_is_escaped_and_an_unknown_chapter_is_named():
    rows = [{**ENTRIES[0], "finding": "a | b."}]
    assert r"a \| b." in ledger.Table(rows, chapters=False)._repr_markdown_()
    with pytest.raises(ValueError, match="no claim in the ledger"):
        ledger.load("no-such-chapter")
