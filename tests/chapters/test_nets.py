"""The small nets: PyTorch finds the same loss and gradients, and one step is all places at once."""

import json
import subprocess

import numpy as np
import pytest
import torch
from data import duel, inside
from lesson import nets
from lesson.nets import LSTM, RNN, Blocks, text
from lesson.nets.block import MIXERS
from lesson.nets.gated import scan
from lesson.nets.layers import softmax
from lesson.nets.trainer import Trainer
from torch.nn import functional as F

from course import ROOT
from tests.support import need

SYMBOLS, T, B = 11, 13, 3


def small(kind: str, seed: int = 0):
    """A small net in float64 whose biases and gains are not what they start as."""
    if kind == "rnn":
        net = RNN(SYMBOLS, d=6, H=9, dtype=np.float64)
    elif kind == "lstm":
        net = LSTM(SYMBOLS, d=6, H=7, dtype=np.float64)
    else:
        net = Blocks(SYMBOLS, d=8, n_heads=2, mixers=kind.split("/"), dtype=np.float64)
    net.theta += 0.2 * np.random.default_rng(seed).normal(size=net.theta.size)
    return net


KINDS = ["rnn", "lstm", *(f"{mixer}/{mixer}" for mixer in MIXERS), "gated/attention"]


def torch_rnn(net, p, x):
    layer = torch.nn.RNN(net.d, net.H, dtype=torch.float64)
    return functional(layer, p, x)


def torch_lstm(net, p, x):
    layer = torch.nn.LSTM(net.d, net.H, dtype=torch.float64)
    return functional(layer, p, x)


def functional(layer, p, x):
    """PyTorch's own layer with these parameters."""
    weights = {
        "weight_ih_l0": p["W_xh"].T,
        "weight_hh_l0": p["W_hh"].T,
        "bias_ih_l0": p["b"],
        "bias_hh_l0": torch.zeros_like(p["b"]),
    }
    return torch.func.functional_call(layer, weights, (x,))[0]


def torch_attention(net, p, k, x, rotary):
    def heads(W):  # (B, n_heads, T, d_k)
        y = (x @ p[f"{k}.{W}"]).reshape(T, B, net.n_heads, -1)
        return y.permute(1, 2, 0, 3)

    q, keys, v = heads("W_q"), heads("W_k"), heads("W_v")
    if rotary:  # as products of complex numbers

        def turn(y):
            half = y.shape[-1] // 2
            speed = 10_000.0 ** (-torch.arange(half, dtype=torch.float64) / half)
            angle = torch.arange(T, dtype=torch.float64)[:, None] * speed
            z = torch.complex(y[..., :half], y[..., half:]) * torch.exp(1j * angle)
            return torch.cat([z.real, z.imag], dim=-1)

        q, keys = turn(q), turn(keys)
    out = F.scaled_dot_product_attention(q, keys, v, is_causal=True)
    return out.permute(2, 0, 1, 3).reshape(T, B, -1) @ p[f"{k}.W_o"]


def torch_gated(p, k, x, signed):
    z = x @ p[f"{k}.W_a"] + p[f"{k}.b_a"]
    a = torch.tanh(z) if signed else torch.sigmoid(z)
    v = x @ p[f"{k}.W_v"]
    h, states = torch.zeros_like(v[0]), []
    for t in range(T):
        h = a[t] * h + torch.sqrt(1 - a[t] ** 2) * v[t]
        states.append(h)
    return (torch.stack(states) * torch.sigmoid(x @ p[f"{k}.W_g"])) @ p[f"{k}.W_o"]


def torch_delta(net, p, k, x):
    def heads(W):
        return (x @ p[f"{k}.{W}"]).reshape(T, B, net.n_heads, -1)

    q, keys, v, z = heads("W_q"), heads("W_k"), heads("W_v"), heads("W_b")
    keys = keys / torch.sqrt((keys**2).sum(-1, keepdim=True) + 1e-6)
    beta = 2 * torch.sigmoid(z)
    S, out = torch.zeros(B, net.n_heads, v.shape[-1], keys.shape[-1], dtype=x.dtype), []
    for t in range(T):
        kept = torch.einsum("bhij,bhj->bhi", S, keys[t])
        S = S + torch.einsum("bhi,bhj->bhij", beta[t] * (v[t] - kept), keys[t])
        out.append(torch.einsum("bhij,bhj->bhi", S, q[t]))
    return torch.stack(out).reshape(T, B, -1) @ p[f"{k}.W_o"]


