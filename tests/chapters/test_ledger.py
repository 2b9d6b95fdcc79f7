"""The ledger agrees with the seed text, the chapters' printed numbers and the bibliography."""

import re

import nbformat
import pytest
from lesson import ledger

from course import ROOT

ENTRIES = ledger.load()
SEED = " ".join((ROOT / "book/data/seed.txt").read_text("utf-8").split())
KEYS = set(re.findall(r"^@\w+\{(\w+),", (ROOT / "book/references.bib").read_text("utf-8"), re.M))
NUMBER = re.compile(r"\d+(?:[.,  ]\d+)*")


def printed(chapter: str) -> str:
    """Everything that the marked cells of `chapter` print, as committed."""
    nb = nbformat.read(ROOT / f"book/{chapter}.ipynb", as_version=4)
    outputs = [out for cell in nb.cells if cell.cell_type == "code" for out in cell.outputs]
    return "\n".join(out.text if "text" in out else out.data["text/plain"] for out in outputs)


# Results that hang on chance and show no spread yet: a chapter that draws again leaves this list.
NO_SPREAD_YET: set[str] = set()
FIELDS = {"id", "chapter", "verdict", "finding", "measured"}  # of every entry
MORE = {"also", "says", "omits", "if", "sources"}


def named(entry) -> str:
    return str(entry["id"])


def numbers(entry) -> list[int]:
    ids = [str(entry["id"]), *map(str, entry.get("also", []))]
    return [int(re.match(r"\d+", text)[0]) for text in ids]


def test_every_claim_of_the_seed_text_has_its_row():
    assert {n for entry in ENTRIES for n in numbers(entry)} == set(range(1, 42))
    assert len({named(entry) for entry in ENTRIES}) == len(ENTRIES), "an id stands twice"


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_row_is_whole_and_its_quotation_is_verbatim(entry):
    assert set(entry) >= FIELDS and set(entry) <= FIELDS | MORE
    assert ("says" in entry) != ("omits" in entry)
    assert entry["finding"].endswith(".")
    for part in entry.get("says", "").split(" … "):
        assert " ".join(part.split()) in SEED, f"not in the seed text: {part}"


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_verdict_fits_the_claim(entry):
    assert entry["verdict"] in ledger.VERDICTS
    assert (entry["verdict"] == "missing") == ("omits" in entry), "what is left out is missing"
    assert (entry["verdict"] == "condition") == ("if" in entry), "a condition is said"
    if "if" in entry:
        assert not re.search(r"^if\b|\.$", entry["if"]), "a clause that completes “true if”"


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_each_result_says_how_it_was_found(entry):
    assert entry["measured"], "a verdict rests on a result"
    for result in entry["measured"]:
        assert {"result", "how"} <= set(result) <= {"result", "how", "seeds", "spread"}
        assert result["how"] in ledger.HOW
        if result["how"] in ("counted", "bound"):
            assert "seeds" not in result, "what is counted or proven does not hang on chance"
        assert "spread" not in result or "seeds" in result


def test_what_hangs_on_chance_says_over_how_many_draws_and_how_far_they_spread():
    without = set()
    for entry in ENTRIES:
        for result in entry["measured"]:
            if "seeds" in result and (result["seeds"] < 2 or not result.get("spread")):
                without.add(named(entry))
    assert without == NO_SPREAD_YET


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_sources_say_what_they_are_cited_for_and_where(entry):
    for source in entry.get("sources", []):
        assert set(source) == {"key", "where", "shows"}
        assert source["key"] in KEYS, f"{source['key']} is not in references.bib"
        assert len(source["shows"].split()) >= 2 and source["where"]


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_each_measured_number_is_printed_in_its_chapter(entry):
    text = normal(printed(entry["chapter"]))
    for result in entry["measured"]:
        said = normal(result["result"] + "; " + result.get("spread", ""))
        for number in NUMBER.findall(said):
            assert re.search(rf"(?<![\d.]){re.escape(number)}(?!\d)", text), (
                f"{number} is not in the stored outputs of {entry['chapter']}"
            )


# Entries that wait for the chapter that will cite them; nothing is added to this set.
UNCITED_YET = {"beck2024", "cho2014", "gers2000", "jozefowicz2015", "milakov2018"}
UNCITED_YET |= {"tallec2018", "touvron2023", "williams2009"}


def test_each_entry_of_the_bibliography_is_cited():
    places = [*ROOT.glob("book/*.ipynb"), *ROOT.glob("book/*.md"), ledger.FILE]
    places += ROOT.glob("solutions/*/*.ipynb")
    text = "\n".join(path.read_text("utf-8") for path in places)
    uncited = {key for key in KEYS if not re.search(rf"\b{key}\b", text)}
    assert uncited <= UNCITED_YET, "cite it for what it says, or take it out"


def normal(text: str) -> str:
    """One spelling of numbers: no thousands separators, a plain minus sign."""
    return re.sub(r"(?<=\d)[,  ](?=\d{3}\b)", "", text).replace("−", "-")


def test_every_chapter_shows_its_own_rows():
    for chapter in {entry["chapter"] for entry in ENTRIES}:
        source = (ROOT / f"book/{chapter}.ipynb").read_text("utf-8")
        assert f'ledger.show(\\"{chapter}\\")' in source, chapter


def test_table_is_escaped_and_an_unknown_chapter_is_named():
    assert r"a \| b." in ledger.table([{**ENTRIES[0], "finding": "a | b."}], chapters=False)
    with pytest.raises(ValueError, match="no claim in the ledger"):
        ledger.load("no-such-chapter")
    source = {"key": "lin-2017", "where": "Section 1", "shows": "a thing"}
    with pytest.raises(ValueError, match="write name and year"):
        ledger.table([{**ENTRIES[0], "sources": [source]}], chapters=False)


def test_a_result_shows_its_draws_and_a_condition_its_clause():
    result = {"result": "49.4 of 64", "how": "run", "seeds": 5, "spread": "49.0 to 50.0"}
    entry = {**ENTRIES[0], "verdict": "condition", "if": "it rains", "measured": [result]}
    row = ledger.table([entry], chapters=False)
    assert "True if it rains." in row and "*Measured* (5 draws, 49.0 to 50.0): 49.4 of 64." in row


def test_summary_counts_every_entry_once():
    counts = [int(n) for n in re.findall(r"\d+", repr(ledger.summary()))]
    said, *verdicts, missing = counts
    assert said == sum(verdicts) and said + missing == len(ENTRIES)
