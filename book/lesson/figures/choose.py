"""Figures of the chapter "Choose"."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from lesson import plots, roofline

LAYERS = {2048: 24, 4096: 32, 8192: 80}  # for the width of a model, as common models have them
CONTEXTS = 2 ** np.arange(9, 21)


def token_time(
    models: Sequence[roofline.Model],
    on: roofline.Accelerator,
    *,
    context: int,
    users: int,
    bytes_each: int,
) -> tuple[Figure, str]:
    """What one more token of every user takes at least, as bars: moving weights, and what is kept.

    Args:
        models: one bar each.
        on: the accelerator.
        context: tokens that each user has so far.
        users: how many are served together.
        bytes_each: bytes per number, of weights and of what is kept.
    """
    fig, ax = plt.subplots(figsize=(plots.WIDE[0], 3.4))
    said = []
    for row, model in enumerate(models):
        weights, kept, work = roofline.token_seconds(model, on, context, users, bytes_each)
        bound = max(weights + kept, work)
        fit = roofline.users_that_fit(model, on, context, bytes_each)
        ax.barh(row, 1e3 * weights, color=plots.RNN, height=0.6)
        ax.barh(row, 1e3 * kept, left=1e3 * weights, color=plots.ACCENT, height=0.6)
        note = f" {1e3 * bound:.1f} ms" if fit >= users else f" {1e3 * bound:.1f} ms, {fit} fit"
        ax.text(1e3 * (weights + kept), row, note, va="center")
        said.append(f"{model.name}{note.replace(', ', ', but only ')}")
    ax.set_yticks(range(len(models)), [model.name for model in models])
    ax.invert_yaxis()
    ax.set(xlabel="milliseconds for one more token of every user", xlim=(0, ax.get_xlim()[1] * 1.3))
    ax.grid(axis="y", visible=False)
    named = {"moving weights": plots.RNN, "moving caches and states": plots.ACCENT}
    handles = [plt.Rectangle((0, 0), 1, 1, color=color) for color in named.values()]
    fig.legend(handles, named, loc="outside lower center", ncols=2)
    size = f"{users} users" if users > 1 else "1 user"
    ax.set_title(f"{context:,} tokens, {size}, {bytes_each} bytes a number")
    return fig, f"Bounds at {context:,} tokens, {size}, {bytes_each} bytes: {'; '.join(said)}."


def users_by_context(
    on: roofline.Accelerator, *, width: int, query_heads_per_key: int, bytes_each: int
) -> tuple[Figure, str]:
    """How many texts fit beside the weights, by their length, for four families of one size.

    Args:
        on: the accelerator.
        width: d; the layers follow from LAYERS.
        query_heads_per_key: g, of the families with attention.
        bytes_each: bytes per number.
    """
    d, layers, g = width, LAYERS[width], query_heads_per_key
    families = {
        "state space": (roofline.linear(d, layers), plots.LSTM, ":"),
        "hybrid, 1 in 8": (roofline.hybrid(d, layers, g), plots.BLOCK, "-."),
        "window of 4,096": (roofline.transformer(d, layers, g, window=4096), plots.ACCENT, "--"),
        "transformer": (roofline.transformer(d, layers, g), plots.ATTENTION, "-"),
    }
    fig, ax = plt.subplots(figsize=(plots.WIDE[0], 3.6))
    said = []
    for name, (model, color, style) in families.items():
        fit = np.array([roofline.users_that_fit(model, on, int(n), bytes_each) for n in CONTEXTS])
        shown = np.where(fit > 0, fit, np.nan)
        ax.plot(CONTEXTS, shown, color=color, linestyle=style, label=name)
        short, long = (int(fit[list(CONTEXTS).index(n)]) for n in (8192, 131_072))
        said.append(f"{name} {short} at 8,192 tokens and {long} at 131,072")
    ax.set(xscale="log", yscale="log", xlim=(512, 2**20), ylim=(0.8, 3e5))
    ax.set_xticks([1e3, 1e4, 1e5, 1e6], ["1,000", "10,000", "100,000", "1,000,000"])
    ax.set_yticks([1, 100, 10_000], ["1", "100", "10,000"])
    ax.set(xlabel="tokens of each text", ylabel="texts beside the weights")
    weights = 12 * d**2 * layers * bytes_each
    ax.set_title(
        f"d = {d:,}, {layers} layers, g = {g}, {bytes_each} bytes: weights {amount(weights)}",
        fontsize=11,
    )
    if weights > on.memory:
        ax.text(0.5, 0.5, "the weights alone do not fit", transform=ax.transAxes, ha="center")
    else:
        fig.legend(loc="outside lower center", ncols=2)
    return fig, (
        f"Texts that fit, width {d:,}, {g} query heads to a key head, {bytes_each} bytes, weights "
        f"{amount(weights)}: {'; '.join(said)}."
    )


def amount(count: float) -> str:
    """A number of bytes with a unit, decimal: 8.4 MB."""
    units = ["B", "kB", "MB", "GB", "TB"]
    power = min(int(np.log10(count) // 3), 4)
    value = count / 1000**power
    digits = 0 if power == 0 or value >= 100 else 1
    return f"{value:.{digits}f} {units[power]}"
