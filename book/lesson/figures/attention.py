"""Figures of the chapter on attention.

Axes stand at fixed places, so that nothing jumps from frame to frame.
"""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from lesson import plots

Drawn = tuple[Figure, str]


def _figure(
    title: str, height: float, *boxes: tuple[float, float, float, float]
) -> tuple[Figure, list[Axes]]:
    """A figure with its finding as title and axes at the given boxes (x, y, width, height)."""
    fig = plt.figure(figsize=(plots.WIDE[0], height))
    fig.set_layout_engine("none")  # given to plt.figure it would be forgotten at the first savefig
    fig.text(0.01, 0.985, title, va="top", fontsize=12, weight="bold")
    return fig, [fig.add_axes(box) for box in boxes]


def _bars(ax: Axes, values: np.ndarray, end: float, digits: int) -> None:
    """Horizontal bars from top to bottom, the longest picked out, each with its number."""
    top = values.argmax()
    colours = [plots.ATTENTION if j == top else plots.ACCENT for j in range(len(values))]
    ax.barh(range(len(values)), values, color=colours, height=0.66)
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
    for j, value in enumerate(values):
        ax.text(value + 0.015 * end, j, f"{value:.{digits}f}", va="center", bbox=paper)
    ax.set(xlim=(0, end), ylim=(len(values) - 0.5, -0.5))
    ax.grid(axis="y", visible=False)
    ax.tick_params(axis="y", length=0)


def _subtitle(ax: Axes, text: str) -> None:
    ax.set_title(text, fontsize=11, weight="normal")


def entropy(row: np.ndarray) -> float:
    """Entropy of weights that sum to 1, in bits: log2(n) when all are equal."""
    row = row[row > 0]
    return float(-(row * np.log2(row)).sum())


def one_reader(Q: np.ndarray, K: np.ndarray, words: Sequence[str], *, reader: str) -> Drawn:
    """How one word reads all words: its query meets each key, and the weights mix the values.

    Args:
        Q, K: (n, d_k).
        words: n labels, all different.
        reader: the word that reads.
    """
    scores = Q @ K.T / np.sqrt(K.shape[1])
    weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    ends = 2.0 * len(words) - 2.0
    box = {"boxstyle": "round,pad=0.3", "facecolor": "white"}
    i = list(words).index(reader)
    fig = plt.figure(figsize=(plots.WIDE[0], 4.2))
    fig.set_layout_engine("none")
    ax = fig.add_axes((0, 0, 1, 1))

    def boxed(x: float, y: float, text: str, colour: str) -> None:
        ax.text(x, y, text, ha="center", va="center", bbox=box | {"edgecolor": colour})

    ax.plot((-0.5, max(ends - 0.5, 2.0 * i)), (1.9, 1.9), color=plots.RNN)
    for j, (word, score, weight) in enumerate(zip(words, scores[i], weights[i], strict=True)):
        x, made = 2.0 * j, [(-0.5, "$k$", plots.MUTED), (0.5, "$v$", plots.ATTENTION)]
        if j == i:
            made.append((0, "$q$", plots.RNN))
            ax.plot((x, x), (1.0, 1.9), color=plots.RNN)
        ax.plot((x - 0.5, x - 0.5), (1.0, 1.9), color=plots.MUTED, lw=1)
        ax.plot((x + 0.5, x + 0.5), (1.0, 2.5), color=plots.ATTENTION, lw=1)
        ax.plot(
            (x + 0.5, x + 0.5, 2.0 * i), (2.45, 2.8, 3.7), color=plots.ATTENTION,
            lw=14 * weight, solid_capstyle="butt", solid_joinstyle="round",
        )  # fmt: skip
        ax.text(x + 0.35, 2.6, f"{weight:.2f}", ha="right", va="center", weight="bold")
        for side, name, colour in made:
            ax.plot((x, x + side), (0.1, 1.0), color=colour, lw=1)
            boxed(x + side, 1.0, name, colour)
        boxed(x - 0.5, 1.9, f"{score.round(1) + 0:.1f}".replace("-", "−"), plots.RNN)
        boxed(x, 0.1, word, plots.RNN if j == i else plots.MUTED)
    boxed(2.0 * i, 3.85, "output", plots.ATTENTION)
    for y, text, colour in (
        (1.9, "scores\n$q\\cdot k\\,/\\sqrt{d_k}$", plots.RNN),
        (2.6, "weights", "black"),
        (3.3, "values,\nmixed", plots.ATTENTION),
    ):
        ax.text(ends + 0.9, y, text, va="center", color=colour)
    ax.set(xlim=(-1.1, ends + 2.6), ylim=(-0.3, 4.2))
    ax.axis("off")
    shares = ", ".join(f"{word} {w:.2f}" for word, w in zip(words, weights[i], strict=True))
    return fig, (
        f"The query of {reader} meets the keys of all {len(words)} words at once. Softmax "
        f"makes weights of the scores: {shares}. With them the values are mixed into one."
    )


