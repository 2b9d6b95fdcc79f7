"""In Firefox, too: sliders, folds, light and dark, search, and an exercise solved in the page."""

import pytest

from tests.support import need
from tests.website.support import walk

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def seen(strict) -> dict:
    return walk("firefox.mjs", need("firefox-esr", "firefox-esr"), strict)


def test_an_answer_waits_for_a_guess_or_for_the_switch(seen):
    guess = seen["guess"]
    assert guess["waiting"] and not any(guess["waiting"])
    assert guess["said"] == "You said X @ W; it is X @ X."
    assert guess["open"][0] and not guess["open"][-1]
    assert seen["everything"] and all(seen["everything"])


def test_a_slider_moves_an_answer_unfolds_and_dark_is_dark(seen):
    assert seen["slider"] and seen["theme"]
    assert seen["fold"] == {"closed": True, "open": True}


def test_a_search_finds(seen):
    assert seen["search"]


def test_a_wrong_answer_is_named_and_a_right_one_is_green(seen):
    said, why = seen["wrong"]
    assert said == "3 of 4 tests pass. Mend the first red one first."
    assert "The old state never enters" in why
    assert seen["right"] == "All 4 tests pass."


def test_nothing_went_wrong_and_no_other_host_was_asked(seen):
    assert seen["trouble"] == []
