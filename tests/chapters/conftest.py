"""The chapter that a module is about, as its tests call it."""

import pytest

from tests.chapters.support import functions


@pytest.fixture(scope="module")
def chapter(request) -> dict:
    """What the chapter named by the module's `CHAPTER` imports and defines."""
    return functions(request.module.CHAPTER)
