"""The claim ledger: what the seed text says, what the course measured, and the verdict.

`ledger.yml` says at its top what an entry holds.
"""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

Entry = dict[str, Any]

FILE = Path(__file__).parents[1] / "ledger.yml"
# A mark beside each verdict, so that colour is never the only sign.
VERDICTS = {
    "true": "✓ true",
    "condition": "◐ true if …",
    "misleading": "△ misleading",
    "false": "✗ false",
    "missing": "○ missing",
}
# Their colours, as the style sheet has them: none of the networks', and told apart without the hue.
COLORS = {
    "true": "#00564a",
    "condition": "#177169",
    "misleading": "#8f6000",
    "false": "#8b1e5b",
    "missing": "#5f6672",
}
HOW = {
    "run": "Measured",
    "counted": "Counted",
    "bound": "Bound",
    "recorded": "Recorded",
}


def load(chapter: str | None = None) -> list[Entry]:
    """The ledger's entries, all or those of one chapter, in the order of the file.

    Raises:
        ValueError: there is no entry for `chapter`.
    """
    entries = yaml.safe_load(FILE.read_text(encoding="utf-8")) or []
    if chapter is None:
        return entries
    rows = [entry for entry in entries if entry["chapter"] == chapter]
    if not rows:
        known = ", ".join(sorted({entry["chapter"] for entry in entries}))
        raise ValueError(f"no claim in the ledger belongs to {chapter!r}; chapters: {known}")
    return rows


class Markdown:
    """Text that Jupyter and the book show as Markdown."""

    def __init__(self, text: str):
        self.text = text

    def _repr_markdown_(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text


def show(chapter: str | None = None) -> Markdown:
    """The rows that `chapter` fills, folded; without a chapter, the whole ledger.

    Raises as `load`.
    """
    rows = load(chapter)
    if chapter is None:
        return Markdown(table(rows, chapters=True))
    claims = f"{len(rows)} claim{'s' * (len(rows) > 1)}"
    title = f"The ledger of this chapter: {claims}, with what was measured and the sources"
    body = table(rows, chapters=False)
    return Markdown(f":::{{admonition}} {title}\n:class: dropdown ledger\n{body}\n:::")


def summary() -> Markdown:
    """How many claims there are of each verdict, in one sentence."""
    counts = Counter(entry["verdict"] for entry in load())
    said = counts.total() - counts["missing"]
    return Markdown(
        f"Of the {said} claims that the course takes from it, {counts['true']} are true as they "
        f"stand, {counts['condition']} are true under a condition, {counts['misleading']} mislead "
        f"and {counts['false']} are false; {counts['missing']} things that it leaves out are "
        "listed beside them."
    )


def table(rows: list[Entry], *, chapters: bool) -> str:
    """Entries as a Markdown table, with a link to its chapter in each row if `chapters`."""
    head = ["#", "The seed text", "Verdict", "What is true, and what was measured", "Source"]
    head += ["Chapter"] * chapters
    lines = [head, ["---"] * len(head)]
    for row in rows:
        # one wide column for finding and results: on a page six narrow ones would be read a word
        # a line
        true = " ".join([_finding(row), *(_result(result) for result in row["measured"])])
        sources = "; ".join(_source(source) for source in row.get("sources", [])) or "–"
        cells = [_ids(row), _said(row), VERDICTS[row["verdict"]], true, sources]
        cells += [f"[{row['chapter']}]({row['chapter']}.ipynb)"] * chapters
        lines.append([cell.replace("|", r"\|").replace("\n", " ") for cell in cells])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _ids(row: Entry) -> str:
    return ", ".join(str(number) for number in (row["id"], *row.get("also", [])))


def _said(row: Entry) -> str:
    if "omits" in row:
        return f"(leaves out) {row['omits']}"
    quote = re.sub('"(.*?)"', r"‘\1’", row["says"])  # quotes within quotes
    return f"“{quote}”"


def _finding(row: Entry) -> str:
    return f"True if {row['if']}. {row['finding']}" if "if" in row else row["finding"]


def _result(result: dict[str, Any]) -> str:
    """One result with how it was found: "*Measured* (5 draws, 49.0 to 50.0): …"."""
    draws = ""
    if "seeds" in result:
        spread = f", {result['spread']}" if "spread" in result else ""
        draws = f" ({result['seeds']} draw{'s' * (result['seeds'] > 1)}{spread})"
    return f"*{HOW[result['how']]}*{draws}: {result['result'].removesuffix('.')}."


def _source(source: dict[str, str]) -> str:
    """A link to the bibliography, the place in the source, and what it shows there.

    Raises:
        ValueError: the key is not a name and a year, as in bahdanau2015.
    """
    key = source["key"]
    match = re.fullmatch(r"([a-z]+)(\d{4})[a-z]?", key)
    if match is None:
        raise ValueError(
            f"{key!r} in ledger.yml is no source: write name and year, as bahdanau2015"
        )
    name, year = match.groups()
    return f"[{name.title()} {year}](bibliography.md), {source['where']}: {source['shows']}"
