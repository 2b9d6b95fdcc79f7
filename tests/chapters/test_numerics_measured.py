"""Layers, counts and the models of the recorded training runs are PyTorch's, gradients too."""

import numpy as np
import pytest
import torch
from data import recall
from lesson import nets
from lesson.nets import text
from lesson.products import count
from torch.nn import functional as F

from tests.chapters.support import close, t

CHAPTER = "measured"
B, T = 5, 6


@pytest.fixture
def batch():
    X = np.random.default_rng(3).integers(recall.N_SYMBOLS, size=(B, T))
    return X, X[:, 0]


def recurrent(layer, p, one_hot):
    """The last state of a torch layer whose weights are leaves that collect gradients like ours."""
    names = {"weight_ih_l0": "W_xh", "weight_hh_l0": "W_hh", "bias_ih_l0": "b"}
    weights = {theirs: p[ours].t() for theirs, ours in names.items()}
    weights["bias_hh_l0"] = torch.zeros_like(weights["bias_ih_l0"])
    return torch.func.functional_call(layer, weights, one_hot)[0][:, -1]


def attention(p, X):
    Z = p["E"][X] + p.get("P", 0)
    Q, K, V = (Z @ p[f"W_{k}"] for k in "qkv")
    return F.scaled_dot_product_attention(Q[:, -1:], K, V)[:, 0]


@pytest.mark.parametrize(
    "model",
    ["RNN default", "RNN orthogonal", "LSTM 3", "GRU 3", "attention", "attention no positions"],
)
def test_loss_and_gradients_are_pytorchs(model, batch):
    X, y = batch
    ours = recall.initial(model, T, np.random.default_rng(0))
    loss, grads = recall.loss_and_gradients(ours, X, y)
    p = {name: torch.tensor(a, requires_grad=True) for name, a in ours.items()}
    symbols = torch.tensor(X)
    one_hot = F.one_hot(symbols, recall.N_SYMBOLS).double()
    if "attention" in model:
        last = attention(p, symbols)
    else:
        kind = getattr(torch.nn, model.split()[0])
        layer = kind(recall.N_SYMBOLS, recall.H, batch_first=True, dtype=torch.float64)
        last = recurrent(layer, p, one_hot)
    theirs = F.cross_entropy(last @ p["W_out"] + p["b_out"], torch.tensor(y))
    theirs.backward()
    assert abs(loss - theirs.item()) < 1e-10
    assert set(grads) == set(p)
    for name, grad in grads.items():
        np.testing.assert_allclose(grad, p[name].grad.numpy(), rtol=0, atol=1e-10, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["RNN orthogonal", "attention", "LSTM 1", "GRU 1"])
def test_the_smallest_recorded_runs_repeat(model):
    runs = {(r["model"], r["T"]): r["recall"] for r in recall.recorded()}
    again = recall.train(model, recall.LENGTHS[0], recall.SEEDS[0])
    assert again == pytest.approx(runs[model, recall.LENGTHS[0]][0], abs=0.02)


def test_the_record_is_whole():
    runs = recall.recorded()
    assert {r["T"] for r in runs} == set(recall.LENGTHS)
    assert all(len(r["recall"]) == len(recall.SEEDS) for r in runs)
    assert all(0 <= a <= 1 for r in runs for a in r["recall"])


def test_layers_are_pytorchs_and_cost_what_the_formulas_say(chapter):
    rng = np.random.default_rng(1)
    n, d, H, n_heads = 7, 6, 5, 2
    rnn = torch.nn.RNN(H, H, bias=False, dtype=torch.float64)
    W_xh, W_hh = (W.detach().numpy().T for W in (rnn.weight_ih_l0, rnn.weight_hh_l0))
    X = rng.normal(size=(n, H))
    close(chapter["rnn_layer"](X, W_xh, W_hh), rnn(t(X))[0][-1])
    found = count(lambda X: chapter["rnn_layer"](X, W_xh, W_hh), X)
    assert (found.macs, found.chain) == (chapter["rnn_macs"](n, H), n + 1)

    X, W_qkv, W_o = rng.normal(size=(n, d)), rng.normal(size=(3, d, d)), rng.normal(size=(d, d))
    W_1, W_2 = rng.normal(size=(d, 4 * d)), rng.normal(size=(4 * d, d))
    Q, K, V = (t(X @ W).unflatten(1, (n_heads, -1)).transpose(0, 1) for W in W_qkv)
    Y = t(X) + F.scaled_dot_product_attention(Q, K, V).transpose(0, 1).flatten(1) @ t(W_o)
    close(chapter["block"](X, W_qkv, W_o, W_1, W_2, n_heads), Y + F.relu(Y @ t(W_1)) @ t(W_2))
    found = count(lambda X: chapter["block"](X, W_qkv, W_o, W_1, W_2, n_heads), X)
    assert found.macs == sum(chapter["block_macs"](n, d).values())
    assert (found.products, found.chain) == (8, 6)


def test_bytes_are_those_of_arrays_and_equal_at_6dg_over_B(chapter):
    small = 3, 16, 40, 4  # layers, d, d_mlp, groups
    chapter["bytes_read"].__globals__["MODELS"] = {"small": small}
    found = chapter["bytes_read"](5, "small", users=7, groups=4, bytes_each=2)
    keys_and_values = np.zeros((7, 3, 2, 5, 16 // 4), np.float16)
    shapes = [(16, 16), (16, 16), (16, 4), (16, 4), (16, 40), (16, 40), (40, 16)]
    assert found["cache"] == keys_and_values.nbytes
    assert found["weights"] == 3 * sum(np.zeros(shape, np.float16).nbytes for shape in shapes)
    mlp = 8 * 16**2 + (2 - 2 / 4) * 16**2  # what makes 12 d² of the block in all
    chapter["bytes_read"].__globals__["MODELS"] = {"law": (3, 16, int(mlp / 48), 4)}
    for users in (1, 8):
        n = 6 * 16 * 4 // users
        found = chapter["bytes_read"](n, "law", users, 4)
        assert found["cache"] == pytest.approx(found["weights"], rel=0.02)


def test_what_arrives_is_pytorchs_gradient(chapter):
    net = nets.RNN(8, d=4, H=6, seed=2, dtype=float)
    X = np.random.default_rng(5).normal(size=(9, 3, 4))
    layer = torch.nn.RNN(4, 6, dtype=torch.float64)
    weights = {
        "weight_ih_l0": t(net.p["W_xh"].T),
        "weight_hh_l0": t(net.p["W_hh"].T),
        "bias_ih_l0": t(net.p["b"]),
        "bias_hh_l0": torch.zeros(6, dtype=torch.float64),
    }
    x = t(X).clone().requires_grad_()
    last = torch.func.functional_call(layer, weights, x)[0][-1]
    last.backward(t(np.random.default_rng(1).normal(size=(3, 6))))
    lengths = x.grad.flatten(1).norm(dim=1).flip(0)
    close(chapter["arrives"](net, X, 1), lengths / lengths[0])


def test_stored_keys_name_every_symbol_and_not_by_chance(chapter):
    net, symbols = nets.load("transformer"), text.part("validation")[:40]
    assert chapter["named_by_keys"](net, symbols) == 40
    net.p["0.W_k"][...] = 0  # keys that say nothing
    assert chapter["named_by_keys"](net, symbols) < 5
