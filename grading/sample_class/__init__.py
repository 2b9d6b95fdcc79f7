"""A class to try the grading on: twelve learners, each a file that holds what is theirs alone.

All start from the notebook in exercises/ with the right answers of solutions/ filled in. A function
in a learner's file replaces the answer of its name; `BLANK` says that there are no other answers;
`edit` changes the notebook; `FILE` is what it is called, `CONTENT` what is in it instead.
"""

import ast
import json
import re
import shutil
from pathlib import Path

from course import EXERCISES, ROOT, SOLUTIONS
from grading.assignment import grade_id, read

HERE = Path(__file__).parent
CONFIG = '''"""The course's settings, for a class of its own."""

import os

load_subconfig({config!r})  # noqa: F821
c = get_config()  # noqa: F821
c.CourseDirectory.source_directory = os.path.abspath({solutions!r})
'''


def right(assignment: str = "rnn") -> dict[str, str]:
    """The right answers to an assignment, by the ids of the cells that they belong in."""
    cells = [c for c in read(assignment).cells if c.metadata.get("nbgrader", {}).get("solution")]
    marker = r"(?m)^ *### (BEGIN|END) SOLUTION\n"
    return {grade_id(cell): re.sub(marker, "", cell.source) for cell in cells}


def answered(release: dict, answers: dict[str, str]) -> dict:
    """A copy of the released notebook with these answers in the cells of these ids."""
    notebook = json.loads(json.dumps(release))
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        cell["source"] = answers.get(name, cell["source"])
    return notebook


def hand_in(root: Path, learner: str, assignment: str, content: str, file: str = "") -> Path:
    """Put a file into `root/submitted`, where it is not there already; the submission's folder."""
    folder = root / "submitted" / learner / assignment
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (file or f"{assignment}.ipynb")
    if not path.exists() or path.read_text("utf-8") != content:
        path.write_text(content, "utf-8")
    return folder


def course(root: Path) -> Path:
    """Make `root` a course folder of its own, with this course's assignments and settings."""
    root.mkdir(parents=True, exist_ok=True)
    text = CONFIG.format(config=str(ROOT / "nbgrader_config.py"), solutions=str(SOLUTIONS))
    (root / "nbgrader_config.py").write_text(text, "utf-8")
    return root


def make(root: Path, assignment: str = "rnn") -> Path:
    """Make the sample class in the folder `root`, which becomes a course folder."""
    course(root)
    release = json.loads((EXERCISES / assignment / f"{assignment}.ipynb").read_text("utf-8"))
    learners = {path.stem: path.read_text("utf-8") for path in sorted(HERE.glob("[!_]*.py"))}
    for gone in {p.name for p in (root / "submitted").glob("*")} - set(learners):
        shutil.rmtree(root / "submitted" / gone)
    for learner, text in learners.items():
        about: dict = {}
        exec(compile(text, learner, "exec"), about)
        answers = {} if about.get("BLANK") else right(assignment)
        notebook = answered(release, answers | _functions(text))
        about.get("edit", lambda notebook: None)(notebook)
        content = about.get("CONTENT") or json.dumps(notebook)
        hand_in(root, learner, assignment, content, about.get("FILE", ""))
    return root


def _functions(text: str) -> dict[str, str]:
    """The functions that a learner's file defines, as text."""
    nodes = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    return {node.name: ast.get_source_segment(text, node) or "" for node in nodes}
