"""Learned at 32, tested at 512: eight small nets, five tasks, up to ten seeds.

usage: PYTHONPATH=book python book/data/learn.py [SEEDS]     writes learn.json beside this file

A seed takes about twelve minutes on one core. Each run is a line of _build/learn/runs.jsonl; when
it is stopped and started again, the script makes what is missing there and in learn.json. With
SEEDS 0 it writes what there is. Set OPENBLAS_NUM_THREADS=1.

All nets have about 25,000 parameters (32,000 for recall) and take the same number of Adam steps on
fresh batches of 32 sequences. Every sequence begins with the symbol 0; its length is what follows.
"""

import dataclasses
import functools
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from lesson.nets import LSTM, RNN, Blocks, Net
from lesson.nets.trainer import Trainer

HERE = Path(__file__).parent
RUNS = HERE.parents[1] / "_build" / "learn" / "runs.jsonl"
SEEDS, BATCH, STEPS, DECAY = 10, 32, 3000, 0.1
RATE_SEEDS = 3  # seeds for which recurrent nets get two more rates on recall and copy
LENGTHS = (32, 64, 128, 256, 512)
TRAINED = LENGTHS[0]
TEST = 256  # sequences a length
SOLVED = 0.99


def blocks(first: str, second: str | None = None):
    mixers = (first, second or first)
    return functools.partial(Blocks, d=32, mixers=mixers, n_heads=2)


def recurrent(kind, H: int, H_copy: int, **settings):
    """A layer of H units; fewer for copy, whose many answers make the readout larger."""

    def make(symbols, answers, **seed):
        width = H_copy if answers == TASKS["copy"][1] else H
        return kind(symbols, answers, d=32, H=width, **settings, **seed)

    return make


NETS = {
    "rnn": recurrent(RNN, 142, 133),
    "lstm": recurrent(LSTM, 64, 63, forget_bias=3.0),
    "gated": blocks("gated"),
    "gated, signed": blocks("gated, signed"),
    "delta": blocks("delta"),
    "transformer": blocks("attention"),
    "transformer without positions": blocks("attention without positions"),
    "hybrid": blocks("gated, signed", "attention without positions"),
}
RATES = {"rnn": 0.001, "lstm": 0.005}  # all others 0.003
OTHER = 0.003
RECURRENT = ("rnn", "lstm", "gated", "gated, signed", "delta")

TASKS = {  # symbols, answers
    "parity": (3, 2),
    "cups": (6, 5),
    "first": (9, 8),
    "recall": (1 + 192 + 8, 8),
    "copy": (1 + 32 + 1, 32),
}
RUNNING = ("parity", "cups", "first")  # asked at every place, so that every prefix is a sequence


def batch(task: str, length: int, B: int, rng: np.random.Generator):
    """Symbols X and answers Y (length + 1, B); Y is -1 where nothing is asked.

    parity: is the number of ones so far odd?
    cups: the ball lies under cup 0 of 5; each symbol swaps two neighbours of the ring. Where is it?
    first: what was the first symbol?
    recall: pairs of key and value, then keys: the value of each. Arora et al. 2023, MQAR.
    copy: symbols, a sign, then the same symbols: the next one.
    """
    X = np.zeros((length + 1, B), np.int64)
    Y = np.full((length + 1, B), -1)
    if task == "parity":
        bits = rng.integers(2, size=(length, B))
        X[1:] = 1 + bits
        Y[1:] = bits.cumsum(axis=0) % 2
    elif task == "cups":
        swaps = rng.integers(5, size=(length, B))
        X[1:] = 1 + swaps
        ball = np.zeros(B, np.int64)
        for t, left in enumerate(swaps):
            right = (left + 1) % 5
            ball = np.where(ball == left, right, np.where(ball == right, left, ball))
            Y[t + 1] = ball
    elif task == "first":
        X[1:] = rng.integers(1, 9, size=(length, B))
        Y[1:] = X[1] - 1
    elif task == "recall":
        n = length // 3
        keys = rng.permuted(np.tile(np.arange(192)[:, None], (1, B)), axis=0)[:n]
        values = rng.integers(8, size=(n, B))
        asked = rng.integers(n, size=(length - 2 * n, B))
        X[1 : 2 * n : 2] = 1 + keys
        X[2 : 2 * n + 1 : 2] = 193 + values
        X[2 * n + 1 :] = 1 + np.take_along_axis(keys, asked, axis=0)
        Y[2 * n + 1 :] = np.take_along_axis(values, asked, axis=0)
    elif task == "copy":
        n = (length - 1) // 2
        word = rng.integers(32, size=(n, B))
        X, Y = X[: 2 * n + 2], Y[: 2 * n + 2]
        X[1 : n + 1] = 1 + word
        X[n + 1] = 33
        X[n + 2 :] = 1 + word
        Y[n + 1 : 2 * n + 1] = word
    else:
        raise ValueError(f"There is no task {task!r}.")
    return X, Y


