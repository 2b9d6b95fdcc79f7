"""The cell that a learner meant is the one that counts, and nothing is put aside in silence."""

import json
from collections.abc import Callable

import pytest
from nbformat import from_dict
from nbgrader.utils import determine_grade, is_grade

from course import EXERCISES, SOLUTIONS
from grading.files import Unreadable
from grading.pool import Judge
from grading.preprocessor import prepare
from grading.sample_class import answered, hand_in, right
from grading.submission import parse, shortened

pytestmark = pytest.mark.slow
RELEASE = json.loads((EXERCISES / "rnn" / "rnn.ipynb").read_text(encoding="utf-8"))
OLD = "def rnn_cell(x, h, W_xh, W_hh, b):\n    return np.tanh(x @ W_xh + b)\n"
HELPER = "def helper(x, h, W_xh, W_hh, b):\n    return np.tanh(x @ W_xh + h @ W_hh + b)\n"
USES_HELPER = "def rnn_cell(x, h, W_xh, W_hh, b):\n    return helper(x, h, W_xh, W_hh, b)\n"


def own(source: str, kind: str = "code") -> dict:
    """A cell that the learner made."""
    return {"cell_type": kind, "source": source, "metadata": {}}


def at(notebook: dict, i: str) -> int:
    """Where the cell of this id stands."""
    ids = [c["metadata"].get("nbgrader", {}).get("grade_id") for c in notebook["cells"]]
    return ids.index(i)


def cell(notebook: dict, i: str) -> dict:
    return notebook["cells"][at(notebook, i)]


def raw(notebook: dict) -> None:
    cell(notebook, "rnn_cell")["cell_type"] = "raw"


def old_copy_below(notebook: dict) -> None:
    copy = json.loads(json.dumps(cell(notebook, "rnn_cell")))
    notebook["cells"].append(copy | {"source": OLD})


def old_copy_above(notebook: dict) -> None:
    copy = json.loads(json.dumps(cell(notebook, "rnn_cell")))
    notebook["cells"].insert(at(notebook, "rnn_cell"), copy | {"source": OLD})


def split(notebook: dict) -> None:
    """As JupyterLab splits a cell: both halves keep the id."""
    n = at(notebook, "rnn_cell")
    half = json.loads(json.dumps(notebook["cells"][n]))
    notebook["cells"][n]["source"] = USES_HELPER
    notebook["cells"].insert(n, half | {"source": HELPER})


def merged(notebook: dict) -> None:
    n = at(notebook, "run_rnn")
    cell(notebook, "rnn_cell")["source"] += "\n\n" + notebook["cells"].pop(n)["source"]


def name_of_a_visible_test(notebook: dict) -> None:
    n = at(notebook, "rnn_cell-example") + 1
    notebook["cells"].insert(n, own(f"print(x.shape, W_xh.sum())\n{HELPER}"))
    cell(notebook, "run_rnn")["source"] = cell(notebook, "run_rnn")["source"].replace(
        "rnn_cell(", "helper("
    )


def global_of_a_visible_test(notebook: dict) -> None:
    cell(notebook, "rnn_cell")["source"] += "\nprint(len(__import__('sys').modules) > 0)"
    n = at(notebook, "rnn_cell-shape") + 1
    notebook["cells"].insert(n, own("assert h_new.shape == (6,)\nafter = draw(2)"))


def import_in_the_locked_cell(notebook: dict) -> None:
    cell(notebook, "imports")["source"] += "\nimport itertools"
    cell(notebook, "run_rnn")["source"] = (
        "n = itertools.count()\n" + cell(notebook, "run_rnn")["source"]
    )


def harmless_line_in_the_locked_cell(notebook: dict) -> None:
    cell(notebook, "imports")["source"] += "\n# my favourite library"


def helper_that_fails(notebook: dict) -> None:
    n = at(notebook, "rnn_cell")
    notebook["cells"].insert(n, own(f"import no_such_library\n{HELPER}"))
    cell(notebook, "rnn_cell")["source"] = USES_HELPER


def library_missing_two_cells_above(notebook: dict) -> None:
    n = at(notebook, "rnn_cell")
    cells = [own("import no_such_library as lib"), own(f"K = lib.nothing\n{HELPER}")]
    notebook["cells"][n:n] = cells
    cell(notebook, "rnn_cell")["source"] = USES_HELPER


def picture_that_is_not_kept(notebook: dict) -> None:
    given = {"a.svg": {"image/svg+xml": "<svg/>"}}
    notebook["cells"].append(own("![a](attachment:a.svg)", "markdown") | {"attachments": given})


def asks(notebook: dict) -> None:
    cell(notebook, "rnn_cell")["source"] = "n = input()\n" + cell(notebook, "rnn_cell")["source"]


def ends(notebook: dict) -> None:
    """What a library that finds too little memory for itself does."""
    source = "import os\ntry:\n    import torch_like\nexcept ImportError:\n    os._exit(1)\n"
    cell(notebook, "rnn_cell")["source"] = source


IN_PLACE = """def rnn_cell(x, h, W_xh, W_hh, b):
    z = x @ W_xh + h @ W_hh + b
    h[...] = 0
    return np.tanh(z, out=z)
"""
ZEROS = "def rnn_cell(x, h, W_xh, W_hh, b):\n    return 0 * h\n"
ALL_ZEROS = """def rnn_cell(x, h, W_xh, W_hh, b):
    for a in (x, h, W_xh, W_hh, b):
        a[...] = 0
    return 0 * h
"""


