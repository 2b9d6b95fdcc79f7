"""No part of the seed text is left out: every heading has a chapter, which quotes the text."""

import json
import re

from course import ROOT

SEED = (ROOT / "book/data/seed.txt").read_text("utf-8")
MAP = (ROOT / "book/seed-text.md").read_text("utf-8")
ROWS = re.findall(r"^\| (.+?) \| \[.+?\]\((.+?\.ipynb)\) \|$", MAP, re.M)


def headings() -> list[str]:
    """Lines of the seed text that stand as headings: no code, a title's capitals or a colon."""
    lines = SEED.splitlines()[1:]
    titles = [
        line
        for line in lines
        if re.match(r"^(\d\. )?[A-Z]", line)
        and not re.search(r"[=#(\[]\s|you must|mechanism\" is", line)
        and (line.istitle() or re.search(r":$|Means$|Engineers$|Differences$|Processing$", line))
    ]
    insight = [line for line in lines if line.startswith("The breakthrough insight:")]
    return [t for t in titles if not t.startswith("When we say")] + insight


def test_every_heading_of_the_seed_text_is_mapped_to_a_chapter():
    mapped = [title for title, _ in ROWS]
    missing = [h for h in headings() if not any(h.startswith(title) for title in mapped)]
    assert len(headings()) >= 15 and not missing, missing
    assert all(any(line.startswith(title) for line in SEED.splitlines()) for title in mapped)


def test_every_mapped_chapter_quotes_the_seed_text():
    seed = " ".join(SEED.split())
    for chapter in {chapter for _, chapter in ROWS}:
        cells = json.loads((ROOT / "book" / chapter).read_text("utf-8"))["cells"]
        prose = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        quotes = re.findall(r"((?:^>.*\n?)+)", prose, re.M)
        assert any(verbatim(q, seed) for q in quotes), f"{chapter} quotes nothing of the seed text"


def verbatim(quote: str, seed: str) -> bool:
    """Whether some line of a Markdown quotation stands in the seed text as it is."""
    lines = (re.sub(r"^>\s?", "", line).strip(' `*“”"') for line in quote.splitlines())
    return any(len(line) > 20 and line in seed for line in lines)
