"""What grading needs of nbgrader's preprocessors: the master as nbgrader would release it.

And the judge's settings, which stand in nbgrader_config.py among those of nbgrader's own steps.
"""

import json
from pathlib import Path

import nbformat
from nbgrader.preprocessors import ClearOutput, ClearSolutions, ComputeChecksums, LockCells
from traitlets import Bool, Float, Integer
from traitlets.config import Config, Configurable

from grading.assignment import pack_notebook
from grading.sandbox import Limits


def prepare(path: Path, config: Config | None = None) -> dict:
    """The master of the notebook at `path`: packed, its answers in a place of their own.

    The judge lends them to later functions; no notebook that is made of the master has them.
    """
    notebook = pack_notebook(nbformat.read(path, 4), path.parent)
    answers = {
        c.metadata.nbgrader.grade_id: c.source
        for c in notebook.cells
        if c.cell_type == "code" and c.metadata.get("nbgrader", {}).get("solution")
    }
    for step in (LockCells, ClearSolutions, ClearOutput, ComputeChecksums):
        notebook, _ = step(config=config).preprocess(notebook, {})
    return json.loads(json.dumps(notebook)) | {"answers": answers}


class RunInJudge(Configurable):
    """The judge's settings, as in `c.RunInJudge.call_seconds = 2`."""

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
