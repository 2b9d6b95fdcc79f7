"""Figures of the chapter on the transformer block."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from lesson import plots

Switches = tuple[bool, bool, bool, bool]  # residual, layer norm, MLP, small branches
SAME = 1e-12  # below this, what differs is rounding


def parts(
    runs: Mapping[Switches, Sequence[np.ndarray]],
    share: Callable[[np.ndarray], float],
    words: Sequence[str],
    *,
    layers: int,
    residual: bool,
    layer_norm: bool,
    MLP: bool,
    small_branches: bool,
) -> tuple[Figure, str]:
    """What is left of the words' differences after some layers, with some parts of the block.

    Args:
        runs: the words (n, d) before the first layer and after each, with each part on or off.
        share: of some words (n, d), how much of their length differs between them.
        words: n labels.
        layers: after how many.
        residual, layer_norm, MLP: what the block has beside attention.
        small_branches: whether the branches of L layers start divided by √(2L).
    """
    here = residual, layer_norm, MLP, small_branches
    curves = {switches: np.array([share(Y) for Y in run]) for switches, run in runs.items()}
    Y, value = runs[here][layers], curves[here][layers]
    names = ("residual", "layer norm", "MLP")
    used = [name for name, on in zip(names, here[:3], strict=True) if on]
    fig = plt.figure(figsize=(plots.WIDE[0], 3.7))
    fig.set_layout_engine("none")  # axes at fixed places: nothing jumps between frames
    left = fig.add_axes((0.07, 0.15, 0.36, 0.63))
    right = fig.add_axes((0.59, 0.15, 0.39, 0.63))
    title = _finding(len(words), layers, value)
    fig.text(0.01, 0.985, title, va="top", fontsize=12, weight="bold")
    fig.text(
        0.01,
        0.90,
        " + ".join(["attention", *used]) + ", small branches" * small_branches,
        va="top",
        color=plots.BLOCK,
    )
    plots.strips(left, (Y / Y.std())[:, :20], words, vmax=2)
    left.set_title("20 features of each word", fontsize=11, weight="normal")
    floor, n_layers = 4e-4, len(curves[here]) - 1
    for curve in (c for switches, c in curves.items() if switches[3] is small_branches):
        right.semilogy(np.maximum(curve, floor / 9), color="#BBBBBB", lw=1)
    right.semilogy(np.maximum(curves[here], floor / 9), color=plots.BLOCK, lw=2.5)
    at = layers, max(value, floor)
    right.plot(*at, "o", ms=9, color=plots.BLOCK, mec="black", clip_on=False, zorder=5)
    right.annotate(
        "0" if value < SAME else f"{value:.2g}", at, xytext=(0, 9), weight="bold",
        textcoords="offset points", ha="right" if layers == n_layers else "left",
    )  # fmt: skip
    right.set(xlim=(0, n_layers), ylim=(floor, 4), xlabel="layers")
    right.set_xticks(range(0, n_layers + 1, 4))
    right.set_yticks([1, 0.1, 0.01, 0.001], ["1", "0.1", "0.01", "0.001"])
    right.minorticks_off()
    right.set_title("share of length that differs", fontsize=11, weight="normal")
    last = curves[here][-1]
    return fig, (
        f"Attention with {', '.join(used) or 'nothing else'}"
        f"{', branches divided by √(2L)' * small_branches}. {title}; the strips "
        f"{'are all equal' if value < SAME else 'differ'}. After the last layer the share that "
        f"differs is {'0' if last < SAME else f'{last:.2g}'}."
    )


def _finding(n_words: int, depth: int, value: float) -> str:
    where = f"After {depth} layer{'s' * (depth > 1)}" if depth else "Before the first layer"
    if value < SAME:
        return f"{where} all {n_words} words are the same vector"
    percent = f"{100 * value:.0f}" if value > 0.02 else f"{100 * value:.1g}"
    return f"{where} the words differ by {percent}% of their length"


def diagram(n: int, d: int, n_heads: int, f: int) -> tuple[Figure, str]:
    """The pre-LN block: a straight line for the words, two branches that are added to it."""
    fig = plt.figure(figsize=(plots.WIDE[0], 3.9))
    fig.set_layout_engine("none")
    ax = fig.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, 15), ylim=(0, 7.2))
    ax.axis("off")
    fig.text(0.01, 0.985, "Two branches, each added to what runs straight through",
             va="top", fontsize=12, weight="bold")  # fmt: skip
    line = 5.4
    ax.annotate(
        "", (14.2, line), (0.9, line), arrowprops={"arrowstyle": "-|>", "lw": 4, "color": plots.RNN}
    )
    shape: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 10.5, "color": plots.MUTED}
    ax.text(0.8, line + 0.45, f"X ({n}, {d}): words + positions", **shape | {"ha": "left"})
    ax.text(7.45, line + 0.45, f"({n}, {d})", **shape)
    ax.text(14.2, line + 0.45, f"Y ({n}, {d})", **shape | {"ha": "right"})
    d_k = d // n_heads
    names: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 10.5}
    branches = [
        (1.4, plots.ATTENTION, ["layer\nnorm", f"{n_heads}\nheads", "$W_o$"],
         [f"({n}, {d})", f"{n_heads} × ({n}, {d_k})", f"({n}, {d})"],
         "words mix here, and only here", f"4 d² = {4 * d * d:,} weights"),
        (7.9, plots.LSTM, ["layer\nnorm", "$W_1$\nReLU", "$W_2$"],
         [f"({n}, {d})", f"({n}, {f:,})", f"({n}, {d})"],
         "each word alone", f"8 d² = {2 * d * f:,} weights"),
    ]  # fmt: skip
    for x, colour, boxes, shapes, what, count in branches:
        path = [x, x, x + 5.4, x + 5.4], [line, 3.2, 3.2, line - 0.32]
        ax.plot(*path, color=colour, lw=2, solid_joinstyle="round")
        ax.plot(x, line, "o", ms=6, color=colour)
        ax.plot(x + 5.4, line, "o", ms=17, color="white", mec=colour, mew=2, zorder=5)
        ax.text(x + 5.4, line - 0.02, "+", ha="center", va="center", fontsize=15, zorder=6)
        for k, (name, numbers) in enumerate(zip(boxes, shapes, strict=True)):
            centre = x + 0.95 + 1.72 * k
            box = FancyBboxPatch(
                (centre - 0.72, 2.55), 1.44, 1.3, boxstyle="round,pad=0,rounding_size=0.15",
                facecolor="white", edgecolor=colour, lw=1.5, zorder=3,
            )  # fmt: skip
            ax.add_patch(box)
            ax.text(centre, 3.2, name, zorder=4, **names)
            ax.text(centre, 2.2 - 0.5 * (k == 1), numbers, **shape | {"fontsize": 10.5})
        ax.text(x + 2.7, 1.05, what, ha="center", va="center", weight="bold", color=colour)
        ax.text(x + 2.7, 0.45, count, **shape)
    return fig, (
        "A thick line runs straight from X, words plus positions, to Y. Two branches leave it and "
        f"are added to it again. First layer norm, {n_heads} heads, W_o: words mix here and only "
        "here. Then layer norm, W_1 with ReLU, W_2: each word alone. Before and after each branch "
        f"the shape is ({n}, {d})."
    )
