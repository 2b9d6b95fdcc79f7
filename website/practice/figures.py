"""Figures that a learner's own function draws: trained weights go in, numbers to draw come out.

Inside the page this stands beside runner.py, so it needs numpy alone. What the functions are given
is made by `figure_data.py` when the book is built.
"""

from collections.abc import Callable, Mapping

import numpy as np

MOST_UNITS = 20  # of the state's numbers, those that move most are shown


def draw(function: str, answer: Callable, data: Mapping[str, np.ndarray]) -> dict:
    """What to draw: {"rows", "columns", "values" (rows, columns) in [-1, 1], "below", "caption"}.

    Args:
        function: which exercise `answer` answers.
        data: the arrays of `figure_data.py` for it.
    """
    return {"rnn_cell": _states, "scaled_dot_product_attention": _weights}[function](answer, data)


def _states(rnn_cell: Callable, data: Mapping[str, np.ndarray]) -> dict:
    text = "".join(map(chr, data["text"]))
    alphabet = "".join(map(chr, data["alphabet"]))
    weights = [data[name].astype(float) for name in ("W_xh", "W_hh", "b")]
    X, W_out = data["X"].astype(float), data["W_out"].astype(float)
    h = np.zeros(len(weights[-1]))
    states, expected = np.zeros((len(X), len(h))), ""
    for t, x in enumerate(X):
        states[t] = h = rnn_cell(x, h, *weights)
        expected += alphabet[int(np.argmax(h @ W_out + data["b_out"]))]
    units = np.sort(np.argsort(-states.std(axis=0))[:MOST_UNITS])
    right = sum(a == b for a, b in zip(expected, text[1:], strict=False))
    return {
        "rows": [f"unit {unit}" for unit in units],
        "columns": list(text),
        "values": np.round(states[:, units].T, 3).tolist(),
        "below": list(expected),
        "caption": (
            f"Your rnn_cell, with the trained weights of this course's RNN, reads “{text}”, "
            f"the opening of the novel that it was trained on. Each column is the state after a "
            f"character, {len(units)} of its {len(h)} numbers; below it stands the character that "
            f"is expected next: right {right} times of {len(text) - 1}."
        ),
    }


def _weights(attention: Callable, data: Mapping[str, np.ndarray]) -> dict:
    text = "".join(map(chr, data["text"]))
    Q, K, V = (data[name].astype(float) for name in "QKV")
    mask = np.tril(np.ones((len(text), len(text)), dtype=bool))
    _, weights = attention(Q, K, V, mask)
    back = weights[1:].argmax(axis=1)
    distance = float(np.median(np.arange(1, len(text)) - back))
    return {
        "rows": list(text),
        "columns": list(text),
        "values": np.round(weights, 3).tolist(),
        "below": [],
        "caption": (
            "Your scaled_dot_product_attention, with the queries and keys of one trained head of "
            f"this course's transformer, on “{text}”. Each row is a reader, each column what it "
            f"reads; in the middle case a reader looks most at the character {distance:g} back."
        ),
    }
