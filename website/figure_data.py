"""What the figures of `practice/figures.py` are drawn from: pieces of the book's trained nets."""

from pathlib import Path
from typing import Any

import numpy as np
from lesson import nets
from lesson.nets.attention import rotate
from lesson.nets.layers import layer_norm

TEXT = "It is a truth universally"
HEAD = 3  # of the first block: it looks one or two characters back


def rnn_cell() -> dict[str, np.ndarray]:
    """The trained RNN, and the vectors of the characters of TEXT: X (n, d)."""
    p = nets.load("rnn").p
    kept = {name: p[name] for name in ("W_xh", "W_hh", "b", "W_out", "b_out")}
    return kept | {"X": p["E"][nets.text.encode(TEXT)], "alphabet": _codes(nets.text.alphabet())}


def scaled_dot_product_attention() -> dict[str, np.ndarray]:
    """Q, K, V (n, d_k) of one head of the trained transformer on TEXT, its positions turned in."""
    p = nets.load("transformer").p
    x = layer_norm(p, "0.ln1", p["E"][nets.text.encode(TEXT)][:, None])[0]
    n, _, d = x.shape
    n_heads = 4

    def split(W: str) -> np.ndarray:  # (n, 1, d) -> (1, n_heads, n, d_k)
        return (x @ p[f"0.{W}"]).reshape(n, 1, n_heads, d // n_heads).transpose(1, 2, 0, 3)

    turned = {"Q": rotate(split("W_q")), "K": rotate(split("W_k")), "V": split("W_v")}
    return {name: array[0, HEAD] for name, array in turned.items()}


FIGURES = {make.__name__: make for make in (rnn_cell, scaled_dot_product_attention)}


def write(folder: Path) -> None:
    """Write the data of each figure into `folder`, as float16, by the name of its function."""
    for name, make in FIGURES.items():
        arrays: dict[str, Any] = {"text": _codes(TEXT)}
        for key, array in make().items():
            arrays[key] = array if array.dtype.kind == "i" else array.astype(np.float16)
        np.savez_compressed(folder / f"figure-{name}.npz", **arrays)


def _codes(text: str) -> np.ndarray:
    return np.array([ord(letter) for letter in text])
