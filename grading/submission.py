"""What a learner handed in: recognised, and given back the master's cells.

A submission is bytes from a stranger. Here it becomes a notebook of which only the learner's words
are left: sources, in their order. Ids, metadata, outputs and test cells come from the master.
"""

import contextlib
import hashlib
import itertools
import re
from dataclasses import dataclass
from typing import Any

from grading.files import Unreadable, decode
from grading.harmless import as_text, attachments, markdown, not_kept
from grading.wire import clean

MAX_TEXT = 10 << 20  # characters that learners wrote; outputs are thrown away and do not count
MAX_CELLS = 1_000
MAX_SOURCE = 1_000_000  # characters of one cell of code
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
    if sum(len(cell["source"]) for cell in cells) >= MAX_TEXT:
        raise Unreadable(f"more than {MAX_TEXT >> 20} MB of text, its outputs not counted")
    return cells


def _cell(cell: dict) -> dict:
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    claim: Any = cell
    for key in ("metadata", "nbgrader", "grade_id"):
        claim = claim.get(key) if isinstance(claim, dict) else None
    kind = cell.get("cell_type") if cell.get("cell_type") in ("code", "raw") else "markdown"
    source = clean(source, MAX_TEXT)
    if kind == "code" and len(source) > MAX_SOURCE:
        raise Unreadable(
            f"a cell of {len(source)} characters, which begins `{shortened(source)}`: at most "
            f"{MAX_SOURCE} are graded, so take out what does not belong there"
        )
    i = claim if isinstance(claim, str) else None
    pictures = attachments(cell.get("attachments"))
    return {
        "type": kind,
        "source": source,
        "id": i,
        "changed": not _as_released(cell, source),
        "attachments": pictures,
        "not kept": not_kept(cell.get("attachments"), pictures),
    }


def _as_released(cell: dict, source: str) -> bool:
    """Whether the checksum that nbgrader gave to a cell is still that of what it holds."""
    metadata = cell.get("metadata")
    mine = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    if not isinstance(mine, dict) or "checksum" not in mine:
        return False
    grade, solution = mine.get("grade", False), mine.get("solution", False)
    locked = not solution and (bool(grade) or mine.get("locked", False))
    parts = [source, cell.get("cell_type"), grade, solution, locked, mine.get("grade_id")]
    if grade:
        parts.append(mine.get("points"))
        with contextlib.suppress(TypeError, ValueError):
            parts[-1] = float(parts[-1])
    text = "".join(map(str, parts))
    return hashlib.md5(text.encode(errors="replace")).hexdigest() == mine["checksum"]


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
    for i in answers - after.keys():  # its code may stand in the cell of another
        if found := [n for n, c in enumerate(free, 1) if _holds(ours, i, c)]:
            after[i] = found[0]
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
    """Set the id of each cell, by its metadata or else by what it holds; no two have the same."""
    claims: dict[str, list[int]] = {}
    for n, cell in enumerate(cells):
        if cell["id"] in ours:
            claims.setdefault(cell["id"], []).append(n)
    for i in ours.keys() - claims.keys():
        if found := [n for n, c in enumerate(cells) if c["id"] not in ours and _holds(ours, i, c)]:
            claims[i] = found
    for cell in cells:
        cell["id"] = None
    order, start = list(ours), {}
    for i in order:
        if not is_answer(ours[i]) and i in claims:
            start[i] = claims[i][-1]
            cells[start[i]]["id"] = i
    for i in filter(claims.get, order):
        if is_answer(ours[i]):
            tests = [start[j] for j in _tests_of(ours, i) if j in start]
            before = [n for n in claims[i] if tests and n < min(tests)]
            cells[(before or claims[i])[-1]]["id"] = i


def _holds(ours: dict[str, dict], i: str, cell: dict) -> bool:
    """Whether a cell without an id is the master's cell `i`, or an answer to it."""
    if is_answer(ours[i]):
        return _defines(i, cell)
    return "\n".join(visible(ours[i]["source"]).values()).strip() == cell["source"].strip()


