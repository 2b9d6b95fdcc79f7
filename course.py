"""Facts about the course that several rooms need: paths, settings, contents, version and date.

Each is stated in one file (`_config.yml`, `_toc.yml`, `CITATION.cff`) and read here as data.
"""

import datetime as dt
import os
import subprocess
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent
SITE = ROOT / "_build" / "html"  # the built book
SOLUTIONS = ROOT / "solutions"
EXERCISES = ROOT / "exercises"


@cache
def settings() -> dict:
    """What `_config.yml` says; addresses stand there and nowhere else."""
    return yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))


def address() -> str:
    """Where the learner edition is published."""
    return settings()["repository"]["url"]


@cache
def contents() -> list[tuple[str, list[str]]]:
    """Caption and page names of each part of the book; the first page stands alone in front."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    parts = [(part["caption"], [c["file"] for c in part["chapters"]]) for part in toc["parts"]]
    return [("", [toc["root"]]), *parts]


def pages() -> list[str]:
    """The names of all pages, in the order of the contents."""
    return [name for _, names in contents() for name in names]


def chapters() -> list[str]:
    """The names of the chapters' pages, from chapter 0 on."""
    return contents()[1][1]


@cache
def descriptions() -> dict[str, dict]:
    """What `book/descriptions.yml` says of each page."""
    return yaml.safe_load((ROOT / "book" / "descriptions.yml").read_text("utf-8"))


@cache
def edition() -> tuple[str, dt.date]:
    """The course's version and the day of its last change."""
    cff = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    command = ["git", "log", "-1", "--format=%ct"]
    git = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    # a copy without history has the day of its release
    stamp = os.environ.get("SOURCE_DATE_EPOCH") or git.stdout.strip()
    if stamp:
        return cff["version"], dt.datetime.fromtimestamp(int(stamp), dt.UTC).date()
    return cff["version"], dt.date.fromisoformat(str(cff["date-released"]))


def edition_in_words() -> str:
    """Version and day as a reader is told them: `Version 1.2.0 · 5 November 2026`."""
    from babel.dates import format_date  # only pages and paper need it

    number, day = edition()
    return f"Version {number} · {format_date(day, 'd MMMM y', locale='en')}"
