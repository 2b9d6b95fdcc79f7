"""What learners handed in, as files: found under `submitted/`, chosen in its folder, decoded.

    submitted/LEARNER/ASSIGNMENT/ASSIGNMENT.ipynb

A submission is files from a stranger: no link is followed, nothing that never ends is read. What
is not understood is told with what to do about it, so that nobody's work is missing unseen.
"""

import difflib
import fnmatch
import json
import os
import re
import stat
import tomllib
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grading.wire import clean

MAX_FILE = 100 << 20  # bytes of the file; most of them are outputs, which are not kept
# what systems and tools put beside people's work
LITTER = ["._*", ".DS_Store", "__MACOSX", "Thumbs.db", "desktop.ini", ".ipynb_checkpoints"]
LITTER += [".git", ".gitignore", ".gitkeep", ".~lock.*"]
NOTEBOOK = re.compile(r"(?i)\.ipynb(\.json|\.txt)?$")  # browsers add an ending of their own
PLACE = "work belongs in LEARNER/ASSIGNMENT/"
ARCHIVES = (".zip", ".gz", ".tgz", ".tar", ".7z", ".rar")
# A learner's name ends up in paths, in tables and in nbgrader's web pages.
NAME = re.compile(r"""[^-.=+@~\s/\\<>"`][^/\\<>"`]{0,99}""")


class CannotGrade(Exception):
    """The class cannot be graded; the text says why, and what to do."""


class Unreadable(Exception):
    """The submission is no notebook; the text says why, and what to do."""


@dataclass(frozen=True)
class Submission:
    """A folder that somebody handed in; `problem` says why it cannot be graded, if so."""

    learner: str
    assignment: str
    folder: Path
    problem: str = ""


def find(
    submitted: Path, assignments: Collection[str]
) -> tuple[list[Submission], list[tuple[str, str]]]:
    """All submissions in alphabetical order; of each other thing its path and why it is none.

    `assignments` are those that there are. Names are taken in Unicode's form NFC, whichever form
    the learner's system wrote.
    """
    found: dict[tuple[str, str], Submission] = {}
    doubles, strays = [], []
    for folder in _inside(submitted):
        if not folder.is_dir():
            strays.append((folder, f"a file; {PLACE}{_unpack(folder)}"))
            continue
        learner = unicodedata.normalize("NFC", folder.name)
        within = _inside(folder)
        if not within:
            strays.append((folder, "the folder is empty"))
        for path in within:
            name = unicodedata.normalize("NFC", path.name)
            if name not in assignments:
                strays.append((path, _why_stray(path, assignments)))
            elif (learner, name) in found:
                why = "another folder has the same name in other letters: put the two together"
                doubles.append(Submission(learner, name, path, why))
            else:
                one = Submission(shown(learner), name, path, _why_no_name(folder.name, learner))
                found[learner, name] = one
    submissions = sorted([*found.values(), *doubles], key=lambda one: (one.learner, one.assignment))
    return submissions, [(shown(path.relative_to(submitted)), why) for path, why in strays]


def shown(name: object) -> str:
    """A name as it can be printed: what cannot be seen in it is spelt out."""
    text = str(name)
    return text if text.isprintable() else repr(text)[1:-1]


