"""Figures of the chapter "The engineering differences, measured"."""

import itertools
from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from lesson import plots

FLOOR = 1e-8  # gradients below this are drawn at the bottom edge


def si(number: float) -> str:
    """`number` to three digits with k, M, G or T."""
    for factor, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= factor:
            return f"{number / factor:.3g} {letter}"
    return f"{number:.3g} "


def work(
    rnn_macs: Callable[[int, int], int],
    block_macs: Callable[[int, int], Mapping[str, int]],
    *,
    n: int,
    d: int,
) -> tuple[Figure, str]:
    """Multiply-adds of one RNN layer and of one block, split into its parts.

    Args:
        rnn_macs: (n, d) -> multiply-adds of the RNN layer.
        block_macs: (n, d) -> those of the block's parts, by name; the one named "n × n" is the
            attention matrix's.
        n, d: words and width.
    """
    rnn, parts = rnn_macs(n, d), block_macs(n, d)
    fig, (top, bottom) = plt.subplots(2, 1, figsize=(plots.WIDE[0], 3.4), height_ratios=[3, 2])
    total = sum(parts.values())
    colours = dict(zip(parts, ("#F0B78A", plots.ATTENTION, plots.BLOCK), strict=True))
    left = 0.0
    for name, macs in parts.items():
        share = macs / total
        top.barh(1, share, left=left, color=colours[name], height=0.6)
        if share > 0.12:
            top.text(left + share / 2, 1, f"{name}\n{share:.0%}", ha="center", va="center")
        left += share
    top.barh(0, min(rnn / total, 1), color=plots.RNN, height=0.6)
    top.text(rnn / total + 0.01, 0, f"{si(rnn)} multiply-adds", va="center")
    top.set(xlim=(0, 1.001), xticks=[], yticks=[0, 1], yticklabels=["RNN", "block"])
    top.set_title(f"n = {n}, d = {d}: the block does {total / rnn:.3g}× the RNN's work")
    top.grid(False)
    top.spines["bottom"].set_visible(False)

    ns = np.geomspace(4, 8192, 60)
    bottom.plot(ns, 2 * ns / (12 * d + 2 * ns), color=plots.ATTENTION)
    bottom.plot([n], [parts["n × n"] / total], "o", color=plots.ATTENTION, markersize=9)
    bottom.axvline(6 * d, color=plots.MUTED, linestyle="--", linewidth=1)
    bottom.text(6 * d * 0.93, 0.75, f"6d = {6 * d}", ha="right", color=plots.MUTED)
    bottom.set(xscale="log", xlim=(4, 8192), ylim=(0, 1), yticks=[0, 0.5, 1])
    bottom.set(ylabel="n × n share", xlabel="words n")
    shares = ", ".join(f"{name} {macs / total:.2%}" for name, macs in parts.items())
    return fig, (
        f"{n} words of width {d}: the block does {total / rnn:.3g} times the RNN's work; {shares}."
    )


def held(
    bytes_held: Callable[[int, str], Mapping[str, float]], *, tokens: int, model: str
) -> tuple[Figure, str]:
    """The bytes that `bytes_held(tokens, model)` names, as bars on a log axis."""
    sizes = bytes_held(tokens, model)
    fig, ax = plt.subplots(figsize=(plots.WIDE[0], 2.6))
    names, values = list(sizes), np.array(list(sizes.values()))
    ax.barh(names, values, color=[plots.ATTENTION, "#F0B78A", plots.RNN], height=0.6)
    for row, value in enumerate(values):
        ax.text(value * 1.3, row, f"{si(value)}B", va="center")
    ax.set(xscale="log", xlim=(1e3, 1e16), xticks=[1e3, 1e6, 1e9, 1e12])
    ax.set_xticklabels(["1 kB", "1 MB", "1 GB", "1 TB"])
    ax.set_title(f"{model}, {tokens:,} tokens")
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    bars = ", ".join(f"{name} {si(size)}B" for name, size in sizes.items())
    return fig, f"{model}, {tokens} tokens: {bars}."


