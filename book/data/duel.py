"""The duel: four nets of equal size learn to read one novel, character by character.

usage: PYTHONPATH=book python book/data/duel.py [record]     writes duel.json and weights beside it

About 45 minutes on an idle core. Runs that are done lie in _build/duel and in duel.json; started
again, the script makes those that are missing, and those of a net whose best rate has changed; with
`record` it writes what there is. Set OPENBLAS_NUM_THREADS=1: the times are those of one thread.
"""

import ctypes
import functools
import json
import platform
import sys
from pathlib import Path

import numpy as np
from data.inside import line_end_score, line_end_table, line_ends
from lesson.nets import NETS, Trainer, shipped, text

HERE = Path(__file__).parent
RUNS = HERE.parents[1] / "_build" / "duel"
RATES = {  # four tries each, a factor of 2 apart
    "rnn": (0.002, 0.004, 0.008, 0.016),
    "lstm": (0.01, 0.02, 0.04, 0.08),
    "gated": (0.004, 0.008, 0.016, 0.032),
    "transformer": (0.004, 0.008, 0.016, 0.032),
}
TUNING_STEPS = 600
# A step is 16 windows of 128 characters. A run has one trunk at full rate; from it a branch with
# decay ends at each of these steps.
HORIZONS = (750, 1500, 3000)
WRAPPED = (2000, 6000)  # the same for the text with wrapped lines, of which there is one seed
SEEDS = (0, 1, 2)
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


def run(net: str, seed: int, rate: float, wrapped: bool, horizon: int) -> dict:
    """Goes on with the trunk where an earlier branch left it, then decays to the horizon."""
    name = name_of(net, seed, wrapped, rate)
    t = trainer(net, rate, seed, wrapped)
    trunk = RUNS / f"{name}.npz"
    if trunk.exists():
        t.load(trunk)
    branch = int(horizon * (1 - DECAY))
    curve = []
    for step in sorted({*(s for s in CURVE if t.step < s <= branch), branch}):
        t.train(step)
        if step in CURVE:
            bits = text.bits_a_character(t.net, "validation", wrapped=wrapped, most=QUICK)
            curve.append([step, round(t.loss / np.log(2), 4), round(bits, 4)])
    t.save(trunk)
    t.train(horizon, branch)
    np.save(RUNS / f"{name}-{horizon}.npy", t.net.theta)
    end = {"steps": horizon, "seconds": round(t.seconds, 1), "train": round(t.loss / np.log(2), 4)}
    for part in ("validation", "test"):
        end[part] = round(text.bits_a_character(t.net, part, wrapped=wrapped), 4)
    return {"curve": curve, "end": end}


def name_of(net: str, seed: int, wrapped: bool, rate: float) -> str:
    return f"{net}-{rate}-{'wrapped' if wrapped else 'unwrapped'}-{seed}"


def jobs():
    """Net, seed, wrapped, horizon: what is like with like first, and the short before the long."""
    yield from ((net, 0, False, horizon) for net in reversed(NETS) for horizon in HORIZONS)
    yield from ((net, 0, True, WRAPPED[0]) for net in ("transformer", "gated"))
    yield from ((net, seed, False, HORIZONS[0]) for seed in SEEDS[1:] for net in reversed(NETS))
    yield from ((net, 0, True, WRAPPED[0]) for net in ("lstm", "rnn"))
    for horizon in HORIZONS[1:]:
        yield from ((net, seed, False, horizon) for seed in SEEDS[1:] for net in reversed(NETS))
    yield from ((net, 0, True, WRAPPED[1]) for net in ("transformer", "gated", "lstm"))


def once(name: str, make) -> dict | None:
    """What `make()` gives, from the file of an earlier run where there is one."""
    file = RUNS / f"{name}.json"
    if not file.exists():
        if make is None:
            return None
        print(name, flush=True)
        file.write_text(json.dumps(make()))
    return json.loads(file.read_text())


def record() -> dict:
    """What duel.json holds; README.md beside it says what that is."""
    file = Path(__file__).with_suffix(".json")
    return json.loads(file.read_text()) if file.exists() else {}


def tuned() -> dict:
    """Validation bits for each net and rate."""
    tries = {net: dict(record().get("tuning", {}).get(net, {})) for net in RATES}
    for net, rates in RATES.items():
        for rate in map(str, rates):
            if rate not in tries[net]:
                make = functools.partial(tune, net, float(rate))
                tries[net][rate] = once(f"tune-{net}-{rate}", make)
    return tries


