"""One slip costs once: where a function stands on another, the right one stands in for it."""

import json

import pytest

from course import SOLUTIONS
from grading import sample_class
from grading.pool import Judge
from grading.preprocessor import prepare
from tests.grading.test_equivalence import judged, submission

WRONG_CELL = "def rnn_cell(x, h, W_xh, W_hh, b):\n    return np.tanh(x @ W_xh + h @ W_hh) - b\n"
CASES = {
    "wrong": ("rnn", {"rnn_cell": WRONG_CELL}),
    "missing": ("rnn", {"rnn_cell": "import a_library_that_is_not_there"}),
    "wrong-loop": (
        "rnn",
        {
            "rnn_cell": WRONG_CELL,
            "run_rnn": "def run_rnn(X, h0, *weights):\n    return rnn_cell(X, 0 * h0, *weights)\n",
        },
    ),
    "peeks": (
        "rnn",
        {
            "rnn_cell": WRONG_CELL,
            "run_rnn": "def run_rnn(X, h0, *weights):\n"
            "    import inspect\n"
            "    code = rnn_cell.__code__\n"
            "    raise ValueError(inspect.getsource(rnn_cell) + str(code.co_names))\n",
        },
    ),
    "keeps-it": (
        "rnn",
        {
            "rnn_cell": "kept = []\n\n"
            "def rnn_cell(x, h, W_xh, W_hh, b):\n"
            "    return kept[0](x, h, W_xh, W_hh, b) if kept else 0 * h\n",
            "run_rnn": "def run_rnn(X, h0, *weights):\n"
            "    kept.append(rnn_cell)\n"
            "    return rnn_cell(X, 0 * h0, *weights)\n",
        },
    ),
    "its-own": (
        "attention",
        {
            "scaled_dot_product_attention": "def softmax(rows):\n"
            "    e = np.exp(rows - rows.max(axis=-1, keepdims=True))\n"
            "    return e / e.sum(axis=-1, keepdims=True), 'a name of its own'\n\n"
            "def scaled_dot_product_attention(Q, K, V, mask=None):\n"
            "    scores = Q @ np.swapaxes(K, -1, -2) / np.sqrt(Q.shape[-1])\n"
            "    scores = scores if mask is None else np.where(mask, scores, -np.inf)\n"
            "    weights, _ = softmax(scores)\n"
            "    return weights @ V, weights\n"
        },
    ),
    "reshapes": (
        "rnn",
        {
            "rnn_cell": "def rnn_cell(x, h, W_xh, W_hh, b):\n"
            "    new = np.tanh(x @ W_xh + h @ W_hh + b)\n"
            "    b.shape = (1, -1)\n"
            "    return new\n"
        },
    ),
    "misspelt": (
        "rnn",
        {"run_rnn": "def run_rrn(X, h0, *weights):\n    return rnn_cell(X, h0, *weights)\n"},
    ),
    "softmax": ("attention", {"softmax": "def softmax(z, axis=-1):\n    return 0 * z\n"}),
    "epsilon": (
        "transformer",
        {
            "layer_norm": "def layer_norm(x, gain, bias):\n"
            "    centred = x - x.mean(-1, keepdims=True)\n"
            "    return gain * centred / np.sqrt(x.var(-1, keepdims=True) + 1e-6) + bias\n"
        },
    ),
    "last-bias": (
        "transformer",
        {
            "feed_forward": "def feed_forward(x, W_1, b_1, W_2, b_2):\n"
            "    return np.maximum(x @ W_1 + b_1, 0) @ W_2\n"
        },
    ),
}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory, bubblewrap):
    root, found = tmp_path_factory.mktemp("stand-ins"), {}
    for name, (assignment, answers) in CASES.items():
        sample_class.hand_in(root, name, assignment, submission(assignment, answers))
    for assignment in ("rnn", "attention", "transformer"):
        with Judge(jobs=2) as judge:
            judge.load(prepare(SOLUTIONS / assignment / f"{assignment}.ipynb"))
            folders = sorted((root / "submitted").glob(f"*/{assignment}"))
            found |= {f.parent.name: v for f, v in judge.judge(folders, assignment)}
    return found


def lost(verdict) -> set[str]:
    """The functions that have lost points."""
    notebook = verdict["notebook"]
    tests = [c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade")]
    points = {c["metadata"]["nbgrader"]["grade_id"]: c for c in tests}
    return {
        i.split("-")[0]
        for i, score in judged(verdict).items()
        if score < points[i]["metadata"]["nbgrader"]["points"]
    }


@pytest.mark.parametrize(
    "name, functions",
    [
        ("wrong", {"rnn_cell"}),
        ("missing", {"rnn_cell"}),
        ("wrong-loop", {"rnn_cell", "run_rnn"}),
        ("its-own", set()),
        ("softmax", {"softmax"}),
        ("reshapes", {"rnn_cell"}),
        ("epsilon", {"layer_norm"}),
        ("last-bias", {"feed_forward"}),
    ],
)
def test_a_slip_costs_only_the_function_that_makes_it(verdicts, name, functions):
    assert lost(verdicts[name]) == functions


@pytest.mark.parametrize("name, points", [("epsilon", 28), ("last-bias", 27)])
def test_a_slip_costs_what_it_is_worth(verdicts, name, points):
    assert sum(judged(verdicts[name]).values()) == points


def test_a_later_function_is_not_told_of_the_earlier_one(verdicts):
    text = [
        "".join(o.get("evalue", "") for o in c["outputs"])
        for c in verdicts["wrong-loop"]["notebook"]["cells"]
        if c["metadata"].get("nbgrader", {}).get("grade_id", "").startswith("run_rnn-")
    ]
    assert any(text) and not any("In rnn_cell" in said for said in text)


def test_a_missing_library_is_named(verdicts):
    assert "No module named 'a_library_that_is_not_there'" in json.dumps(verdicts["missing"])


def test_a_misspelt_name_is_found(verdicts):
    said = "name 'run_rnn' is not defined; there is `run_rrn`, is it misspelt?"
    assert said in json.dumps(verdicts["misspelt"])


def test_what_stands_in_is_out_of_reach(verdicts):
    assert "np.tanh(x @ W_xh + h @ W_hh + b)" not in json.dumps(verdicts["peeks"])
    assert lost(verdicts["keeps-it"]) == {"rnn_cell", "run_rnn"}
