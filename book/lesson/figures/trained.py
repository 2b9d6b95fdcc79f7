"""Figures of the chapter "Both, trained"."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lesson import plots

Drawn = tuple[Figure, str]
NAMES = {
    "rnn": "RNN",
    "lstm": "LSTM",
    "gated": "block, gated",
    "transformer": "block, attention",
}
# each net has a colour and a line of its own, for eyes that do not tell the colours apart
LOOKS: dict[str, dict[str, Any]] = {
    "rnn": {"color": plots.RNN, "linestyle": "-", "marker": "o"},
    "lstm": {"color": plots.LSTM, "linestyle": "--", "marker": "s"},
    "gated": {"color": plots.BLOCK, "linestyle": "-.", "marker": "^"},
    "transformer": {"color": plots.ATTENTION, "linestyle": ":", "marker": "D"},
}


def _legend(ax: Axes) -> None:
    ax.legend(loc="upper right", handlelength=3.2)


def duel(record: Mapping[str, Any], *, against: str) -> Drawn:
    """Bits a character on the test text where three seeds of each net ended.

    Args:
        record: what duel.json holds.
        against: "characters" that were read, or "seconds" of training on one thread.
    """
    fig, ax = plt.subplots(figsize=(plots.WIDE[0], 3.8))
    said = []
    for net, look in LOOKS.items():
        ends: dict[int, list[float]] = {}
        for run in record["runs"]:
            if run["net"] == net and not run["wrapped"]:
                for end in run["ends"]:
                    ends.setdefault(end["steps"], []).append(end["test"])
        each = {
            "characters": record["characters_a_step"] / 1e6,
            "seconds": record["step_ms"][net][0] / 1e3,
        }[against]
        x = [steps * each for steps in sorted(ends)]
        bits = [ends[steps] for steps in sorted(ends)]
        ax.plot(x, [np.mean(b) for b in bits], **look, markersize=6, label=NAMES[net])
        ax.vlines(x, [min(b) for b in bits], [max(b) for b in bits], color=look["color"], lw=5)
        means = [f"{np.mean(b):.2f} at {a:.0f}" for a, b in zip(x, bits, strict=True)]
        said.append(f"{NAMES[net]} {', '.join(means)}")
    unit = {"characters": "million characters read", "seconds": "seconds of training, one thread"}
    ax.set(xlabel=unit[against], ylabel="bits a character, test text", ylim=(1.62, 2.02))
    ax.set_title(f"Bits a character against {against}")
    _legend(ax)
    return fig, f"Mean of three seeds against {unit[against]}: {'; '.join(said)}."


def visible(
    bits: Mapping[str, Mapping[str, float]], text: str, following: str, *, characters: int
) -> Drawn:
    """What the last few characters are worth to each net.

    Args:
        bits: net -> characters seen -> bits a character.
        text: a stretch of the test text, of which the last `characters` are shown.
        following: what comes next there.
        characters: how many are seen.
    """
    fig = plt.figure(figsize=(plots.WIDE[0], 4.6))
    fig.set_layout_engine("none")  # axes at fixed places: nothing jumps between frames
    ax = fig.add_axes((0.12, 0.13, 0.85, 0.52))
    now = {net: bits[net][str(characters)] for net in LOOKS}
    best = min(now, key=now.get)
    title = f"{characters} visible: {NAMES[best]} is best, {now[best]:.2f} bits"
    fig.text(0.01, 0.985, title, va="top", fontsize=12, weight="bold")
    shown = text[-characters:][-168:]
    lines = textwrap.wrap(("… " if len(text) > len(shown) else "") + shown, 56) or [shown]
    fig.text(0.02, 0.91, "\n".join(lines), va="top", family="monospace", fontsize=10.5)
    fig.text(0.02, 0.70, f"comes next: {following!r}", color=plots.MUTED, fontsize=10.5)
    for net, look in LOOKS.items():
        x = [int(k) for k in bits[net]]
        ax.plot(x, list(bits[net].values()), **look, markersize=5, label=NAMES[net])
    ax.axvline(characters, color=plots.MUTED, linewidth=1)
    ax.set_xscale("log", base=2)
    ax.set_xticks(x, [str(k) for k in x])
    ax.set(xlabel="characters visible", ylabel="bits a character", ylim=(1.5, 3.7))
    _legend(ax)
    values = ", ".join(f"{NAMES[net]} {value:.2f}" for net, value in now.items())
    return fig, f"Bits a character with the last {characters} characters visible: {values}."


def one_more(character: Mapping[str, Mapping[str, Any]]) -> Drawn:
    """Time and memory of one more character, by how much text came before.

    Args:
        character: net -> context -> `us` (median, 10th and 90th percentile) and `bytes`.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(plots.WIDE[0], 3.6))
    for net, look in LOOKS.items():
        x = [int(context) for context in character[net]]
        rows = list(character[net].values())
        left.plot(x, [row["us"][1] for row in rows], **look, markersize=5, label=NAMES[net])
        right.plot(x, [row["bytes"] for row in rows], **look, markersize=5)
    for ax in left, right:
        ax.set_xscale("log", base=2)
        ax.set_yscale("log")
        ax.set_xticks([64, 256, 1024], ["64", "256", "1,024"])
        ax.set_xlabel("characters before")
    left.set(title="µs a character", ylim=(5, 2000))
    right.set(title="bytes kept of the text")
    left.legend(loc="upper left", handlelength=3.2, fontsize=10.5)
    end = {net: character[net][max(character[net], key=int)] for net in LOOKS}
    values = "; ".join(
        f"{NAMES[net]} {row['us'][1]:.0f} µs and {row['bytes']:,} bytes" for net, row in end.items()
    )
    return fig, (
        f"Two charts. After 2,048 characters: {values}. Only attention rises with the text; its "
        "bytes are in proportion to it."
    )


