"""An assignment as its author writes it, and the notebook that is made of it.

`solutions/A/A.ipynb` holds statements, reference answers and tests; `solutions/A/mistakes.py` the
mistakes that learners make, with the sentence that explains each:

    PROBES = {"rnn_cell": [(x, h, W_xh, W_hh, b), …]}

    @mistake("rnn_cell", "The old state never enters: nothing in your result changes when h does.")
    def ignores_the_old_state(x, h, W_xh, W_hh, b):
        return np.tanh(x @ W_xh + b)

A probe is a tuple of arguments (arrays, numbers, text, None, and lists, tuples and dictionaries of
them), or the text of a function of the learner's function, where plain arguments do not do:
`"lambda crossover: crossover(lambda n: n * n, lambda n: 9 * n, n_max=100)"`. Its numbers should be
few and short, for they travel in the notebook. (None at all, where the tests name the mistakes
themselves.) Probes run in order. What is observed of a call is
the result, or the type of the exception, and the arguments where the call changed them.

*Packing* replaces the cell `checks` by the text of `grading/checks.py` and a table of what each
mistake gives on the probes, wherever that differs from the right result: never code, never a right
number, but a digest that tells whether an outcome is the right one.
Numbers are rounded so that every processor packs the same bytes, and `fragile` names the
mistakes for which no rounding can promise that. `pack("rnn")` gives the packed notebook; `Pack`
does it inside nbgrader.
"""

from __future__ import annotations

import base64
import bz2
import importlib.util
import json
import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import numpy as np

from course import SOLUTIONS
from grading import checks

NOISE = 1e-9  # what the sums of two processors may differ by, and far more
SIZES = [0.0, 1e-15, 1e-15, 1e-15, 1e-12, 1e-12, 3e-8, 3e-8]  # a last bit, a sum, a float32
MOVES = [(by, seed) for seed, by in enumerate(SIZES)]


@dataclass(frozen=True)
class Mistake:
    """One known wrong answer to `function`; `siblings` are mistakes that may be named instead."""

    function: str
    name: str
    sentence: str
    siblings: tuple[str, ...]
    call: Callable


def mistake(function: str, sentence: str, siblings: Iterable[str] = ()) -> Callable:
    """Mark a function of `mistakes.py` as a wrong answer to `function`, explained by `sentence`.

    `siblings` names mistakes that no legal input tells apart from this one, or whose sentence
    would be as right; it holds both ways.
    """

    def mark(call: Callable) -> Callable:
        about = Mistake(function, call.__name__, sentence, tuple(siblings), call)
        call.mistake = about  # type: ignore[attr-defined]
        return call

    return mark


def assignments() -> list[str]:
    """The names of all assignments, in alphabetical order."""
    return sorted(
        path.stem for path in SOLUTIONS.glob("*/*.ipynb") if path.stem == path.parent.name
    )


def read(assignment: str, solutions: Path = SOLUTIONS) -> nbformat.NotebookNode:
    """The author's notebook of an assignment, as it is."""
    return nbformat.read(solutions / assignment / f"{assignment}.ipynb", 4)


def catalogue(folder: Path) -> tuple[list[Mistake], dict[str, list]]:
    """The mistakes of the assignment in `folder`, in their order, and the probes by function."""
    path = folder / "mistakes.py"
    if not path.exists():
        return [], {}
    spec = importlib.util.spec_from_file_location(f"mistakes_{folder.name}", path)
    assert spec and spec.loader, path  # a file that ends in .py has both
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = [v.mistake for v in vars(module).values() if callable(v) and hasattr(v, "mistake")]
    return found, {name: _decode(_encode(probes)) for name, probes in module.PROBES.items()}


def grade_id(cell: nbformat.NotebookNode) -> str:
    """The id that nbgrader knows a cell by, or an empty text."""
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def reference(notebook: nbformat.NotebookNode) -> dict[str, Any]:
    """What the author's cells define: the imports and the reference answers, without the tests."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in notebook.cells:
        graded = cell.metadata.get("nbgrader", {}).get("grade", False)
        if cell.cell_type == "code" and not graded and grade_id(cell) != "checks":
            exec(compile(cell.source, f"<{grade_id(cell)}>", "exec"), names)
    return names


def known(notebook: nbformat.NotebookNode, folder: Path) -> dict[str, dict]:
    """The table KNOWN of `grading/checks.py`, for the mistakes beside the notebook in `folder`.

    Raises:
        ValueError: a mistake gives the right result on every probe, or its function has none.
    """
    found, probes = catalogue(folder)
    if stray := {m.function for m in found} - set(probes):
        raise ValueError(f"{folder.name}/mistakes.py: no PROBES for {', '.join(sorted(stray))}")
    right = reference(notebook) if found else {}
    table = {}
    for function, inputs in probes.items():
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            truth = [checks._observe(right[function], probe) for probe in inputs]
            right_ones = [_sealed(*one) for one in truth]
            rows = []
            for m in (m for m in found if m.function == function and inputs):
                seen = [checks._observe(m.call, probe) for probe in inputs]
                # thrice the tolerance of the tests, so that no right answer is near a stored one
                wrong = {
                    str(i): [look, [_short(n) for n in numbers]]
                    for i, (look, numbers) in enumerate(seen)
                    if not checks._agree((look, numbers), truth[i], slack=3)
                }
                nearly = {
                    str(i): None
                    for i, outcome in enumerate(seen)
                    if str(i) not in wrong and not checks._right(outcome, right_ones[i])
                }
                if not wrong:
                    raise ValueError(f"{folder.name}/mistakes.py: no probe shows {m.name}")
                rows.append([m.sentence, wrong | nearly])
        table[function] = {"probes": inputs, "right": right_ones, "mistakes": rows}
    return table


def pack_notebook(notebook: nbformat.NotebookNode, folder: Path) -> nbformat.NotebookNode:
    """Fill the cell `checks` of a notebook, in place, so that it needs no other file."""
    for cell in notebook.cells:
        if grade_id(cell) == "checks":
            text = json.dumps(_encode(known(notebook, folder)), separators=(",", ":"))
            data = base64.b64encode(bz2.compress(text.encode())).decode()
            code = Path(checks.__file__).read_text(encoding="utf-8")
            cell.source = f'{code}\n\nKNOWN = load("{data}")'
    return notebook


def pack(assignment: str, solutions: Path = SOLUTIONS) -> nbformat.NotebookNode:
    """The author's notebook with its cell `checks` filled: what is released and what is judged."""
    return pack_notebook(read(assignment, solutions), solutions / assignment)


