"""A sentence of your own, read by the trained nets at every key.

In a notebook the nets run here, on the kernel. In the published page `assets/sentence.js` and
`assets/nets.js` take the place of this widget, with the same weights and no kernel.
"""

import asyncio
import base64
import html
import time
import unicodedata
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from lesson import frames, nets
from lesson.figures import sentence as figures
from lesson.nets.layers import softmax

# In the order in which they stand side by side, with what they are called there.
NETS = {"rnn": "RNN", "lstm": "LSTM", "gated": "gated block", "transformer": "transformer"}
LONGEST = 200  # characters of a sentence
WRITTEN = 200  # characters that a press of the button adds
PAUSE = 0.15  # seconds without a key before the picture is drawn anew

# A word that the novel lacks, said once already. The cursor stands in it the second time.
FIRST = "A vampire came to Netherfield, and Mrs. Bennet hoped that the vampire would dance."
CURSOR = FIRST.rindex("re would")

# What keyboards and phones write and the novel writes otherwise.
SPELLED = {"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "--", "…": "...", "\t": " "}


@dataclass
class Seen:
    """What a net says and holds once it has read a text of T characters.

    Attributes:
        probabilities: (V,) of the next character.
        bits: what it paid for each character after the first, on average; NaN where T is 1.
        heads: (n_blocks * n_heads, T) attention of the last character; no rows in a recurrent net.
        states: the recurrent state by name, a vector each; empty in a transformer.
        kept: bytes that are kept of the text, were they float32.
    """

    probabilities: np.ndarray
    bits: float
    heads: np.ndarray
    states: dict[str, np.ndarray]
    kept: int


def spoken(text: str) -> tuple[str, str]:
    """`text` in the characters of the novel, and those that it has not and that are left out."""
    known, left_out = set(nets.text.alphabet()), []
    kept = []
    for letter in text:
        plain = letter if letter in known else SPELLED.get(letter)
        if plain is None:  # é is read as e
            plain = unicodedata.normalize("NFD", letter)[0]
        if set(plain) <= known:
            kept.append(plain)
        else:
            left_out.append(letter)
    return "".join(kept), "".join(dict.fromkeys(left_out))


def read(text: str) -> dict[str, Seen]:
    """Each of NETS after `text`, one character at least.

    Raises:
        ValueError: the text is empty, or has a character that the novel lacks.
    """
    if not text:
        raise ValueError("there is nothing to read")
    return {name: _seen(nets.load(name), nets.text.encode(text)) for name in NETS}


def _seen(net: nets.Net, symbols: np.ndarray) -> Seen:
    seen: dict[str, np.ndarray] = {}
    logits = net.forward(symbols[:, None], seen)[0][:, 0].astype(float)
    probabilities = softmax(logits)
    paid = -np.log2(probabilities[np.arange(len(symbols) - 1), symbols[1:]])
    heads = [array[0, :, -1] for name, array in seen.items() if name.endswith("weights")]
    # the hidden state or the cell; what else was seen are gates
    states = {name: array[-1, 0] for name, array in seen.items() if name[-1] in "hc"}
    keys_and_values = sum(2 * net.d * np.count_nonzero(head[0]) for head in heads)
    return Seen(
        probabilities[-1],
        float(paid.mean()) if len(paid) else float("nan"),
        np.concatenate(heads) if heads else np.empty((0, len(symbols))),
        states,
        4 * int(keys_and_values + sum(state.size for state in states.values())),
    )


def write(name: str, text: str, n: int, temperature: float, seed: int = 0) -> tuple[str, float]:
    """How the net called `name` goes on from `text`, and seconds a character that it took.

    Args:
        text: read first; not in the seconds.
        n: characters to write.
        temperature: 0 takes the likeliest each time; 1 draws from the probabilities as they are.
        seed: of what is drawn.
    """
    net, rng = nets.load(name), np.random.default_rng(seed)
    state = net.start()
    for symbol in nets.text.encode(text):
        logits, state = net.step(state, symbol)
    symbols: list[int] = []
    began = time.perf_counter()
    for _ in range(n):
        if temperature:
            p = softmax(logits.astype(float) / temperature)
            symbols.append(int(rng.choice(len(p), p=p)))
        else:
            symbols.append(int(logits.argmax()))
        logits, state = net.step(state, symbols[-1])
    return nets.text.decode(symbols), (time.perf_counter() - began) / n


def show(text: str = FIRST, cursor: int | None = None) -> "Sentence":
    """A field to type in, and what the four nets expect next.

    Args:
        text: what stands in it at first, up to 200 characters.
        cursor: how much of it is read at first; all of another text than the first one.

    Raises:
        ValueError: the text is too long or empty, or the cursor does not stand in it.
    """
    if cursor is None:
        cursor = CURSOR if text == FIRST else len(text)
    if not 0 < cursor <= len(text) <= LONGEST:
        raise ValueError(
            f"a sentence has 1 to {LONGEST} characters and the cursor stands behind one of them; "
            f"got {len(text)} characters and cursor {cursor}"
        )
    return Sentence(text, cursor)


class Sentence(widgets.VBox):
    """What `show` returns: field and cursor, the picture of what was read, what the nets write."""

    def __init__(self, text: str, cursor: int):
        wide = widgets.Layout(width="min(100%, 42rem)")
        named = {"description_width": "initial"}
        self.field = widgets.Textarea(
            text, description="Your sentence", rows=3, layout=wide, style=named
        )
        self.cursor = widgets.IntSlider(
            cursor, 1, len(text), description="read up to character", layout=wide, style=named
        )
        self.said = widgets.HTML()
        self.picture = widgets.HTML()
        self.temperature = widgets.FloatSlider(
            0.7, min=0, max=1.5, step=0.1, description="temperature", layout=wide, style=named
        )
        self.button = widgets.Button(description="Let them write")
        self.written = widgets.HTML()
        self._text = ""
        self._waiting: asyncio.TimerHandle | None = None
        self._draw()
        self.field.observe(self._typed, "value")
        self.cursor.observe(self._soon, "value")
        self.button.on_click(self._write)
        rows = [self.field, self.cursor, self.said, self.picture]
        super().__init__([*rows, self.temperature, self.button, self.written])
        self.add_class("sentence")

    def _typed(self, change: dict) -> None:
        """Read all of what is there now; the cursor stands at its end."""
        text = change["new"][:LONGEST]
        if text != change["new"]:
            self.field.value = text
        if text:
            self.cursor.max = len(text)
            self.cursor.value = len(text)
        self._soon()

    def _soon(self, _: object = None) -> None:
        """Draw when no key has come for a moment; where nothing can wait, at once."""
        if self._waiting:
            self._waiting.cancel()
        try:
            self._waiting = asyncio.get_running_loop().call_later(PAUSE, self._draw)
        except RuntimeError:
            self._draw()

    def _read(self) -> tuple[str, str]:
        """What is read, and what comes after it in the field; says what is left out."""
        now, later = (
            spoken(part)
            for part in (
                self.field.value[: self.cursor.value],
                self.field.value[self.cursor.value :],
            )
        )
        left_out = " ".join(dict.fromkeys(now[1] + later[1]))
        self.said.value = (
            f"The novel has no {html.escape(left_out)}, so the nets do not read it."
            if left_out
            else ""
        )
        return now[0], later[0]

    def _draw(self) -> None:
        text, later = self._read()
        if not text:
            self.said.value += " There is nothing to read yet."
            return
        fig, alt = self._figure(text, later)
        self.picture.value = frames.img(fig, alt)
        self._text = f"A sentence, read by four nets. {alt}"
        plt.close(fig)

    def _figure(self, text: str, later: str) -> tuple[Figure, str]:
        return figures.read(read(text), NETS, nets.text.alphabet(), text, later[:1])

    def _write(self, _: object) -> None:
        text, _later = self._read()
        parts = []
        for name, label in NETS.items():
            more, seconds = write(name, text or "\n", WRITTEN, self.temperature.value)
            kept = _seen(nets.load(name), nets.text.encode((text + more) or "\n")).kept
            parts.append(
                f"<p><b>{label}</b>: {1e6 * seconds:,.0f} µs a character, {kept:,} bytes kept<br>"
                f'<span style="white-space:pre-wrap">{html.escape(text)}<b>{html.escape(more)}</b>'
                "</span></p>"
            )
        self.written.value = "".join(parts)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        bundle = super()._repr_mimebundle_(**kwargs)
        fig, _ = self._figure(*self._read())
        bundle["text/plain"] = self._text
        bundle["image/png"] = base64.b64encode(frames.png(fig)).decode()
        plt.close(fig)
        return bundle
