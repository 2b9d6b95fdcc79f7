"""What a sentence does to the trained nets, as a still figure."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lesson import plots
from lesson.figures.trained import LOOKS

if TYPE_CHECKING:
    from lesson.sentence import Seen

HEIGHT = 6.6  # inches
TOP = 5  # likeliest characters of each net
SHOWN = 24  # last characters of the heads' map


def visible(letter: str) -> str:
    """A character as it can be seen."""
    return {" ": "␣", "\n": "⏎"}.get(letter, letter)


def read(
    seen: Mapping[str, "Seen"],
    labels: Mapping[str, str],
    alphabet: str,
    text: str,
    following: str = "",
) -> tuple[Figure, str]:
    """Next characters side by side, heads of the last character, recurrent states.

    Args:
        seen: what each net saw in `text`.
        labels: what each net is called.
        alphabet: the characters by number.
        text: what was read.
        following: the character that does come next, if there is one.
    """
    fig = plt.figure(figsize=(plots.WIDE[0], HEIGHT))
    fig.set_layout_engine("none")  # drawn at each key: nothing jumps, and nothing is laid out twice
    fig.text(0.01, 0.99, f"After “…{_end(text)}”", va="top", size=12, weight="bold")
    words = []
    for column, (name, one) in enumerate(seen.items()):
        ax = fig.add_axes((0.03 + 0.245 * column, 0.71, 0.215, 0.21))
        top = np.argsort(-one.probabilities)[:TOP]
        ax.barh(range(TOP), one.probabilities[top], color=LOOKS[name]["color"], height=0.66)
        for row, k in enumerate(top):
            share = one.probabilities[k]
            ax.text(share + 0.03, row, f"{share:.0%}", va="center")
        ax.set(xlim=(0, 1.45), ylim=(TOP - 0.5, -0.5), xticks=[])
        ax.set_yticks(range(TOP), [visible(alphabet[k]) for k in top])
        _plain(ax)
        ax.set_title(labels[name], size=11)
        first = f"“{visible(alphabet[top[0]])}” {one.probabilities[top[0]]:.0%}"
        if following:
            share = one.probabilities[alphabet.index(following)]
            ax.set_xlabel(f"“{visible(following)}”: {share:.1%}", loc="left", size=11)
            words.append(f"{labels[name]} gives it {share:.1%} and {first}")
        else:
            words.append(f"{labels[name]} expects {first}")
    _heads(
        fig.add_axes((0.08, 0.27, 0.91, 0.355)),
        next(one.heads for one in seen.values() if len(one.heads)),
        text,
    )
    states = {
        f"{labels[name]}, {key}": state
        for name, one in seen.items()
        for key, state in one.states.items()
    }
    for row, (label, state) in enumerate(states.items()):
        _state(fig.add_axes((0.41, 0.185 - 0.04 * row, 0.58, 0.03)), label, state)
    comes = f" What comes is “{visible(following)}”." if following else ""
    return fig, (
        f"The nets have read “{text}”.{comes} {'; '.join(words)}. Below: where the eight heads of "
        "the transformer look from the last character, and the states of the recurrent nets."
    )


def _end(text: str, most: int = 34) -> str:
    """The end of `text`, from a word's beginning."""
    tail = text[-most:]
    return (tail.partition(" ")[2] if len(text) > most else tail).replace("\n", "⏎").strip(" ")


def _plain(ax: Axes) -> None:
    ax.tick_params(length=0)
    ax.grid(False)
    ax.spines[:].set_visible(False)


def _heads(ax: Axes, heads: np.ndarray, text: str) -> None:
    shown = heads[:, -SHOWN:]
    letters = [visible(letter) for letter in text[-SHOWN:]]
    half = len(shown) // 2
    names = [f"{1 + k // half}.{1 + k % half}" for k in range(len(shown))]
    # pcolormesh stays vector graphics
    ax.pcolormesh(shown, cmap=plots.WEIGHTS, vmin=0, vmax=1, edgecolor="white", linewidth=1)
    ax.set(xlim=(0, len(letters)), ylim=(len(shown), 0))
    ax.set_xticks(np.arange(len(letters)) + 0.5, letters)
    ax.set_yticks(np.arange(len(shown)) + 0.5, names)
    _plain(ax)
    ax.set_title("block.head of the transformer: where each looks from the last character", size=11)


def _state(ax: Axes, label: str, state: np.ndarray) -> None:
    ax.imshow(
        np.tanh(state)[None], cmap=plots.SIGNED, vmin=-1, vmax=1, aspect="auto",
        interpolation="none",
    )  # fmt: skip
    ax.set(xticks=[])
    ax.set_yticks([0], [f"{label}: {len(state)} numbers"])
    _plain(ax)
