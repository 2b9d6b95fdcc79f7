"""What the chapter on "all at once" draws."""

from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lesson import plots
from lesson.schedules import Schedule

PALE = {
    plots.RNN: "#D6E8F5",
    plots.ATTENTION: "#FBE3D4",
    plots.LSTM: "#D5EFE7",
    plots.BLOCK: "#F5E1EC",
}


def _box(ax: Axes, x: float, y: float, text: str, face: str, colour: str = "black") -> None:
    ax.add_patch(Rectangle((x + 0.04, y + 0.08), 0.92, 0.84, facecolor=face, edgecolor="none"))
    ax.text(x + 0.5, y + 0.5, text, ha="center", va="center", color=colour, fontsize=10.5)


def reading_and_writing(words: Sequence[str]) -> tuple[Figure, str]:
    """Training, where one call answers for every prefix, beside writing, where each word waits.

    The last of `words` is the one that nobody knows yet.
    """
    fig, axes = plt.subplots(1, 2, figsize=(plots.WIDE[0], 3.1))
    n = len(words) - 1
    titles = ("reading: one call", f"writing: {n} calls, in turn")
    for ax, title, writing in zip(axes, titles, (False, True), strict=True):
        face = "#E4E4E4" if writing else PALE[plots.ATTENTION]
        for row in range(n):
            for column in range(row + 1):
                own = writing and 0 < column == row  # the word that the call before has written
                colours = (plots.MUTED, "white") if own else (face, "black")
                _box(ax, column, row, words[column], *colours)
            ax.text(
                row + 1.15,
                row + 0.5,
                f"→ {words[row + 1]}",
                va="center",
                fontsize=10.5,
                weight="bold",
            )
            if writing:
                ax.text(-0.15, row + 0.5, f"call {row + 1}", ha="right", va="center", fontsize=10.5)
        if not writing:
            ax.plot([-0.15, -0.15], [0.1, n - 0.1], color=plots.ATTENTION, lw=3)
        ax.set(xlim=(-1.1, n + 1.4), ylim=(n, 0))
        ax.set_title(title)
        ax.axis("off")
    return fig, (
        f"Left, reading: {n} prefixes of the sentence, all answered in one call. "
        f"Right, writing: {n} calls in turn, each with the word written before."
    )


def wavefront(n: int, *, layers: int) -> tuple[Figure, str]:
    """In which round each cell of a stack of `layers` RNN layers over `n` words can run."""
    rounds = np.add.outer(np.arange(layers, 0, -1), np.arange(n))
    fig, ax = plt.subplots(figsize=(plots.WIDE[0], 3.4))
    ax.pcolormesh(rounds, cmap="Blues", vmin=-3, vmax=19, edgecolor="white", linewidth=1.5)
    for (row, t), k in np.ndenumerate(rounds):
        ax.text(t + 0.5, row + 0.5, k, ha="center", va="center", color="w" if k > 9 else "k")
    ax.set(xlim=(0, n), ylim=(layers, 0), ylabel="layer", xlabel="word", aspect="equal")
    ax.set_xticks(np.arange(n) + 0.5, np.arange(1, n + 1))
    ax.set_yticks(np.arange(layers) + 0.5, np.arange(layers, 0, -1))
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.grid(False)
    layer = "layer" if layers == 1 else "layers"
    ax.set_title(f"{layers} {layer} × {n} words: {n + layers - 1} rounds, {n * layers} cells")
    return fig, f"A grid of {layers} layers by {n} words; equal rounds lie on diagonals."


def _after(schedule: Schedule, rounds: int) -> tuple[list[tuple[int, int]], int]:
    """What each place covers (first and last item) after some rounds, and the joins made."""
    n = 1 + max(i for joins in schedule for i, _ in joins)
    spans, made = [(i, i) for i in range(n)], 0
    for joins in schedule[:rounds]:
        before, made = list(spans), made + len(joins)
        for i, j in joins:
            spans[i] = before[j][0], i
    return spans, made


