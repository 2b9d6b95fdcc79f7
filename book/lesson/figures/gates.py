"""Figures of the chapter "Gates"."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lesson import plots

Drawn = tuple[Figure, str]

KEPT, GATE, NEW = plots.LSTM, plots.ACCENT, plots.MUTED  # the state's path, gates, the candidate
LEVEL = 3.0  # height of the path that the state takes through a cell


def cells() -> Drawn:
    """An LSTM and a GRU, each with the path of its state from left to right."""
    fig, (top, bottom) = plt.subplots(2, 1, figsize=(plots.WIDE[0], 5.0))
    _path(top, "LSTM", "$c_{t-1}$", "$c_t$")
    _gate(top, 2.2, "f", LEVEL)
    _write(top, "i", "g")
    _sign(top, 7.8, 1.6, "×")
    plots.arrow(top, (7.8, LEVEL), (7.8, 1.85), KEPT)
    top.text(7.95, 2.3, "tanh", va="center")
    _box(top, 6.9, 0.5, "o", GATE)
    plots.arrow(top, (7.0, 0.8), (7.6, 1.45), GATE)
    plots.arrow(top, (8.05, 1.6), (9.6, 1.6))
    top.text(9.7, 1.6, "$h_t$", va="center")
    _path(bottom, "GRU", "$h_{t-1}$", "$h_t$")
    _gate(bottom, 2.2, "z", LEVEL)
    _write(bottom, "1 − z", "n")
    _box(bottom, 7.6, 0.5, "r", GATE)
    plots.arrow(bottom, (7.3, 0.5), (6.15, 0.5), GATE)
    return fig, (
        "Two cells. In the LSTM the state c runs from left to right, is multiplied by the gate f, "
        "and i times g is added; beside it, tanh of c times the gate o is h. In the GRU the state "
        "h is multiplied by z, and 1 minus z times n is added; the gate r acts on n."
    )


def _path(ax: Axes, name: str, before: str, after: str) -> None:
    """The line on which the state is handed on, and the frame of the picture."""
    plots.arrow(ax, (0.7, LEVEL), (9.6, LEVEL), KEPT)
    ax.text(0.6, LEVEL, before, ha="right", va="center", color=KEPT)
    ax.text(9.7, LEVEL, after, va="center", color=KEPT)
    ax.set(xlim=(-0.6, 10.6), ylim=(0, 3.6), title=name)
    ax.axis("off")


def _write(ax: Axes, gate: str, candidate: str) -> None:
    """A gate times a candidate, added to the path."""
    _sign(ax, 4.9, LEVEL, "+")
    _sign(ax, 4.9, 1.6, "×")
    _box(ax, 4.1, 0.5, gate, GATE)
    _box(ax, 5.7, 0.5, candidate, NEW)
    plots.arrow(ax, (4.2, 0.8), (4.7, 1.4), GATE)
    plots.arrow(ax, (5.6, 0.8), (5.1, 1.4), NEW)
    plots.arrow(ax, (4.9, 1.85), (4.9, LEVEL - 0.25))


def _gate(ax: Axes, x: float, name: str, y: float) -> None:
    _sign(ax, x, y, "×")
    _box(ax, x, 0.5, name, GATE)
    plots.arrow(ax, (x, 0.8), (x, y - 0.25), GATE)


def _box(ax: Axes, x: float, y: float, text: str, colour: str) -> None:
    frame = {"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": colour}
    ax.text(x, y, text, ha="center", va="center", bbox=frame)


def _sign(ax: Axes, x: float, y: float, text: str) -> None:
    frame = {"boxstyle": "circle,pad=0.15", "facecolor": "white", "edgecolor": "black"}
    ax.text(x, y, text, ha="center", va="center", bbox=frame)


def decay(
    left: Mapping[tuple[float, float], np.ndarray], *, forget_bias: float, weight_scale: float
) -> Drawn:
    """How much of a number written to a cell is left, beside what the bias alone says.

    Args:
        left: (n,) means over cells and texts, index = steps since, by bias and weight scale.
        forget_bias, weight_scale: of the LSTM that is shown.
    """
    curve = left[forget_bias, weight_scale]
    steps = np.arange(len(curve))
    lifetime = 1 + np.exp(forget_bias)
    fig, ax = plt.subplots(figsize=(plots.WIDE[0], 3.2))
    ax.plot(steps, (1 - 1 / lifetime) ** steps, "--", color=plots.MUTED, label="gates that stand")
    ax.plot(steps, curve, color=plots.LSTM, label="gates that move")
    ax.axvline(lifetime, color=plots.ACCENT, linewidth=1)
    ax.axhline(np.exp(-1), color=plots.ACCENT, linewidth=1)
    ax.set(xlim=(0, len(curve) - 1), ylim=(0, 1.02), xlabel="steps", ylabel="left of the number")
    below = int((curve < np.exp(-1)).argmax())
    crossing = f"after {below} steps" if below else f"in more than {len(curve) - 1} steps"
    ax.set_title(f"1/e is reached {crossing}; 1/(1 − σ(b)) = {lifetime:.1f}", fontsize=11)
    ax.legend(loc="upper right")
    return fig, (
        f"Forget bias {forget_bias:g}, weights × {weight_scale:g}. Two falling curves: gates that "
        f"stand still, and the mean of gates that move, which reaches 1/e {crossing}; "
        f"{curve[20]:.2f} is left after 20. Lines mark 1/e and {lifetime:.1f} steps."
    )


def recalled(
    runs: Mapping[tuple[str, int], Mapping],
    models: Sequence[str],
    solved: Callable[[Sequence[float]], int],
    *,
    T: int,
    tested_at: str,
) -> Drawn:
    """One dot a seed: accuracy in naming the first of a sequence, for each model.

    Args:
        runs: the recorded rows by model and T.
        models: in the order of the rows.
        solved: says of the accuracies how many solve the task.
        T: the length that was trained.
        tested_at: "T", "1.5 T" or "2 T".
    """
    times = tested_at.removesuffix("T").strip()
    dots = [runs[m, T]["longer"][times] if times else runs[m, T]["recall"] for m in models]
    fig, ax = plt.subplots(figsize=(plots.WIDE[0], 3.8))
    for row, (model, values) in enumerate(zip(models, dots, strict=True)):
        kind = model.split()[0]
        colour = {"RNN": plots.RNN, "LSTM": plots.LSTM}.get(kind, plots.BLOCK)
        ax.plot(values, [row] * len(values), "o", color=colour, markersize=9, alpha=0.6)
        ax.text(1.05, row, f"{solved(values)} of {len(values)}", va="center", color=colour)
    ax.axvline(1 / 8, color=plots.MUTED, linestyle="--", linewidth=1)
    ax.text(1 / 8, -0.65, " chance", color=plots.MUTED)
    ax.set(yticks=range(len(models)), yticklabels=models, ylim=(len(models) - 0.5, -1))
    ax.set(xlim=(0, 1.22), xticks=[0, 0.25, 0.5, 0.75, 1], xlabel="accuracy; solved at the right")
    length = round(float(times or 1) * T)
    ax.set_title(f"Trained on {T}, tested on {length}", fontsize=11)
    said = ", ".join(f"{m} {solved(v)}" for m, v in zip(models, dots, strict=True))
    return fig, f"Trained on {T} symbols, tested on {length}; solved, of {len(dots[0])}: {said}."


def reading(
    passage: str, cells: Mapping[str, tuple[int, np.ndarray, np.ndarray]], *, wiped_at: str
) -> Drawn:
    """The forget gate and the content of one cell, character by character.

    Args:
        passage: the characters read, n of them.
        cells: for each kind of character the number of a cell, its forget gate and content (n,).
        wiped_at: the kind whose cell is shown.
    """
    cell, f, c = cells[wiped_at]
    places = np.arange(len(passage))
    fig, (top, bottom) = plt.subplots(2, 1, figsize=(plots.WIDE[0], 3.6), sharex=True)
    top.bar(places, f, color=np.where(f < 0.5, plots.ATTENTION, plots.LSTM), width=0.8)
    top.set(ylim=(0, 1.05), yticks=[0, 0.5, 1], ylabel="forget gate")
    top.set_title(f"Cell {cell}, chosen for: {wiped_at}", fontsize=11)
    bottom.plot(places, c, "o-", color=plots.LSTM, markersize=3, linewidth=1)
    bottom.axhline(0, color=plots.MUTED, linewidth=1)
    bottom.set(xlim=(-0.7, len(passage) - 0.3), ylabel="content")
    shown = ["␣" if a == " " else "¶" if a == "\n" else a for a in passage]
    bottom.set_xticks(places, shown, family="DejaVu Sans Mono", fontsize=10.5)
    bottom.tick_params(axis="x", length=0, pad=2)
    for ax in (top, bottom):
        ax.grid(axis="x", visible=False)
    closed = ", ".join(f"“{shown[k]}” at {k + 1}" for k in places[f < 0.5]) or "nowhere"
    return fig, (
        f"Cell {cell} while the net reads {len(passage)} characters. Its forget gate is below one "
        f"half at: {closed}. Its content lies between {c.min():.1f} and {c.max():.1f}."
    )