class Pack:
    """Packing as a preprocessor: the first of `c.GenerateAssignment.preprocessors`."""

    def __call__(
        self, notebook: nbformat.NotebookNode, resources: dict
    ) -> tuple[nbformat.NotebookNode, dict]:
        return pack_notebook(notebook, Path(resources["metadata"]["path"])), resources


def _short(number: float) -> float:
    """Five digits; one or more beyond them where five would hang on the last bits.

    A sum may differ in its last bits from processor to processor. What is stored does not, as long
    as the difference is below a billionth: a number that lies nearer to the edge between two
    roundings (as 0.140625 does) keeps the digits that decide.
    """
    if not math.isfinite(number):
        return number
    for digits in range(5, 9):
        edges = (number * (1 - NOISE) - NOISE / 1000, number * (1 + NOISE) + NOISE / 1000)
        one, other = (round(float(f"{edge:.{digits}g}"), digits + 4) + 0.0 for edge in edges)
        if one == other:
            break
    return one


def _sealed(look: str, numbers: list[float]) -> list:
    """What the table holds of a right outcome: its look, a scale, and a digest of one number.

    The number is a combination of all, in steps so wide that a right answer is at most one off.
    """
    size = sum(abs(n) if math.isfinite(n) else 7.0 for n in numbers)
    scale = _short(max(size, 1e-3)) * 2e-5
    while abs(checks._combined(numbers, scale) % 1 - 0.5) < 0.05:  # no rounding may turn it over
        scale *= 1.125
    return [look, scale, checks._digest(round(checks._combined(numbers, scale)))]


def _moved(value: Any, by: float, draw: np.random.Generator) -> Any:
    """The value with its floats moved by a fraction of themselves, in another order in memory."""
    if isinstance(value, np.ndarray):
        value = np.array(value, order="F")
        if value.dtype.kind == "f":
            value *= 1 + by * draw.uniform(-1, 1, value.shape)
    elif isinstance(value, float):
        value *= 1 + by * draw.uniform(-1, 1)
    elif isinstance(value, dict):
        value = {key: _moved(v, by, draw) for key, v in value.items()}
    elif isinstance(value, list):  # here a whole number is often a measured one
        value = [_moved(float(v) if type(v) is int else v, by, draw) for v in value]
    elif isinstance(value, tuple):
        value = tuple(_moved(v, by, draw) for v in value)
    return value


def _observe_moved(function: Callable, probe: Any, by: float, seed: int) -> tuple:
    """What a function gives on a probe whose numbers are not quite the same.

    A probe that is text may compare last bits on purpose, so its numbers stay; their order changes.
    """
    draw = np.random.default_rng(seed)
    if isinstance(probe, str):
        return checks._observe(lambda *args: function(*_moved(args, 0.0, draw)), probe)
    return checks._observe(function, [_moved(argument, by, draw) for argument in probe])


def fragile(notebook: nbformat.NotebookNode, folder: Path) -> Iterator[str]:
    """Mistakes whose outcome hangs on rounding: another processor would store another one.

    The numbers of each probe are moved by a few times their last bit and by that of a float32,
    and laid out in another order. Where the right answer stays what it was, a mistake must, too.
    (Where it does not, as when two rows tie on purpose, only the order in memory changes.)
    """
    found, probes = catalogue(folder)
    right = reference(notebook) if found else {}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for function, inputs in probes.items():
            for i, probe in enumerate(inputs):
                truth = checks._observe(right[function], probe)
                stays = all(
                    checks._agree(_observe_moved(right[function], probe, *move), truth)
                    for move in MOVES
                )
                moves = MOVES if stays else MOVES[:1]
                for m in (m for m in found if m.function == function):
                    seen = checks._observe(m.call, probe)
                    others = [_observe_moved(m.call, probe, *move) for move in moves]
                    # an error is no rounding: a whole number was asked for and is none any more
                    if not all(o[0][0] == "!" or checks._agree(o, seen) for o in others):
                        yield (
                            f"{m.name}: what it gives on probe {i} of {function} hangs on rounding;"
                            " another processor would give something else. Change the probe"
                        )


def _encode(value: Any) -> Any:
    """The value in terms of JSON; `load` in `grading/checks.py` reads it back."""
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": value.dtype.str}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {key: _encode(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encode(v) for v in value]
    return value


def _decode(value: Any) -> Any:
    """What a value becomes on its way through the notebook."""
    return checks.load(base64.b64encode(bz2.compress(json.dumps(value).encode())))
