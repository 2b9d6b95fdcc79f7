"""All under submitted/ is a submission or is told why not; what is no notebook is named."""

import json
import os
import unicodedata
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course import ROOT
from grading.files import NAME, Unreadable, find, nearest, read
from grading.judge import State, refuse
from grading.submission import MAX_TEXT, NotThisAssignment, parse, restore

RNN = (ROOT / "exercises" / "rnn" / "rnn.ipynb").read_text("utf-8")
ASSIGNMENTS = ["rnn", "attention"]


def put(root: Path, *places: str) -> None:
    for place in places:
        path = root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir() if place.endswith("/") else path.write_text("x")


# ---- under submitted/ ----------------------------------------------------------------------------
STRAYS = {  # what lies there: what is said of it
    "ada/RNN/rnn.ipynb": ("ada/RNN", "rename it to rnn"),
    "ada/rnn /rnn.ipynb": ("ada/rnn ", "rename it to rnn"),
    "ada/Atention/x.ipynb": ("ada/Atention", "rename it to attention"),
    "ada/midterm/x.ipynb": ("ada/midterm", "there are attention, rnn"),
    "ada/rnn.ipynb": ("ada/rnn.ipynb", "move it to ada/rnn/"),
    "ada/thoughts.txt": ("ada/thoughts.txt", "work belongs in LEARNER/ASSIGNMENT/"),
    "rnn/ada/rnn.ipynb": ("rnn/ada", "the wrong way round: move it to ada/rnn"),
    "RNN/ada/rnn.ipynb": ("RNN/ada", "the wrong way round: move it to ada/rnn"),
    "rnn/rnn.ipynb": ("rnn/rnn.ipynb", "move it to LEARNER/rnn/"),
    "rnn.ipynb": ("rnn.ipynb", "work belongs in LEARNER/ASSIGNMENT/"),
    "submissions.zip": ("submissions.zip", "nbgrader zip_collect"),
    "ada/": ("ada", "the folder is empty"),
}


@pytest.mark.parametrize("place", STRAYS)
def test_what_is_no_submission_is_told_with_what_to_do(tmp_path, place):
    put(tmp_path, place)
    submissions, strays = find(tmp_path, ASSIGNMENTS)
    assert not submissions
    [(path, why)] = strays
    assert path == STRAYS[place][0] and STRAYS[place][1] in why


def test_twins_and_checkpoints_that_systems_leave_are_nobody_s_work(tmp_path):
    put(tmp_path, "._ada", ".DS_Store", "__MACOSX/ada/rnn/rnn.ipynb", "ada/._rnn", "ada/.DS_Store")
    put(tmp_path, "ada/rnn/._rnn.ipynb", "ada/rnn/.ipynb_checkpoints/rnn-checkpoint.ipynb")
    (tmp_path / "ada/rnn/rnn.ipynb").write_text("mine")
    [one], strays = find(tmp_path, ASSIGNMENTS)
    assert (one.learner, one.problem, strays) == ("ada", "", [])
    assert read(one.folder, "rnn") == ("", b"mine")


@pytest.mark.parametrize(
    "name",
    ["Zoe\u0308 O'Neill", "Müller, José (2)", "m.müller@uni-x.org", "[x]", "100%", "李雷", "_a"],
)
def test_names_that_nbgrader_takes_are_taken_in_one_form(tmp_path, name):
    put(tmp_path, f"{name}/rnn/rnn.ipynb")
    [one], strays = find(tmp_path, ASSIGNMENTS)
    assert not one.problem and not strays
    assert one.learner == unicodedata.normalize("NFC", name)
    assert one.folder.exists()


@pytest.mark.parametrize(
    "name", ["-rf", "=1+1", "<b>", "a\nb", "a\u202eb", "ada ", "..x", "a" * 101]
)
def test_names_that_would_act_somewhere_are_told(tmp_path, name):
    put(tmp_path, f"{name}/rnn/rnn.ipynb")
    [one], _ = find(tmp_path, ASSIGNMENTS)
    assert "rename it" in one.problem
    assert one.learner.isprintable()


def test_two_folders_of_one_name_are_told(tmp_path):
    put(tmp_path, "Zo\u00eb/rnn/rnn.ipynb", "Zoe\u0308/rnn/rnn.ipynb")
    submissions, _ = find(tmp_path, ASSIGNMENTS)
    assert sorted(bool(one.problem) for one in submissions) == [False, True]


@given(st.lists(st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1)))
def test_no_name_leaves_its_folder(parts):
    name = "/".join(parts)
    if NAME.fullmatch(name):
        assert os.path.normpath(name) == name and "/" not in name and name not in (".", "..")


def test_the_nearest_name_is_meant():
    assert nearest("attenton", ASSIGNMENTS) == "attention"
    assert nearest("RNN_final", ASSIGNMENTS) == "rnn"
    assert nearest("midterm", ASSIGNMENTS) == ""


# ---- in a submission's folder --------------------------------------------------------------------
def test_of_two_notebooks_one_counts_and_the_other_is_told(tmp_path):
    put(tmp_path, "rnn.ipynb", "rnn-1.ipynb")
    os.utime(tmp_path / "rnn.ipynb", (1, 1))
    said, _ = read(tmp_path, "rnn")
    assert said == "file rnn.ipynb; rnn-1.ipynb, which is newer, was not graded"


