"""Where RNNs still win: parity, the scan, the copies, the line of descent and the map are right."""

import inspect
import itertools
import re

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch
from data import learn
from lesson import descent
from lesson.figures import where_rnns_win as figures

from course import ROOT
from tests.chapters.support import close

CHAPTER = "where-rnns-win"
DESCENT = [
    descent.lstm,
    descent.gru,
    descent.min_gru,
    descent.linear_attention,
    descent.retnet,
    descent.mamba2,
    descent.delta_net,
]


@pytest.fixture(scope="module")
def chapter(chapter):
    chapter.update(d=8, H=64)
    return chapter


def test_the_transformer_is_right_on_every_short_sentence(chapter):
    for n in range(1, 11):
        for presses in itertools.product([0, 1], repeat=n):
            assert chapter["light_by_attention"](presses) == sum(presses) % 2, presses


@pytest.mark.parametrize("n", [1, 2, 7, 64, 100])
def test_the_scan_joins_any_matrices_in_order(chapter, n):
    transitions = torch.randn(n, 3, 3, dtype=torch.float64, generator=torch.manual_seed(n)) / 2
    joined, rounds = chapter["scan"](transitions.numpy())
    product = torch.eye(3, dtype=torch.float64)
    for transition, prefix in zip(transitions, joined, strict=True):
        product = product @ transition
        close(prefix, product)
    assert rounds == (n - 1).bit_length()


@pytest.mark.parametrize("n", [1, 8, 9, 300])
def test_a_delay_line_keeps_its_last_eight_words_and_no_others(chapter, n):
    assert chapter["kept_by_delay_line"](n) == min(n, 8)


@pytest.mark.parametrize("n", [2, 64, 500])
def test_attention_copies_every_word(chapter, n):
    assert chapter["copied"](n) == n


def test_each_line_of_the_table_is_the_line_of_its_loop():
    nb = nbformat.read(ROOT / f"book/{CHAPTER}.ipynb", as_version=4)
    [table] = [cell.source for cell in nb.cells if "| Loop | Its line |" in cell.source]
    rows = re.findall(r"^\| (.+?), \d{4} \| `(.+?)` \|", table, re.M)
    loops = {name.replace(" ", "_").replace("-", "").lower(): line for name, line in rows}
    assert list(loops) == [
        "lstm",
        "gru",
        "mingru",
        "linear_attention",
        "retnet",
        "mamba2",
        "deltanet",
    ]
    functions = {f.__name__.replace("_", ""): inspect.getsource(f) for f in DESCENT}
    for name, line in loops.items():
        assert f"    {line}\n" in functions[name.replace("_", "")], name


def test_the_map_says_in_words_what_it_shows():
    record = learn.recorded()
    cells = learn.cells(record)
    fig, alt = figures.learned(cells, record["chance"])
    plt.close(fig)
    assert {cell.n for cell in cells.values()} == {record["seeds"]}
    shown = [text.get_text() for text in fig.axes[0].texts]
    assert len(shown) == 2 * 2 * len(learn.TASKS) * len(learn.NETS)
    for text in shown[::2]:
        assert re.search(rf"\b{text}\b", alt)


def test_a_cell_counts_the_runs_that_are_right_enough():
    cell = learn.Cell(np.array([[1.0, 0.5, 0.5, 0.5, 0.99], [0.98, 0.5, 0.5, 0.5, 0.2]]))
    assert (cell.n, cell.solved(32), cell.solved(512)) == (2, 1, 1)
    assert cell.median(32) == 0.99 and cell.spread(512) == (0.2, 0.99)


def test_what_the_chapter_says_of_the_map_holds_in_every_run():
    record = learn.recorded()
    cells = learn.cells(record)
    for task in ("parity", "cups"):
        for net in ("rnn", "lstm"):
            assert cells[task, net].solved(512) == record["seeds"], (task, net)
        for net in ("transformer", "transformer without positions"):
            assert cells[task, net].solved(512) == 0, (task, net)
    assert cells["cups", "delta"].solved(512) == record["seeds"]
    for task in ("first", "recall"):
        assert cells[task, "hybrid"].solved(512) == record["seeds"]
    for net in ("gated", "gated, signed", "delta"):
        assert cells["parity", net].solved(32) > cells["parity", net].solved(512) == 0
    for run in record["runs"]:
        if run["task"] in ("recall", "copy") and run["net"] in learn.RECURRENT:
            assert run["accuracy"][0] < learn.SOLVED, run
