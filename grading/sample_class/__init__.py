"""A class to try the grading on, made up from the answers in grading/sample_class/.

Each file there is a learner. A function in it replaces the solution cell of its name; `edit`
changes the notebook, `FILE` is what the learner's notebook is called, and `CONTENT` what is in it
instead of a notebook. The notebook that they all start from is the one in exercises/.
"""

import ast
import json
import shutil
from pathlib import Path

from course import EXERCISES, ROOT, SOLUTIONS

CLASSROOM = Path(__file__).parent
CONFIG = '''"""The course's settings, for a class of its own."""

import os

load_subconfig({config!r})  # noqa: F821
c = get_config()  # noqa: F821
c.CourseDirectory.source_directory = os.path.abspath({solutions!r})
'''


def answered(release: dict, answers: str) -> dict:
    """A copy of the released notebook, with the functions in the text `answers` filled in."""
    notebook = json.loads(json.dumps(release))
    for node in ast.parse(answers).body:
        if isinstance(node, ast.FunctionDef):
            for cell in notebook["cells"]:
                if cell["metadata"].get("nbgrader", {}).get("grade_id") == node.name:
                    cell["source"] = ast.get_source_segment(answers, node)
    return notebook


def hand_in(root: Path, learner: str, assignment: str, content: str, file: str = "") -> Path:
    """Put a file into `root/submitted`, where it is not there already; the submission's folder."""
    folder = root / "submitted" / learner / assignment
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (file or f"{assignment}.ipynb")
    if not path.exists() or path.read_text() != content:
        path.write_text(content)
    return folder


def course(root: Path) -> Path:
    """Make `root` a course folder of its own, with this course's assignments and settings."""
    root.mkdir(parents=True, exist_ok=True)
    text = CONFIG.format(config=str(ROOT / "nbgrader_config.py"), solutions=str(SOLUTIONS))
    (root / "nbgrader_config.py").write_text(text)
    return root


def make(root: Path, assignment: str = "rnn") -> Path:
    """Make the sample class in the folder `root`, which becomes a course folder."""
    course(root)
    release = json.loads((EXERCISES / assignment / f"{assignment}.ipynb").read_text())
    there = root / "submitted"
    learners = {path.stem: path.read_text() for path in sorted(CLASSROOM.glob("[!_]*.py"))}
    for gone in {p.name for p in there.glob("*")} - set(learners):
        shutil.rmtree(there / gone)
    for learner, text in learners.items():
        about = {}
        exec(compile(text, learner, "exec"), about)
        notebook = answered(release, text)
        about.get("edit", lambda notebook: None)(notebook)
        content = about.get("CONTENT") or json.dumps(notebook)
        hand_in(root, learner, assignment, content, about.get("FILE", ""))
    return root
