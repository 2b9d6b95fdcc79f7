"""What a learner handed in: recognised, and given back the master's cells.

A submission is bytes from a stranger. Here it becomes a notebook of which only the learner's words
are left: sources, in their order. Ids, metadata, outputs and test cells come from the master.
"""

import re
from typing import Any

from grading.files import Unreadable, decode
from grading.harmless import as_text, attachments, markdown
from grading.wire import clean

MAX_TEXT = 10 << 20  # characters that learners wrote; outputs are thrown away and do not count
MAX_CELLS = 1_000
MAX_SOURCE = 200_000  # characters of one cell
BEGIN, END = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"


class NotThisAssignment(Exception):
    """The notebook has no cell of this assignment."""


def parse(data: bytes) -> list[dict]:
    """The cells of a notebook: type, source, and the id that its metadata claims.

    Raises:
        Unreadable: it is no notebook, or there is too much in it.
    """
    cells = [_cell(cell) for cell in decode(data)["cells"] if isinstance(cell, dict)]
    if len(cells) > MAX_CELLS:
        raise Unreadable(f"more than {MAX_CELLS} cells: hand in the assignment's notebook alone")
    if sum(len(cell["source"]) for cell in cells) > MAX_TEXT:
        raise Unreadable(f"more than {MAX_TEXT >> 20} MB of text, its outputs not counted")
    return cells


def _cell(cell: dict) -> dict:
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    claim: Any = cell
    for key in ("metadata", "nbgrader", "grade_id"):
        claim = claim.get(key) if isinstance(claim, dict) else None
    kind = "code" if cell.get("cell_type") == "code" else "markdown"
    source = clean(source, MAX_SOURCE)
    if cell.get("cell_type") == "raw":
        source = as_text(source)
    return {
        "type": kind,
        "source": source,
        "id": claim if isinstance(claim, str) else None,
        "attachments": attachments(cell.get("attachments")),
    }


def meta(cell: dict) -> dict:
    """nbgrader's metadata of a cell of the master."""
    return cell["metadata"].get("nbgrader", {})


def is_answer(cell: dict) -> bool:
    """Whether learners write in this cell."""
    return bool(meta(cell).get("solution") or meta(cell).get("task"))


def is_test(cell: dict) -> bool:
    """Whether this cell grades other cells."""
    return bool(meta(cell).get("grade")) and not is_answer(cell)


def is_locked(cell: dict) -> bool:
    """Whether the master's source replaces what learners made of this cell."""
    return not is_answer(cell) and bool(meta(cell).get("grade") or meta(cell).get("locked"))


def visible(source: str) -> dict[int, str]:
    """The lines of a test cell that learners may see, by their number."""
    shown, hidden = {}, False
    for number, line in enumerate(source.split("\n"), 1):
        hidden = hidden or BEGIN in line
        if not hidden:
            shown[number] = line
        hidden = hidden and END not in line
    return shown


