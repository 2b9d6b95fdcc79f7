"""What tests of grading share: the walls that a submission may run behind."""

import functools

import pytest

from grading.sandbox import WALLS, NoSandbox, Sandbox
from tests.support import missing

# Behind these everything is tried in each run; behind the others a part, or all with --all-walls
WHOLE = ("bubblewrap", "Landlock")


@functools.cache
def why_not(wall: str) -> str:
    """Why this wall cannot be had here, or an empty text."""
    try:
        Sandbox(wall).close()
    except NoSandbox as error:
        return str(error)
    return ""


@pytest.fixture(scope="module", params=[name for name in WALLS if name != "none"])
def wall(request) -> str:
    """The name of a wall that can be had here."""
    if why_not(request.param):
        missing(why_not(request.param))
    return request.param


@pytest.fixture(scope="module")
def everything(request, wall) -> bool:
    """Whether all is to be tried behind this wall."""
    return wall in WHOLE or request.config.getoption("--all-walls")
