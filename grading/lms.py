"""Work and marks, as the learning platforms Canvas and Moodle name them.

`nbgrader zip_collect` takes the archives that they give instructors, `nbgrader export` writes the
tables that they take back. A learner's id here is a readable name and the platform's number,
`núñezjosé_20441`, so that no list of the class is needed on the way in or out.

    Canvas   núñezjosé_LATE_20441_99812_rnn-1.ipynb        number: the user; then the upload
    Moodle   José Núñez_4711_assignsubmission_file/rnn.ipynb      number: the user here, and only
             in this assignment; one file or folder a learner, as chosen in Moodle

Sources: Canvas lib/content_zipper.rb and lib/gradebook_importer.rb; Moodle
mod/assign/classes/downloader.php and mod/assign/feedback/offline/importgradeslib.php.
"""

import csv
import re
import shutil
import unicodedata
import zipfile
from pathlib import Path
from typing import NamedTuple

from nbgrader.api import Gradebook, MissingEntry, SubmittedAssignment
from nbgrader.plugins import ExportPlugin, ExtractorPlugin, FileNameCollectorPlugin
from nbgrader.utils import unzip
from traitlets import Dict

from grading.classroom import total
from grading.harmless import field
from grading.roster import NUMBER

MOODLE = re.compile(r"(?P<name>[^_]+)_(?P<id>\d+)_assignsubmission_file_?(?P<title>.*)")
CANVAS = re.compile(r"(?P<name>.*?)_(LATE_)?(?P<id>\d+)_(?P<upload>\d+)_(?P<title>.+)")
MOST = 100 << 20  # bytes in an archive that a learner handed in


class Work(NamedTuple):
    """A notebook in an archive: whose it is, and how likely it is the one to grade."""

    learner: str
    rank: tuple  # has the assignment's name, the platform's number of the upload, `-1` or `(1)`
    path: Path


def recognise(path: Path, assignment: str) -> Work | None:
    """Whose a notebook is by its path within the archive; None where no part of it says so.

    The outermost part counts, which the platform wrote; the rest is as learners like it. The first
    folder is the archive's own (`CS_101_2026_rnn_submissions`) and names no Canvas user.
    """
    if any(part.startswith((".", "__MACOSX")) for part in path.parts):  # copies that tools keep
        return None
    for depth, part in enumerate(path.parts):
        part = unicodedata.normalize("NFC", _utf8(part))
        match = MOODLE.match(part)
        if match is None and (depth or len(path.parts) == 1):
            match = CANVAS.match(part)
        if match:
            about = match.groupdict()
            title = about["title"] if part.endswith(".ipynb") else path.name
            name = re.sub(r"[^\w.@+-]+", "-", about["name"]).lstrip("_.@+-")[:60]
            stem = re.match(rf"(?i){re.escape(assignment)}[ _]?(?:-|\()?(\d*)\)?\.", title)
            copy = int(stem[1] or 0) if stem else -1
            rank = (bool(stem), int(about.get("upload") or 0), copy, str(path))
            return Work(f"{name or 'learner'}_{about['id']}", rank, path)
    return None


def _utf8(name: str) -> str:
    """The name of a file in an archive that does not say it is UTF-8, as some do not."""
    try:
        return name.encode("cp437").decode()
    except UnicodeError:
        return name


def _number(learner: str) -> str:
    """The platform's number of a learner, or an empty text."""
    match = NUMBER.search(learner)
    return match[1] if match else ""


class Extractor(ExtractorPlugin):
    """Unpack what the platform made, and archives that learners put in; a broken one stops none."""

    def extract(self, archive_path: str, extracted_path: str) -> None:
        here, there = Path(archive_path), Path(extracted_path)
        for path in sorted(p for p in here.rglob("*") if p.is_file()):
            target = there / path.relative_to(here)
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix in self.zip_ext:
                self.unpack(path, target.parent)
            else:
                shutil.copy(path, target)
        for path in sorted(there.rglob("*.zip")):
            try:
                with zipfile.ZipFile(path) as archive:
                    if sum(file.file_size for file in archive.infolist()) > MOST:
                        raise ValueError(f"it holds more than {MOST >> 20} MB")
                self.unpack(path, path.parent)
            except Exception as error:  # whatever strangers' bytes can provoke
                self.log.error("%s cannot be unpacked: %s", path.name, error)

    def unpack(self, archive: Path, folder: Path) -> None:
        unzip(str(archive), str(folder), self.zip_ext, create_own_folder=True)


