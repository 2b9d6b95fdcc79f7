"""The four nets of the duel: what they are, and their trained weights."""

import json
from functools import partial
from pathlib import Path

import numpy as np

from lesson.nets.block import Blocks
from lesson.nets.lstm import LSTM
from lesson.nets.net import Net
from lesson.nets.rnn import RNN
from lesson.nets.text import alphabet

DATA = Path(__file__).parents[2] / "data"
V = 75  # different characters of the novel

NETS = {  # name: the net before training; 109,000 parameters each within 0.3 %
    "rnn": partial(RNN, V, H=260),
    "lstm": partial(LSTM, V, H=125),
    "gated": partial(Blocks, V, mixers=("gated", "gated")),
    "transformer": partial(Blocks, V, mixers=("attention", "attention"), window=128),
}


def file_of(name: str) -> Path:
    """Where the weights of `name` lie."""
    return DATA / f"net-{name}.npz"


def names() -> list[str]:
    """The nets whose weights are shipped; `-wrapped` ones read the novel with its line breaks."""
    return sorted(path.stem.removeprefix("net-") for path in DATA.glob("net-*.npz"))


def load(name: str) -> Net:
    """A trained net: "rnn", "lstm", "gated", "transformer", or one of the others in `names()`.

    The weights are float16 in the file and float32 in the net. ValueError names what there is.
    """
    if name not in names():
        raise ValueError(f"There is no net {name!r}; there are {', '.join(names())}.")
    net = NETS[name.removesuffix("-wrapped")]()
    with np.load(file_of(name)) as arrays:
        for key, array in net.p.items():
            array[...] = arrays[key]
    return net


def save(name: str, net: Net) -> None:
    """Writes the weights of `net` as float16."""
    halves = {key: array.astype(np.float16) for key, array in net.p.items()}
    np.savez_compressed(file_of(name), **halves)


def binary(name: str) -> tuple[bytes, dict]:
    """The weights as `assets/nets.js` reads them: little-endian float16, and what they are."""
    net = load(name)
    meta = {
        "kind": type(net).__name__.lower(),
        "alphabet": alphabet(),
        "d": net.d,
        **{key: getattr(net, key) for key in net.settings},
        "layout": [(key, array.size) for key, array in net.p.items()],
    }
    return net.theta.astype("<f2").tobytes(), json.loads(json.dumps(meta))
