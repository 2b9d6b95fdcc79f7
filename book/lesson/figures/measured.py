"""Figures of the chapter "The engineering differences, measured"."""

import itertools
from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from lesson import plots, timings

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
    """Multiply-adds of a block, split into its parts, and of an RNN layer with as many weights.

    Args:
        rnn_macs: (n, d) -> multiply-adds of the RNN layer as large as the block of width d.
        block_macs: (n, d) -> those of the block's parts, by name; the one named "n × n" is the
            attention matrix's.
        n, d: words and width of the block.
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
    top.barh(0, rnn / total, color=plots.RNN, height=0.6)
    top.text(0.01, 0, f"{si(rnn)} multiply-adds", va="center", color="white")
    top.set(xlim=(0, 1.001), xticks=[], yticks=[0, 1], yticklabels=["RNN", "block"])
    top.set_title(f"n = {n}, d = {d}: {total / rnn:.3f} times the RNN's work")
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
        f"{n} words, a block of width {d} and an RNN layer with as many weights: the block does "
        f"{total / rnn:.3f} times the RNN's work; {shares}."
    )


def times(*, task: str, texts: int) -> tuple[Figure, str]:
    """The recorded times per word of all layers against the words, with the crossings marked.

    Args:
        task: as `lesson.timings.times` takes it.
        texts: how many at once.
    """
    fig, ax = plt.subplots(figsize=(plots.WIDE[0], 3.8))
    table = {net: timings.times(task, texts, net) for net in timings.nets()}
    attention = table["attention block"]
    colours = (plots.RNN, plots.LSTM, plots.ACCENT, plots.ATTENTION)
    ends, crossed = [], []
    # logarithms on plain axes: a log axis takes matplotlib most of a second to lay out
    for (net, by_n), colour in zip(table.items(), colours, strict=True):
        x = np.log2(list(by_n))
        words = texts * (np.ones(len(by_n)) if task == "one more word" else np.array(list(by_n)))
        middle, low, high = np.log10(1000 * np.array(list(by_n.values())).T / words)
        ax.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
        ax.plot(x, middle, color=colour, lw=2.5 if by_n is attention else 1.5)
        ends.append([middle[-1], colour, net])
        for n in timings.crossings(attention, by_n) if by_n is not attention else []:
            height = np.interp(np.log2(n), x, middle)
            ax.plot(np.log2(n), height, "o", color="black", ms=6, zorder=4)
            crossed.append(f"{net} at {n:,.0f} words")
    ends.sort()
    for lower, upper in itertools.pairwise(ends):  # labels may not cover each other
        upper[0] = max(upper[0], lower[0] + 0.09 * np.diff(ax.get_ylim())[0])
    for height, colour, net in ends:
        ax.text(x[-1] + 0.2, height, net, color=colour, va="center", fontsize=10.5)
    powers = range(int(np.floor(ax.get_ylim()[0])), int(np.ceil(ax.get_ylim()[1])) + 1)
    ax.set_yticks(powers, [f"{10.0**p:g} µs" for p in powers])
    ax.set_xticks([4, 7, 10, 13], ["16", "128", "1,024", "8,192"])
    ax.set(xlabel="words", ylabel="time per word", xlim=(2, x[-1] + 4.6))
    what = f"{task}, {texts} text{'s' * (texts > 1)}"
    marked = f"crossings: {len(crossed)}" if crossed else "no crossing"
    ax.set_title(f"{what}; {marked}")
    said = "; ".join(
        f"{net} {by_n[min(by_n)][0]:g} ms for {min(by_n)} words, {by_n[max(by_n)][0]:g} for "
        f"{max(by_n):,}"
        for net, by_n in table.items()
    )
    meets = (
        "The attention block's line crosses: " + ", ".join(crossed)
        if crossed
        else ("The attention block's line crosses no other")
    )
    return fig, f"{what}, one core. {said}. {meets}."


def reading_one_token(
    bytes_read: Callable[..., Mapping[str, float]],
    *,
    model: str,
    users: int,
    groups: int,
    bytes_each: int,
) -> tuple[Figure, str]:
    """What is read from memory to write one token for each user, against the tokens before it.

    Args:
        bytes_read: (n, model, users, groups, bytes_each) -> bytes of "weights", "cache", "state".
        model, users, groups, bytes_each: what is shown; `bytes_each` is of a number in the cache.
    """
    ns = 2 ** np.arange(8, 21)
    table = [bytes_read(n, model, users, groups, bytes_each) for n in ns]
    weights, token = table[0]["weights"], table[0]["cache"] / ns[0]
    equal = weights / token
    fig, ax = plt.subplots(figsize=(plots.WIDE[0], 3.5))
    names = {"weights": plots.BLOCK, "cache": plots.ATTENTION, "state": plots.RNN}
    for name, colour in names.items():
        heights = np.log10([row[name] for row in table])
        ax.plot(np.log2(ns), heights, color=colour)
        ax.text(20.2, heights[-1], name, color=colour, va="center")
    if ns[0] <= equal <= ns[-1]:
        ax.plot(np.log2(equal), np.log10(weights), "o", color="black", zorder=4)
    ax.axvline(np.log2(equal), color=plots.MUTED, linestyle="--", linewidth=1)
    ax.set_xticks([8, 12, 16, 20], ["256", "4,096", "65,536", "1,048,576"])
    ax.set_yticks(range(7, 15, 2), ["10 MB", "1 GB", "100 GB", "10 TB"])
    ax.set(xlim=(8, 22.6), ylim=(6.6, 14), xlabel="tokens before, for each user")
    ax.set_title(f"as much cache is read as weights at {equal:,.0f} tokens")
    shown = f"{model}, {users} users, {groups} query heads to a key, {bytes_each} bytes a number"
    return fig, (
        f"{shown}: {si(weights)}B of weights for all users together, {si(token)}B of cache for "
        f"each token before; equal at {equal:,.0f} tokens. A recurrent state is "
        f"{si(table[0]['state'])}B at any length."
    )


def gradients(
    rnns: Mapping[float, np.ndarray],
    lstms: Mapping[float, np.ndarray],
    attention: np.ndarray,
    *,
    radius: float,
    forget_bias: float,
) -> tuple[Figure, str]:
    """How much gradient arrives from some words ago, relative to the last word's.

    Args:
        rnns, lstms: relative gradient norms (n,), index = words ago, by radius and forget bias.
        attention: the same for an attention block.
        radius, forget_bias: of the RNN and of the LSTM that are shown.
    """
    rnn, lstm = rnns[radius], lstms[forget_bias]
    distance = np.arange(len(rnn))
    fig, ax = plt.subplots(figsize=(plots.WIDE[0], 3.6))
    lines = (
        (attention, plots.ATTENTION, "attention"),
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

    def said(values):
        return ", ".join(f"{values[k]:.0e}" for k in (10, 20, 50))

    return fig, (
        f"Relative gradient 10, 20 and 50 words ago. RNN of radius {radius:g}: {said(rnn)}. LSTM "
        f"of forget bias {forget_bias:g}: {said(lstm)}. Attention: {said(attention)}."
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
