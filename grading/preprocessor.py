"""The door into nbgrader: what stands in its lists of preprocessors (see nbgrader_config.py).

`nbgrader autograde` and formgrader's button come in here, and so does grading/classroom.py for
what it needs of nbgrader: the master as nbgrader would release it.
"""

import atexit
import functools
import json
import tempfile
from pathlib import Path

import nbformat
from nbgrader.preprocessors import (
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
    NbGraderPreprocessor,
)
from traitlets import Bool, Float, Integer
from traitlets.config import Config

from grading.assignment import pack_notebook
from grading.pool import Judge
from grading.sandbox import Limits
from grading.submission import NotThisAssignment, Unreadable, parse, restore


def prepare(path: Path, config: Config | None = None) -> dict:
    """The master of the notebook at `path`: packed, with its tests but without its answers."""
    notebook = pack_notebook(nbformat.read(path, 4), path.parent)
    for step in (LockCells, ClearSolutions, ClearOutput, ComputeChecksums):
        notebook, _ = step(config=config).preprocess(notebook, {})
    return json.loads(json.dumps(notebook))


class _NeedsMaster(NbGraderPreprocessor):
    def master(self, resources: dict) -> dict:
        """The master of the notebook that is being graded."""
        course, about = self.parent.parent.coursedir, resources["nbgrader"]
        folder = Path(course.format_path(course.source_directory, ".", about["assignment"]))
        path = folder / f"{about['notebook']}.ipynb"
        newest = max(file.stat().st_mtime_ns for file in folder.iterdir())
        return _prepared(path, newest, json.dumps(self.config.get("ClearSolutions", {})))


@functools.lru_cache(maxsize=4)
def _prepared(path: Path, changed: int, config: str) -> dict:
    return prepare(path, Config(ClearSolutions=json.loads(config)))


class RestoreCells(_NeedsMaster):
    """Bring any notebook into the shape that nbgrader's own steps expect, so that none fails."""

    def preprocess(self, nb: nbformat.NotebookNode, resources: dict) -> tuple:
        try:
            restored = restore(self.master(resources), parse(json.dumps(nb).encode()))
            return nbformat.from_dict(restored), resources
        except (Unreadable, NotThisAssignment) as error:
            self.log.error("%s", error)
            raise


class RunInJudge(_NeedsMaster):
    """Stands where nbgrader's `Execute` stood: learner's cells in a sandbox, tests outside."""

    call_seconds = Float(Limits.call_seconds, help="processor time of one call").tag(config=True)
    cell_seconds = Float(Limits.cell_seconds, help="processor time of one cell").tag(config=True)
    total_seconds = Integer(Limits.total_seconds, help="of a submission").tag(config=True)
    patience = Float(Limits.patience, help="waiting may take so much longer").tag(config=True)
    memory_mib = Integer(Limits.memory_mib).tag(config=True)
    file_mib = Integer(Limits.file_mib, help="one file, and all files").tag(config=True)
    processes = Integer(Limits.processes, help="threads").tag(config=True)
    unsafe = Bool(False, help="grade even where no sandbox can be had").tag(config=True)

    def limits(self) -> Limits:
        return Limits(**{name: getattr(self, name) for name in Limits.__dataclass_fields__})

    def preprocess(self, nb: nbformat.NotebookNode, resources: dict) -> tuple:
        judge = _judge(json.dumps(self.master(resources)), self.limits(), self.unsafe)
        assignment = resources["nbgrader"]["notebook"]
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, f"{assignment}.ipynb").write_text(json.dumps(nb))
            [(_, verdict)] = judge.judge([Path(folder)], assignment)
        if verdict["notebook"] is None:
            raise RuntimeError(verdict["reason"])
        self.log.info("%s: %s", verdict["state"], verdict["reason"] or "all tests passed")
        return nbformat.from_dict(verdict["notebook"]), resources


@functools.lru_cache(maxsize=1)
def _judge(master: str, limits: Limits, unsafe: bool) -> Judge:
    """One judge for all notebooks of a run."""
    judge = Judge(jobs=1)
    judge.load(json.loads(master), limits, unsafe)
    atexit.register(judge.close)
    return judge
