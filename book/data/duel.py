"""The duel: four nets of equal size learn to read one novel, character by character.

usage: PYTHONPATH=book python book/data/duel.py     writes duel.json and the weights beside it

About 45 minutes on one core. Runs that are done lie in _build/duel; started again, the script goes
on from there. Set OPENBLAS_NUM_THREADS=1: the times are those of one thread.
"""

import ctypes
import functools
import json
import sys
from pathlib import Path

import numpy as np
from data.inside import line_end_table, line_ends
from lesson.nets import NETS, Trainer, shipped, text

HERE = Path(__file__).parent
RUNS = HERE.parents[1] / "_build" / "duel"
RATES = {  # three tries each, a factor of 2 apart
    "rnn": (0.002, 0.004, 0.008),
    "lstm": (0.01, 0.02, 0.04),
    "gated": (0.004, 0.008, 0.016),
    "transformer": (0.004, 0.008, 0.016),
}
TUNING_STEPS = 600
# Seed, whether lines are wrapped, and after how many steps a run ends; each end has its own decay.
# A step is 16 windows of 128 characters. Three seeds meet at 1,500 steps.
JOBS = (
    (0, False, (750, 1500, 3000)),
    (0, True, (2000,)),
    (1, False, (1500,)),
    (2, False, (1500,)),
)
DECAY = 0.3  # the share of a horizon in which the rate falls to 0
CURVE = (25, 50, 100, 200, 350, 500, 700, 1000, 1400, 2000)  # where the trunk is looked at
QUICK = 16_000  # characters of the validation part that it is looked at on


def trainer(net: str, rate: float, seed: int, wrapped: bool = False) -> Trainer:
    """A net and its trainer before the first step."""
    draw = text.windows("train", wrapped=wrapped)
    return Trainer(NETS[net](seed=seed), draw, rate=rate, seed=1000 + seed)


def tune(net: str, rate: float) -> dict:
    """Bits a character on the validation part after a short run, seed 0."""
    t = trainer(net, rate, 0)
    t.train(TUNING_STEPS, int(TUNING_STEPS * (1 - DECAY)))
    return {"validation": text.bits_a_character(t.net, "validation"), "seconds": t.seconds}


def run(net: str, seed: int, rate: float, wrapped: bool, horizons: tuple[int, ...]) -> dict:
    """One trunk at full rate, and from it one run with decay to each horizon."""
    t = trainer(net, rate, seed, wrapped)
    curve, ends = [], []
    for horizon in horizons:
        branch = int(horizon * (1 - DECAY))
        for step in [*(s for s in CURVE if t.step < s <= branch), branch]:
            t.train(step)
            if step in CURVE:
                bits = text.bits_a_character(t.net, "validation", wrapped=wrapped, most=QUICK)
                curve.append([step, round(t.loss / np.log(2), 4), round(bits, 4)])
        trunk = t.state()
        t.train(horizon, branch)
        ends.append(
            {
                "steps": horizon,
                "seconds": round(t.seconds, 1),
                "train": round(t.loss / np.log(2), 4),
                "validation": text.bits_a_character(t.net, "validation", wrapped=wrapped),
                "test": text.bits_a_character(t.net, "test", wrapped=wrapped),
            }
        )
        if horizon == horizons[-1]:
            np.save(RUNS / f"{name_of(net, seed, wrapped)}.npy", t.net.theta)
        t.restore(trunk)
    return {"curve": curve, "ends": ends}


def name_of(net: str, seed: int, wrapped: bool) -> str:
    return f"{net}-{'wrapped' if wrapped else 'unwrapped'}-{seed}"


def once(name: str, make) -> dict:
    """What `make()` gives, from the file of an earlier run where there is one."""
    file = RUNS / f"{name}.json"
    if not file.exists():
        print(name, flush=True)
        file.write_text(json.dumps(make()))
    return json.loads(file.read_text())


def tuned() -> dict:
    """Validation bits for each net and rate."""
    return {
        net: {str(r): once(f"tune-{net}-{r}", functools.partial(tune, net, r)) for r in rates}
        for net, rates in RATES.items()
    }


def keep_memory() -> None:
    """Freed memory stays in the process: else each step asks the kernel anew for megabytes."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.mallopt(-1, 1 << 30)  # M_TRIM_THRESHOLD
        libc.mallopt(-3, 1 << 30)  # M_MMAP_THRESHOLD


def trained(net: str, seed: int, wrapped: bool):
    """The net as its longest run left it."""
    fresh = NETS[net]()
    fresh.theta[...] = np.load(RUNS / f"{name_of(net, seed, wrapped)}.npy")
    return fresh


def milliseconds(rounds: int = 25) -> dict:
    """Processor time of a training step, all nets in turn: median, and the middle 80 %."""
    trainers = {net: trainer(net, 0.001, 0).train(3, progress=False) for net in NETS}
    times = {net: [] for net in NETS}
    for _ in range(rounds):
        for net, t in trainers.items():
            before = t.seconds
            t.train(t.step + 1, progress=False)
            times[net].append(1000 * (t.seconds - before))
    return {
        k: [round(float(q), 1) for q in np.quantile(v, (0.5, 0.1, 0.9))] for k, v in times.items()
    }


def ship(seed: int = 0) -> dict:
    """Writes the weights as float16; bits a character on the test part, before and after."""
    bits = {}
    for net, wrapped in [(net, False) for net in NETS] + [("gated", True), ("transformer", True)]:
        name = f"{net}-wrapped" if wrapped else net
        full = trained(net, seed, wrapped)
        shipped.save(name, full)
        pair = (full, shipped.load(name))
        bits[name] = [round(text.bits_a_character(n, "test", wrapped=wrapped), 4) for n in pair]
    return bits


def main() -> None:
    RUNS.mkdir(parents=True, exist_ok=True)
    keep_memory()
    tries = tuned()
    rates = {net: float(min(t, key=lambda r, t=t: t[r]["validation"])) for net, t in tries.items()}
    runs = []
    for seed, wrapped, horizons in JOBS:
        for net in reversed(NETS):
            make = functools.partial(run, net, seed, rates[net], wrapped, horizons)
            about = {"net": net, "seed": seed, "wrapped": wrapped}
            runs.append({**about, **once(name_of(net, seed, wrapped), make)})
    record = {
        "parameters": {net: make().theta.size for net, make in NETS.items()},
        "rates": rates,
        "tuning": tries,
        "tuning_steps": TUNING_STEPS,
        "characters_a_step": 16 * 128,
        "decay": DECAY,
        "step_ms": milliseconds(),
        "shipped": ship(),
        "line_ends": {net: line_end_table(line_ends(trained(net, 0, True))) for net in NETS},
        "runs": runs,
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
