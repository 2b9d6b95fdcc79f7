"""What was decided about a test after it was graded: `amendments.toml` in the course folder.

    [rnn]
    "rnn_cell-large" = "give"        # whoever's notebook could be read has its points
    "rnn_cell-rows" = "take out"     # it counts for nobody; the maximum is so much less
    "run_rnn-past" = "as judged"     # as if nothing had been decided

`python -m grading rnn --give rnn_cell-large` writes it, and says what changed for whom.
"""

import json
import os
from pathlib import Path

from grading.files import CannotGrade, read_toml

FILE = "amendments.toml"
DECISIONS = GIVE, TAKE_OUT, AS_JUDGED = "give", "take out", "as judged"


def read(path: Path) -> dict[str, dict[str, str]]:
    """What was decided, by assignment and test; nothing where there is no file.

    Raises:
        CannotGrade: the file at `path` is there and cannot be understood.
    """
    found = read_toml(path)
    for assignment, tests in found.items():
        if not isinstance(tests, dict):
            raise CannotGrade(f"{FILE}: {assignment} is no table")
        for test, decided in tests.items():
            if decided not in DECISIONS:
                known = f'"{GIVE}", "{TAKE_OUT}" or "{AS_JUDGED}"'
                raise CannotGrade(f"{FILE}: {test} is {decided!r}; write {known}")
    return found


def write(path: Path, decided: dict[str, dict[str, str]]) -> None:
    """Write the file, whole or not at all."""
    lines = []
    for assignment, tests in sorted(decided.items()):
        lines += [f"[{json.dumps(assignment)}]"]
        lines += [f"{json.dumps(test)} = {json.dumps(what)}" for test, what in tests.items()]
        lines += [""]
    part = path.with_suffix(".part")
    part.write_text("\n".join(lines), "utf-8")
    os.replace(part, path)
