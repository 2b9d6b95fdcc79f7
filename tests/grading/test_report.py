"""What a class got wrong is counted right, names nobody unless asked, and acts in no browser."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from course import EXERCISES, ROOT
from grading import sample_class
from tests.grading.support import grade, report
from tests.support import AXE

pytestmark = pytest.mark.slow

RELEASE = json.loads((EXERCISES / "rnn" / "rnn.ipynb").read_text("utf-8"))
OWN = """
    # {who} thinks of the state as a moving average, which it is not
    kept, new = 0.25 * h, 0.75 * np.tanh(x @ W_xh + h @ W_hh + b)
    moved_a_little = kept + new
    return moved_a_little
"""
HEAD = "def rnn_cell(x, h, W_xh, W_hh, b):"
EVIL = "<script>window.EVIL = 1</script><img src=x onerror='window.EVIL = 1'>"
# learner: the answer to rnn_cell; the rest is right
CLASS = {
    "ada": f"{HEAD}{OWN.format(who='Ada')}",
    "bea": f"{HEAD}\n{OWN.format(who='Ada')}",
    "cem": f"{HEAD}\n    return 2 * np.tanh(x @ W_xh + h @ W_hh + b)",
    "dov": f"{HEAD}\n    '''By Dov'''\n    z = x @ W_xh + h @ W_hh + b\n    return 2 * np.tanh(z)",
    "eva": f"{HEAD}\n    return np.tanh(x @ W_xh + b)",
    "fay": f"{HEAD}\n    while True: pass",
    "gil": f"{HEAD}\n    return {EVIL!r}",
    "hue": f"{HEAD}\n    return np.tanh(x @ W_xh + (h",
}


@pytest.fixture(scope="module")
def reported(bubblewrap, tmp_path_factory) -> tuple[Path, str]:
    """A graded class: its folder, and what was said."""
    root = sample_class.course(tmp_path_factory.mktemp("class"))
    for learner, answer in CLASS.items():
        answers = sample_class.right() | {"rnn_cell": answer}
        text = json.dumps(sample_class.answered(RELEASE, answers))
        sample_class.hand_in(root, learner, "rnn", text)
    sample_class.hand_in(root, "ida", "rnn", json.dumps(RELEASE))
    sample_class.hand_in(root, "jon", "rnn", EVIL)
    (root / "roster.csv").write_text("id\n" + "\n".join([*CLASS, "ida", "jon", "kim"]))
    said = grade(root).stdout
    command = [sys.executable, "-m", "grading.report", "rnn", "--names", "--course", str(root)]
    before = (root / "report-rnn.json").read_text("utf-8"), (root / "report-rnn.html").read_text()
    subprocess.run(command, cwd=ROOT, check=True)
    for name, text in zip(("json", "html"), before, strict=True):
        (root / f"unnamed.{name}").write_text(text, "utf-8")
    return root, said


def first_function(root: Path, file: str) -> dict:
    return json.loads((root / file).read_text("utf-8"))["functions"][0]


def test_every_learner_is_counted_where_they_belong(reported):
    root, said = reported
    assert f"Class:    {root / 'report-rnn.html'}" in said
    about = first_function(root, "report-rnn.json")
    assert about["name"] == "rnn_cell" and about["passed"] == 0
    unnamed = {tuple(group["learners"]) for group in about["unnamed"]}
    assert {("ada", "bea"), ("cem", "dov")} <= unnamed, "equal behaviour stands together"
    assert [group["learners"] for group in about["named"]] == [["eva"]]
    assert about["named"][0]["said"].startswith("The old state never enters")
    [stopped] = about["stopped"]
    assert stopped["learners"] == ["fay"] and "did not end within 1 s" in stopped["said"]
    [broken] = about["never_ran"]
    assert broken["learners"] == ["hue"] and "was never closed" in broken["said"]
    assert about["unanswered"] == ["ida"]
    placed = [
        who
        for key in ("named", "unnamed", "stopped", "never_ran")
        for g in about[key]
        for who in g["learners"]
    ]
    assert sorted(placed) == sorted(CLASS)
    whole = json.loads((root / "report-rnn.json").read_text("utf-8"))
    assert whole["missing"] == ["kim"] and whole["not_read"][0]["learners"] == ["jon"]
    assert sum(count for *_, count in whole["totals"]) == len(CLASS) + 1


def test_tests_are_counted_as_the_list_has_them(reported):
    root, _ = reported
    listed = report(root).values()
    rows = [row for row in listed if row["state"] not in ("missing", "unreadable")]
    for function in json.loads((root / "report-rnn.json").read_text("utf-8"))["functions"]:
        for test in function["tests"]:
            passed = sum(float(row[test["name"]]) == test["points"] for row in rows)
            assert (test["passed"], test["judged"]) == (passed, len(rows)), test["name"]


def test_without_being_asked_nobody_is_named(reported):
    root, _ = reported
    for file in ("unnamed.html", "unnamed.json"):
        text = (root / file).read_text("utf-8")
        assert not re.search(rf"\b({'|'.join([*CLASS, 'ida', 'jon', 'kim'])})\b", text, re.I)
    counted = first_function(root, "unnamed.json")
    assert counted["named"][0]["learners"] == 1 and counted["unanswered"] == 1


def test_what_two_share_and_hardly_anybody_else_wrote_is_pointed_out(reported):
    root, _ = reported
    alike = json.loads((root / "report-rnn.json").read_text("utf-8"))["alike"]
    said = {(tuple(group["learners"]), group["said"].split(",")[0]) for group in alike}
    assert (("ada", "bea"), "rnn_cell gives the same wrong results") in said
    assert (("cem", "dov"), "rnn_cell gives the same wrong results") in said
    near = [group["learners"] for group in alike if "in both notebooks" in group["said"]]
    assert near == [["ada", "bea"]], "who wrote other words is not alike, nor is who changed little"


def test_nothing_of_a_learner_acts_in_the_page_and_everybody_can_read_it(reported, page):
    root, _ = reported
    called = []
    page.on("request", lambda request: called.append(request.url))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto((root / "report-rnn.html").as_uri())
        assert "onerror" in page.inner_text("main"), "it is shown as text"
        assert page.evaluate("window.EVIL") is None
        assert page.locator("script, img").count() == 0
        assert set(called) == {(root / "report-rnn.html").as_uri()}
        page.evaluate(AXE.read_text("utf-8"))
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert [one["id"] for one in found["violations"]] == []