def _defines(name: str, cell: dict) -> bool:
    return bool(re.search(rf"(?m)^def {re.escape(name)}\(", cell["source"]))


def _tests_of(ours: dict[str, dict], i: str) -> list[str]:
    """The tests between an answer and the next."""
    after = list(ours)[list(ours).index(i) + 1 :]
    rest = itertools.takewhile(lambda j: not is_answer(ours[j]), after)
    return [j for j in rest if is_test(ours[j])]


# ---- what a learner is told about it -------------------------------------------------------------
@dataclass
class PutAside:
    """What a learner wrote into a locked cell, which is not run or shown."""

    cell: str
    text: str
    names: set[str]  # that it would have defined

    def __str__(self) -> str:
        return (
            f"what you added to the locked cell `{self.cell}` ({shortened(self.text)}) is not "
            "graded; put it into a cell of your own"
        )


Aside = dict[str, PutAside]


def put_aside(master: dict, cells: list[dict]) -> Aside:
    """What learners wrote into locked cells, by cell. `restore` has set the ids of `cells`."""
    ours = {meta(c)["grade_id"]: c for c in master["cells"] if meta(c).get("grade_id")}
    found = {}
    for cell in cells:
        i = cell["id"]
        if i in ours and not is_answer(ours[i]) and cell["changed"]:
            there = {line.strip() for line in ours[i]["source"].split("\n")}
            added = [x for x in cell["source"].split("\n") if x.strip() and x.strip() not in there]
            if added:
                names = re.findall(
                    r"\bimport (\w+)|\bas (\w+)|(\w+) *=|def (\w+)", "\n".join(added)
                )
                found[i] = PutAside(i, "; ".join(added), {n for row in names for n in row if n})
    return found


def several(master: dict, cells: list[dict]) -> list[str]:
    """A sentence for each function that the notebook defines more than once, in other words."""
    said = []
    for frame in filter(is_answer, master["cells"]):
        i = meta(frame)["grade_id"]
        written = {c["source"].strip() for c in cells if c["type"] == "code" and _defines(i, c)}
        if len(written - {frame["source"].strip()}) > 1:
            said.append(
                f"`{i}` is defined in more than one cell; a test uses the one that ran before it, "
                "as in your notebook"
            )
    return said


def pictures_left_out(cells: list[dict]) -> list[str]:
    """A sentence about the attachments that are not kept, if there are any."""
    names = [clean(name, 100) for cell in cells for name in cell["not kept"]]
    if not names:
        return []
    more = f" and {len(names) - 3} more" if names[3:] else ""
    return [
        f"not shown: the attachment {', '.join(names[:3])}{more}; pictures are, as PNG, JPEG, GIF"
        " or WebP, of 4 MB a cell at most"
    ]


def shortened(text: str, most: int = 60) -> str:
    """A text in one line of at most `most` characters, cut after a word."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rsplit(" ", 1)[0] + " …"


def _clean(frame: dict, source: str) -> dict:
    """A cell of the master's kind and metadata, with this source and nothing else."""
    made = {"cell_type": frame["cell_type"], "metadata": frame["metadata"], "source": source}
    return made | ({"outputs": [], "execution_count": None} if is_code(made) else {})


def _theirs(cell: dict, frame: dict | None) -> dict:
    """The learner's words in a frame of ours, where the cell is one of the master's."""
    kind = "code" if cell["type"] == "code" else "markdown"
    made = _clean(frame or {"cell_type": kind, "metadata": {}}, cell["source"])
    if is_code(made):
        return made
    if cell["type"] == "raw":
        return made | {"source": as_text(cell["source"])}
    pictures = cell.get("attachments", {})
    kept = {"attachments": pictures} if pictures else {}
    return made | kept | {"source": markdown(cell["source"], pictures)}


def is_code(cell: dict) -> bool:
    return cell["cell_type"] == "code"
