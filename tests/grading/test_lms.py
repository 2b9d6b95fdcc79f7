"""Work comes in: archives of Canvas and Moodle, the exchange. Tables that the two accept go out."""

import csv
import io
import json
import multiprocessing
import os
import sys
import zipfile
from pathlib import Path

import pytest
from nbgrader.apps import NbGraderApp
from nbgrader.utils import parse_utc

from course import ROOT
from grading.classroom import Course, grade
from grading.files import read
from grading.lists import Marks, feedback
from grading.lms import CanvasExport, MoodleExport, recognise
from grading.pool import Judge
from grading.sample_class import answered, course, right

RELEASE = json.loads((ROOT / "exercises" / "rnn" / "rnn.ipynb").read_text(encoding="utf-8"))
RIGHT = json.dumps(answered(RELEASE, right()))
STUB = json.dumps(RELEASE)


def nbgrader(folder: Path, *arguments: str) -> str:
    """What an nbgrader command says, run in `folder`, which is the home of its account too.

    In a fork of this process, so that nbgrader is imported once and not for each command.
    """
    process = multiprocessing.get_context("fork").Process(target=_command, args=(folder, arguments))
    process.start()
    process.join()
    log = (folder / ".log").read_text(encoding="utf-8")
    assert process.exitcode == 0, log
    return log


