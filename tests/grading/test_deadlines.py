"""Due dates, extensions and late rules: set in one file, in force whenever something changes."""

import csv
import datetime as dt
import re
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.apps.api import NbGraderAPI

from grading import sample_class
from grading.classroom import Course
from grading.deadlines import LateRule, read
from grading.files import CannotGrade
from tests.grading.support import grade, report, run

HOUR = 3600
FILE = """\
timezone = "Europe/Berlin"

[late]
grace_minutes = 15
percent_a_day = 10
most_percent = 50
close_after_days = 14

[rnn]
due = 2026-10-20T23:59:00
"""


def test_times_are_those_of_the_class_and_kept_in_utc(tmp_path):
    path = tmp_path / "deadlines.toml"
    path.write_text(f"{FILE}extensions = {{ben = 2026-10-27T23:59:00}}\n")
    found = read(path)
    dates = found.dates["rnn"]
    assert dates.due == dt.datetime(2026, 10, 20, 21, 59)  # summer time
    assert dates.extension("ben") == dt.timedelta(days=7, hours=1)  # the clock was put back
    assert dates.extension("ada") is None
    assert found.shown(dates.extensions["ben"]) == "2026-10-27 23:59 CET"


@pytest.mark.parametrize(
    ("hours", "taken"),
    [(0.25, 0), (0.26, 2), (24, 2), (24.1, 4), (24 * 7, 10), (24 * 14, 10), (24 * 14.1, 20)],
)
def test_a_rule_takes_off_what_it_says(hours, taken):
    rule = LateRule(grace_minutes=15, percent_a_day=10, most_percent=50, close_after_days=14)
    assert rule.late_submission_penalty("ada", 20, hours * HOUR) == taken


@given(st.floats(0, 100), st.floats(0, 10**7), st.floats(0, 100), st.floats(0, 100))
def test_no_rule_takes_more_than_there_is(score, seconds, percent, most):
    rule = LateRule(percent_a_day=percent, most_percent=most)
    assert 0 <= rule.late_submission_penalty("ada", score, seconds) <= score + 0.005


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[rnn", "cannot be read"),
        ('timezone = "Berlin"', "there is no timezone 'Berlin'"),
        ("[rnn]\ndue = 2026-10-20", "write day and time"),
        ("[rnn]\nduedate = 2026-10-20T23:59:00", "takes due, extensions and late, not duedate"),
        ("[rnn.extensions]\nben = 2026-10-20T23:59:00", "has extensions but no due date"),
        ("[late]\npercent_per_day = 3", "not percent_per_day"),
        ("[late]\npercent_a_day = 300", "late.percent_a_day is 300"),
        ("rnn = 3", "rnn is no table"),
    ],
)
def test_what_cannot_be_meant_is_explained(tmp_path, text, said):
    path = tmp_path / "deadlines.toml"
    path.write_text(text)
    with pytest.raises(CannotGrade, match=re.escape(said)):
        read(path)


@pytest.mark.slow
def test_dates_extensions_and_roster_are_in_force_at_once_and_said_everywhere(bubblewrap, tmp_path):
    root = sample_class.make(tmp_path / "class")
    for learner in {p.name for p in (root / "submitted").iterdir()} - {"amina", "ben"}:
        shutil.rmtree(root / "submitted" / learner)
    for learner in ("amina", "ben"):
        when = root / "submitted" / learner / "rnn" / "timestamp.txt"
        when.write_text("2026-10-21 08:00:00 UTC")
    first = grade(root).stdout
    assert "late" not in first and "40 " in first

    (root / "deadlines.toml").write_text(FILE)  # the date comes after the marks
    (root / "roster.csv").write_text("id,name\namina,Amina Said\nbin,Ben Otieno\nzoe,Zoë Park\n")
    said = grade(root).stdout
    assert re.search(r"amina \(Amina Said\) .* 36 +graded \(late: −4\)", said)
    assert re.search(r"ben .* 22\.5 +failed tests \(late: −2\.5\)", said)
    assert "missing: bin (Ben Otieno), zoe (Zoë Park)" in said
    assert "due 2026-10-20 23:59 CEST: 2 handed in, 2 missing, 2 late" in said
    assert "ben: handed in, but is not in roster.csv; did they mean bin?" in said
    page = root / "feedback" / "amina" / "rnn" / "rnn.html"
    assert "(Score: 36.0 / 40.0)" in page.read_text()

    (root / "deadlines.toml").write_text(
        f"{FILE}\n[rnn.extensions]\namina = 2026-10-22T12:00:00\nzoe = 2026-11-01T12:00:00\n"
        "benn = 2026-10-22T12:00:00\n"
    )
    (root / "roster.csv").write_text("id,name\namina,Amina Said\nben,Ben Otieno\nzoe,Zoë Park\n")
    said = grade(root).stdout
    assert re.search(r"amina \(Amina Said\) .* 40 +graded", said)
    assert "missing: zoe (Zoë Park, has until 2026-11-01 12:00 CET)" in said
    assert "benn: the extension in rnn is nobody's: no learner is called so; did you mean" in said
    assert "not in roster.csv" not in said
    assert "(Score: 40.0 / 40.0)" in page.read_text()
    rows = report(root)
    assert rows["amina"]["due"] == "2026-10-22 12:00 CEST"
    assert (rows["ben"]["name"], rows["ben"]["total"]) == ("Ben Otieno", "22.5")
    assert (rows["zoe"]["state"], rows["zoe"]["total"]) == ("missing", "")
    with open(root / "marks-rnn.csv", newline="", encoding="utf-8") as file:
        marks = {row["student_id"]: row for row in csv.DictReader(file)}
    assert (marks["ben"]["last_name"], marks["ben"]["score"]) == ("Otieno", "22.5")
    course = Course(root)
    shown = {
        s["student"]: s["score"] for s in NbGraderAPI(config=course.config).get_submissions("rnn")
    }
    assert (shown["amina"], shown["ben"]) == (40, 22.5), "formgrader's numbers"

    with (root / "nbgrader_config.py").open("a") as config:
        config.write("c.AssignLatePenalties.plugin_class = 'grading.deadlines.LateRule'\n")
    done = run(root)
    assert done.returncode == 2 and "both say what being late costs" in done.stderr
