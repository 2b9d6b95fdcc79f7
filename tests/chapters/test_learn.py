"""The tasks of the map ask what they say, and a cell trained anew is the recorded one."""

import json

import numpy as np
import pytest
from data import learn

from course import ROOT

RECORDED = ROOT / "book" / "data" / "learn.json"


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("task", learn.TASKS)
def test_symbols_and_answers_are_within_their_alphabets(task, rng):
    symbols, answers = learn.TASKS[task]
    X, Y = learn.batch(task, 32, 500, rng)
    assert X.shape == Y.shape and (X[0] == 0).all() and (Y[0] == -1).all()
    assert set(np.unique(X)) == set(range(symbols))
    assert set(np.unique(Y)) == set(range(-1, answers))


def test_parity_is_the_parity_so_far(rng):
    X, Y = learn.batch("parity", 20, 3, rng)
    for t in range(1, 21):
        np.testing.assert_array_equal(Y[t], (X[1 : t + 1] == 2).sum(axis=0) % 2)


def test_the_ball_goes_where_its_cup_goes(rng):
    X, Y = learn.batch("cups", 40, 20, rng)
    for b in range(20):
        cups = ["ball", "", "", "", ""]
        for t in range(1, 41):
            one, two = X[t, b] - 1, X[t, b] % 5
            cups[one], cups[two] = cups[two], cups[one]
            assert cups.index("ball") == Y[t, b]


def test_first_asks_for_the_first_symbol(rng):
    X, Y = learn.batch("first", 12, 5, rng)
    assert (Y[1:] == X[1] - 1).all()


def test_recall_asks_for_the_value_that_stood_behind_the_key(rng):
    X, Y = learn.batch("recall", 32, 50, rng)
    for b in range(50):
        pairs = dict(zip(X[1:21:2, b], X[2:21:2, b] - 193, strict=True))
        assert len(pairs) == 10, "a key occurs twice"
        for t in range(21, 33):
            assert Y[t, b] == pairs[X[t, b]]
    assert (Y[:21] == -1).all()


def test_copy_asks_for_the_symbols_in_their_order(rng):
    X, Y = learn.batch("copy", 32, 5, rng)
    np.testing.assert_array_equal(Y[16:31], X[1:16] - 1)
    np.testing.assert_array_equal(X[17:], X[1:16])
    assert (X[16] == 33).all() and (Y[:16] == -1).all() and (Y[31] == -1).all()


def test_nets_of_the_map_are_of_one_size():
    for task, (symbols, answers) in learn.TASKS.items():
        sizes = [make(symbols, answers).theta.size for make in learn.NETS.values()]
        assert max(sizes) / min(sizes) < 1.03, task


def test_who_answers_by_chance_is_right_by_chance():
    class Blind:
        def __init__(self, answers):
            self.rng, self.answers = np.random.default_rng(1), answers

        def forward(self, X):
            return self.rng.normal(size=(*X.shape, self.answers)), None

    for task, (_, answers) in learn.TASKS.items():
        assert learn.accuracy(Blind(answers), task, 64) == pytest.approx(1 / answers, abs=0.04)


def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(learn, "HERE", tmp_path)
    monkeypatch.setattr(learn, "RUNS", tmp_path / "learn" / "runs.jsonl")
    made = []

    def run(*job):
        if len(made) == 3:
            raise KeyboardInterrupt
        made.append(job)
        return dict(zip(("task", "net", "seed", "rate"), job, strict=True))

    monkeypatch.setattr(learn, "run", run)
    wanted = list(learn.jobs(1))
    with pytest.raises(KeyboardInterrupt):
        learn.main(1)
    made.clear()
    monkeypatch.setattr(learn, "run", lambda *job: made.append(job) or {
        "task": job[0], "net": job[1], "seed": job[2], "rate": job[3]
    })  # fmt: skip
    learn.main(1)
    assert made == wanted[3:]
    written = json.loads((tmp_path / "learn.json").read_text())
    assert {learn.key(r) for r in written["runs"]} == set(wanted)
    (tmp_path / "learn" / "runs.jsonl").unlink()  # what learn.json has need not be made again
    made.clear()
    learn.main(1)
    assert made == []


def test_a_short_run_gives_an_accuracy_for_each_length(monkeypatch):
    monkeypatch.setattr(learn, "LENGTHS", (32, 64))
    got = learn.run("first", "delta", 0, 0.003, steps=30)
    again = learn.run("first", "delta", 0, 0.003, steps=30)
    assert got["accuracy"] == again["accuracy"] and len(got["accuracy"]) == 2
    assert 0.1 < min(got["accuracy"]) < 0.9  # chance is 1/8; 30 steps teach something, not all


recorded_runs = pytest.mark.skipif(
    not RECORDED.exists(), reason="learn.py has not been run yet; it takes hours"
)


@recorded_runs
def test_the_recorded_runs_are_whole_and_had_the_same_steps():
    recorded = json.loads(RECORDED.read_text())
    assert recorded["steps"] == learn.STEPS and tuple(recorded["lengths"]) == learn.LENGTHS
    seeds = {}
    for r in recorded["runs"]:
        assert len(r["accuracy"]) == len(learn.LENGTHS) and min(r["accuracy"]) >= 0
        if r["rate"] == learn.RATES.get(r["net"], learn.OTHER):
            seeds.setdefault((r["task"], r["net"]), set()).add(r["seed"])
    assert set(seeds) == {(task, net) for task in learn.TASKS for net in learn.NETS}
    counts = {len(s) for s in seeds.values()}
    assert max(counts) - min(counts) <= 1
    assert recorded["seeds"] == min(counts)


@recorded_runs
@pytest.mark.slow
def test_a_cell_trained_anew_is_the_recorded_one():
    recorded = json.loads(RECORDED.read_text())["runs"]
    [was] = [r for r in recorded if (r["task"], r["net"], r["seed"]) == ("parity", "rnn", 0)]
    now = learn.run("parity", "rnn", 0, was["rate"])
    np.testing.assert_allclose(now["accuracy"], was["accuracy"], atol=0.02)