def test_the_notebook_s_own_name_goes_before_the_newest(tmp_path):
    put(tmp_path, "RNN (1).ipynb", "notes.ipynb")
    os.utime(tmp_path / "RNN (1).ipynb", (1, 1))
    assert read(tmp_path, "rnn")[0].startswith("file RNN (1).ipynb; notes.ipynb")


@pytest.mark.parametrize("name", ["rnn.ipynb.txt", "rnn.ipynb.json", "RNN.IPYNB"])
def test_endings_that_browsers_add_do_no_harm(tmp_path, name):
    put(tmp_path, name)
    assert read(tmp_path, "rnn") == (f"file {name}", b"x")


@pytest.mark.parametrize(
    ("place", "said"),
    {
        "work.zip": "unpack work.zip",
        "work/rnn.ipynb": "one folder too deep, in work/rnn.ipynb",
        "essay.pdf": "there is essay.pdf",
        "rnn.ipynb/": "rnn.ipynb is a folder",
    }.items(),
)
def test_what_lies_there_instead_of_a_notebook_is_told(tmp_path, place, said):
    put(tmp_path, place)
    with pytest.raises(Unreadable, match="no notebook: ") as error:
        read(tmp_path, "rnn")
    assert said in str(error.value)


# ---- bytes ---------------------------------------------------------------------------------------
CONFLICT = RNN.replace(
    ' "cells": [', '<<<<<<< HEAD\n "cells": [\n=======\n "cells": [\n>>>>>>> feature/mine', 1
)
WORDS = {  # what the file holds: what is said of it
    "": "the file is empty",
    " \n": "the file is empty",
    CONFLICT: "merge conflict (<<<<<<< in line 2)",
    '<!DOCTYPE html>\n<html lang="en">': "a web page (HTML)",
    "<!-- saved --><html><body>": "a web page (HTML)",
    "version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 9": "git lfs pull",
    RNN[: len(RNN) // 2]: "cut off after",
    RNN.rstrip()[:-1]: "cut off after",
    "%PDF-1.7": "a PDF",
    "PK\x03\x04": "a zip archive",
    "import numpy as np": "open the notebook in Jupyter",
    "[1, 2]": "open the notebook in Jupyter",
    '{"nbformat": 4}': "it has no cells",
    '{"nbformat": 3, "worksheets": []}': "it has no cells",
}


@pytest.mark.parametrize("text", WORDS, ids=lambda text: WORDS[text])
def test_what_is_no_notebook_is_named(text):
    with pytest.raises(Unreadable) as error:
        parse(text.encode())
    assert WORDS[text] in str(error.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_every_form_of_unicode_is_read(encoding):
    assert parse(RNN.encode(encoding)) == parse(RNN.encode())


def test_a_byte_that_is_no_utf_8_costs_one_letter_and_not_the_notebook():
    cells = [{"cell_type": "code", "source": "# Zoë\nx = 1", "metadata": {}}]
    data = json.dumps({"cells": cells}, ensure_ascii=False).encode("latin-1")
    assert parse(data)[0]["source"] == "# Zo\ufffd\nx = 1"


def test_a_notebook_of_format_3_is_read():
    old = json.loads(RNN)
    cells = [
        {**cell, "input": cell.pop("source")} if cell["cell_type"] == "code" else cell
        for cell in old.pop("cells")
    ]
    heading = {"cell_type": "heading", "level": 2, "source": ["My work"]}
    got = parse(json.dumps({"nbformat": 3, "worksheets": [{"cells": [heading, *cells]}]}).encode())
    assert got[0]["source"] == "## My work"
    assert got[1:] == parse(RNN.encode())


def test_outputs_do_not_count_and_words_do():
    notebook = json.loads(RNN)
    notebook["cells"][0]["outputs"] = [{"data": {"image/png": "A" * (MAX_TEXT + 1)}}]
    assert parse(json.dumps(notebook).encode()) == parse(RNN.encode())
    words = {"cell_type": "markdown", "source": "x" * 150_000, "metadata": {}}
    with pytest.raises(Unreadable, match="MB of text"):
        parse(json.dumps({"cells": [words] * 80}).encode())


def test_a_notebook_of_another_assignment_is_named():
    master = json.loads(nbformat.writes(nbformat.reads(RNN, 4), split_lines=False))
    master["metadata"]["others"] = {"attention": ["softmax"], "transformer": ["layer_norm"]}
    for cell in (
        {"cell_type": "code", "source": "", "metadata": {"nbgrader": {"grade_id": "softmax"}}},
        {"cell_type": "code", "source": "def softmax(x):\n    pass", "metadata": {}},
    ):
        with pytest.raises(NotThisAssignment, match="it is the notebook of attention"):
            restore(master, parse(json.dumps({"cells": [cell]}).encode()))


@pytest.mark.parametrize("assignment", ["complexity", "rnn"])
def test_what_cannot_be_read_gets_the_bare_exercise_with_the_reason(assignment):
    path = ROOT / "exercises" / assignment / f"{assignment}.ipynb"
    master = json.loads(nbformat.writes(nbformat.read(path, 4), split_lines=False))
    verdict = refuse(master, State.UNREADABLE, "the file is empty")
    assert "the file is empty" in verdict["notebook"]["cells"][0]["source"]
