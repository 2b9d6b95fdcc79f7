"""The tables by which the sandbox locks a process in are those of the system."""

import re
from pathlib import Path

import pytest

from tests.support import CI

PLACES = ("/usr/include", "/usr/include/x86_64-linux-gnu", "/usr/include/aarch64-linux-gnu")


def header(name: str) -> str:
    """The text of one of the kernel's headers; where it is missing, the test is skipped."""
    for place in PLACES:
        if (path := Path(place, name)).exists():
            return path.read_text()
    message = f"{name} is missing; on Debian or Ubuntu: apt-get install linux-libc-dev"
    (pytest.fail if CI else pytest.skip)(message)


def numbers(text: str) -> dict[str, int]:
    """The system calls of a header, and those that it calls by another name on some machines."""
    return {name: int(n) for name, n in re.findall(r"#define __NR_(\w+)\s+(\d+)", text)}


@pytest.fixture(scope="module")
def worker():
    """worker.py, which finds wire.py and checks.py beside it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[2] / "grading"))
        import worker

        yield worker


@pytest.mark.parametrize(
    ("column", "name"), [(0, "asm/unistd_64.h"), (1, "asm-generic/unistd.h")], ids=["x86_64", "arm"]
)
def test_the_denied_system_calls_have_the_numbers_of_the_header(worker, column, name):
    there = numbers(header(name))
    denied = {call: row[column] for call, row in worker.DENIED.items()}
    assert denied == {call: there.get(call) for call in denied}
    assert worker.CLONE[column] == there["clone"]
    for call in ("clone3", "landlock_create_ruleset", "landlock_add_rule"):
        assert getattr(worker, call.upper() if call == "clone3" else call) == there[call]


CONSTANTS = {
    "linux/sched.h": r"CLONE_\w+",
    "linux/prctl.h": r"PR_\w+",
    "linux/seccomp.h": r"SECCOMP_\w+",
    "linux/landlock.h": r"LANDLOCK_(ACCESS|SCOPE|CREATE)_\w+",
}


@pytest.mark.parametrize("name", CONSTANTS)
def test_the_kernels_constants_are_those_of_its_headers(worker, name):
    text = header(name)
    ours = {k: v for k, v in vars(worker).items() if re.fullmatch(CONSTANTS[name], k)}
    known = {k: defined(k, text) for k in ours if re.search(rf"#define\s+{k}\b", text)}
    assert known
    assert known == {k: ours[k] for k in known}


def defined(name: str, text: str) -> int:
    """The number of `#define NAME 0x10U`, `#define NAME (1ULL << 4)` and the like."""
    [one, shift] = re.search(rf"#define\s+{name}\s+\(?(\w+)(?: << (\d+))?", text).groups()
    return int(one.rstrip("UL"), 0) << int(shift or 0)
