"""Figures of the chapter "Where RNNs still win"."""

from collections.abc import Callable, Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from lesson import plots

KINDS = {
    "RNN": plots.RNN,
    "linear attention": plots.LSTM,
    "window of 1,024": plots.ACCENT,
    "transformer": plots.ATTENTION,
}
DEVICES = {"micro-controller\n64 KiB": 2**16, "laptop\n16 GB": 16e9, "accelerator\n80 GB": 80e9}


def memory_kept(
    bytes_kept: Callable[[str, int, int, int], int],
    sizes: Mapping[str, tuple[int, int]],
    *,
    model: str,
    words: int,
) -> tuple[Figure, str]:
    """What four kinds of model keep after some words, against the memory of three devices.

    Args:
        bytes_kept: called as bytes_kept(kind, layers, d, n).
        sizes: model -> layers and width.
        model: the one that is shown.
        words: how many have been read.
    """
    kept = {kind: bytes_kept(kind, *sizes[model], words) for kind in KINDS}
    fig, ax = plt.subplots(figsize=(plots.WIDE[0], 3.3))
    ax.barh(list(kept), list(kept.values()), color=list(KINDS.values()), height=0.6)
    for row, count in enumerate(kept.values()):
        ax.text(
            count * 1.25, row, amount(count), va="center",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )  # fmt: skip
    for name, room in DEVICES.items():
        side = "left" if name.startswith("acc") else "right"
        ax.axvline(room, color=plots.MUTED, linestyle="--", linewidth=1, zorder=0)
        ax.text(room, -0.62, name, color=plots.MUTED, ha=side, va="bottom", fontsize=10.5)
    ax.set(xscale="log", xlim=(50, 5e13), ylim=(3.5, -0.5), xlabel="bytes kept (logarithmic)")
    title = f"{model}, after {words:,} words: cache {amount(kept['transformer'])}"
    ax.set_title(title, pad=36, fontsize=10.5, x=-0.28)
    ax.grid(axis="y", visible=False)
    bars = ", ".join(f"{kind} {amount(count)}" for kind, count in kept.items())
    rooms = zip(("a micro-controller", "a laptop", "an accelerator"), DEVICES.values(), strict=True)
    full = [name for name, room in rooms if kept["transformer"] > room]
    fits = f"no longer fits {' or '.join(full)}" if full else "fits every device"
    return fig, f"{model}, {words:,} words. Bars: {bars}. The transformer's cache {fits}."


def amount(count: float) -> str:
    """A number of bytes with a unit, decimal: 8.4 MB."""
    units = ["B", "kB", "MB", "GB", "TB"]
    power = min(int(np.log10(count) // 3), 4)
    value = count / 1000**power
    digits = 0 if power == 0 or value >= 100 else 1
    return f"{value:.{digits}f} {units[power]}"
