"""A learner's cells run in the sandbox as they do in Jupyter."""

import pytest

from grading.sandbox import Limits, Sandbox, Stopped

# name: the cells of a session, and what the last of them gives
SESSIONS = {
    "magic with a continuation": (["%pip install nothing \\\n    at-all\nq = 1\nq"], "1"),
    "time before an assignment": (["%time x = 5\nx"], "5"),
    "a magic's value": (["x = %time 3 + 4\nx"], "7"),
    "a command's output": (["files = !ls\nx = 3\nx"], "3"),
    "indented magics": (["if True:\n    !ls\n    %pip list\n    x = 2\nx"], "2"),
    "help": (["x = 1\nx?\n?x\nx"], "1"),
    "not a magic": (["s = '''\n%not magic\n'''\ns"], r"'\n%not magic\n'"),
    "timed cell": (["%%time\nx = 3\nx"], "3"),
    "timeit": (["n = []", "%timeit -n 100 -r 3 n.append(1)", "len(n)"], "1"),
    "timings kept": (["t = %timeit -o -n 9 sum([1])\n0 < t.best == t.average"], "True"),
    "captured": (["%%capture said\nprint('hi')", "said.stdout"], r"'hi\n'"),
    "a file": (["%%writefile tool.py\nv = 7", "import tool\ntool.v"], "7"),
    "another language": (["%%bash\nls", "1"], "1"),
    "an extension": (["%load_ext line_profiler\n1"], "1"),
    "await": (["import asyncio\nasync def f(): return 4\nawait asyncio.sleep(0)\nawait f()"], "4"),
    "last results": (["40", "_ + 2", "Out[1] + Out[2]"], "82"),
    "future": (["from __future__ import annotations", "def f(a: nowhere): return 1\nf(0)"], "1"),
    "get_ipython": (["from IPython import get_ipython\nget_ipython().system('ls')\n1"], "1"),
    "get_ipython by itself": (["get_ipython().run_line_magic('matplotlib', 'widget')\n1"], "1"),
    "silenced": (["1;"], ""),
    "every expression": (
        [
            "from IPython.core.interactiveshell import InteractiveShell\n"
            "InteractiveShell.ast_node_interactivity = 'all'",
            "1\n2",
        ],
        "1\n2",
    ),
    "a window": (["import matplotlib\nmatplotlib.use('TkAgg')\nimport matplotlib.pyplot\n1"], "1"),
    "a bar": (["from tqdm.notebook import tqdm\nfor i in tqdm(range(3)): pass\ni"], "2"),
    "a widget": (["from ipywidgets import interact\ninteract(lambda k: k, k=(0, 3));\n1"], "1"),
    "an exit": (["exit()", "1"], "1"),
    "hand-made names": (["%reset -f\nx = 1", "x"], "1"),
}


@pytest.fixture(scope="module", params=["bubblewrap", "Landlock", "Landlock, without files"])
def sandbox(request, bubblewrap):
    sandbox = Sandbox(request.param)
    [reply] = run(sandbox, "import statistics")
    if "error" in reply:
        pytest.skip(f"{sandbox.kind}: this Python lies where only its owner may read")
    yield sandbox
    sandbox.close()


def run(sandbox: Sandbox, *cells: str) -> list[dict]:
    process = sandbox.start(Limits())
    replies = [process.ask({"do": "cell", "name": "a", "source": cell}, 20) for cell in cells]
    process.end()
    return replies


@pytest.mark.parametrize("name", SESSIONS)
def test_a_session_gives_what_it_gives_in_jupyter(sandbox, name):
    cells, shown = SESSIONS[name]
    if sandbox.wall == "Landlock, without files" and name == "a file":
        pytest.skip("Landlock lets a cell write nowhere")
    replies = run(sandbox, *cells)
    assert [r["error"] for r in replies if "error" in r] == []
    assert replies[-1]["shown"] == shown


@pytest.mark.parametrize("line", ["!ls", "x = !ls", "%pip install x", "%%bash\nls", "%run a.py"])
def test_what_is_not_run_is_said(sandbox, line):
    [reply] = run(sandbox, line)
    assert "is not run when the notebook is graded" in reply["printed"]
    assert "error" not in reply


def test_an_error_that_comes_of_it_says_so(sandbox):
    [reply] = run(sandbox, "files = !ls\nfiles[0]")
    assert "!ls is not run when graded" in reply["error"]["text"]


def test_a_cells_error_is_the_learners_own(sandbox):
    _, reply, _, wrong = run(sandbox, "def f(): return 1 / 0", "f()", "%time f()", "def f(:")
    assert reply["error"]["types"][0] == "ZeroDivisionError"
    assert "interactiveshell" not in reply["error"]["trace"]
    assert "worker.py" not in reply["error"]["trace"]
    assert wrong["error"]["types"][0] == "SyntaxError"


def test_a_bracket_that_is_open_is_named(sandbox):
    [reply] = run(sandbox, "%time 1\ndef f(:\n    return max((1, 2)")
    [other] = run(sandbox, "x = np.tanh((1 + 2)\n")
    assert "incomplete" not in reply["error"]["text"]
    assert "'(' was never closed" in other["error"]["text"]


def test_what_is_missing_when_graded_is_said(sandbox):
    asked, imported = run(sandbox, "input('?')", "import no_such_library")
    assert "input() cannot be used when the notebook is graded" in asked["error"]["text"]
    assert "Python's own modules and IPython" in imported["error"]["text"]
    assert "numpy" in imported["error"]["text"]


def test_what_a_notebook_cannot_reach_when_graded_is_said(sandbox):
    network = "import urllib.request\nurllib.request.urlopen('https://example.org')"
    program = "import subprocess\nsubprocess.run(['ls'])"
    for cell in ("open('weights.npy')", network, program):
        [reply] = run(sandbox, cell)
        assert "no files beside the notebook, no network and no other programs" in str(reply)


def test_torch_is_missing_even_where_the_grader_has_it(sandbox):
    [reply] = run(sandbox, "import torch.nn as nn")
    assert reply["error"]["types"][0] == "ModuleNotFoundError"
    assert "torch" not in reply["error"]["text"].partition("when graded there are")[2]


def test_a_call_back_that_nobody_asked_for_ends_the_process(sandbox):
    forged = "import os, json\ndata = json.dumps({'call back': 0}).encode()\n"
    forged += "frame = len(data).to_bytes(4, 'big') + data\n"
    forged += "for fd in range(3, 64):\n    try: os.write(fd, frame)\n    except OSError: pass"
    with pytest.raises(Stopped, match="a call to a function that it was not given"):
        run(sandbox, forged)


def test_plots_are_kept_however_they_are_shown(sandbox):
    plot = "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2])\n"
    for end, count in [("plt.show()", 1), ("", 1), ("display(fig)\nplt.close()", 1)]:
        [reply] = run(sandbox, plot + end)
        assert len(reply["plots"]) == count