def gradients(
    rnns: Mapping[float, np.ndarray],
    lstms: Mapping[float, np.ndarray],
    *,
    radius: float,
    forget_bias: float,
) -> tuple[Figure, str]:
    """How much gradient arrives from some words ago, relative to the last word's.

    Args:
        rnns, lstms: relative gradient norms (n,), index = words ago, by radius and forget bias;
            attention's is 1 at every distance.
        radius, forget_bias: of the RNN and of the LSTM that are shown.
    """
    rnn, lstm = rnns[radius], lstms[forget_bias]
    distance = np.arange(len(rnn))
    fig, ax = plt.subplots(figsize=(plots.WIDE[0], 3.6))
    lines = (
        (np.ones(len(distance)), plots.ATTENTION, "attention"),
        (rnn, plots.RNN, f"RNN {radius:g}"),
        (lstm, plots.LSTM, f"LSTM {forget_bias:g}"),
    )
    ends = []
    for values, colour, name in lines:
        shown = values.clip(FLOOR, 1e4)
        ax.plot(distance, shown, color=colour)
        ends.append([max(np.log10(shown[-1]), np.log10(FLOOR) + 0.4), colour, name])
    ends.sort()
    for lower, upper in itertools.pairwise(ends):  # labels may not cover each other
        upper[0] = max(upper[0], lower[0] + 0.8)
    for height, colour, name in ends:
        ax.text(distance[-1] + 1, 10.0**height, name, color=colour, va="center")
    ax.set(yscale="log", xlim=(0, distance[-1] + 12), ylim=(FLOOR, 1e4))
    ax.set(xticks=range(0, 51, 10), xlabel="words ago", ylabel="gradient, last word = 1")
    ax.set_title(f"Gradient 20 words ago: RNN {rnn[20]:.1e}, LSTM {lstm[20]:.1e}")
    return fig, (
        f"Relative gradient 10, 20 and 50 words ago. RNN of radius {radius:g}: "
        + ", ".join(f"{rnn[k]:.0e}" for k in (10, 20, 50))
        + f". LSTM of forget bias {forget_bias:g}: "
        + ", ".join(f"{lstm[k]:.0e}" for k in (10, 20, 50))
        + ". Attention: 1 at every distance."
    )


def recalled(
    table: Mapping[int, Mapping[str, Sequence[float]]], models: Sequence[str], *, T: int
) -> tuple[Figure, str]:
    """One dot a seed: accuracy in naming the first of `T` words, for each of `models`."""
    runs = {model: table[T][model] for model in models}
    fig, ax = plt.subplots(figsize=(plots.WIDE[0], 3.0))
    colours = (plots.RNN, plots.RNN, plots.LSTM, plots.ATTENTION, plots.MUTED)
    for row, ((_, dots), colour) in enumerate(zip(runs.items(), colours, strict=True)):
        ax.plot([min(dots), max(dots)], [row, row], color=colour, linewidth=1)
        ax.plot(dots, [row] * len(dots), "o", color=colour, markersize=9, alpha=0.7)
        ax.text(1.06, row, f"{np.mean(dots):.2f}", va="center", color=colour)
    ax.axvline(1 / 8, color=plots.MUTED, linestyle="--", linewidth=1)
    ax.text(1 / 8, -0.7, " chance", color=plots.MUTED)
    ax.set(yticks=range(len(runs)), yticklabels=runs, xlim=(0, 1.18), ylim=(len(runs) - 0.5, -1))
    ax.set(
        xticks=[0, 0.25, 0.5, 0.75, 1], xlabel="accuracy; one dot a seed, their mean at the right"
    )
    ax.set_title(f"Name the first of {T} words")
    parts = "; ".join(f"{m} " + ", ".join(f"{a:.2f}" for a in dots) for m, dots in runs.items())
    return fig, f"Accuracy in naming the first of {T} words, one number a seed: {parts}."
