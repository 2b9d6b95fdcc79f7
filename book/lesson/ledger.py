"""The claim ledger: what the seed text says, what the course measured, and the verdict."""

import re
from pathlib import Path

import yaml

FILE = Path(__file__).parents[1] / "ledger.yml"
# A mark beside each verdict, so that colour is never the only sign.
VERDICTS = {
    "true": "✓ true",
    "condition": "◐ true if …",
    "misleading": "△ misleading",
    "false": "✗ false",
}


def load(chapter: str | None = None) -> list[dict]:
    """The ledger's entries, all or those of one chapter, in the order of the seed text.

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


class Table:
    """Ledger rows as a Markdown table; see `show`."""

    def __init__(self, rows: list[dict], chapters: bool):
        self.rows, self.chapters = rows, chapters

    def _repr_markdown_(self) -> str:
        head = ["#", "The seed text", "Verdict", "What is true, and what was measured", "Source"]
        head += ["Chapter"] * self.chapters
        lines = [head, ["---"] * len(head)]
        for row in self.rows:
            quote = re.sub('"(.*?)"', r"‘\1’", row.get("says", ""))  # quotes within quotes
            said = f"“{quote}”" if quote else f"(leaves out) {row['omits']}"
            sources = ", ".join(_source(key) for key in row.get("sources", [])) or "–"
            # one wide column for both: on a page six narrow ones would be read a word a line
            measured = row.get("measured", "").removesuffix(".")
            true = row["finding"] + (f" *Measured:* {measured}." if measured else "")
            cells = [str(row["id"]), said, VERDICTS[row["verdict"]], true, sources]
            cells += [f"[{row['chapter']}]({row['chapter']}.ipynb)"] * self.chapters
            lines.append([cell.replace("|", r"\|").replace("\n", " ") for cell in cells])
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)

    def __repr__(self) -> str:
        return self._repr_markdown_()


def _source(key: str) -> str:
    """A link to the bibliography that names the source `key`.

    Raises:
        ValueError: `key` is not a name and a year, as in bahdanau2014.
    """
    match = re.fullmatch(r"([a-z]+)(\d{4})[a-z]?", key)
    if match is None:
        raise ValueError(
            f"{key!r} in ledger.yml is no source: write name and year, as bahdanau2014"
        )
    name, year = match.groups()
    return f"[{name.title()} {year}](bibliography.md)"


def show(chapter: str | None = None) -> Table:
    """The rows that `chapter` fills; without a chapter, the whole ledger with links to chapters."""
    return Table(load(chapter), chapters=chapter is None)
