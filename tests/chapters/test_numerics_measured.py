"""The models of the recorded training runs are PyTorch's, gradients too; runs can be repeated."""

import numpy as np
import pytest
import torch
from data import recall
from torch.nn import functional as F

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
    "model", ["RNN default", "RNN orthogonal", "LSTM 3", "attention", "attention no positions"]
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
        kind = torch.nn.LSTM if "LSTM" in model else torch.nn.RNN
        layer = kind(recall.N_SYMBOLS, recall.H, batch_first=True, dtype=torch.float64)
        last = recurrent(layer, p, one_hot)
    theirs = F.cross_entropy(last @ p["W_out"] + p["b_out"], torch.tensor(y))
    theirs.backward()
    assert abs(loss - theirs.item()) < 1e-10
    assert set(grads) == set(p)
    for name, grad in grads.items():
        np.testing.assert_allclose(grad, p[name].grad.numpy(), rtol=0, atol=1e-10, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["RNN orthogonal", "attention", "LSTM 1"])
def test_the_smallest_recorded_runs_repeat(model):
    runs = {(r["model"], r["T"]): r["recall"] for r in recall.recorded()}
    again = recall.train(model, recall.LENGTHS[0], recall.SEEDS[0])
    assert again == pytest.approx(runs[model, recall.LENGTHS[0]][0], abs=0.02)


def test_the_record_is_whole():
    runs = recall.recorded()
    assert {r["T"] for r in runs} == set(recall.LENGTHS)
    assert all(len(r["recall"]) == len(recall.SEEDS) for r in runs)
    assert all(0 <= a <= 1 for r in runs for a in r["recall"])
