"""The novel that the nets read: characters as numbers, and what is trained, tuned and tested on."""

import lzma
import re
from functools import cache
from pathlib import Path

import numpy as np

NOVEL = Path(__file__).parents[2] / "data" / "novel.txt.xz"
PARTS = {"train": (0, 0.8), "validation": (0.8, 0.9), "test": (0.9, 1)}


@cache
def novel(wrapped: bool = False) -> str:
    """*Pride and Prejudice*; `wrapped`, with lines broken at about 70 columns, as in the source.

    Unwrapped, a line break inside a paragraph is a space: as many characters, in the same places.
    """
    text = lzma.decompress(NOVEL.read_bytes()).decode()
    return text if wrapped else re.sub(r"(?<!\n)\n(?!\n)", " ", text)


@cache
def alphabet() -> str:
    """The different characters of the novel; a character's number is its place here."""
    return "".join(sorted(set(novel())))


def encode(text: str) -> np.ndarray:
    """The numbers of the characters; ValueError names those that the novel lacks."""
    unknown = sorted(set(text) - set(alphabet()))
    if unknown:
        raise ValueError(f"The novel has no {''.join(unknown)!r}; the nets cannot read it.")
    number = {c: k for k, c in enumerate(alphabet())}
    return np.array([number[c] for c in text], np.int64)


def decode(symbols) -> str:
    """The characters with these numbers."""
    return "".join(alphabet()[k] for k in symbols)


@cache
def part(name: str, wrapped: bool = False) -> np.ndarray:
    """The symbols of one part of PARTS: 80 % to train on, 10 % to tune on, 10 % to test on."""
    text = novel(wrapped)
    start, end = (int(share * len(text)) for share in PARTS[name])
    return encode(text[start:end])


def windows(name: str, n: int = 128, batch: int = 16, wrapped: bool = False):
    """A function of a random generator that draws `batch` windows of n characters, time first.

    It returns X (n, batch) and Y, the characters that follow each of X.
    """
    symbols = part(name, wrapped)

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        first = rng.integers(0, len(symbols) - n, batch)
        window = symbols[first + np.arange(n + 1)[:, None]]
        return window[:-1], window[1:]

    return draw


def bits_a_character(net, name: str, n: int = 128, wrapped: bool = False, most: int = 10**9):
    """What `net` pays for each of the first `most` characters of a part, in bits, on average.

    Windows of n characters overlap by half and only their second half counts, so that each
    character is seen with n / 2 to n - 1 before it and counted once.
    """
    symbols = part(name, wrapped)[:most]
    first = np.arange(0, len(symbols) - n, n // 2)
    nats = []
    for some in np.array_split(first, -(-len(first) // 32)):
        window = symbols[some + np.arange(n + 1)[:, None]]
        nats.append(net.losses(window[:-1], window[1:])[n // 2 :].ravel())
    return float(np.concatenate(nats).mean() / np.log(2))