def reader_row(
    scores: np.ndarray,
    softmax: Callable[[np.ndarray], np.ndarray],
    words: Sequence[str],
    *,
    sharpness: float,
    reader: str,
) -> Drawn:
    """All weights as a matrix, one reader's row as bars, and how even that row is.

    Args:
        scores: (n, n), before the softmax.
        softmax: turns scores into weights, row by row.
        words: n labels, all different.
        sharpness: what the scores are multiplied by.
        reader: the word whose row is shown.
    """
    n, even = len(words), 1 / len(words)
    weights, i = softmax(sharpness * scores), list(words).index(reader)
    row = weights[i]
    fig, (left, right) = _figure(
        f"“{reader}” takes {row.max():.0%} of its input from “{words[row.argmax()]}” "
        f"(even shares: {even:.0%})",
        4.1, (0.13, 0.10, 0.37, 0.70), (0.66, 0.10, 0.33, 0.70),
    )  # fmt: skip
    plots.heatmap(left, weights, words, words, vmax=1)
    frame = Rectangle((0.03, i + 0.03), n - 0.06, 0.94, fill=False, lw=2.5, ec=plots.RNN)
    left.add_patch(frame)
    fig.text(0.13, 0.02, f"softmax({sharpness:g} × scores)", color=plots.MUTED)
    _bars(right, row, 1.15, 3)
    right.axvline(even, color="black", lw=1, ls=":")
    right.set_yticks(range(n), [f"{w}  {s:g}" for w, s in zip(words, scores[i], strict=True)])
    right.set_xticks([0, even, 0.5, 1], ["0", "even", "0.5", "1"])
    spread = f"{entropy(row):.2f} of {np.log2(n):.2f} bits"
    _subtitle(right, f"row “{reader}”: score, weight\nspread {spread}")
    shares = ", ".join(f"{word} {w:.2f}" for word, w in zip(words, row, strict=True))
    return fig, (
        f"Scores times {sharpness:g}: {reader} takes {shares}. The spread of this row is {spread}."
    )


