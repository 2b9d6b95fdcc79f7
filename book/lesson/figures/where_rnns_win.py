"""Figures of the chapter "Where RNNs still win"."""

from collections.abc import Callable, Mapping, Sequence

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


def flips(
    moved: dict[tuple[float, int], np.ndarray], lengths: Sequence[int], *, sharpness: float
) -> tuple[Figure, str]:
    """How far one flipped word moves the output of a head, against the length of the sentence.

    Args:
        moved: effects of single flips for each (sharpness, n).
        lengths: the n, ascending.
        sharpness: the multiplier of the scores that is shown.
    """
    effects = [moved[sharpness, n] for n in lengths]
    fig, ax = plt.subplots()
    curves = {
        "parity RNN": ([1] * len(lengths), plots.RNN),
        "largest": ([e.max() for e in effects], plots.MUTED),
        "mean": ([e.mean() for e in effects], plots.ATTENTION),
        "median": ([np.median(e) for e in effects], plots.ACCENT),
    }
    above = 1e3
    for name, (sizes, color) in sorted(curves.items(), key=lambda item: -item[1][0][-1]):
        ax.plot(lengths, sizes, "o-", color=color, markersize=5)
        above = np.clip(sizes[-1], 1.5e-7, above / 3.5)  # labels keep their distance
        ax.text(lengths[-1] * 1.12, above, name, color=color, va="center")
    per_n = effects[-1].mean() * lengths[-1]
    ax.set(
        xscale="log", yscale="log", ylim=(1e-7, 20), xlim=(lengths[0] * 0.8, lengths[-1] * 4),
        xticks=lengths, xlabel="words in the sentence, n", ylabel="the output moves by",
        title=f"Sharpness {sharpness:g}: the mean effect of a flip is {per_n:.1f}/n",
    )  # fmt: skip
    ax.set_xticks(lengths, [f"{n:,}" for n in lengths])
    ax.minorticks_off()
    first, last = effects[0], effects[-1]
    return fig, (
        f"Both axes logarithmic, sharpness {sharpness:g}. From {lengths[0]} to {lengths[-1]:,} "
        f"words the mean effect of a flip falls from {first.mean():.2f} to {last.mean():.4f} in a "
        f"straight line; at the right end the median is {np.median(last):.1e} and the largest "
        f"{last.max():.2g}. The RNN for parity is a flat line at 1."
    )


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
