"""Chapters and solutions are in their committed state, and chapters keep to their measures."""

import itertools
import json
import re
import statistics
from pathlib import Path

import nbformat
import pytest
import yaml

from course import ROOT
from release import notebook_format

CHAPTERS = sorted(ROOT.glob("book/*.ipynb"))
NOT_CHAPTERS = {"refresher", "claim-ledger"}  # a warm-up and a table: shorter on purpose


def name(path: Path) -> str:
    return path.stem


def read(path: Path):
    return nbformat.read(path, as_version=4)


@pytest.mark.parametrize("path", notebook_format.notebooks(), ids=name)
def test_committed_state(path):
    before = path.read_text("utf-8")
    after = nbformat.writes(notebook_format.tidy(nbformat.reads(before, as_version=4))) + "\n"
    assert before == after, f"{path.name} is untidy; run `make format`"


@pytest.mark.parametrize("path", CHAPTERS, ids=name)
def test_marked_cells_have_stored_output_and_others_have_none(path):
    for cell in read(path).cells:
        if cell.cell_type != "code":
            continue
        marked = cell.source.startswith(notebook_format.MARK)
        assert bool(cell.outputs) == marked, cell.source
        assert (cell.execution_count is not None) == marked, "nbval compares executed cells only"


def test_tidy_keeps_marked_text_and_drops_everything_else():
    v4 = nbformat.v4
    printed = v4.new_output("stream", name="stdout", text="0.98\n")
    picture = v4.new_output("display_data", {"image/png": "aGk="})
    marked = v4.new_code_cell("# NBVAL_CHECK_OUTPUT\nprint(0.98)", outputs=[printed])
    plain = v4.new_code_cell("plot()", outputs=[picture], execution_count=7)
    nb = notebook_format.tidy(v4.new_notebook(cells=[marked, plain]))
    assert nb.cells[0].outputs[0].text == "0.98\n"
    assert nb.cells[1].outputs == [] and nb.cells[1].execution_count is None
    marked.outputs = [picture]
    with pytest.raises(ValueError, match="may print text"):
        notebook_format.tidy(v4.new_notebook(cells=[marked]))


@pytest.mark.parametrize("path", [p for p in CHAPTERS if p.stem not in NOT_CHAPTERS], ids=name)
def test_chapter_keeps_to_its_measures(path):
    cells = read(path).cells
    code = [c.source for c in cells if c.cell_type == "code"]
    prose = "\n".join(c.source for c in cells if c.cell_type == "markdown")
    lines = [len(re.findall(r"^\s*[^\s#]", source, re.M)) for source in code]
    words = len(re.findall(r"[\w’'-]+", prose))
    assert 12 <= len(code) <= 25, f"{len(code)} code cells"
    assert statistics.median(lines) <= 7 and max(lines) <= 25, lines
    assert 1000 <= words <= 2300, f"{words} words"
    imports = [i for i, source in enumerate(code) if re.search(r"^(import|from) ", source, re.M)]
    assert imports == [0], "all imports stand in the first code cell"
    for heading in ("## Check yourself", "## Summary"):
        assert heading in prose, heading
    for box in ("objectives", "predict", "verdict", "dropdown"):
        assert f":class: {box}" in prose, f"no {box} box"


@pytest.mark.parametrize(
    "chapter",
    [
        *["refresher", "word-vectors", "rnn-loop", "memory", "gates", "measured", "all-at-once"],
        *["where-rnns-win", "choose"],
    ],
)
def test_minutes_follow_from_words_code_and_predictions(chapter):
    cells = read(ROOT / f"book/{chapter}.ipynb").cells
    prose = "\n".join(c.source for c in cells if c.cell_type == "markdown")
    code = "\n".join(c.source for c in cells if c.cell_type == "code")
    words = len(re.findall(r"[\w’'-]+", prose))
    lines = len(re.findall(r"^\s*[^\s#]", code, re.M))
    predictions = prose.count(":class: predict")
    minutes = words / 150 + lines * 12 / 60 + predictions * 1.5
    said = int(re.search(r"\*\*Time:\*\* (\d+) minutes", prose)[1])
    assert abs(said - minutes) <= 5, f"it says {said}; {minutes:.0f} follow from its length"
    listed = yaml.safe_load((ROOT / "book/descriptions.yml").read_text("utf-8"))
    assert listed[f"book/{chapter}"]["minutes"] == said
    assert prose.count(":class: predict") <= len(re.findall(r"\{admonition\} Answer", prose))


@pytest.mark.parametrize("path", CHAPTERS, ids=name)
def test_headings_descend_one_level_at_a_time(path):
    prose = "\n".join(c.source for c in read(path).cells if c.cell_type == "markdown")
    prose = re.sub(r"^```.*?^```", "", prose, flags=re.M | re.S)
    levels = [len(marks) for marks in re.findall(r"^(#+) ", prose, re.M)]
    assert levels.count(1) == 1 and levels[0] == 1, "one title, first"
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels)), levels


@pytest.mark.parametrize("path", notebook_format.notebooks(), ids=name)
def test_no_widget_state_or_editor_traces(path):
    metadata = json.loads(path.read_text("utf-8"))["metadata"]
    assert set(metadata) == {"kernelspec", "language_info"}
