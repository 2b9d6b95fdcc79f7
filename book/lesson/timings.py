"""The recorded times of `book/data/timings.py`: how long four layers of equal size take."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).parents[1] / "data" / "timings.json"


@cache
def record() -> dict[str, Any]:
    """The whole record: machine, versions, parameters of each layer, and all runs."""
    return json.loads(FILE.read_text("utf-8"))


def nets() -> list[str]:
    """The layers that were timed."""
    return list(record()["parameters"])


def times(task: str, batch: int, net: str, threads: int = 1) -> dict[int, list[float]]:
    """Words -> milliseconds: median, 10th and 90th percentile.

    Args:
        task: "reading", "training" or "one more word".
        batch: texts at once, 1 or 64.
        threads: 1, or the number of cores if the script was run for all of them.

    Raises:
        ValueError: nothing of that kind was timed.
    """
    asked = {"task": task, "batch": batch, "threads": threads, "net": net}
    found = {
        run["n"]: run["ms"]
        for run in record()["runs"]
        if all(run[key] == value for key, value in asked.items())
    }
    if not found:
        raise ValueError(f"nothing was timed for {asked}")
    return found


def crossings(first: dict[int, list[float]], second: dict[int, list[float]]) -> list[float]:
    """At how many words the medians cross, on straight lines between the logarithms of points."""
    ns = sorted(first.keys() & second.keys())
    lead = np.log([second[n][0] / first[n][0] for n in ns])
    places = []
    for i in range(len(ns) - 1):
        if lead[i] * lead[i + 1] < 0:
            share = lead[i] / (lead[i] - lead[i + 1])
            places.append(float(ns[i] * (ns[i + 1] / ns[i]) ** share))
    return places
