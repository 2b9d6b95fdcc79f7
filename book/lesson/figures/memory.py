"""Figures of the chapter "What happens in memory"."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from lesson import plots

SHOWN = 24  # words ago; beyond that every network of the chapter is at chance
FLOOR = 1e-6  # gradients below this are drawn at the bottom edge
CHANCE = 1 / 32

Drawn = tuple[Figure, str]
# Accuracy, capacity and gradient (n,), index = words ago: the share of words that are read back,
# the numbers recovered, and the gradient relative to the last word's.
Probed = tuple[np.ndarray, np.ndarray, np.ndarray]


def bound(sizes: Sequence[int], totals: Sequence[float], d: int = 8) -> Drawn:
    """Capacity of networks of several sizes against the bound.

    Args:
        sizes: hidden sizes H.
        totals: capacity, numbers recovered over all distances, of each.
        d: numbers a word.
    """
    fig, ax = plt.subplots(figsize=(plots.WIDE[0], 2.6))
    rows = np.arange(len(sizes))
    ax.barh(rows, sizes, color="white", edgecolor=plots.MUTED, linestyle="--", height=0.7)
    ax.barh(rows, totals, color=plots.RNN, height=0.7)
    for row, (H, total) in enumerate(zip(sizes, totals, strict=True)):
        ax.text(H + 1.5, row, f"{total:.1f} of {H}", va="center")
    ax.set(
        yticks=rows, yticklabels=[f"H = {H}" for H in sizes], xlim=(0, max(sizes) * 1.17),
        xlabel="numbers of the past that a probe recovers (dashed: bound)",
        title=f"{sizes[-1]} random units use {totals[-1] / sizes[-1]:.0%} of their capacity",
    )  # fmt: skip
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    parts = ", ".join(f"{t:.1f} of {H}" for H, t in zip(sizes, totals, strict=True))
    return fig, f"Bars of recovered numbers, each inside a dashed bar for its bound: {parts}."


def recall(
    results: Mapping[tuple[float, float], Probed], *, radius: float, input_scale: float, H: int = 64
) -> Drawn:
    """Which words a probe reads back, above how much gradient reaches them.

    Args:
        results: of each network, by spectral radius and input scale.
        radius, input_scale: of the network that is shown.
        H: its hidden size, for words of 8 numbers.
    """
    accuracy, capacity, gradient = results[radius, input_scale]
    fig, (top, bottom) = plt.subplots(
        2, 1, figsize=(plots.WIDE[0], 4.4), sharex=True, height_ratios=[3, 2], layout="none"
    )
    fig.subplots_adjust(left=0.12, right=0.99, top=0.92, bottom=0.12, hspace=0.12)
    ago = np.arange(SHOWN)
    right = accuracy[:SHOWN] >= 0.5
    top.bar(ago, accuracy[:SHOWN], color=np.where(right, plots.RNN, "#9CC6E0"), width=0.8)
    top.axvline(H / 8 - 0.5, color=plots.ATTENTION, linestyle="--")
    side, shift = ("right", -0.7) if H > 100 else ("left", -0.3)  # inside the axes
    text = f"{H // 8} words fill {H} numbers"
    top.text(H / 8 + shift, 1.05, text, color=plots.ATTENTION, ha=side)
    top.axhline(CHANCE, color=plots.MUTED, linewidth=1)
    top.set(ylim=(0, 1.15), yticks=[0, 0.5, 1], ylabel="read back right")
    title = (
        f"radius {radius:g}, input × {input_scale:g}: capacity {capacity.sum():.0f} of {H}, "
        f"last word {accuracy[0]:.0%}"
    )
    top.set_title(title, fontsize=11)
    size = np.maximum(gradient[:SHOWN], FLOOR)
    bottom.plot(ago, size, "o-", color=plots.ACCENT, markersize=4)
    bottom.set(
        yscale="log", ylim=(FLOOR, 20), xlim=(-0.7, SHOWN - 0.3),
        ylabel="gradient", xlabel="words ago (0 = the last word)",
    )  # fmt: skip
    bottom.set_yticks([1e-6, 1e-4, 1e-2, 1], ["10⁻⁶", "10⁻⁴", "0.01", "1"])
    bottom.minorticks_off()
    half = int((accuracy >= 0.5).sum())
    return fig, (
        f"A random RNN of {H} units, radius {radius:g}, input scale {input_scale:g}. Bars: "
        f"{accuracy[0]:.0%} of last words are read back, and {half} distances reach one half; the "
        f"bound for whole words is {H // 8}. Capacity {capacity.sum():.0f} of {H}. Below, a curve: "
        f"the gradient to the word 20 ago is {gradient[20]:.0e} of that to the last."
    )


def trained(curves: Mapping[str, np.ndarray]) -> Drawn:
    """Which characters of a novel a probe reads back, before training and after.

    Args:
        curves: shares read right (n,), index = characters ago, by "rnn, trained" and the like; the
            one without a comma is what can be guessed.
    """
    colours = {"rnn": plots.RNN, "lstm": plots.LSTM}
    fig, ax = plt.subplots(figsize=(plots.WIDE[0], 3.4))
    for name, shares in curves.items():
        net, _, kind = name.partition(", ")
        label = name if kind in ("", "trained") else f"{net}, untrained" if "0" in kind else None
        line = ":" if not kind else "-" if kind == "trained" else "--"
        ago = np.arange(1, len(shares) + 1)
        ax.plot(ago, shares, line, color=colours.get(net, plots.MUTED), label=label)
    ax.set(xlim=(1, len(ago)), ylim=(0, 1.03), xlabel="characters back", ylabel="read back right")
    ax.set_title("What the state still knows of a novel", fontsize=11)
    ax.legend(loc="upper right")
    said = "; ".join(f"{name} {shares[3]:.2f}" for name, shares in curves.items())
    return fig, (
        "Falling curves: the share of characters read back, by how many characters ago they came. "
        f"Of the fourth last: {said}."
    )
