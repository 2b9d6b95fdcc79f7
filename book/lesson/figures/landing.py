"""Figures of the first page: a claim beside what it comes to, and four findings as tiles."""

import html
import re
from collections import Counter
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from lesson import frames, ledger, plots
from lesson.nets.layers import softmax

WORDS = ["The", "cat", "sat", "on", "mat"]
SCORES = np.array([0.1, 0.9, 0.6, 0.7, 0.8])  # the row of "sat" in the seed text
CLAIMED = {"cat": 0.9, "mat": 0.8}  # what it says that "sat" pays them
TILE = (3.0, 1.7)  # inches


def share(*, sharpness: float) -> tuple[Figure, str]:
    """What "sat" takes from each word, beside what the seed text says.

    Args:
        sharpness: all scores are multiplied by it before the softmax.
    """
    weights = softmax(sharpness * SCORES)
    fig, ax = plt.subplots(figsize=(7.5, 2.55))
    colors = [plots.ATTENTION if word == "cat" else plots.MUTED for word in WORDS]
    for row, word in enumerate(WORDS):
        if word in CLAIMED:
            ax.barh(row, CLAIMED[word], 0.8, fill=False, edgecolor=plots.MUTED, linestyle="--")
            if weights[row] < CLAIMED[word] - 0.2:
                said = f"the page says {CLAIMED[word]:.1f} "
                ax.text(CLAIMED[word], row, said, ha="right", va="center", fontsize=13)
    bars = ax.barh(WORDS, weights, 0.62, color=colors)
    ax.bar_label(bars, [f"{w:.2f}" for w in weights], padding=4, fontsize=14, weight="bold")
    ax.set(xlim=(0, 1.08), xticks=[])
    ax.tick_params(axis="y", length=0, labelsize=14)
    cat = weights[WORDS.index("cat")]
    ax.set_title(f"“sat” takes {cat:.0%} of its input from “cat”", fontsize=15)
    ax.invert_yaxis()
    ax.spines["bottom"].set_visible(False)
    ax.grid(False)
    shares = ", ".join(f"{word} {w:.2f}" for word, w in zip(WORDS, weights, strict=True))
    return fig, (
        f"Scores times {sharpness}. What sat takes from each word: {shares}. "
        "Dashed, what the page says: cat 0.9, mat 0.8."
    )


class Tile(NamedTuple):
    """A finding: its number, what it says, the page that shows it, and its picture."""

    number: str
    says: str
    page: str
    picture: Figure
    alt: str


class Tiles:
    """Findings side by side, each a link to the page that measures it."""

    def __init__(self, tiles: list[Tile]):
        self._html = f'<div class="findings">{"".join(map(_link, tiles))}</div>'

    def _repr_html_(self) -> str:
        return self._html


def _link(tile: Tile) -> str:
    picture = frames.img(tile.picture, tile.alt)
    plt.close(tile.picture)
    return (
        f'<a class="finding" href="{tile.page}.html">{picture}'
        f'<span class="finding-number">{html.escape(tile.number)}</span> '
        f'<span class="finding-says">{html.escape(tile.says)}</span></a>'
    )


def findings() -> Tiles:
    """Four results of the course, their numbers counted here or taken from the ledger."""
    return Tiles([_matrix(), _orders(), _cache(), _verdicts()])


def _result(claim: str, pattern: str) -> list[int]:
    """The numbers that `pattern` finds in the results of a claim.

    Raises:
        ValueError: no result fits.
    """
    [entry] = [entry for entry in ledger.load() if str(entry["id"]) == claim]
    for result in entry["measured"]:
        match = re.search(pattern, result["result"])
        if match:
            return [int(number.replace(",", "")) for number in match.groups()]
    raise ValueError(f"no result of claim {claim} fits {pattern!r}; the first page shows it")


def _canvas() -> tuple[Figure, plt.Axes]:
    fig, ax = plt.subplots(figsize=TILE)
    ax.set_axis_off()
    ax.set_aspect("equal")
    return fig, ax