def accuracy(net: Net, task: str, length: int) -> float:
    """Share of right answers on fresh sequences: the last eight of a running task, else all."""
    X, Y = batch(task, length, TEST, np.random.default_rng([99, length]))
    if task in RUNNING:
        Y[:-8] = -1
    right = 0
    for some in np.array_split(np.arange(TEST), max(1, TEST * length // 8192)):
        best = net.forward(X[:, some])[0].argmax(axis=-1)
        right += int((best == Y[:, some]).sum())
    return right / int((Y >= 0).sum())


def trainer(task: str, name: str, seed: int, rate: float) -> Trainer:
    """A net and its trainer before the first step."""
    symbols, answers = TASKS[task]

    def draw(rng):
        length = TRAINED if task in RUNNING else int(rng.integers(6, TRAINED + 1))
        return batch(task, length, BATCH, rng)

    net = NETS[name](symbols, answers, seed=[seed, sum(map(ord, task + name))])
    return Trainer(net, draw, rate=rate, seed=[1000 + seed, sum(map(ord, task + name))])


def run(task: str, name: str, seed: int, rate: float, steps: int = STEPS) -> dict:
    """One run: accuracies at all LENGTHS."""
    t = trainer(task, name, seed, rate)
    t.train(steps, int(steps * (1 - DECAY)), progress=False)
    began = time.process_time()
    accuracies = [round(accuracy(t.net, task, length), 4) for length in LENGTHS]
    return {
        "task": task,
        "net": name,
        "seed": seed,
        "rate": rate,
        "parameters": t.net.theta.size,
        "seconds": round(t.seconds, 1),
        "test_seconds": round(time.process_time() - began, 1),
        "loss": round(float(t.loss), 4),
        "accuracy": accuracies,
    }


def jobs(seeds: int):
    """What there is to run: the map seed by seed, and after its third seed the other rates."""
    for seed in range(seeds):
        for task in TASKS:
            for name in NETS:
                yield task, name, seed, RATES.get(name, OTHER)
        if seed + 1 == RATE_SEEDS:
            for other in range(RATE_SEEDS):
                for task in ("recall", "copy"):
                    for name in RECURRENT:
                        rate = RATES.get(name, OTHER)
                        yield task, name, other, round(rate / 3, 6)
                        yield task, name, other, round(rate * 3, 6)


def key(r: dict) -> tuple:
    return r["task"], r["net"], r["seed"], r["rate"]


def done() -> list[dict]:
    """The runs so far: those recorded beside this script and those since."""
    recorded = HERE / "learn.json"
    runs = json.loads(recorded.read_text())["runs"] if recorded.exists() else []
    if RUNS.exists():
        runs += [json.loads(line) for line in RUNS.read_text().splitlines()]
    return list({key(r): r for r in runs}.values())


def write(runs: list[dict]) -> None:
    """learn.json: the settings, how many seeds every cell of the map has, and every run."""
    cells = [(r["task"], r["net"]) for r in runs if r["rate"] == RATES.get(r["net"], OTHER)]
    record = {
        "seeds": min(cells.count((task, net)) for task in TASKS for net in NETS),
        "steps": STEPS,
        "batch": BATCH,
        "lengths": LENGTHS,
        "tested": TEST,
        "chance": {task: 1 / answers for task, (_, answers) in TASKS.items()},
    }
    rows = ",\n".join(json.dumps(r) for r in sorted(runs, key=lambda r: (r["seed"], *key(r))))
    head = json.dumps(record)[:-1]
    (HERE / "learn.json").write_text(f'{head}, "runs": [\n{rows}\n]}}\n')


@dataclasses.dataclass(frozen=True)
class Cell:
    """What became of one net on one task: a list of runs with one accuracy for each length."""

    accuracies: np.ndarray  # (runs, lengths)

    @property
    def n(self) -> int:
        return len(self.accuracies)

    def median(self, length: int) -> float:
        return float(np.median(self.accuracies[:, LENGTHS.index(length)]))

    def spread(self, length: int) -> tuple[float, float]:
        at = self.accuracies[:, LENGTHS.index(length)]
        return float(at.min()), float(at.max())

    def solved(self, length: int) -> int:
        """In how many runs at least SOLVED of the answers were right."""
        return int((self.accuracies[:, LENGTHS.index(length)] >= SOLVED).sum())


def recorded() -> dict[str, Any]:
    """What learn.json holds.

    Raises:
        FileNotFoundError: nothing has been recorded.
    """
    return json.loads((HERE / "learn.json").read_text())


def cells(record: dict[str, Any]) -> dict[tuple[str, str], Cell]:
    """The map: (task, net) -> runs at the net's own rate, of the seeds that every cell has."""
    found: dict[tuple[str, str], list[list[float]]] = {}
    for r in record["runs"]:
        if r["rate"] == RATES.get(r["net"], OTHER) and r["seed"] < record["seeds"]:
            found.setdefault((r["task"], r["net"]), []).append(r["accuracy"])
    return {key: Cell(np.array(runs)) for key, runs in found.items()}


def main(seeds: int = SEEDS) -> None:
    RUNS.parent.mkdir(parents=True, exist_ok=True)
    have = {key(r) for r in done()}
    for job in jobs(seeds):
        if job not in have:
            with RUNS.open("a") as f:
                f.write(json.dumps(run(*job)) + "\n")
    write(done())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