def line_ends(tables: Mapping[str, Mapping[str, Any]], *, net: str) -> Drawn:
    """How sure a net is, column by column, that the line ends, beside how often it does.

    Args:
        tables: net -> `auc` and `by_column`, rows of (column, gaps, share that ends, mean P).
        net: the one that is shown, by the name that figures give it.
    """
    [key] = [key for key, name in NAMES.items() if name == net]
    rows = np.array(tables[key]["by_column"])
    column, _, share, says = rows.T
    fig, ax = plt.subplots(figsize=(plots.WIDE[0], 3.3))
    ax.fill_between(column, share, color="#DDDDDD", step="mid", label="lines that end there")
    ax.plot(column, says, color=LOOKS[key]["color"], label="what the net expects")
    ax.set(xlim=(0, 75), ylim=(0, 1), xlabel="column of the gap between two words")
    ax.set(ylabel="share, probability")
    ax.set_title(f"{net}: AUC {tables[key]['auc']:.3f}")
    ax.legend(loc="upper left")
    early, late = (says[(column >= a) & (column < b)].mean() for a, b in ((20, 30), (66, 72)))
    return fig, (
        f"{net}: at columns 20 to 29 it expects a line end with {early:.2f} on average, at 66 to "
        f"71 with {late:.2f}; a grey step at about 70 shows where lines do end."
    )


def ruler(column: np.ndarray, unit: np.ndarray, r: float) -> Drawn:
    """One unit of the state while the net reads, above the column of the character.

    Args:
        column: (n,) of each character.
        unit: (n,) its values.
        r: their correlation over the test text.
    """
    fig, (top, bottom) = plt.subplots(2, 1, figsize=(plots.WIDE[0], 3.6), sharex=True)
    top.plot(column, color=plots.MUTED)
    top.set(ylabel="column", title=f"One unit is a ruler: r = {r:.3f}")
    bottom.plot(unit, color=plots.BLOCK)
    bottom.set(ylabel="unit", xlabel="characters read", xlim=(0, len(unit)))
    resets = int((np.diff(column) < 0).sum())
    return fig, (
        f"Two sawtooth curves over {len(unit)} characters: the column, which falls to 0 at each "
        f"of {resets} line ends, and the unit, which climbs and falls with it."
    )


def sample(text: str, width: int = 68, most: int = 170) -> Sequence[str]:
    """The first `most` characters of a sample, in lines."""
    return textwrap.wrap(" ".join(text[:most].split()), width)
