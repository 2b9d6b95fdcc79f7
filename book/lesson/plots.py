"""The one style of all figures, and the pieces that several chapters draw."""

import base64
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lesson import frames

# Okabe & Ito's palette: told apart by colour-blind readers too. The names say what each stands for
# everywhere in the course, so that a reader learns them once.
RNN = "#0072B2"
ATTENTION = "#D55E00"
LSTM = "#009E73"
BLOCK = "#CC79A7"
ACCENT = "#E69F00"
MUTED = "#767676"  # 4.5:1 on white
PALETTE = [RNN, ATTENTION, LSTM, BLOCK, ACCENT, "#56B4E9"]

WEIGHTS = mpl.colors.LinearSegmentedColormap.from_list(
    "weights", ["#FFFFFF", "#FDB97D", ATTENTION, "#5A2300"]
)
SIGNED = "PuOr"  # values around zero

WIDE = (6.0, 3.4)  # inches; on a phone letters of 10.5 points are 9 pixels then; use no smaller

mpl.rcParams.update(
    {
        "figure.figsize": WIDE,
        "figure.constrained_layout.use": True,
        "font.size": 11,
        "axes.titlesize": 12,
        "axes.titlelocation": "left",
        "axes.titleweight": "bold",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.prop_cycle": cycler(color=PALETTE),
        "axes.grid": True,
        "grid.color": "#DDDDDD",
        "grid.linewidth": 0.6,
        "axes.axisbelow": True,
        "lines.linewidth": 2,
        "legend.frameon": False,
    }
)


class Picture:
    """A finished figure with its alt text; see `show`."""

    def __init__(self, fig: Figure, alt: str):
        self.alt = alt
        self._html = frames.img(fig, alt)
        self._png = base64.b64encode(frames.png(fig)).decode()
        plt.close(fig)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        return {
            "text/html": self._html,
            "image/png": self._png,
            "text/plain": f"Figure: {self.alt}",
        }


def show(fig: Figure, alt: str) -> Picture:
    """End a cell with this: `fig` with an alt text that says what is seen in it."""
    return Picture(fig, alt)


def arrow(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], colour: str = "black"
) -> None:
    """An arrow from `start` to `end`, in the units of the axes."""
    style = {"arrowstyle": "-|>", "color": colour, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops=style)


def heatmap(
    ax: Axes,
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    signed: bool = False,
    vmax: float | None = None,
    digits: int | None = 2,
    row_name: str = "reader (query)",
    column_name: str = "read (key)",
) -> None:
    """A matrix with its numbers in its cells; rows read, columns are read.

    Args:
        values: (n, m) numbers; attention weights unless `signed`, when zero is the middle colour.
        rows, columns: n and m labels.
        vmax: the value of the darkest colour; the largest magnitude when left out.
        digits: decimals printed in the cells; None prints no numbers.
    """
    values = np.asarray(values, dtype=float)
    vmax = np.abs(values).max() or 1.0 if vmax is None else vmax
    cmap = plt.get_cmap(SIGNED if signed else WEIGHTS)
    norm = mpl.colors.Normalize(-vmax if signed else 0, vmax)
    # pcolormesh stays vector graphics, where imshow would carry a bitmap in each frame
    ax.pcolormesh(values, cmap=cmap, norm=norm, edgecolor="white", linewidth=1.5)
    ax.set(xlim=(0, values.shape[1]), ylim=(values.shape[0], 0), aspect="equal")
    ax.set_xticks(np.arange(values.shape[1]) + 0.5, columns)
    ax.set_yticks(np.arange(values.shape[0]) + 0.5, rows)
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.tick_params(length=0)
    ax.set(xlabel=column_name, ylabel=row_name)
    ax.grid(False)
    ax.spines[:].set_visible(False)
    if digits is None:
        return
    for (i, j), v in np.ndenumerate(values):
        red, green, blue, _ = cmap(norm(v))
        dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.55
        ax.text(
            j + 0.5, i + 0.5, f"{v:.{digits}f}".replace("-", "−"), ha="center", va="center",
            color="white" if dark else "black",
        )  # fmt: skip


def strips(ax: Axes, values: np.ndarray, labels: Sequence[str], *, vmax: float = 1.0) -> None:
    """One row of coloured squares a label: vectors to be seen side by side.

    Args:
        values: (n, H) numbers around zero, clipped to ±vmax.
        labels: n row labels.
    """
    n, width = np.shape(values)
    # One pixel a number, enlarged by the browser: a fiftieth of the same squares as vectors.
    ax.imshow(
        values, cmap=SIGNED, vmin=-vmax, vmax=vmax, interpolation="none", aspect="auto",
        extent=(0, width, n, 0),
    )  # fmt: skip
    ax.hlines(range(1, n), 0, width, color="white", linewidth=3)
    ax.set(xticks=[])
    ax.set_yticks(np.arange(n) + 0.5, labels)
    ax.tick_params(length=0)
    ax.grid(False)
    ax.spines[:].set_visible(False)