def _matrix(n: int = 5, d: int = 512) -> Tile:
    """The n × n part of a block's multiply-adds: 2n²d of 12nd² + 2n²d."""
    part = 2 * n**2 * d / (12 * n * d**2 + 2 * n**2 * d)
    cells = round(1 / part)  # one of as many squares
    columns = 41
    fig, ax = _canvas()
    x, y = np.arange(cells) % columns, np.arange(cells) // columns
    ax.scatter(x, -y, s=9, marker="s", color="#C9CED4", linewidth=0)
    ax.scatter(x[cells // 2], -y[cells // 2], s=60, marker="s", color=plots.ATTENTION)
    says = f"of a transformer block's work is the famous {n} × {n} matrix, for {n} words"
    alt = f"{cells} small squares, one of them coloured: the share of the attention matrix."
    return Tile(f"{part:.2%}", says, "measured", fig, alt)


def _orders() -> Tile:
    orders, states, outputs = _result("20", r"(\d+) orders .* give (\d+) states .* and (\d+) pool")
    fig, axes = plt.subplots(1, 2, figsize=TILE)
    for ax, ends, color in ((axes[0], states, plots.RNN), (axes[1], outputs, plots.ATTENTION)):
        start = np.linspace(-1, 1, orders)
        end = np.linspace(-1, 1, ends) if ends > 1 else np.zeros(1)
        for k in range(orders):
            ax.plot((0, 1), (start[k], end[k % ends]), color=color, linewidth=0.4)
        ax.scatter(np.ones(ends), end, s=4 if ends > 1 else 60, color=color)
        ax.set_axis_off()
    axes[0].set_title("RNN", fontsize=12)
    axes[1].set_title("attention", fontsize=12)
    says = f"orders of five words: {states} states of an RNN, {outputs} result of attention"
    alt = f"Lines from {orders} points: an RNN's end in {states} points, attention's in {outputs}."
    return Tile(f"{orders} → {outputs}", says, "attention", fig, alt)


def _cache() -> Tile:
    """What two models of like size keep of a text: a cache that grows, a state that does not."""
    pattern = (
        r"At ([\d,]+) tokens .* Llama 3 8B ([\d,]+) MiB; a state as in xLSTM 7B takes ([\d,]+) MiB"
    )
    tokens, cache, state = _result("31", pattern)
    side = np.sqrt(state / cache)
    fig, ax = _canvas()
    ax.add_patch(plt.Rectangle((0, 0), 1, 1, color=plots.ATTENTION))
    ax.add_patch(plt.Rectangle((1.25, 0), side, side, color=plots.RNN))
    ax.text(0.5, 0.5, f"{cache:,} MiB", ha="center", va="center", color="white", fontsize=13)
    ax.text(1.25, side + 0.05, f"{state} MiB", ha="left", va="bottom", fontsize=13)
    ax.set(xlim=(-0.05, 1.9), ylim=(-0.05, 1.05))
    says = f"the memory of xLSTM 7B’s state: what Llama 3 8B keeps of {tokens:,} tokens"
    alt = f"A square of {cache:,} MiB beside a square of {state} MiB, drawn to scale."
    return Tile(f"{cache / state:g} ×", says, "measured", fig, alt)


def _verdicts() -> Tile:
    verdicts = [entry["verdict"] for entry in ledger.load()]
    counts = Counter(verdicts)
    fig, ax = _canvas()
    ordered = sorted(verdicts, key=list(ledger.COLORS).index)
    for k, verdict in enumerate(ordered):
        place = (k % 12, -(k // 12))
        ax.add_patch(plt.Rectangle(place, 0.86, 0.86, color=ledger.COLORS[verdict]))
    ax.set(xlim=(-0.1, 12), ylim=(-3.2, 1))
    said = len(verdicts) - counts["missing"]
    says = "claims of the page are true as they stand; the others need a condition, or a correction"
    alt = ", ".join(f"{counts[v]} {v}" for v in ledger.COLORS)
    return Tile(f"{counts['true']} of {said}", says, "claim-ledger", fig, f"Squares: {alt}.")