def restore(master: dict, cells: list[dict]) -> dict:
    """The notebook that is graded: the learner's cells, with the master's where they belong.

    `master` is the packed notebook without its answers. The order of the learner's own cells is
    kept, and so is the place of a locked or test cell as far as the answers allow (see _slots).
    """
    ours = {meta(c)["grade_id"]: c for c in master["cells"] if meta(c).get("grade_id")}
    claims = {cell["id"] for cell in cells if cell["id"]}
    _recognise(ours, cells)
    answers = {i for i, c in ours.items() if is_answer(c)}
    if not any(c["id"] in answers or (c["id"] in ours and is_test(ours[c["id"]])) for c in cells):
        raise NotThisAssignment(_whose(master["metadata"].get("others", {}), claims, cells))
    free = [c for c in cells if c["id"] is None or c["id"] in answers]
    slots = _slots(ours, answers, cells, free)
    clean = {i: _clean(cell, cell["source"]) for i, cell in ours.items()}
    graded = [clean[i] for i in slots[0]]
    for cell, locked in zip(free, slots[1:], strict=True):
        graded.append(_theirs(cell, ours.get(cell["id"])))
        graded += [clean[i] for i in locked]
    there = {c["id"] for c in free}
    lost = [i for i in ours if i in answers - there and meta(ours[i]).get("grade")]
    graded += [clean[i] for i in lost]
    return {
        "cells": [cell | {"id": f"cell-{n}"} for n, cell in enumerate(graded)],
        "metadata": {k: v for k, v in master["metadata"].items() if k == "kernelspec"},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _whose(others: dict[str, list[str]], claims: set[str], cells: list[dict]) -> str:
    """What to say of a notebook without a cell of its assignment: the other that it belongs to."""
    text = "\n".join(cell["source"] for cell in cells)
    claims = claims | set(re.findall(r"(?m)^def (\w+)\(", text))
    held = {name: len(claims.intersection(ids)) for name, ids in others.items()}
    name = max(held, key=lambda name: held[name], default="")
    if not name or not held[name]:
        return "no cell of this assignment is in the notebook: hand in the one that was given out"
    return (
        f"it is the notebook of {name}: hand that in as {name}, and here the one of this assignment"
    )


def _slots(
    ours: dict[str, dict], answers: set[str], cells: list[dict], free: list[dict]
) -> list[list[str]]:
    """Which locked cells stand before the first of the learner's cells `free`, and after each.

    A locked cell's slot is where the learner has it, or at the end of its range if that is outside:
    it comes after all answers that precede it in the master (after everything, if one of them is
    missing), before those that follow it, and after the locked cell before it.
    """
    end = len(free)
    after = {c["id"]: n for n, c in enumerate(free, 1) if c["id"]}  # the slot after an answer
    where, passed = {}, 0
    for cell in cells:
        where[cell["id"]] = passed
        passed += cell["id"] is None or cell["id"] in answers
    order, slot = list(ours), 0
    slots: list[list[str]] = [[] for _ in range(end + 1)]
    for n, i in enumerate(order):
        if i in answers:
            continue
        lowest = max((after.get(j, end) for j in order[:n] if j in answers), default=0)
        highest = min((after[j] - 1 for j in order[n:] if j in after), default=end)
        slot = max(slot, lowest, min(where.get(i, lowest), highest))
        slots[slot].append(i)
    return slots


def _recognise(ours: dict[str, dict], cells: list[dict]) -> None:
    """Set the id of each cell: by its metadata, else by what it holds; the last of each."""
    taken = set()
    for cell in reversed(cells):
        cell["id"] = cell["id"] if cell["id"] in ours and cell["id"] not in taken else None
        taken.add(cell["id"])
    for cell in reversed(cells):
        if cell["id"] is None:
            for i in ours.keys() - taken:
                text = "\n".join(visible(ours[i]["source"]).values()).strip()
                same = not is_answer(ours[i]) and text == cell["source"].strip()
                if same or (is_answer(ours[i]) and re.search(rf"(?m)^def {i}\(", cell["source"])):
                    cell["id"] = i
                    taken.add(i)
                    break


def _clean(frame: dict, source: str) -> dict:
    """A cell of the master's kind and metadata, with this source and nothing else."""
    made = {"cell_type": frame["cell_type"], "metadata": frame["metadata"], "source": source}
    return made | ({"outputs": [], "execution_count": None} if is_code(made) else {})


def _theirs(cell: dict, frame: dict | None) -> dict:
    """The learner's words in a frame of ours, where the cell is one of the master's."""
    made = _clean(frame or {"cell_type": cell["type"], "metadata": {}}, cell["source"])
    if is_code(made):
        return made
    pictures = cell.get("attachments", {})
    kept = {"attachments": pictures} if pictures else {}
    return made | kept | {"source": markdown(cell["source"], pictures)}


def is_code(cell: dict) -> bool:
    return cell["cell_type"] == "code"