def saturation(
    measured: Mapping[tuple[int, bool], tuple[np.ndarray, np.ndarray]], *, width: int, scaled: bool
) -> Drawn:
    """How the top weight is distributed at one d_k, and the slope of the softmax at all of them.

    Args:
        measured: (d_k, scaled) -> the largest weight of each reader, and the slope of its
            softmax, (readers,) each.
        width: the d_k that is shown.
        scaled: whether scores are divided by √d_k.
    """
    d_ks = sorted({d_k for d_k, _ in measured})
    means = {kind: [measured[d_k, kind][1].mean() for d_k in d_ks] for kind in (False, True)}
    medians = [np.median(measured[d_k, False][1]) for d_k in d_ks]
    weights, slopes = measured[width, scaled]
    slope, median = slopes.mean(), np.median(slopes)
    colour = plots.RNN if scaled else plots.ATTENTION
    fig, (left, right) = _figure(
        f"d_k = {width}, {'divided by √d_k' if scaled else 'not divided'}: "
        f"the top one of 16 keys takes {weights.mean():.2f}",
        3.6, (0.12, 0.15, 0.34, 0.70), (0.62, 0.15, 0.36, 0.70),
    )  # fmt: skip
    share, edges = np.histogram(weights, bins=20, range=(0, 1))
    left.stairs(share / share.sum(), edges, fill=True, color=colour)
    left.axvline(weights.mean(), color="black", lw=1.2)
    left.set(xlim=(0, 1), ylim=(0, 1), xlabel="top weight of a reader")
    left.set_ylabel("share of readers")
    for kind, name, y in ((True, "divided by √d_k", 0.45), (False, "not divided", 7e-3)):
        line = plots.RNN if kind else plots.ATTENTION
        right.loglog(d_ks, means[kind], color=line, alpha=1 if kind is scaled else 0.4)
        right.text(1.1, y, name, color=line, ha="left")
    right.loglog(d_ks, medians, color=plots.ATTENTION, ls=":", alpha=0.4 if scaled else 1)
    right.text(60, 1e-4, "its median", color=plots.ATTENTION, ha="center")
    right.plot(width, slope, "o", ms=9, color=colour, mec="black")
    right.annotate(
        f"{slope:.2g}", (width, slope), xytext=(4 if width < 8 else -8, -16),
        textcoords="offset points", ha="left" if width < 8 else "right", weight="bold",
    )  # fmt: skip
    right.set(xlabel="d_k", ylabel="mean slope of the softmax", ylim=(1e-6, 1.5))
    right.set_yticks([1e-6, 1e-4, 1e-2, 1])
    right.minorticks_off()
    low, high = np.quantile(weights, [0.1, 0.9])
    return fig, (
        f"d_k {width}, scores {'divided by the root of d_k' if scaled else 'not divided'}: the "
        f"top weight is {weights.mean():.2f} on average, for most readers {low:.2f} to "
        f"{high:.2f}; the slope of the softmax has a mean of {slope:.2g} and a median "
        f"of {median:.2g}. Divided, both stay near 0.3 at all widths; not divided, the mean falls "
        f"to {means[False][-1]:.2g} and the median to {medians[-1]:.2g}."
    )


def reordering(
    outputs: Callable[..., tuple[np.ndarray, np.ndarray, list[int]]],
    words: Sequence[str],
    **switches: object,
) -> Drawn:
    """Outputs for a sentence, for the same words in another order, and how much each changed.

    Args:
        outputs: called with the switches of the frame; returns the outputs (n, d_v) of `words`,
            those of the words in their new order, and the order, a permutation of 0 … n-1: word
            `order[i]` now stands at place i.
        words: n labels.
    """
    before, after, order = outputs(**switches)
    moved = [words[i] for i in order]
    change = np.abs(after - before[order]).max(axis=1)
    fig, (left, middle, right) = _figure(
        f"The order is seen: the output of a word changes by up to {change.max():.2f}"
        if change.max() > 1e-9
        else "The same rows, shuffled: no word's output has changed",
        3.5, (0.08, 0.05, 0.29, 0.74), (0.51, 0.05, 0.29, 0.74), (0.83, 0.05, 0.16, 0.74),
    )  # fmt: skip
    scale = np.abs(before).max()
    plots.strips(left, before, words, vmax=scale)
    plots.strips(middle, after, moved, vmax=scale)
    height = 0.05 + 0.74 * (1 - (np.arange(len(words)) + 0.5) / len(words))
    for place, i in enumerate(order):
        colour = plots.MUTED if place == i else plots.RNN
        fig.add_artist(Line2D((0.38, 0.425), (height[i], height[place]), lw=1.5, color=colour))
    _bars(right, change, 2.6, 2)
    right.set(xticks=[], yticks=[])
    right.spines["bottom"].set_visible(False)
    _subtitle(left, "output, old order")
    _subtitle(middle, "output, new order")
    _subtitle(right, "change")
    if change.max() < 1e-9:
        seen = "each word has the same strip of colours as in the old order."
    else:
        changes = ", ".join(f"{word} {c:.2f}" for word, c in zip(moved, change, strict=True))
        seen = f"strips differ from those of the old order, at most by: {changes}."
    return fig, f"{' '.join(moved)}: {seen}"


