"""What chapter 2, the RNN loop, draws."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from lesson import plots

WAITS, FREE = plots.RNN, plots.MUTED  # what must wait for the step before, and what need not


def unrolled(names: Sequence[str]) -> tuple[Figure, str]:
    """The loop drawn once a word: one copy of the same cell for each."""
    fig, ax = plt.subplots(figsize=(plots.WIDE[0], 3.0))
    box = {"boxstyle": "round,pad=0.45", "facecolor": "white"}
    for t, name in enumerate(names):
        x = 2.0 * t
        for y, text, colour in (
            (0, name, FREE),
            (1.5, "cell", "black"),
            (3, f"$h_{t + 1}$", WAITS),
        ):
            ax.text(x, y, text, ha="center", va="center", bbox=box | {"edgecolor": colour})
        plots.arrow(ax, (x, 0.35), (x, 1.15), FREE)
        plots.arrow(ax, (x, 1.85), (x, 2.6), "black")
        plots.arrow(ax, (x - 1.55, 1.5), (x - 0.45, 1.5), WAITS)
        ax.text(x - 1, 1.72, f"$h_{t}$", ha="center", color=WAITS)
    last = 2.0 * (len(names) - 1)
    ax.text(last + 0.75, 0.72, "$x_t W_{xh}$: all at once", color=FREE, va="center")
    ax.text(last + 0.75, 1.5, "$h_{t-1} W_{hh}$: waits", color=WAITS, va="center")
    ax.set(xlim=(-1.7, last + 3.6), ylim=(-0.5, 3.5))
    ax.axis("off")
    return fig, (
        f"The loop unrolled over {len(names)} words. Each word feeds a copy of the cell, "
        "and each cell hands its state to the next, which has to wait for it."
    )


def states(
    states: np.ndarray, share: np.ndarray, names: Sequence[str], title: str
) -> tuple[Figure, str]:
    """The states as colour strips, and beside each how much of it came from memory.

    Args:
        states: (n, H) hidden states.
        share: (n,) memory's part in what entered the tanh, 0 to 1.
    """
    fig, (left, right) = plt.subplots(
        1, 2, sharey=True, width_ratios=(4, 1), figsize=(plots.WIDE[0], 2.7)
    )
    plots.strips(left, states, [f"after “{name}”" for name in names])
    left.set(xlabel=f"{states.shape[1]} numbers of the state (purple +1, orange −1)")
    fig.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    rows = np.arange(len(names)) + 0.5
    right.barh(rows, share, color=WAITS, height=0.6)
    right.set(xlim=(0, 1), xticks=[0, 0.5, 1], xticklabels=["0", "½", "1"], xlabel="from memory")
    right.tick_params(axis="y", length=0, labelleft=False)
    right.grid(axis="y", visible=False)
    return fig, f"Five strips of {states.shape[1]} colours; {title}."


def two_orders(
    a: np.ndarray, b: np.ndarray, a_names: Sequence[str], b_names: Sequence[str], title: str
) -> tuple[Figure, str]:
    """The states of one sentence in two word orders, row under row, with their distances."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(plots.WIDE[0], 2.7))
    for ax, values, names in ((left, a, a_names), (right, b, b_names)):
        plots.strips(ax, values, names)
    for row, gap in enumerate(np.linalg.norm(a - b, axis=1)):
        right.text(
            b.shape[1] + 0.6, row + 0.5, "same" if gap == 0 else f"{gap:.1f} apart",
            va="center", color=plots.MUTED if gap == 0 else WAITS,
        )  # fmt: skip
    fig.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    return fig, f"The states in both orders; {title}."