def rounds_done(schedules: dict[str, Schedule], *, rounds: int) -> tuple[Figure, str]:
    """Several ways to all running results, after the same number of rounds."""
    fig, axes = plt.subplots(len(schedules), 1, figsize=(plots.WIDE[0], 4.6))
    colours = (plots.RNN, plots.BLOCK, plots.ATTENTION, plots.LSTM)
    parts = []
    for ax, (name, schedule), colour in zip(axes, schedules.items(), colours, strict=True):
        spans, joins = _after(schedule, rounds)
        for place, (first, last) in enumerate(spans):
            text = f"{last + 1}" if first == last else f"{first + 1}–\n{last + 1}"
            face, ink = (colour, "white") if first == 0 else (PALE[colour], "black")
            _box(ax, place, 0, text, face, ink)
        ax.set(xlim=(0, len(spans)), ylim=(0, 1))
        ready = sum(first == 0 for first, _ in spans)
        finished = " ✓" if rounds >= len(schedule) else f" of {len(schedule)}"
        ax.set_title(
            f"{name}: round {min(rounds, len(schedule))}{finished}, "
            f"{ready} of {len(spans)} ready, {joins} joins",
            fontsize=11, color=colour,
        )  # fmt: skip
        ax.axis("off")
        parts.append(f"{name}: {ready} of {len(spans)} ready, {joins} joins made")
    return fig, f"After {rounds} rounds. " + "; ".join(parts) + "."


def soft_read(
    weights: Callable[[int, float], np.ndarray],
    curves: dict[float, list[float]],
    ns: list[int],
    *,
    keys: int,
    sharpness: float,
) -> tuple[Figure, str]:
    """How a soft dictionary of some keys answers: one read, and the mean over many.

    Args:
        weights: (keys, sharpness) -> weights (keys,) of one read; entry 0 is the key asked for.
        curves: sharpness -> mean weight on the right key for each of `ns`.
        keys, sharpness: what is shown, one of `ns` and one of `curves`.
    """
    read = weights(keys, sharpness)
    fig, (left, right) = plt.subplots(1, 2, figsize=(plots.WIDE[0], 3.5), width_ratios=(1.2, 1))
    places, above = range(len(ns)), 2.0
    for value, curve in sorted(curves.items(), key=lambda item: -item[1][-1]):
        mine = value == sharpness
        left.plot(
            places,
            curve,
            color=plots.ATTENTION if mine else "#C9C9C9",
            lw=2.5 if mine else 1,
            zorder=3 if mine else 2,
        )
        above = min(curve[-1], above - 0.07)  # labels keep their distance
        left.annotate(
            f"{value:g}", (places[-1], above), xytext=(8, 0), textcoords="offset points",
            va="center", color=plots.ATTENTION if mine else plots.MUTED,
        )  # fmt: skip
    mean = curves[sharpness][ns.index(keys)]
    left.plot(ns.index(keys), mean, "o", ms=9, color=plots.ATTENTION)
    left.set(ylim=(-0.03, 1.05), xlabel="number of keys", ylabel="weight on the right key, mean")
    left.set_xticks(places, [f"{k:,}" for k in ns])
    left.set_title(f"{keys:,} keys, sharpness {sharpness:g}: {mean:.2f}")

    others = np.sort(read[1:])[::-1]
    bars = [read[0], *others[:6], others[6:].sum()]
    colours = [plots.ATTENTION] + [plots.RNN] * 6 + [plots.MUTED]
    right.bar(range(len(bars)), bars, color=colours)
    right.set_xticks([0, 3.5, 7], ["right\nkey", "the six next", "all\nothers"])
    right.tick_params(axis="x", length=0)
    right.set(ylim=(0, 1.05), title=f"one read: {read[0]:.2f}")
    right.grid(axis="x", visible=False)
    return fig, (
        f"{keys:,} keys, sharpness {sharpness:g}: the right key gets {mean:.2f} on average; in the "
        f"read shown {read[0]:.2f}, and the next best {others[0]:.2f}."
    )