def _inside(folder: Path) -> list[Path]:
    """What is in a folder, without what systems and tools leave there."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not is_litter(path.name))


def is_litter(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in LITTER)


def _unpack(path: Path) -> str:
    archive = path.name.lower().endswith(ARCHIVES)
    return "; archives come in by `nbgrader zip_collect`" if archive else ""


def _why_stray(path: Path, assignments: Collection[str]) -> str:
    """Why this, in a folder of `submitted/`, is no submission."""
    outer, name = path.parent.name, path.name
    swapped = nearest(outer, assignments, exactly=True)
    if not path.is_dir() and NOTEBOOK.search(name):
        learner = "LEARNER" if swapped else outer
        folder = swapped or nearest(name.split(".")[0], assignments) or "ASSIGNMENT"
        return f"it lies in no folder of an assignment: move it to {learner}/{folder}/"
    if not path.is_dir():
        return f"a file; {PLACE}{_unpack(path)}"
    if swapped:
        return f"learner and assignment are the wrong way round: move it to {name}/{swapped}"
    if meant := nearest(name, assignments):
        return f"there is no assignment of this name: rename it to {meant}"
    return f"there is no assignment of this name; there are {', '.join(sorted(assignments))}"


def _why_no_name(raw: str, learner: str) -> str:
    """Why a folder's name cannot be a learner's, or an empty text."""
    if raw != raw.strip():
        return "the name of its folder begins or ends with a space: rename it"
    if len(learner) > 100 or len(learner.encode("utf-8", "replace")) > 200:
        return "the name of its folder is too long: rename it, 100 characters are the most"
    if not NAME.fullmatch(learner) or not learner.isprintable():
        return (
            "the name of its folder may not begin with . - = + @ ~ and may hold no control"
            ' character and none of \\ < > " `: rename it'
        )
    return ""


def nearest(name: str, names: Collection[str], exactly: bool = False) -> str:
    """The one of `names` that was probably meant by `name`, or an empty text.

    `exactly` allows for other capitals and spaces, and for no other letters.
    """
    plain = {re.sub(r"[\W_]+", "", known).casefold(): known for known in names}
    meant = re.sub(r"[\W_]+", "", unicodedata.normalize("NFC", name)).casefold()
    if exactly or meant in plain:
        return plain.get(meant, "")
    close = difflib.get_close_matches(meant, plain, n=1, cutoff=0.6)
    starts = [key for key in plain if key and meant.startswith(key)]
    return plain[(close or starts)[0]] if close or starts else ""


# ---- one submission ------------------------------------------------------------------------------
def read_file(folder: Path, name: str, most: int = 1000) -> bytes | None:
    """The first bytes of a file in a submission folder; None where there is no such plain file."""
    try:
        fd = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(fd, "rb") as file:
            return file.read(most) if stat.S_ISREG(os.fstat(fd).st_mode) else None
    except OSError:
        return None


def read(folder: Path, assignment: str) -> tuple[str, bytes]:
    """The notebook in a submission folder, and what to say about the choice of it, if anything.

    `rnn.ipynb` counts; where it is missing, the newest of those whose names begin like it, as in
    `RNN (1).ipynb`, or else the newest notebook.

    Raises:
        Unreadable: there is none, or it cannot be read.
    """
    try:
        inside = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        what = "a link" if folder.is_symlink() else "a file" if folder.is_file() else error.strerror
        raise Unreadable(f"the assignment's folder is none: {what}") from None
    try:
        names = [name for name in os.listdir(inside) if not is_litter(name)]
        looks = {name: os.stat(name, dir_fd=inside, follow_symlinks=False) for name in names}
        notebooks = [name for name in names if NOTEBOOK.search(name)]
        files = [name for name in notebooks if stat.S_ISREG(looks[name].st_mode)]
        if not files:
            raise Unreadable(f"no notebook: {_what_else(inside, looks)}")
        wanted = f"{assignment}.ipynb"

        def rank(name: str) -> tuple:
            alike = nearest(NOTEBOOK.sub("", name), [assignment], exactly=True)
            begins = name.casefold().startswith(assignment.casefold())
            return name == wanted, bool(alike) or begins, looks[name].st_mtime, name

        name, *others = sorted(files, key=rank, reverse=True)
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        with os.fdopen(os.open(name, flags, dir_fd=inside), "rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise Unreadable(f"the file cannot be read: {error.strerror}") from None
    finally:
        os.close(inside)
    if len(data) > MAX_FILE:
        raise Unreadable(
            f"the file is larger than {MAX_FILE >> 20} MB: clear its outputs (Edit → Clear Outputs"
            " of All Cells), save it and hand it in again"
        )
    return _about_the_choice(name, wanted, others, looks), data


def _about_the_choice(
    name: str, wanted: str, others: list[str], looks: dict[str, os.stat_result]
) -> str:
    said = [] if name == wanted and not others else [f"file {clean(name, 200)}"]
    for other in others[:3]:
        newer = ", which is newer" if looks[other].st_mtime > looks[name].st_mtime else ""
        said.append(f"{clean(other, 200)}{newer}, was not graded")
    if others[3:]:
        said.append(f"nor were {len(others) - 3} more")
    return "; ".join(said)


def _what_else(inside: int, looks: dict[str, os.stat_result]) -> str:
    """What there is in a folder without a notebook."""
    for name, look in sorted(looks.items()):
        if NOTEBOOK.search(name):
            if stat.S_ISDIR(look.st_mode):
                return f"{clean(name, 200)} is a folder"
            return "it is a link or a device, not a file"
        if stat.S_ISDIR(look.st_mode):
            deeper = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=inside)
            with os.scandir(deeper) as entries:
                below = sorted(e.name for e in entries if NOTEBOOK.search(e.name))
            os.close(deeper)
            if below := [n for n in below if not is_litter(n)]:
                where = clean(f"{name}/{below[0]}", 300)
                return f"it lies one folder too deep, in {where}: move it up"
        if name.lower().endswith(ARCHIVES):
            return f"there is an archive: unpack {clean(name, 200)}"
    if looks:
        names = ", ".join(sorted(clean(name, 100) for name in looks)[:5])
        return f"no file ends in .ipynb (there is {names})"
    return "the folder is empty"


# ---- bytes ---------------------------------------------------------------------------------------
KINDS = {  # how files begin that are sometimes handed in under a notebook's name
    b"version https://git-lfs": "a pointer of Git LFS, not the notebook: run `git lfs pull`",
    b"%PDF": "a PDF: hand in the notebook itself, the .ipynb",
    b"PK\x03\x04": "a zip archive or an office document: hand in the notebook itself, the .ipynb",
    b"\x1f\x8b": "a gzip archive: unpack it",
    b"\x89PNG": "a picture: hand in the notebook itself, the .ipynb",
    b"\xff\xd8\xff": "a picture: hand in the notebook itself, the .ipynb",
    b"GIF8": "a picture: hand in the notebook itself, the .ipynb",
}
AGAIN = "open the notebook in Jupyter, save it and hand it in again"


def decode(data: bytes) -> dict:
    """The notebook that these bytes are, as JSON; its cells are checked by nobody yet.

    UTF-8 with and without a mark, UTF-16 and UTF-32 are read; a notebook of format 3 is brought
    into format 4.

    Raises:
        Unreadable: they are something else; the text names it and says what to do.
    """
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
        raise Unreadable("the file is empty")
    for start, what in KINDS.items():
        if data.startswith(start):
            raise Unreadable(f"not a notebook but {what}")
    text = data.decode(json.detect_encoding(data), "replace")
    try:
        notebook = json.loads(text, parse_constant=lambda name: None)
    except (ValueError, RecursionError, MemoryError) as error:
        raise Unreadable(_why_no_json(text, error)) from None
    if not isinstance(notebook, dict):
        raise Unreadable(f"not a notebook: the file holds something else; {AGAIN}")
    if isinstance(notebook.get("worksheets"), list):
        notebook["cells"] = list(_of_format_3(notebook["worksheets"])) or None
    if not isinstance(notebook.get("cells"), list):
        raise Unreadable(f"not a notebook: it has no cells; {AGAIN}")
    return notebook


def _why_no_json(text: str, error: Exception) -> str:
    conflict = re.search(r"(?m)^<{7}( |$)", text)
    if conflict and re.search(r"(?m)^>{7}( |$)", text):
        line = text.count("\n", 0, conflict.start()) + 1
        return (
            f"it holds both sides of a merge conflict (<<<<<<< in line {line}): keep one of them,"
            " or resolve it with `nbdime`, and hand it in again"
        )
    if re.match(
        r"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?<(!doctype\s+html|html|head|body)\b",
        text,
        re.I | re.S,
    ):
        return (
            "not a notebook but a web page (HTML): the page that shows the notebook was saved;"
            " hand in the .ipynb itself (in Jupyter: File → Download)"
        )
    if text.lstrip().startswith("{") and _is_cut_off(text, error):
        size = len(text.encode("utf-8", "replace"))
        return (
            f"the file is cut off after {size} bytes: it was not sent to the end; hand it in again"
        )
    where = f", line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
    said = error.msg if isinstance(error, json.JSONDecodeError) else clean(str(error), 200)
    return f"not a notebook ({said or type(error).__name__}{where}): {AGAIN}"


def _is_cut_off(text: str, error: Exception) -> bool:
    """Whether JSON ends before it is complete."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    at_the_end = not text[error.pos :].strip()
    return at_the_end or error.msg.startswith("Unterminated string")


