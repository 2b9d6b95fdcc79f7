"""What the chapter on word vectors draws."""

from collections.abc import Iterable, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lesson import plots, words

N_BARS = 7


def unit(vectors: np.ndarray) -> np.ndarray:
    """Each row divided by its length."""
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def table(subtract_mean: bool) -> np.ndarray:
    """All word vectors (V, d), or what remains of them without their mean."""
    vectors = words.load()[1]
    return vectors - vectors.mean(axis=0) if subtract_mean else vectors


def chance(subtract_mean: bool) -> float:
    """The mean cosine of two different words picked at random."""
    directions = unit(table(subtract_mean))
    n = len(directions)
    return float((np.square(directions.sum(axis=0)).sum() - n) / (n * (n - 1)))


def flat(vectors: np.ndarray) -> np.ndarray:
    """The first two principal components of some vectors (n, d): (n, 2)."""
    centred = vectors - vectors.mean(axis=0)
    left, size, _ = np.linalg.svd(centred, full_matrices=False)
    return left[:, :2] * size[:2]


def _label_apart(ax: Axes, points: np.ndarray, labels: Sequence[str]) -> None:
    """Write each label beside its point, on the side where it covers least of the others."""
    fig = ax.get_figure(root=True)
    assert fig is not None
    fig.draw_without_rendering()  # the limits are known only now
    pixels = ax.transData.transform(points)
    size = fig.dpi / 72  # of a point in pixels
    taken = [(x - 3 * size, y - 3 * size, x + 3 * size, y + 3 * size) for x, y in pixels]
    sides = [("left", 5, -3), ("right", -5, -3), ("center", 0, 5), ("center", 0, -12)]
    sides += [("left", 4, 3), ("right", -4, 3), ("left", 4, -10), ("right", -4, -10)]
    for (x, y), point, label in zip(pixels, points, labels, strict=True):
        width, height = 6.3 * len(label), 10
        candidates = []
        for align, dx, dy in sides:
            left = x + (dx - {"left": 0, "right": width, "center": width / 2}[align]) * size
            box = (left, y + dy * size, left + width * size, y + (dy + height) * size)
            cost = sum(
                max(0, min(box[2], t[2]) - max(box[0], t[0]))
                * max(0, min(box[3], t[3]) - max(box[1], t[1]))
                for t in taken
            )
            candidates.append((cost, box, align, dx, dy))
        _, box, align, dx, dy = min(candidates, key=lambda candidate: candidate[0])
        taken.append(box)
        ax.annotate(
            label, point, xytext=(dx, dy), textcoords="offset points", ha=align, fontsize=10.5
        )


def map_of_words(groups: dict[str, str]) -> tuple[Figure, str]:
    """The words of each group as a cloud in the plane that keeps most of their differences."""
    fig, ax = plt.subplots(figsize=(plots.WIDE[0], 5.6))
    listed = [word for group in groups.values() for word in group.split()]
    points = flat(np.array([words.vector(word) for word in listed]))
    start, places = 0, []
    for colour, (name, group) in zip(plots.PALETTE, groups.items(), strict=True):
        stop = start + len(group.split())
        ax.scatter(points[start:stop, 0], points[start:stop, 1], s=16, color=colour, label=name)
        places.append(f"{name} {_side(*points[start:stop].mean(axis=0))}")
        start = stop
    fig.legend(loc="outside lower center", ncols=len(groups) // 2, handletextpad=0.1)
    ax.set(xticks=[], yticks=[], title="Words that are used alike lie together")
    ax.set(xlabel="first principal component", ylabel="second principal component")
    ax.grid(False)
    ax.margins(0.12, 0.05)
    _label_apart(ax, points, listed)
    return fig, f"{len(listed)} words in a plane, {len(groups)} kinds: {', '.join(places)}."


def _side(x: float, y: float) -> str:
    """Where a point lies as seen from the origin."""
    if abs(x) > abs(y):
        return "at the right" if x > 0 else "at the left"
    return "at the top" if y > 0 else "at the bottom"


def two_cosine_tables(
    raw: np.ndarray, centred: np.ndarray, labels: Sequence[str]
) -> tuple[Figure, str]:
    """Cosines (n, n) of the same words, before and after the mean of all words is subtracted."""
    fig, axes = plt.subplots(1, 2, figsize=(plots.WIDE[0], 3.3))
    for ax, values, title in zip(
        axes, (raw, centred), ("as published", "mean subtracted"), strict=True
    ):
        plots.heatmap(
            ax, values, labels, labels, signed=True, vmax=1, row_name="", column_name=""
        )  # fmt: skip
        ax.set_title(title)
    pairs = np.triu_indices(len(labels), 1)
    i, j = (places[raw[pairs].argmax()] for places in pairs)
    return fig, (
        f"Two tables of cosines of {', '.join(labels)}. As published, {(raw[pairs] > 0).sum()} of "
        f"{len(pairs[0])} are positive, the largest that of {labels[i]} and {labels[j]}, "
        f"{raw[i, j]:.2f}. With the mean subtracted that one is {centred[i, j]:.2f}, and "
        f"{(centred[pairs] > 0).sum()} of {len(pairs[0])} are positive."
    )


def _bars(ax: Axes, found: Iterable[int], values: np.ndarray, colours: Sequence[str]) -> None:
    """Words with their cosines, the largest on top."""
    names = words.load()[0]
    y = np.arange(len(values))
    ax.barh(y, values, color=colours, height=0.72)
    ax.set_yticks(y, [names[i] for i in found])
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)
    for row, value in enumerate(values):
        ax.text(value - 0.01, row, f"{value:.2f}", ha="right", va="center", color="white")
    ax.set(xlim=(0, 1), xlabel="cosine")
    ax.grid(axis="y", visible=False)