def torch_blocks(net, p, x):
    def norm(name, x):
        return F.layer_norm(x, x.shape[-1:], p[f"{name}_g"], p[f"{name}_b"])

    for k, kind in enumerate(net.mixers):
        y = norm(f"{k}.ln1", x)
        if kind.startswith("attention"):
            x = x + torch_attention(net, p, k, y, rotary=kind == "attention")
        elif kind.startswith("gated"):
            x = x + torch_gated(p, k, y, signed=kind.endswith("signed"))
        else:
            x = x + torch_delta(net, p, k, y)
        hidden = torch.relu(norm(f"{k}.ln2", x) @ p[f"{k}.W_1"] + p[f"{k}.b_1"])
        x = x + hidden @ p[f"{k}.W_2"] + p[f"{k}.b_2"]
    return norm("ln", x)


@pytest.mark.parametrize("kind", KINDS)
def test_pytorch_finds_the_same_loss_and_every_gradient(kind):
    net = small(kind)
    rng = np.random.default_rng(1)
    X = rng.integers(SYMBOLS, size=(T, B))
    Y = rng.integers(-1, SYMBOLS, size=(T, B))  # -1: nothing is asked there
    loss, gradient = net.loss_and_gradient(X, Y)

    p = {name: torch.tensor(a, requires_grad=True) for name, a in net.p.items()}
    x = p["E"][torch.tensor(X)]
    body = {RNN: torch_rnn, LSTM: torch_lstm, Blocks: torch_blocks}[type(net)]
    logits = body(net, p, x) @ p["W_out"] + p["b_out"]
    expected = F.cross_entropy(
        logits.reshape(-1, SYMBOLS), torch.tensor(Y).reshape(-1), ignore_index=-1
    )
    expected.backward()

    assert loss == pytest.approx(expected.item(), abs=1e-10)
    for name, g in net.views(gradient).items():
        np.testing.assert_allclose(g, p[name].grad, atol=1e-8, rtol=0, err_msg=name)
        assert np.abs(g).max() > 1e-6, f"{name} has no gradient, so nothing was compared"


@pytest.mark.parametrize("kind", KINDS)
def test_one_symbol_at_a_time_gives_what_all_at_once_gives(kind):
    net = small(kind)
    X = np.random.default_rng(2).integers(SYMBOLS, size=(150, 1))  # beyond a cache's first 64
    together, _ = net.forward(X)
    state = net.start()
    for t, symbol in enumerate(X[:, 0]):
        logits, state = net.step(state, symbol)
        np.testing.assert_allclose(logits, together[t, 0], atol=1e-9)


def test_who_sees_a_window_keeps_and_sees_the_window_alone():
    net = Blocks(SYMBOLS, d=8, n_heads=2, window=10, dtype=np.float64)
    X = np.random.default_rng(2).integers(SYMBOLS, size=(75, 1))
    together, _ = net.forward(X)
    state = net.start()
    for t, symbol in enumerate(X[:, 0]):
        logits, state = net.step(state, symbol)
        np.testing.assert_allclose(logits, together[t, 0], atol=1e-9)
    assert state[0].room.shape == (2, 2, 20, 4)
    other = X.copy()
    other[:50] = (other[:50] + 1) % SYMBOLS  # two blocks see 19 places back, and no further
    again, _ = net.forward(other)
    np.testing.assert_allclose(again[69:], together[69:], atol=1e-9)
    assert np.abs(again[67] - together[67]).max() > 1e-6


@pytest.mark.parametrize("kind", KINDS)
def test_no_place_sees_a_later_one(kind):
    net = small(kind)
    X = np.random.default_rng(3).integers(SYMBOLS, size=(T, 1))
    changed = X.copy()
    changed[8:] = (changed[8:] + 1) % SYMBOLS
    before, after = net.forward(X)[0], net.forward(changed)[0]
    np.testing.assert_allclose(before[:8], after[:8], atol=1e-12)
    assert np.abs(before[8:] - after[8:]).min(axis=-1).max() > 0


