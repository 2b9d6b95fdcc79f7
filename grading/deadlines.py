"""When work is due, and what is taken off for being late: `deadlines.toml` in the course folder.

    timezone = "Europe/Berlin"       # of the times below; UTC where it is not said

    [late]                           # without it lateness is said, and nothing taken off
    grace_minutes = 15               # late by no more than this costs nothing
    percent_a_day = 10               # of the points earned, for each day that has begun
    most_percent = 50                # never more than this …
    close_after_days = 14            # … until then; later work gets no points

    [rnn]
    due = 2026-10-20T23:59:00

    [rnn.extensions]                 # a later date, for one learner
    ben = 2026-10-27T23:59:00

    [rnn.late]                       # a rule for this assignment alone
    percent_a_day = 0

The dates go into nbgrader's gradebook, the rule is a plug-in of the kind that nbgrader has for it.
"""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from nbgrader.plugins import LateSubmissionPlugin
from traitlets import Float
from traitlets.config import Config

from grading.files import CannotGrade, read_toml

FILE = "deadlines.toml"
DAY = 24 * 60 * 60  # seconds
RULE = {"grace_minutes", "percent_a_day", "most_percent", "close_after_days"}


class LateRule(LateSubmissionPlugin):
    """What is taken off for being late; without any setting nothing is."""

    grace_minutes = Float(0, min=0, help="late by no more than this costs nothing").tag(config=True)
    percent_a_day = Float(0, min=0, max=100, help="for each day that has begun").tag(config=True)
    most_percent = Float(100, min=0, max=100, help="no more than this").tag(config=True)
    close_after_days = Float(math.inf, min=0, help="later work gets nothing").tag(config=True)

    def late_submission_penalty(
        self, student_id: str, score: float, total_seconds_late: float
    ) -> float:
        """The points to take off of `score`, as nbgrader asks for them."""
        if total_seconds_late <= 60 * self.grace_minutes:
            return 0.0
        if total_seconds_late > DAY * self.close_after_days:
            return score
        percent = self.percent_a_day * math.ceil(total_seconds_late / DAY)
        return round(score * min(percent, self.most_percent) / 100, 2)


@dataclass(frozen=True)
class Dates:
    """When an assignment is due, in UTC without a time zone, as the gradebook keeps it."""

    due: dt.datetime
    extensions: Mapping[str, dt.datetime] = field(default_factory=dict)  # by learner

    def extension(self, learner: str) -> dt.timedelta | None:
        return self.extensions[learner] - self.due if learner in self.extensions else None


@dataclass(frozen=True)
class Deadlines:
    """What the file says; nothing where there is none."""

    zone: dt.tzinfo = dt.UTC
    dates: Mapping[str, Dates] = field(default_factory=dict)  # by assignment
    rules: Mapping[str, dict[str, float]] = field(default_factory=dict)  # by assignment, "" for all

    def plug_in(self, assignment: str) -> Config | None:
        """Settings that have nbgrader take the file's rule for late work; None without one."""
        rule = self.rules.get(assignment, self.rules.get(""))
        if rule is None:
            return None
        config = Config()
        config.AssignLatePenalties.plugin_class = LateRule
        config.LateRule = Config(rule)
        return config

    def shown(self, when: dt.datetime | None) -> str:
        """A time of the gradebook's as the class reads it; empty for None."""
        if when is None:
            return ""
        there = when.replace(tzinfo=dt.UTC).astimezone(self.zone)
        return f"{there:%Y-%m-%d %H:%M %Z}"


def read(path: Path) -> Deadlines:
    """
    Raises:
        CannotGrade: the file at `path` is there and cannot be understood.
    """
    about = read_toml(path)
    zone = _zone(about.pop("timezone", "UTC"))
    rules = {"": _rule("late", about.pop("late"))} if "late" in about else {}
    dates = {}
    for name, table in about.items():
        if odd := set(_table(name, table)) - {"due", "extensions", "late"}:
            said = f"[{name}] takes due, extensions and late, not {', '.join(sorted(odd))}"
            raise CannotGrade(f"{FILE}: {said}")
        if "late" in table:
            rules[name] = _rule(f"{name}.late", table["late"])
        if "due" in table:
            due = _utc(f"{name}.due", table["due"], zone)
            later = _table(f"{name}.extensions", table.get("extensions", {}))
            extensions = {who: _utc(f"{name}.{who}", when, zone) for who, when in later.items()}
            dates[name] = Dates(due, extensions)
        elif "extensions" in table:
            raise CannotGrade(f"{FILE}: [{name}] has extensions but no due date")
    return Deadlines(zone, dates, rules)


def _zone(name: Any) -> dt.tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, TypeError, OSError):
        said = f"{FILE}: there is no timezone {name!r}; write one like Europe/Berlin or UTC"
        raise CannotGrade(said) from None


def _table(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise CannotGrade(f"{FILE}: {name} is no table")
    return value


def _rule(name: str, value: Any) -> dict[str, float]:
    table = _table(name, value)
    if odd := set(table) - RULE:
        known = ", ".join(sorted(RULE))
        raise CannotGrade(f"{FILE}: [{name}] takes {known}, not {', '.join(sorted(odd))}")
    for key, number in table.items():
        numeric = isinstance(number, (int, float)) and not isinstance(number, bool)
        if not numeric or not number >= 0 or ("percent" in key and number > 100):
            raise CannotGrade(f"{FILE}: {name}.{key} is {number!r}, which is no such number")
    return {key: float(number) for key, number in table.items()}


def _utc(name: str, when: Any, zone: dt.tzinfo) -> dt.datetime:
    """A time of the file's as the gradebook keeps it."""
    if not isinstance(when, dt.datetime):
        example = "2026-10-20T23:59:00"
        raise CannotGrade(f"{FILE}: {name} is {when!r}; write day and time, as {example}")
    local = when if when.tzinfo else when.replace(tzinfo=zone)
    return local.astimezone(dt.UTC).replace(tzinfo=None)