def keep_memory() -> None:
    """Freed memory stays in the process: else each step asks the kernel anew for megabytes."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.mallopt(-1, 1 << 30)  # M_TRIM_THRESHOLD
        libc.mallopt(-3, 1 << 30)  # M_MMAP_THRESHOLD


def trained(net: str, wrapped: bool, rate: float, horizon: int):
    """The net of seed 0 as a run left it; None if there is no such run here."""
    file = RUNS / f"{name_of(net, 0, wrapped, rate)}-{horizon}.npy"
    if not file.exists():
        return None
    fresh = NETS[net]()
    fresh.theta[...] = np.load(file)
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


def ship(rates: dict[str, float]) -> dict:
    """Writes the weights as float16; bits a character on the test part, before and after."""
    bits = {}
    for net, wrapped in [*((net, False) for net in NETS), ("gated", True), ("transformer", True)]:
        full = trained(net, wrapped, rates[net], WRAPPED[0] if wrapped else HORIZONS[-1])
        if full is None:
            continue
        name = f"{net}-wrapped" if wrapped else net
        shipped.save(name, full)
        pair = (full, shipped.load(name))
        bits[name] = [round(text.bits_a_character(n, "test", wrapped=wrapped), 4) for n in pair]
    return bits


def longer(rates: dict[str, float], reach: int = 40) -> dict:
    """Line ends after three times as many steps; `near`, when no head sees beyond `reach`."""
    found = {}
    for name in NETS:
        net = trained(name, True, rates[name], WRAPPED[1])
        if net is None:
            continue
        found[name] = line_end_score(line_ends(net))
        if name == "transformer":
            for mixer in net.mixer:
                mixer.reach = [reach] * net.n_heads
            found["near"] = line_end_score(line_ends(net))
    return found


def machine() -> str:
    """The kind of processor on which the times were taken."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    kinds = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return f"{kinds[0] if kinds else platform.processor()}, one thread"


def recorded(rates: dict[str, float], go_on: bool) -> list[dict]:
    """All runs, a dictionary each; those that are missing are made if `go_on`, else left out."""
    known = [r for r in record().get("runs", []) if r["rate"] == rates[r["net"]]]
    runs = {(r["net"], r["seed"], r["wrapped"]): r for r in known}
    for net, seed, wrapped, horizon in jobs():
        rate = rates[net]
        about = {"net": net, "seed": seed, "wrapped": wrapped, "rate": rate}
        whole = runs.setdefault((net, seed, wrapped), about | {"curve": [], "ends": []})
        if horizon in [end["steps"] for end in whole["ends"]]:
            continue
        make = functools.partial(run, net, seed, rate, wrapped, horizon) if go_on else None
        part = once(f"{name_of(net, seed, wrapped, rate)}-{horizon}", make)
        if part:
            points = {step: point for step, *point in whole["curve"] + part["curve"]}
            whole["curve"] = [[step, *points[step]] for step in sorted(points)]
            whole["ends"].append(part["end"])
    return [whole for whole in runs.values() if whole["ends"]]


def main(what: str = "all") -> None:
    RUNS.mkdir(parents=True, exist_ok=True)
    keep_memory()
    tries = tuned()
    rates = {net: float(min(t, key=lambda r, t=t: t[r]["validation"])) for net, t in tries.items()}
    runs = recorded(rates, go_on=what != "record")
    wrapped = {net: trained(net, True, rates[net], WRAPPED[0]) for net in NETS}
    known = record()
    found = {
        "machine": known.get("machine") or machine(),  # of the times, which are kept
        "parameters": {net: make().theta.size for net, make in NETS.items()},
        "characters_a_step": 16 * 128,
        "decay": DECAY,
        "rates": rates,
        "tuning_steps": TUNING_STEPS,
        "tuning": tries,
        "step_ms": known.get("step_ms") or milliseconds(),
        "shipped": known.get("shipped", {}) | ship(rates),
        "line_ends": known.get("line_ends", {})
        | {net: line_end_table(line_ends(of)) for net, of in wrapped.items() if of},
        "line_ends_longer": known.get("line_ends_longer", {}) | longer(rates),
        "runs": runs,
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
