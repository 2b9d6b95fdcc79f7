"""How this course uses nbgrader. Read by every `nbgrader` command, formgrader and `make grade`."""

import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821
sys.path.insert(0, str(Path(__file__).resolve().parent))  # so that nbgrader finds `grading`
os.environ["PATH"] += os.pathsep + str(Path(sys.executable).parent)  # and `alembic`, which it runs

from grading.door import open_doors  # noqa: E402

open_doors()
c.CourseDirectory.course_id = "rnns-vs-transformers"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
# The catalogue of mistakes holds wrong answers and, read backwards, right ones: never released.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "mistakes.py"]

# Packing comes first: it fills the cell `checks`, with which tests name the mistake. The rest is
# nbgrader's own list.
c.GenerateAssignment.preprocessors = [
    "grading.assignment.Pack",
    "nbgrader.preprocessors.LockCells",
    "nbgrader.preprocessors.ClearSolutions",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.CheckCellMetadata",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.SaveCells",
    "nbgrader.preprocessors.ClearHiddenTests",
    "nbgrader.preprocessors.ClearMarkScheme",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.CheckCellMetadata",
]
# The line that says what to do, a `raise NotImplementedError`, stands in the solution cell itself,
# below the answer.
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE"}

# A script in a learner's Markdown must not run in the browser of whoever grades. nbgrader's own
# templates leave out the cleaning that `sanitize_html` asks for, so the filter does it.
c.HTMLExporter.filters = {"markdown2html": "grading.pages.markdown2html"}
c.HTMLExporter.preprocessors = ["grading.pages.Harmless"]
c.HTMLExporter.sanitize_html = True
c.GenerateFeedback.exporter_class = "grading.pages.FeedbackExporter"
if "nbgrader.server_extensions.formgrader.handlers" in sys.modules:  # this is formgrader's server
    from grading.pages import guard_formgrader

    guard_formgrader()
# `nbgrader validate` then shows a syntax error, and not only the NameError that follows from it.
c.Validator.validate_all = True
# The cell with the tests' tools is long and nobody's work: formgrader and feedback leave it out.
c.TagRemovePreprocessor.enabled = True
c.TagRemovePreprocessor.remove_cell_tags = {"hide-input"}
# Feedback shows what was asked and what went wrong, but no hidden tests.
c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "nbgrader.preprocessors.ClearHiddenTests",
    "nbconvert.preprocessors.TagRemovePreprocessor",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]
# A name that begins with = is no formula in the table that `nbgrader export` writes.
c.ExportApp.plugin_class = "grading.lists.Marks"
# `nbgrader zip_collect` takes the archives of Canvas and of Moodle as they come.
c.ZipCollectApp.extractor_plugin = "grading.lms.Extractor"
c.ZipCollectApp.collector_plugin = "grading.lms.Collector"