def two_explanations(
    first: np.ndarray, other: np.ndarray, V: np.ndarray, words: Sequence[str], *, moved: float
) -> Drawn:
    """Weights between two sets of them, and the output that they give.

    Args:
        first, other: (n,) weights.
        V: (n, d_v) values.
        words: n labels.
        moved: 0 for the first weights, 1 for the others.
    """
    now = first + moved * (other - first)
    top, gap = int(now.argmax()), np.abs(first @ V - now @ V).max()
    fig, (left, right) = _figure(
        f"“{words[top]}” leads with {now[top]:.3f}; the output has moved by {gap:.3f}",
        3.6, (0.09, 0.22, 0.56, 0.62), (0.74, 0.22, 0.25, 0.62),
    )  # fmt: skip
    at, features = np.arange(len(words)), np.arange(V.shape[1])
    colours = [plots.ATTENTION if j == top else plots.ACCENT for j in at]
    left.bar(at, now, width=0.75, color=colours)
    left.plot(at, first, "_", ms=17, mew=2, color="black")
    left.set_xticks(at, words, rotation=45, ha="right", rotation_mode="anchor")
    left.set(ylim=(0, 0.27))
    right.bar(features, now @ V, width=0.75, color=plots.RNN)
    right.plot(features, first @ V, "_", ms=17, mew=2, color="black")
    right.axhline(0, color="black", lw=0.8)
    right.set(xticks=features, xticklabels=features + 1, xlabel="feature")
    for ax, title in ((left, "weights (black: at the start)"), (right, "output")):
        _subtitle(ax, title)
        ax.grid(axis="x", visible=False)
    bars = ", ".join(f"{word} {w:.2f}" for word, w in zip(words, now, strict=True))
    return fig, (
        f"Weights: {bars}. All bars of the output end at their marks; they moved by {gap:.3f}."
    )


def trained_head(
    weights: Mapping[str, np.ndarray],
    found: Mapping[str, tuple[float, str, float]],
    text: str,
    *,
    head: str,
) -> Drawn:
    """Where one trained head looks while it reads `text`.

    Args:
        weights: (n, n) of each head; row = reader.
        found: of each head its mean distance over the test text, the kind of character that
            stands out, and how many times as much that gets as by distance alone.
        text: n characters.
        head: the head that is shown.
    """
    A = weights[head]
    distance, kind, lift = found[head]
    title = f"Head {head}: {distance:.1f} back on average, {kind} × {lift:.1f}"
    fig, [ax] = _figure(title, 4.9, (0.12, 0.03, 0.80, 0.80))
    n = len(text)
    ax.imshow(A, cmap=plots.WEIGHTS, vmin=0, vmax=1, interpolation="none", extent=(0, n, n, 0))
    letters = [letter.replace(" ", "·") for letter in text]
    places = np.arange(n) + 0.5
    ax.set_xticks(places, letters)
    ax.set_yticks(places, letters)
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.tick_params(length=0, pad=2)
    ax.set(xlabel="read", ylabel="reader")
    ax.grid(False)
    top = A[-1].argmax()
    return fig, (
        f"{title}. A matrix of the text {text!r}, a row for each character that reads. The last "
        f"one gives most, {A[-1, top]:.2f}, to {text[top]!r}, {n - 1 - top} back."
    )
