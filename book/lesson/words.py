"""The 2,000 English words of the course, each as 100 numbers (GloVe; see ../data/README.md)."""

import json
from difflib import get_close_matches
from functools import cache
from pathlib import Path

import numpy as np

DATA = Path(__file__).parent.parent / "data"
SENTENCE = "the cat sat on mat"


@cache
def load() -> tuple[tuple[str, ...], np.ndarray]:
    """Return all words (V of them, most frequent first) and their vectors (V, 100), float64.

    Row i belongs to word i. The array is shared and read-only: `vectors - mean` is fine,
    `vectors -= mean` is an error.
    """
    with np.load(DATA / "glove.npz") as file:
        names = tuple(file["words"].tobytes().decode("ascii").split())
        vectors = file["codes"] * file["scale"].astype(float)[:, None]
    vectors.flags.writeable = False
    return names, vectors


@cache
def _rows() -> dict[str, int]:
    return {word: row for row, word in enumerate(load()[0])}


def index(word: str) -> int:
    """Return the row of `word` in the table; "The" is "the".

    Raises LookupError, with the nearest spellings, for a word that the table does not have.
    """
    rows = _rows()
    if word.lower() in rows:
        return rows[word.lower()]
    near = get_close_matches(word.lower(), rows, n=3)
    hint = f"Near it: {', '.join(near)}." if near else "words.load()[0] lists them all."
    raise LookupError(f"'{word}' is not among the {len(rows):,} words. {hint}")


def vector(word: str) -> np.ndarray:
    """Return the vector of one word, (100,): a row of the table, read-only. Raises as `index`."""
    return load()[1][index(word)]


def sentence(text: str = SENTENCE) -> np.ndarray:
    """Return the vectors of the words of `text`, one a row, in order: (n, 100). Raises as `index`.

    >>> sentence().shape
    (5, 100)
    """
    return load()[1][[index(word) for word in text.split()]]


def analogies() -> dict[str, list[tuple[str, str]]]:
    """Return word pairs by relation: {"capital of": [("athens", "greece"), …], …}."""
    table = json.loads((DATA / "analogies.json").read_text())
    return {relation: [tuple(pair) for pair in pairs] for relation, pairs in table.items()}
