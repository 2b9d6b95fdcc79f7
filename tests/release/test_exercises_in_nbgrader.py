"""Each assignment through nbgrader itself, with the judge: generate, autograde, feedback."""

import sys
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from traitlets.config.loader import PyFileConfigLoader

from course import ROOT, SOLUTIONS
from grading.assignment import grade_id, read
from release import exercises
from release.quick_marks import marks, total
from tests.release.support import (
    EACH,
    fitting,
    functions,
    mistakes,
    packed,
    texts,
    variants,
    worth,
)


def course(root: Path) -> NbGraderAPI:
    """nbgrader's Python interface with this course's settings, in a course of its own."""
    config = PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config()
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.source_directory = str(SOLUTIONS)
    return NbGraderAPI(config=config)


def answered(release: nbformat.NotebookNode, answers: dict[str, str]) -> nbformat.NotebookNode:
    """The release as a learner hands it in, with some solution cells written."""
    notebook = nbformat.from_dict(release)
    for cell in notebook.cells:
        cell.source = answers.get(grade_id(cell), cell.source)
    return notebook


@pytest.mark.slow
@EACH
def test_nbgrader_and_the_judge_agree(assignment, tmp_path, bubblewrap, monkeypatch):
    monkeypatch.setenv("PATH", f"{sys.prefix}/bin", prepend=":")  # nbgrader calls alembic
    nbgrader = course(tmp_path)
    assert nbgrader.generate_assignment(assignment)["success"]
    release = nbformat.read(tmp_path / "exercises" / assignment / f"{assignment}.ipynb", 4)
    right = {grade_id(c): c.source for c in read(assignment).cells if c.cell_type == "code"}
    right = {function: right[function] for function in functions(assignment)}

    submissions, points, named = {"reference": right, "release": {}}, {}, {}
    points["reference"], points["release"] = worth(assignment), 0
    whole, wrong = texts(assignment)
    for function in functions(assignment):
        for answer in variants(assignment)[function][1:2]:
            who = f"{function}-{answer.__name__}"
            submissions[who] = right | {function: f"{whole}\n{function} = {answer.__name__}"}
            points[who] = worth(assignment)
        for m in mistakes(assignment, function)[1:2]:
            who = f"{function}-{m.name}"
            submissions[who] = right | {function: f"{wrong}\n{function} = {m.name}"}
            points[who] = total(marks(packed(assignment), {function: m.call}))[0]
            named[who] = fitting(m, assignment)
    for who, answers in submissions.items():
        folder = tmp_path / "submitted" / who / assignment
        folder.mkdir(parents=True)
        nbformat.write(answered(release, answers), folder / f"{assignment}.ipynb")
        outcome = nbgrader.autograde(assignment, who)
        assert outcome["success"], outcome
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as book:
        got = {who: book.find_submission(assignment, who).score for who in submissions}
    assert got == points

    hidden = {
        " ".join(line.split())
        for cell in packed(assignment).cells
        for region in exercises.REGION.finditer(cell.source)
        for line in region[2].split("\n")
        if region[1] == "HIDDEN TESTS" and len(line.strip()) > 30
    }
    for who in list(named)[:: len(functions(assignment))]:
        assert nbgrader.generate_feedback(assignment, who)["success"]
        page = tmp_path / "feedback" / who / assignment / f"{assignment}.html"
        text = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").get_text(" ")
        text = " ".join(text.split())
        assert any(sentence in text for sentence in named[who]), f"{who} is not named"
        assert not {line for line in hidden if line in text}, f"{who} is shown a hidden test"