def _command(folder: Path, arguments: tuple[str, ...]) -> None:
    os.chdir(folder)
    os.environ.update(PATH="/usr/bin:/bin", HOME=str(folder))
    log = os.open(".log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
    NbGraderApp.launch_instance(list(arguments))


class Unflagged(zipfile.ZipInfo):
    """A file in an archive whose name is UTF-8, as some programs write it: without saying so."""

    def _encodeFilenameFlags(self):
        return self.filename.encode(), 0


def zipped(files: dict[str, str], kind: type = zipfile.ZipInfo) -> bytes:
    """A zip archive of files: their names, what is in them."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(kind(name), content)
    return made.getvalue()


def collect(root: Path, archive: bytes, name: str) -> tuple[dict[str, str], str]:
    """What `nbgrader zip_collect` makes of an archive: a notebook for each learner; and its log."""
    folder = course(root) / "downloaded" / "rnn" / "archive"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(archive)
    log = nbgrader(root, "zip_collect", "rnn", "--force")
    found = [path for path in (root / "submitted").rglob("*") if path.is_file()]
    assert all(path.name == "rnn.ipynb" and path.parent.name == "rnn" for path in found)
    return {path.parents[1].name: path.read_text(encoding="utf-8") for path in found}, log


CANVAS = {
    "okaforada_20440_99801_rnn.ipynb": "on time",
    "núñezjosé_LATE_20441_99812_rnn-1.ipynb": "late, accents, handed in again",
    "smith_jr_20442_99805_rnn.ipynb": "an older file of the same attempt",
    "smith_jr_20442_99820_rnn-2.ipynb": "the newest",
    "smith_jr_20442_99821_my notes.ipynb": "another notebook",
    "lewei_20443_99830_RNN (1).ipynb": "spaces, downloaded twice",
    "müllerzoë_LATE_20444_99841_übung zwei.ipynb": "a name of their own",
    "brownben_20445_99850_rnn.pdf": "a stray PDF",
    "kimhana_20446_99860_work.zip": zipped(
        {"work/rnn.ipynb": "in a zip", "__MACOSX/._x.ipynb": ""}
    ),
    "rossi_20447_99870_work.zip": "no zip at all",
    "cruel_20448_99880_x_7_8_rnn.ipynb": "a name made to look like another's",
    "okaforada_20440_99802_text.html": "a text",
}
COLLECTED = {
    "okaforada_20440": "on time",
    "núñezjosé_20441": "late, accents, handed in again",
    "smith_jr_20442": "the newest",
    "lewei_20443": "spaces, downloaded twice",
    "müllerzoë_20444": "a name of their own",
    "kimhana_20446": "in a zip",
    "cruel_20448": "a name made to look like another's",
}


@pytest.mark.parametrize("kind", [zipfile.ZipInfo, Unflagged])
def test_a_canvas_archive_comes_in(tmp_path, kind):
    got, log = collect(tmp_path, zipped(CANVAS, kind), "CS_101_2026-rnn_submissions.zip")
    assert got == COLLECTED
    assert "rossi_20447_99870_work.zip cannot be unpacked" in log
    assert not list(tmp_path.rglob("timestamp.txt")), "a time of handing in was made up"


MOODLE = {
    ("José Núñez_4711", "rnn.ipynb"): "accents and a space",
    ("Ada Okafor_4712", "rnn.ipynb"): "the first",
    ("Ada Okafor_4712", "rnn-1.ipynb"): "handed in again",
    ("Ada Okafor_4713", "rnn (2).ipynb"): "another of the same name",
    ("Ben O'Neill-Brown_4714", "report.pdf"): "a stray PDF",
    ("Participant_4715", "rnn.ipynb"): "marked without names",
}


@pytest.mark.parametrize("joint", ["_file/", "_file_/", "_file_"])  # folders: new, old; none
def test_a_moodle_archive_comes_in(tmp_path, joint):
    files = {f"{who}_assignsubmission{joint}{name}": text for (who, name), text in MOODLE.items()}
    got, _ = collect(tmp_path, zipped(files), "CS101-rnn-88.zip")
    assert got == {
        "José-Núñez_4711": "accents and a space",
        "Ada-Okafor_4712": "handed in again",
        "Ada-Okafor_4713": "another of the same name",
        "Participant_4715": "marked without names",
    }


def test_an_archive_s_own_name_is_nobody_s():
    assert recognise(Path("CS_101_2026_rnn/notes.ipynb"), "rnn") is None
    assert recognise(Path("CS_101_2026_rnn/ada_7_8_rnn.ipynb"), "rnn").learner == "ada_7"


def as_canvas_reads(path: Path) -> dict[str, dict[str, str]]:
    """The marks in a table by the rules of Canvas's importer: learner's ID or login, assignment."""
    head, *rows = csv.reader(path.open(encoding="utf-8"))
    assert "Student" in head[0] and "ID" in head[1]
    assert head[2:4] == ["SIS User ID", "SIS Login ID"] and "Section" in head[4]
    assert "Points Possible" in rows[0][0]
    assert all(len(row) == len(head) for row in rows)
    return {row[1] or row[3]: dict(zip(head[5:], row[5:], strict=True)) for row in rows[1:]}


def as_moodle_reads(path: Path) -> dict[str, tuple[str, str]]:
    """Mark and maximum by the number of the participant, as Moodle's importer finds them."""
    rows = list(csv.DictReader(path.open(encoding="utf-8")))
    assert rows and {"Identifier", "Grade", "Last modified (grade)"} <= rows[0].keys()
    assert all(row["Identifier"].startswith("Participant ") for row in rows)
    return {row["Identifier"][12:]: (row["Grade"], row["Maximum Grade"]) for row in rows}


def test_no_name_in_an_exported_table_is_a_formula(tmp_path):
    evil = '=HYPERLINK("x", 1)'
    with Course(course(tmp_path)).gradebook() as book:
        book.add_assignment("rnn")
        for number in (1, 2):
            about = {"first_name": evil, "last_name": "", "email": evil}
            book.add_student(f"{evil}_{number}", **about)
            book.add_submission("rnn", f"{evil}_{number}")
        for plugin in (Marks, CanvasExport, MoodleExport):
            exporter = plugin()
            exporter.to, exporter.assignment = str(tmp_path / "table.csv"), ["rnn"]
            exporter.export(book)
            with open(tmp_path / "table.csv", newline="", encoding="utf-8") as file:
                head, *rows = csv.reader(file)
            assert f"'{evil}" in str(rows).replace("\\'", "'"), plugin
            assert [row for row in rows if len(row) != len(head)] == []
            assert [field for row in rows for field in row if field.startswith("=")] == []


@pytest.mark.slow
def test_marks_go_back_as_tables_that_the_two_accept(tmp_path, bubblewrap):
    files = {
        "núñezjosé_LATE_20441_99812_rnn-1.ipynb": RIGHT,
        "okaforada_20440_99801_rnn.ipynb": STUB,
        "lewei_20443_99830_rnn.ipynb": "no notebook: nobody has looked at it yet",
        "Zoë Müller_4711_assignsubmission_file/rnn.ipynb": RIGHT,
        "Kim Hana_4712_assignsubmission_file/rnn.ipynb": STUB,
    }
    collect(tmp_path, zipped(files), "CS101-rnn_submissions.zip")
    with Judge(jobs=1) as judge:
        grade(Course(tmp_path), "rnn", judge)
    with Course(tmp_path).gradebook() as book:
        full = str(book.find_assignment("rnn").max_score)
        book.add_student("did-nothing")
        book.update_or_create_student("Kim-Hana_4712", lms_user_id="30001")
    log = nbgrader(tmp_path, "export", "--exporter=grading.lms.CanvasExport")
    assert as_canvas_reads(tmp_path / "canvas.csv") == {
        "20440": {"rnn": "0.0"},
        "20441": {"rnn": full},
        "4711": {"rnn": full},
        "30001": {"rnn": "0.0"},
    }
    assert "rnn of lewei_20443 still needs a look" in log
    command = ["export", "--exporter=grading.lms.MoodleExport", "--assignment", "rnn"]
    nbgrader(tmp_path, *command, "--to", "worksheet.csv")
    got = as_moodle_reads(tmp_path / "worksheet.csv")
    assert got["4711"] == (full, full) and got["4712"] == ("0.0", full)
    assert "20443" not in got


@pytest.mark.slow
def test_the_exchange_brings_work_from_two_accounts_and_takes_feedback_back(tmp_path, bubblewrap):
    exchange = tmp_path / "exchange"
    exchange.mkdir(mode=0o777)
    exchange.chmod(0o777)
    root = course(tmp_path / "course")
    settings = f"c.Exchange.root = {str(exchange)!r}\n"
    with (root / "nbgrader_config.py").open("a") as config:
        config.write(settings)
    (root / "exercises" / "rnn").mkdir(parents=True)
    (root / "exercises" / "rnn" / "rnn.ipynb").write_text(STUB, encoding="utf-8")
    nbgrader(root, "release_assignment", "rnn")

    def submit(learner: str, content: str) -> None:
        home = tmp_path / learner
        if not home.exists():
            home.mkdir()
            own = f"c.CourseDirectory.course_id = 'rnns-vs-transformers'\n{settings}"
            (home / "nbgrader_config.py").write_text(f"c = get_config()\n{own}")
            nbgrader(home, "fetch_assignment", "rnn")
        fetched = home / "rnn" / "rnn.ipynb"
        assert {p.name for p in fetched.parent.iterdir()} == {"rnn.ipynb"}
        fetched.write_text(content, encoding="utf-8")
        nbgrader(home, "submit", "rnn", f"--student={learner}")

    submit("ada", STUB)
    submit("ben", STUB)
    submit("ada", RIGHT)
    nbgrader(root, "collect", "rnn")
    got = {who: read(root / "submitted" / who / "rnn", "rnn")[1].decode() for who in ("ada", "ben")}
    assert got == {"ada": RIGHT, "ben": STUB}, "the newest submission of each"
    times = [(root / "submitted" / who / "rnn" / "timestamp.txt").read_text() for who in got]
    assert parse_utc(times[0]) > parse_utc(times[1])

    with Judge(1) as judge:
        rows, _ = grade(Course(root), "rnn", judge)
    assert sorted(feedback(Course(root), "rnn", 1, rows)) == ["ada", "ben"]
    nbgrader(root, "release_feedback", "rnn")
    for learner, points in (("ada", "40.0"), ("ben", "0.0")):
        home = tmp_path / learner
        nbgrader(home, "fetch_feedback", "rnn", f"--student={learner}")
        # ada handed in twice; there is feedback on what was graded
        [page] = (home / "rnn" / "feedback").rglob("rnn.html")
        assert f"(Score: {points} / 40.0)" in page.read_text(encoding="utf-8")