def test_the_scan_is_the_loop():
    rng = np.random.default_rng(4)
    a, b = rng.uniform(-1, 1, (37, 2, 3)), rng.normal(size=(37, 2, 3))
    h = np.zeros((2, 3))
    for t, state in enumerate(scan(a, b)):
        h = a[t] * h + b[t]
        np.testing.assert_allclose(state, h, atol=1e-12)


def test_a_head_of_short_reach_sees_no_further():
    net = small("attention/attention")
    net.mixer[0].reach = [3, T]
    net.mixer[1].reach = [3, 1]
    seen = {}
    net.forward(np.zeros((T, 1), int), seen)
    gap = np.arange(T)[:, None] - np.arange(T)
    assert (seen["0.weights"][0, 0][gap >= 3] == 0).all()
    assert (seen["0.weights"][0, 1][gap >= 3] > 0).all()
    np.testing.assert_array_equal(seen["1.weights"][0, 1], np.eye(T))


def fresh(seed: int = 0) -> Trainer:
    return Trainer(RNN(75, d=8, H=16, seed=seed), text.windows("train", n=20), rate=0.01)


def test_a_run_that_stops_and_goes_on_is_the_run_that_never_stopped(tmp_path):
    whole = fresh().train(30, 20, progress=False)
    first = fresh().train(13, progress=False)
    first.save(tmp_path / "run.npz")
    second = fresh(seed=5)
    second.load(tmp_path / "run.npz")
    second.train(30, 20, progress=False)
    np.testing.assert_array_equal(second.net.theta, whole.net.theta)
    assert second.loss == whole.loss
    with pytest.raises(ValueError, match="differ: 2,275 and 2,392 parameters"):
        Trainer(RNN(75, d=8, H=17), fresh().draw, rate=0.01).restore(first.state())


def test_the_rate_warms_up_and_decays_to_nothing():
    t = fresh()
    moved = []
    for step in range(1, 201):
        before = t.net.theta.copy()
        t.train(step, progress=False) if step <= 150 else t._one(200, 150)
        moved.append(np.abs(t.net.theta - before).max())
    assert moved[0] < 0.02 * t.rate  # Adam's first step has the size of the rate
    assert moved[-1] < 0.05 * np.median(moved[100:150])


def test_the_progress_bar_says_loss_and_time_left(capsys):
    fresh().train(20)
    said = capsys.readouterr().err
    assert "20/20" in said and "bits" in said and "<00:00" in said


def test_the_parts_are_the_novel_and_do_not_overlap():
    whole = np.concatenate([text.part(name) for name in text.PARTS])
    assert text.decode(whole) == text.novel()
    assert len(whole) == 684_767 and len(text.alphabet()) == 75


def test_unwrapped_differs_from_wrapped_in_line_ends_alone():
    wrapped, plain = text.novel(wrapped=True), text.novel()
    differing = {(a, b) for a, b in zip(wrapped, plain, strict=True) if a != b}
    assert differing == {("\n", " ")}
    assert max(map(len, wrapped.split("\n"))) == 74
    assert wrapped.count("\n\n") == plain.count("\n\n")


def test_a_character_that_the_novel_lacks_is_named():
    with pytest.raises(ValueError, match="no 'é€'"):
        text.encode("café for 3 €")


def test_bits_a_character_counts_every_character_once_with_half_a_window_before_it():
    class Uniform:
        def losses(self, X, Y):
            self.places = getattr(self, "places", 0) + Y[64:].size
            return np.full(Y.shape, np.log(75))

    net = Uniform()
    assert text.bits_a_character(net, "validation") == pytest.approx(np.log2(75))
    n = len(text.part("validation"))
    assert n - 128 - 64 <= net.places <= n


def test_a_setting_that_a_net_lacks_is_named():
    with pytest.raises(TypeError, match="Blocks has no setting 'H'"):
        Blocks(75, H=3)


SENTENCE = (
    '"You are very kind, sir, I am sure," said Elizabeth; "but I have no intention of dancing."'
)