def _nearest(word: str, subtract_mean: bool) -> tuple[np.ndarray, np.ndarray]:
    directions = unit(table(subtract_mean))
    cosines = directions @ directions[words.index(word)]
    found = (-cosines).argsort(kind="stable")[1 : N_BARS + 1]
    return found, cosines[found]


def neighbours(*, word: str, subtract_mean: bool) -> tuple[Figure, str]:
    """The words that lie nearest to `word`, against what two random words have."""
    found, cosines = _nearest(word, subtract_mean)
    fig, ax = plt.subplots(figsize=(plots.WIDE[0], 3.2))
    _bars(ax, found, cosines, [plots.RNN] * N_BARS)
    level = chance(subtract_mean)
    ax.axvline(level, color=plots.ATTENTION)
    ax.text(
        level + 0.01, -0.62, "two random words", color=plots.ATTENTION, va="bottom", fontsize=10.5
    )
    names = words.load()[0]
    ax.set_title(f"nearest to “{word}”: {names[found[0]]}, {cosines[0]:.2f}", pad=16)
    listed = ", ".join(f"{names[i]} {c:.2f}" for i, c in zip(found, cosines, strict=True))
    return fig, f"Cosines with {word}: {listed}. Two random words have {level:.2f}."


def parse(question: str) -> tuple[str, str, str]:
    """b, a and c of the question "b − a + c"."""
    b, rest = question.split(" − ")
    a, c = rest.split(" + ")
    return b, a, c


def _answers(
    question: str, exclude_inputs: bool, subtract_mean: bool
) -> tuple[list[int], list[int], np.ndarray]:
    """The rows of b, a and c, those of the best answers, and the cosines of all words (V,)."""
    vectors = table(subtract_mean)
    rows = [words.index(word) for word in parse(question)]
    b, a, c = vectors[rows]
    cosines = unit(vectors) @ unit(b - a + c)
    order = [i for i in (-cosines).argsort(kind="stable") if not (exclude_inputs and i in rows)]
    return rows, order[:N_BARS], cosines


def analogy(*, question: str, exclude_inputs: bool, subtract_mean: bool) -> tuple[Figure, str]:
    """The parallelogram of an analogy, seen flat, beside the words nearest to its fourth corner."""
    rows, found, cosines = _answers(question, exclude_inputs, subtract_mean)
    names = words.load()[0]
    fig, (left, right) = plt.subplots(1, 2, figsize=(plots.WIDE[0], 3.6), width_ratios=(1.15, 1))

    # the plane of the parallelogram itself: a at the origin, c to its right, b above
    vectors = table(subtract_mean)
    b, a, c = vectors[rows]
    across = unit(c - a)
    up = unit(b - a - (b - a) @ across * across)
    place = lambda v: np.array([(v - a) @ across, (v - a) @ up])  # noqa: E731
    for tail, tip in ((a, b), (c, b - a + c)):
        arrow = {"arrowstyle": "->", "color": plots.MUTED, "lw": 1.5}
        left.annotate("", place(tip), place(tail), arrowprops=arrow)
    fourth = next(i for i in found if i not in rows)
    for i in dict.fromkeys([*rows, found[0], fourth]):
        colour = plots.ATTENTION if i == found[0] else plots.MUTED if i in rows else plots.RNN
        low = i in rows[1:]
        left.scatter(*place(vectors[i]), s=24, color=colour)
        left.annotate(
            names[i], place(vectors[i]), xytext=(0, -14 if low else 7), textcoords="offset points",
            ha="center", color=colour, weight="bold" if i == found[0] else "normal",
        )  # fmt: skip
    left.scatter(*place(b - a + c), marker="x", s=50, color="black")
    left.margins(0.3, 0.28)
    left.set(xticks=[], yticks=[], aspect="equal", adjustable="datalim")
    left.set_xlabel("× is the fourth corner")
    left.grid(False)

    colours = [plots.MUTED if i in rows else plots.RNN for i in found]
    colours[0] = plots.ATTENTION
    _bars(right, found, cosines[found], colours)
    fig.suptitle(f"{question} = {names[found[0]]}", x=0.01, ha="left", weight="bold", fontsize=12)
    listed = ", ".join(f"{names[i]} {cosines[i]:.2f}" for i in found)
    inputs = "left out" if exclude_inputs else "kept"
    return fig, f"Nearest to {question}, inputs {inputs}: {listed}."