def right_but_in_place(notebook: dict) -> None:
    cell(notebook, "rnn_cell")["source"] = IN_PLACE


def returns_zeros(notebook: dict) -> None:
    cell(notebook, "rnn_cell")["source"] = ZEROS


def makes_its_arguments_zero(notebook: dict) -> None:
    cell(notebook, "rnn_cell")["source"] = ALL_ZEROS


def words_that_begin_with_x(notebook: dict) -> None:
    source = "def rnn_cell(*args):\n    raise ValueError('x must be an array, and is a list')\n"
    cell(notebook, "rnn_cell")["source"] = source


def nothing(notebook: dict) -> None: ...


# a change of the right notebook: its total, and words of the reason (none: there is no reason)
CASES: dict[Callable, tuple[float, list[str]]] = {
    nothing: (40, []),
    raw: (40, []),
    old_copy_below: (40, ["`rnn_cell` is defined in more than one cell"]),
    old_copy_above: (40, ["`rnn_cell` is defined in more than one cell"]),
    split: (40, []),
    merged: (40, []),
    name_of_a_visible_test: (40, []),
    global_of_a_visible_test: (40, []),
    import_in_the_locked_cell: (
        30,
        ["'itertools' is not defined", "added to the locked cell `imports` (import itertools)"],
    ),
    harmless_line_in_the_locked_cell: (40, ["(# my favourite library) is not graded"]),
    helper_that_fails: (
        20,
        ["'helper' is not defined", "which begins `import no_such_library`", "there are Python's"],
    ),
    library_missing_two_cells_above: (
        20,
        ["rnn_cell-shape: your cell number 3, which begins `import no_such_library", "so name"],
    ),
    picture_that_is_not_kept: (40, ["not shown: the attachment a.svg"]),
    asks: (20, ["the cell `rnn_cell` ended with EOFError: input() cannot be used"]),
    ends: (
        20,
        ["the cell rnn_cell crashed: it ended the Python process. It imports torch_like, and"],
    ),
    right_but_in_place: (39, ["rnn_cell-pure: the argument h after the call"]),
    returns_zeros: (23, ["rnn_cell-example"]),
    makes_its_arguments_zero: (23, ["rnn_cell-example"]),
    words_that_begin_with_x: (20, ["x must be an array, and is a list"]),
}


@pytest.fixture(scope="module")
def verdicts(bubblewrap, tmp_path_factory) -> dict[str, dict]:
    root = tmp_path_factory.mktemp("class")
    for change in CASES:
        notebook = answered(RELEASE, right("rnn"))
        change(notebook)
        hand_in(root, change.__name__, "rnn", json.dumps(notebook))
    with Judge(jobs=2) as judge:
        judge.load(prepare(SOLUTIONS / "rnn" / "rnn.ipynb"))
        folders = [root / "submitted" / change.__name__ / "rnn" for change in CASES]
        return {folder.parent.name: verdict for folder, verdict in judge.judge(folders, "rnn")}


@pytest.mark.parametrize("change", CASES, ids=lambda change: change.__name__)
def test_the_notebook_gets_the_marks_and_the_reason_that_it_should(verdicts, change):
    verdict, (total, words) = verdicts[change.__name__], CASES[change]
    cells = map(from_dict, verdict["notebook"]["cells"])
    assert sum(determine_grade(c)[0] or 0 for c in cells if is_grade(c)) == total, verdict["reason"]
    assert [w for w in words if w not in verdict["reason"]] == [], verdict["reason"]
    assert words or not verdict["reason"], verdict["reason"]


def test_who_changes_arguments_loses_that_test_alone_and_earns_no_other(verdicts):
    def points(change: Callable) -> dict[str, float]:
        cells = map(from_dict, verdicts[change.__name__]["notebook"]["cells"])
        return {c.metadata.nbgrader.grade_id: determine_grade(c)[0] for c in cells if is_grade(c)}

    full, less = points(nothing), points(right_but_in_place)
    lost = {i for i in full if i.startswith("rnn_cell-") and less[i] < full[i]}
    assert lost == {"rnn_cell-pure"}
    assert points(makes_its_arguments_zero) == points(returns_zeros)


def test_every_word_of_a_failure_that_begins_with_x_is_told_in_hidden_tests_too(verdicts):
    cells = verdicts["words_that_begin_with_x"]["notebook"]["cells"]
    errors = [o for c in cells for o in c.get("outputs", []) if "evalue" in o]
    hidden = [o for o in errors if "a hidden test failed" in "".join(o["traceback"])]
    assert hidden
    assert all("x must be an array" in o["evalue"] for o in hidden if "rnn_cell" in str(o))


def test_a_source_that_is_too_long_is_refused_and_not_cut():
    text = "y = 0\n" * 200_000
    with pytest.raises(Unreadable, match="a cell of 1200000 characters, which begins `y = 0 y"):
        parse(json.dumps({"cells": [own(text)]}).encode())


def test_a_text_is_shortened_between_words():
    assert shortened("one two\n three") == "one two three"
    assert shortened("word " * 30, 12) == "word word …"