IN_NODE = """
const [files, symbols] = JSON.parse(require("fs").readFileSync(0));
require(files.script);
const bytes = require("fs").readFileSync(files.weights);
const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
const model = nets.createModel(buffer, files.meta);
const seen = [];
let state = model.start();
for (const symbol of symbols) {
  const now = model.step(state, symbol);
  model.step(state, 3);  // from the same state another character: it must not be felt
  const units = Object.fromEntries(Object.entries(now.units).map(([k, v]) => [k, [...v]]));
  seen.push({ probs: [...now.probs], heads: now.heads.map((b) => b.map((h) => [...h])), units });
  state = now.state;
}
console.log(JSON.stringify({ seen, bytes: model.bytes(state) }));
"""


def in_node(name: str, symbols, tmp_path) -> dict:
    """What nets.js says after each symbol."""
    weights, meta = nets.binary(name)
    (tmp_path / "weights").write_bytes(weights)
    files = {
        "script": str(ROOT / "book" / "assets" / "nets.js"),
        "weights": str(tmp_path / "weights"),
        "meta": meta,
    }
    given = json.dumps([files, [int(k) for k in symbols]])
    command = [need("node", "nodejs"), "-e", IN_NODE]
    run = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize("name", nets.names())
def test_the_page_computes_what_numpy_computes(name, tmp_path):
    net, symbols = nets.load(name), text.encode(2 * SENTENCE)  # beyond the window of 128
    seen = {}
    logits, _ = net.forward(symbols[:, None], seen)
    page = in_node(name, symbols, tmp_path)
    for t, said in enumerate(page["seen"]):
        np.testing.assert_allclose(said["probs"], softmax(logits[t, 0]), atol=1e-3)
        assert sum(said["probs"]) == pytest.approx(1, abs=1e-5)
        for block, heads in enumerate(said["heads"]):
            expected = seen[f"{block}.weights"][0, :, t, max(0, t - 127) : t + 1]
            np.testing.assert_allclose(heads, expected, atol=1e-3)
        for unit, values in said["units"].items():
            np.testing.assert_allclose(values, seen[unit][t, 0], atol=2e-3, err_msg=unit)
    last = page["seen"][-1]
    assert bool(last["heads"]) == name.startswith("transformer")
    assert bool(last["units"]) == (not name.startswith("transformer"))
    recorded = inside.kept_bytes(net, len(symbols))
    assert page["bytes"] == recorded


