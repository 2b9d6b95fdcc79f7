"""What was decided about a test after it was graded: `amendments.toml` in the course folder.

    [rnn]
    "rnn_cell-large" = "give"        # whoever's notebook could be read has its points
    "rnn_cell-rows" = "take out"     # it counts for nobody; the maximum is so much less
    "run_rnn-past" = "as judged"     # as if nothing had been decided

`python -m grading rnn --give rnn_cell-large` writes it, and says what changed for whom.
"""

import json
import os
import tomllib
from pathlib import Path

FILE = "amendments.toml"
GIVE, TAKE_OUT, AS_JUDGED = "give", "take out", "as judged"


class AmendmentProblem(Exception):
    """The file cannot be understood; the text says where and what to write."""


def read(path: Path) -> dict[str, dict[str, str]]:
    """What was decided, by assignment and test; nothing where there is no file.

    Raises:
        AmendmentProblem: the file at `path` is there and cannot be understood.
    """
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise AmendmentProblem(f"{FILE} cannot be read: {error}") from None
    for assignment, tests in found.items():
        if not isinstance(tests, dict):
            raise AmendmentProblem(f"{FILE}: {assignment} is no table")
        for test, decided in tests.items():
            if decided not in (GIVE, TAKE_OUT, AS_JUDGED):
                known = f'"{GIVE}", "{TAKE_OUT}" or "{AS_JUDGED}"'
                raise AmendmentProblem(f"{FILE}: {test} is {decided!r}; write {known}")
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