class Collector(FileNameCollectorPlugin):
    """Find the notebook of each learner, whatever they called it, the newest if there are several.

    Archives hold no times, only Canvas's word LATE, so no timestamp is made up: late marks are
    the platform's to take off.
    """

    def collect(self, submitted_file: str) -> dict | None:
        path, app = Path(submitted_file), self.parent
        if path.suffix not in self.valid_ext:
            return None
        folder = Path(app._format_collect_path(app.extracted_directory))
        assignment = app.coursedir.assignment_id
        work = recognise(path.relative_to(folder), assignment)
        if work is None:
            self.log.error("%s: neither Canvas nor Moodle names files so", path.name)
            return None
        others = [recognise(p.relative_to(folder), assignment) for p in folder.rglob("*.ipynb")]
        best = max(o for o in others if o and o.learner == work.learner)
        if best != work:
            self.log.warning("%s: %s is taken instead", path.name, best.path.name)
            return None
        return {"student_id": work.learner, "file_id": f"{assignment}.ipynb"}


class _Marks(ExportPlugin):
    def assignments(self, book: Gradebook) -> list:
        """Those that were asked for, else all that somebody handed in."""
        names = {str(name) for name in self.assignment}
        if missing := names - {a.name for a in book.assignments}:
            raise SystemExit(f"not in the gradebook: {', '.join(sorted(missing))}")
        return [a for a in book.assignments if (a.name in names if names else a.submissions)]

    def mark(self, book: Gradebook, assignment: str, learner: str) -> float | None:
        """The points less the penalty; None where nothing came in or it is not graded to the end.

        A missing mark is left out, not written as 0: the platform knows better what it means.
        """
        try:
            work: SubmittedAssignment = book.find_submission(assignment, learner)
        except MissingEntry:
            return None
        if work.needs_manual_grade:
            self.log.warning("%s of %s still needs a look in formgrader", assignment, learner)
            return None
        return total(work.score, work.late_submission_penalty)

    def learners(self, book: Gradebook) -> list:
        asked_for = {str(who) for who in self.student}
        return [s for s in book.students if not asked_for or s.id in asked_for]

    def write(self, default: str, rows: list[list]) -> None:
        with open(self.to or default, "w", newline="", encoding="utf-8") as file:
            safe = [
                [field(cell) if isinstance(cell, str) else cell for cell in row] for row in rows
            ]
            csv.writer(file).writerows(safe)
        self.log.info("%d rows in %s", len(rows), self.to or default)


class CanvasExport(_Marks):
    """A table for Canvas: Gradebook → Import. One column an assignment, one row a learner.

    Canvas finds a learner by ID (the gradebook's `lms_user_id`, else the number of the archive),
    and where there is none by SIS Login ID, which then is nbgrader's id of the learner.
    """

    titles = Dict(
        help="an assignment's name here: its title in Canvas, best with Canvas's number: 'RNN (17)'"
    ).tag(config=True)

    def export(self, gradebook: Gradebook) -> None:
        todo = self.assignments(gradebook)
        head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
        points = ["    Points Possible", "", "", "", "", *(a.max_score for a in todo)]
        rows = [[*head, *(self.titles.get(a.name, a.name) for a in todo)], points]
        for learner in self.learners(gradebook):
            marks = [self.mark(gradebook, a.name, learner.id) for a in todo]
            if any(m is not None for m in marks):
                number = learner.lms_user_id or _number(learner.id)
                name = ", ".join(filter(None, [learner.last_name, learner.first_name]))
                login = "" if number else learner.id
                rows.append([name or NUMBER.sub("", learner.id), number, "", login, "", *marks])
        self.write("canvas.csv", rows)


class MoodleExport(_Marks):
    """The grading worksheet of one assignment for Moodle: Grading → Upload grading worksheet.

    Moodle reads the columns Identifier, Grade and Last modified (grade), in English as here when
    it is set to English. The identifier is the number in the archive, valid in this assignment.
    """

    def export(self, gradebook: Gradebook) -> None:
        todo = self.assignments(gradebook)
        if len(todo) != 1:
            raise SystemExit("Moodle takes one assignment at a time: add --assignment NAME")
        [assignment] = todo
        head = ["Identifier", "Full name", "Grade", "Maximum Grade", "Last modified (grade)"]
        rows: list[list] = [head]
        for learner in self.learners(gradebook):
            mark = self.mark(gradebook, assignment.name, learner.id)
            number = _number(learner.id)
            if mark is not None and not number:
                self.log.error("%s did not come from Moodle's archive: left out", learner.id)
            elif mark is not None:
                name = NUMBER.sub("", learner.id)
                rows.append([f"Participant {number}", name, mark, assignment.max_score, "-"])
        self.write(f"moodle-{assignment.name}.csv", rows)
