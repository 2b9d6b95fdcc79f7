"""The way out: the site for readers, and the learner edition.

usage: python -m release.publish     after `make book`; writes dist/site and dist/learner

The learner edition is what the public repository holds, what Binder starts and where the launch
buttons point. Nothing is written when a line of an answer or of a hidden test is found in either.
"""

import html
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from pypdfium2 import PdfDocument

from course import ROOT, SITE
from grading.assignment import assignments, pack
from release.exercises import secrets
from release.learner_edition import adapt, signposted

DIST = ROOT / "dist"
LEARNER = ("book", "exercises", "binder", "constraints.txt", "LICENSE", "CITATION.cff")
# of book/, what only the book's builder reads; the start page stands in for its cover
BUILDER = (":!book/assets", ":!book/index.md", ":!book/descriptions.yml")
START = "binder/start-here.md"  # becomes the edition's README, Binder's first page
INSTRUCTORS = {
    "solutions",
    "release",
    "grading",
    "website",
    "tests",
    "course.py",
    "nbgrader_config.py",
    "submitted",
    "autograded",
    "feedback",
}
NUMBER = re.compile(r"\d+\.\d{4,}")  # shorter ones stand anywhere
# Shorter lines (`return h`) stand in any code; a chapter may have them too.
TELLING = 17
TEXT = {
    ".html",
    ".js",
    ".json",
    ".ipynb",
    ".md",
    ".txt",
    ".py",
    ".css",
    ".yml",
    ".map",
    ".xml",
    ".bib",
    ".xhtml",
    ".pdf",
    ".epub",
}


def copy_learner_edition(folder: Path) -> None:
    """The committed files that learners get, into the new `folder`, made to serve by themselves."""
    command = ["git", "ls-files", "-z", "--", *LEARNER, *BUILDER]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        target = folder / ("README.md" if name == START else name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    for path in (folder / "book").glob("*.*"):
        adapt(path)
    readme = folder / "README.md"
    readme.write_text(signposted(readme.read_text("utf-8")), "utf-8")


def refusals(folder: Path, names: list[str] | None = None) -> Iterator[str]:
    """What keeps `folder` from being published: files of instructors, lines of answers and tests.

    Args:
        folder: a learner edition or a built site.
        names: the assignments whose secrets are looked for; all of them when left out.
    """
    found = {s: name for name in names or assignments() for s in secrets(pack(name)) if tells(s)}
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        if place.parts[0] in INSTRUCTORS or path.name == "mistakes.py":
            yield f"{place} is not for learners"
        elif path.is_file() and path.suffix in TEXT and "vendor" not in place.parts:
            text = readable(path)
            runs = _runs(text) if path.suffix == ".pdf" else set()
            for secret, name in found.items():
                if holds(text, runs, secret):
                    yield f"{place} holds {secret!r} of {name}"


def tells(secret: str) -> bool:
    """Whether `secret` gives something away wherever it stands: shorter ones stand in any text."""
    if NUMBER.fullmatch(secret):
        return len(secret.replace(".", "").lstrip("0")) >= 4  # 0.0015 says no more than 1.5
    return len(secret) >= TELLING and " " in secret


def holds(text: str, runs: set[str], secret: str) -> bool:
    """Whether a reader of `text` sees `secret`.

    Args:
        text: what `readable` made of a file.
        runs: its lines without spaces where they cannot be counted on, as in a PDF; else empty.
        secret: a line of an answer or of a test, or a number, which must stand by itself:
            15.0625 is not in 3015.0625.
    """
    if runs and " " in secret:
        return "".join(secret.split()) in runs
    if NUMBER.fullmatch(secret):
        return bool(re.search(rf"(?<![\d.]){re.escape(secret)}(?!\d)", text))
    return secret in text


def _runs(text: str) -> set[str]:
    """Up to eight lines in a row without their spaces: a PDF breaks lines and counts no spaces.

    Whole lines, for a formula may say within a line what an answer says in one.
    """
    lines = ["".join(line.split()) for line in text.splitlines()]
    return {"".join(lines[i : i + n]) for i in range(len(lines)) for n in range(1, 9)}


def readable(path: Path) -> str:
    """The text of a file as a person would read it: no markup, no JSON escapes."""
    if path.suffix == ".pdf":
        with PdfDocument(path) as book:
            return "\n".join(page.get_textpage().get_text_range() for page in book)
    if path.suffix == ".epub":
        with zipfile.ZipFile(path) as book:
            return "\n".join(
                _plain(book.read(name).decode("utf-8", "replace"), Path(name).suffix)
                for name in book.namelist()
            )
    return _plain(path.read_text(encoding="utf-8", errors="replace"), path.suffix)


def _plain(text: str, suffix: str) -> str:
    if suffix in {".html", ".xhtml"}:
        text = html.unescape(text) + html.unescape(re.sub(r"<[^>]*>", "", text))
    return text.replace('\\"', '"')


def main() -> int:
    if not (SITE / "index.html").exists():
        print("The book is not built; run `make book` first.")
        return 1
    new = ROOT / "_build" / "dist"
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(SITE, new / "site", ignore=shutil.ignore_patterns(".buildinfo", "*.doctree"))
    (new / "site" / ".nojekyll").touch()  # Pages would drop the folders that begin with _
    copy_learner_edition(new / "learner")
    bad = [problem for part in ("site", "learner") for problem in refusals(new / part)]
    if bad:
        print("Nothing was published:", *bad, sep="\n  ")
        return 1
    shutil.rmtree(DIST, ignore_errors=True)
    new.rename(DIST)
    print(f"The site: {DIST / 'site'}\nThe learner edition: {DIST / 'learner'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
