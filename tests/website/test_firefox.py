"""In Firefox, too: sliders, folds, light and dark, search, and an exercise solved in the page."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from course import ROOT
from tests.support import need, serving
from tests.website.test_practice import Strict

pytestmark = pytest.mark.slow


def walk(script: str, *arguments: str) -> dict:
    """What a walk through the site saw, by what it tried; `script` lies beside this file."""
    path = f"{os.environ['PATH']}{os.pathsep}{Path(sys.executable).parent}"
    done = subprocess.run(
        ["node", ROOT / "tests" / "website" / script, *arguments],
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    lines = map(json.loads, done.stdout.splitlines())
    return {line["what"]: line["saw"] for line in lines}


@pytest.fixture(scope="module")
def seen(site) -> dict:
    firefox = need("firefox-esr", "firefox-esr")
    with serving(site, Strict) as address:
        return walk("firefox.mjs", firefox, address)


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
