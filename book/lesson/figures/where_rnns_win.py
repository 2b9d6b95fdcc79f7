"""Figures of the chapter "Where RNNs still win"."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from data import learn
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lesson import plots

# From white (chance) to the blue of RNNs (all right): lightness alone tells them apart.
SHARE = LinearSegmentedColormap.from_list("share", ["#FFFFFF", "#9CC9E8", plots.RNN, "#00314F"])
LABELS = {
    "rnn": "tanh RNN",
    "lstm": "LSTM",
    "gated": "scan, factors\nin (0, 1)",
    "gated, signed": "scan, factors\nin (−1, 1)",
    "delta": "scan of\nreflections",
    "transformer": "transformer,\nrotary",
    "transformer without positions": "transformer,\nno positions",
    "hybrid": "hybrid: scan,\nattention",
}
SHOWN = (learn.TRAINED, learn.LENGTHS[-1])  # trained length, longest tested


def learned(
    cells: Mapping[tuple[str, str], learn.Cell], chance: Mapping[str, float]
) -> tuple[Figure, str]:
    """The map of tasks (columns) and nets (rows), each at the trained and at the longest length.

    In a square: the median accuracy in per cent above "k of n runs solved it"; the colour goes from
    chance to 100 %.

    Args:
        cells: (task, net) -> its runs.
        chance: task -> the accuracy of guessing.
    """
    fig, ax = plt.subplots(figsize=(plots.WIDE[0], 4.9))
    for row, net in enumerate(LABELS):
        for column, task in enumerate(learn.TASKS):
            for half, length in enumerate(SHOWN):
                _square(ax, cells[task, net], length, chance[task], (2 * column + half, row))
    for column in range(1, len(learn.TASKS)):
        ax.axvline(2 * column, color="black", linewidth=1.5)
    for row in (2, 5, 7):  # loops, scans, transformers, hybrid
        ax.axhline(row, color="black", linewidth=1.5)
    ax.set(xlim=(0, 2 * len(learn.TASKS)), ylim=(len(LABELS), 0))
    ax.set_yticks([row + 0.5 for row in range(len(LABELS))], list(LABELS.values()))
    heads = [f"{task}\n{SHOWN[0]}    {SHOWN[1]}" for task in learn.TASKS]
    ax.set_xticks([2 * column + 1 for column in range(len(learn.TASKS))], heads)
    ax.xaxis.tick_top()
    ax.tick_params(length=0, labelsize=10.5)
    ax.grid(False)
    ax.spines[:].set_visible(False)
    fig.suptitle(
        f"Trained at length {SHOWN[0]}, tested at {SHOWN[0]} and at {SHOWN[1]}: per cent right,\n"
        f"and runs with {learn.SOLVED:.0%} or more; white is chance",
        x=0.01, ha="left", fontsize=11, fontweight="bold",
    )  # fmt: skip
    said = ". ".join(f"{LABELS[net]}: {_row(cells, net)}" for net in LABELS).replace("\n", " ")
    return fig, (
        f"A map of eight nets and five tasks: per cent right at length {SHOWN[0]}, then at "
        f"{SHOWN[1]}. {said}."
    )


def _square(ax, cell: learn.Cell, length: int, chance: float, at: tuple[float, float]) -> None:
    right = cell.median(length)
    share = max(0.0, (right - chance) / (1 - chance))
    ax.add_patch(Rectangle(at, 1, 1, facecolor=SHARE(share), edgecolor="white", linewidth=1.5))
    linear = np.power(SHARE(share)[:3], 2.2)  # of the screen's red, green and blue
    light = linear @ [0.2126, 0.7152, 0.0722]
    colour = "white" if light < 0.18 else "black"  # 4.5:1 or more either way
    x, y = at[0] + 0.5, at[1]
    ax.text(x, y + 0.34, f"{100 * right:.0f}", ha="center", va="center", color=colour,
            fontsize=12, fontweight="bold")  # fmt: skip
    ax.text(x, y + 0.74, f"{cell.solved(length)}/{cell.n}", ha="center", va="center",
            color=colour, fontsize=10.5)  # fmt: skip


def _row(cells: Mapping[tuple[str, str], learn.Cell], net: str) -> str:
    parts = []
    for task in learn.TASKS:
        short, long = (100 * cells[task, net].median(length) for length in SHOWN)
        parts.append(f"{task} {short:.0f}, {long:.0f}")
    return "; ".join(parts)