def test_the_page_says_when_weights_or_character_are_wrong(tmp_path):
    weights, meta = nets.binary("rnn")
    script = f"""
        require({json.dumps(str(ROOT / "book" / "assets" / "nets.js"))});
        const meta = {json.dumps(meta)};
        const said = (f) => {{ try {{ f(); }} catch (e) {{ console.log(e.message); }} }};
        said(() => nets.createModel(new ArrayBuffer({len(weights) + 2}), meta));
        const model = nets.createModel(new ArrayBuffer({len(weights)}), meta);
        said(() => model.step(model.start(), -1));
    """
    run = subprocess.run(
        [need("node", "nodejs"), "-e", script], capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines() == [
        "The weights do not belong to this description.",
        "There is no character number -1.",
    ]


def test_a_net_that_is_not_shipped_is_named():
    with pytest.raises(ValueError, match=r"no net 'gru'; there are gated, .*transformer"):
        nets.load("gru")


@pytest.fixture(scope="module")
def recorded() -> dict:
    return json.loads((ROOT / "book" / "data" / "duel.json").read_text())


def test_all_four_nets_are_of_one_size(recorded):
    sizes = recorded["parameters"]
    assert sizes == {name: make().theta.size for name, make in nets.NETS.items()}
    assert max(sizes.values()) / min(sizes.values()) < 1.005


@pytest.mark.parametrize("name", nets.names())
def test_the_shipped_weights_cost_what_is_recorded(name, recorded):
    full, half = recorded["shipped"][name]
    assert half == pytest.approx(full, abs=2e-3), "float16 costs something"
    wrapped = name.endswith("-wrapped")
    bits = text.bits_a_character(nets.load(name), "test", wrapped=wrapped)
    assert bits == pytest.approx(half, abs=1e-3)


def test_a_few_seconds_of_training_meet_the_first_recorded_points(recorded):
    [run] = [
        r for r in recorded["runs"] if (r["net"], r["seed"], r["wrapped"]) == ("rnn", 0, False)
    ]
    t = duel.trainer("rnn", recorded["rates"]["rnn"], 0)
    for step, loss, validation in run["curve"][:3]:
        t.train(step, progress=False)
        assert t.loss / np.log(2) == pytest.approx(loss, abs=0.01)
        bits = text.bits_a_character(t.net, "validation", most=duel.QUICK)
        assert bits == pytest.approx(validation, abs=0.02)


def test_a_run_goes_on_with_its_trunk_as_if_it_had_never_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(duel, "CURVE", (5, 12))
    monkeypatch.setattr(text, "bits_a_character", lambda net, *_, **__: float(net.theta.sum()))
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder, horizons in ((whole, [20]), (parts, [10, 20])):
        folder.mkdir()
        monkeypatch.setattr(duel, "RUNS", folder)
        made = [duel.run("rnn", 0, 0.002, False, horizon) for horizon in horizons]
    assert made[0]["curve"] and made[1]["curve"]
    expected, found = (
        np.load(folder / "rnn-0.002-unwrapped-0-20.npy") for folder in (whole, parts)
    )
    np.testing.assert_array_equal(found, expected)


def test_three_seeds_ran_and_every_end_has_its_numbers(recorded):
    seeds = {}
    for r in recorded["runs"]:
        for end in r["ends"]:
            assert 1.4 < end["train"] < end["test"] + 0.15 < 2.3
            assert abs(end["validation"] - end["test"]) < 0.05
            if not r["wrapped"]:
                seeds.setdefault((r["net"], end["steps"]), set()).add(r["seed"])
    for net in nets.NETS:
        assert all(seeds[net, horizon] == set(duel.SEEDS) for horizon in duel.HORIZONS)


def test_every_net_had_as_many_tries_and_the_best_was_taken(recorded):
    tries = recorded["tuning"]
    assert {len(t) for t in tries.values()} == {4} and set(tries) == set(nets.NETS)
    for net, found in tries.items():
        best = min(found, key=lambda rate: found[rate]["validation"])
        assert float(best) == recorded["rates"][net]


@pytest.fixture(scope="module")
def looked() -> dict:
    return json.loads((ROOT / "book" / "data" / "inside.json").read_text())


def test_what_is_kept_grows_with_the_text_for_attention_alone(looked):
    for name, by_context in looked["character"].items():
        kept = {by_context[str(c)]["bytes"] for c in inside.CONTEXTS}
        assert len(kept) == (len(inside.CONTEXTS) if name == "transformer" else 1)
    # two blocks, keys and values, 64 numbers of 4 bytes each
    assert looked["character"]["transformer"]["64"]["bytes"] == 64 * 2 * 2 * 64 * 4


def test_the_unit_that_is_cut_is_the_one_that_knows_the_column(looked):
    cuts = looked["cuts_gated"]
    whole, best, *others = cuts
    assert best["unit"] == looked["units_wrapped"]["gated"]["column"]["unit"]
    net = nets.load("gated-wrapped")
    inside.cut_unit(net, best["unit"])
    score = inside.line_end_score(inside.line_ends(net))
    assert score["auc"] == pytest.approx(best["auc"], abs=0.005)
    assert whole["auc"] > 0.95
    assert score["auc"] < min(row["auc"] for row in others)


def test_a_kind_stands_out_when_it_gets_much_and_not_what_its_distances_give():
    heads = {
        "1.2": {
            "mean_distance": 3.0,
            "share": {"space": 0.3, "capital": 0.04, "newline": 0.1},
            "lift": {"space": 0.25, "capital": 9.0, "newline": 3.0},
        }
    }
    assert inside.stands_out(heads) == {"2.3": (3.0, "space", 0.25)}


def test_the_block_with_a_ruler_is_the_only_net_that_knows_where_lines_end(recorded):
    areas = {net: found["auc"] for net, found in recorded["line_ends"].items()}
    assert areas.pop("gated") > 0.95 and max(areas.values()) < 0.65
    longer = recorded["line_ends_longer"]
    assert longer["gated"]["auc"] > 0.95
    assert longer["near"]["auc"] < longer["transformer"]["auc"] < 0.65
