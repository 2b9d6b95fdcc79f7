"""What chapter 0, the refresher, draws."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lesson import plots

TINTS = ["#D3E7F3", "#F8E0D0", "#D0EBE3"]  # one for each sum: cells of a colour are added up


def summed(a: np.ndarray, *, axis: int | None, keepdims: bool) -> tuple[Figure, str]:
    """A matrix and its sum over `axis`: the cells of one colour become one number."""
    total = np.sum(a, axis=axis, keepdims=keepdims)
    group = {None: np.zeros_like(a), 0: np.indices(a.shape)[1], 1: np.indices(a.shape)[0]}[axis]
    drawn = np.reshape(total, (1, -1) if axis == 0 else (-1, 1))  # where the numbers stand
    fig, (left, right) = plt.subplots(1, 2, figsize=(plots.WIDE[0], 2.2), width_ratios=(1, 1))
    _cells(left, a, group)
    _cells(right, drawn, np.reshape(np.unique(group), drawn.shape))
    left.set_title(f"a, shape {a.shape}")
    right.set_title(f"sum, shape {np.shape(total)}")
    rows, columns = a.shape
    return fig, f"A {rows} by {columns} matrix; its sum over axis {axis}: {total.tolist()}."


def _cells(ax: Axes, values: np.ndarray, group: np.ndarray) -> None:
    for (i, j), v in np.ndenumerate(values):
        ax.add_patch(plt.Rectangle((j, i), 1, 1, facecolor=TINTS[group[i, j]], edgecolor="white"))
        ax.text(j + 0.5, i + 0.5, v, ha="center", va="center", color="black")
    ax.set(xlim=(-0.05, 3.05), ylim=(2.05, -0.05), aspect="equal")
    ax.axis("off")