def _of_format_3(worksheets: list) -> Iterator[dict[str, Any]]:
    """The cells of a notebook of 2013, as those of today."""
    for sheet in worksheets:
        cells = sheet.get("cells") if isinstance(sheet, dict) else None
        for cell in cells if isinstance(cells, list) else ():
            if not isinstance(cell, dict):
                continue
            if cell.get("cell_type") == "code":
                cell = cell | {"source": cell.get("input", "")}
            elif cell.get("cell_type") == "heading":
                level = cell.get("level")
                source = cell.get("source", "")
                source = "".join(source) if isinstance(source, list) else str(source)
                marks = "#" * (level if isinstance(level, int) and 0 < level < 7 else 1)
                cell = cell | {"cell_type": "markdown", "source": f"{marks} {source}"}
            yield cell


def read_toml(path: Path) -> dict[str, Any]:
    """What a file of settings in the course folder says; nothing where there is none.

    Raises:
        CannotGrade: it cannot be read.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CannotGrade(f"{path.name} cannot be read: {error}") from None


def no_course(folder: Path) -> str:
    """Why a folder is no course that can be graded, or an empty text."""
    if not folder.is_dir():
        beside = [p.name for p in folder.absolute().parent.glob("*") if p.is_dir()]
        meant = nearest(folder.name, beside)
        hint = f"; did you mean {folder.parent / meant}?" if meant else ""
        return f"there is no folder {folder}{hint}"
    if not (folder / "nbgrader_config.py").is_file():
        return f"{folder} is no course: it holds no nbgrader_config.py"
    return ""
