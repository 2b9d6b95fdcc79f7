"""The figure of the claim ledger's page."""

from collections import Counter

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from lesson import ledger, plots


def by_chapter(entries: list[dict]) -> tuple[Figure, str]:
    """A square for each claim in its chapter's row, marked with its verdict.

    Args:
        entries: what `ledger.load()` returns.
    """
    chapters = list(dict.fromkeys(entry["chapter"] for entry in entries))
    marks = {verdict: text.split()[0] for verdict, text in ledger.VERDICTS.items()}
    fig, ax = plt.subplots(figsize=(plots.WIDE[0], 0.5 * len(chapters) + 0.8))
    for row, chapter in enumerate(chapters):
        claims = [entry for entry in entries if entry["chapter"] == chapter]
        for column, entry in enumerate(claims):
            color = ledger.COLORS[entry["verdict"]]
            ax.add_patch(plt.Rectangle((column, row - 0.42), 0.9, 0.84, color=color))
            text = f"{marks[entry['verdict']]}\n{entry['id']}"
            ax.text(
                column + 0.45, row, text, ha="center", va="center", fontsize=10.5, color="white"
            )
    counts = Counter(entry["verdict"] for entry in entries)
    summary = ", ".join(f"{counts[v]} {ledger.VERDICTS[v].split(' ', 1)[1]}" for v in ledger.COLORS)
    widest = max(Counter(entry["chapter"] for entry in entries).values())
    ax.set(xlim=(-0.1, widest), ylim=(len(chapters) - 0.4, -0.6), xticks=[])
    ax.set_yticks(range(len(chapters)), [chapter.replace("-", " ") for chapter in chapters])
    ax.set_title(f"{len(entries)} claims:\n{summary}", fontsize=10.5, loc="left", x=0)
    ax.tick_params(length=0)
    ax.grid(False)
    ax.spines[:].set_visible(False)
    return fig, (
        f"One square a claim, a row for each chapter, coloured by verdict. Of {len(entries)} "
        f"claims: {summary}."
    )
