"""What a learner handed in: read safely, recognised, and given back the master's cells.

A submission is bytes from a stranger. Here it becomes a notebook of which only the learner's words
are left: sources, in their order. Ids, metadata, outputs and test cells come from the master.
"""

import json
import os
import re
import stat
from pathlib import Path
from typing import Any

from grading.harmless import as_text, attachments, markdown
from grading.wire import clean

MAX_BYTES = 10 << 20
MAX_CELLS = 1_000
MAX_SOURCE = 200_000  # characters of one cell
BEGIN, END = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"


class Unreadable(Exception):
    """The submission is no notebook; the text says why."""


class NotThisAssignment(Exception):
    """The notebook has no cell of this assignment."""


def read_file(folder: Path, name: str, most: int = 1000) -> bytes | None:
    """The first bytes of a file in a submission folder; None where there is no such plain file."""
    try:
        fd = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(fd, "rb") as file:
            return file.read(most) if stat.S_ISREG(os.fstat(fd).st_mode) else None
    except OSError:
        return None


def read(folder: Path, assignment: str) -> tuple[str, bytes]:
    """The name and content of the notebook in a folder; follows no link, waits for nothing.

    A notebook of another name (`rnn (1).ipynb`) is taken where `rnn.ipynb` is missing: the newest.
    """
    try:
        inside = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise Unreadable(f"the folder is none: {error.strerror}") from None
    try:
        names = [name for name in os.listdir(inside) if name.lower().endswith(".ipynb")]
        looks = {name: os.stat(name, dir_fd=inside, follow_symlinks=False) for name in names}
        files = [name for name in names if stat.S_ISREG(looks[name].st_mode)]
        if not files:
            why = "it is a link or a device, not a file" if names else "no file ends in .ipynb"
            raise Unreadable(f"no notebook: {why}")
        wanted = f"{assignment}.ipynb"
        name = wanted if wanted in files else max(files, key=lambda n: (looks[n].st_mtime, n))
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        with os.fdopen(os.open(name, flags, dir_fd=inside), "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Unreadable(f"the file cannot be read: {error.strerror}") from None
    finally:
        os.close(inside)
    if len(data) > MAX_BYTES:
        raise Unreadable(f"the notebook is larger than {MAX_BYTES >> 20} MB")
    return clean(name, 200), data


def parse(data: bytes) -> list[dict]:
    """The cells of a notebook: type, source, and the id that its metadata claims."""
    if not data.strip():
        raise Unreadable("the file is empty")
    try:
        notebook = json.loads(data.decode("utf-8-sig"), parse_constant=lambda name: None)
    except (ValueError, RecursionError) as error:
        raise Unreadable(
            f"not a notebook: {type(error).__name__}: {clean(str(error), 200)}"
        ) from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if isinstance(notebook, dict) and "worksheets" in notebook:
        raise Unreadable("a notebook of format 3; open it in Jupyter and save it again")
    if not isinstance(cells, list):
        raise Unreadable("not a notebook: it has no cells")
    if len(cells) > MAX_CELLS:
        raise Unreadable(f"more than {MAX_CELLS} cells")
    return [_cell(cell) for cell in cells if isinstance(cell, dict)]


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
    _recognise(ours, cells)
    answers = {i for i, c in ours.items() if is_answer(c)}
    if not any(c["id"] in answers or (c["id"] in ours and is_test(ours[c["id"]])) for c in cells):
        raise NotThisAssignment("no cell of this assignment is in the notebook")
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
    pictures = {"attachments": cell["attachments"]} if cell["attachments"] else {}
    return made | pictures | {"source": markdown(cell["source"], cell["attachments"])}


def is_code(cell: dict) -> bool:
    return cell["cell_type"] == "code"
