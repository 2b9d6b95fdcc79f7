"""Each step of the line of descent is its parallel form, and PyTorch's where PyTorch has it."""

import numpy as np
import pytest
import torch
from lesson import descent

from tests.chapters.support import close, t

D, H, N = 6, 5, 37  # width, units, words


@pytest.fixture
def p() -> dict:
    rng = np.random.default_rng(3)
    shapes = {
        "W_x": (D, 4 * H),
        "W_h": (H, 4 * H),
        "b": (4 * H,),
        "W_z": (D, H),
        "W_n": (D, H),
        "W_q": (D, 4),
        "W_k": (D, 4),
        "W_v": (D, 3),
        "W_a": (D,),
        "W_b": (D,),
    }
    return {"keep": 0.9, **{name: rng.normal(size=shape) for name, shape in shapes.items()}}


@pytest.fixture
def X() -> np.ndarray:
    return np.random.default_rng(4).normal(size=(N, D))


def test_lstm_is_pytorchs(p, X):
    theirs = torch.nn.LSTM(D, H, dtype=torch.float64)
    theirs.weight_ih_l0.data = t(p["W_x"].T)
    theirs.weight_hh_l0.data = t(p["W_h"].T)
    theirs.bias_ih_l0.data = t(p["b"])
    theirs.bias_hh_l0.data.zero_()
    ours = descent.run(descent.lstm, p, X, (np.zeros(H), np.zeros(H)))
    close(ours, theirs(t(X))[0])


def test_gru_is_pytorchs(p, X):
    three = {"W_x": p["W_x"][:, : 3 * H], "W_h": p["W_h"][:, : 3 * H]}
    three |= {"b_x": p["b"][: 3 * H], "b_h": p["b"][H:]}
    theirs = torch.nn.GRU(D, H, dtype=torch.float64)
    theirs.weight_ih_l0.data = t(three["W_x"].T)
    theirs.weight_hh_l0.data = t(three["W_h"].T)
    theirs.bias_ih_l0.data = t(three["b_x"])
    theirs.bias_hh_l0.data = t(three["b_h"])
    close(descent.run(descent.gru, three, X, np.zeros(H)), theirs(t(X))[0])


def test_min_gru_is_a_scan(p, X):
    loop = descent.run(descent.min_gru, p, X, np.zeros(H))
    np.testing.assert_allclose(descent.min_gru_by_scan(p, X), loop, rtol=1e-10, atol=1e-10)


def keeps(p, X) -> dict:
    return {
        "linear_attention": np.ones(N),
        "retnet": np.full(N, p["keep"]),
        "mamba2": descent.sigmoid(X @ p["W_a"]),
    }


@pytest.mark.parametrize("name", ["linear_attention", "retnet", "mamba2"])
@pytest.mark.parametrize("size", [1, 8, N, 100])
def test_matrix_states_are_masked_products_and_chunks(p, X, name, size):
    loop = descent.run(getattr(descent, name), p, X, np.zeros((4, 3)))
    given = X @ p["W_q"], X @ p["W_k"], X @ p["W_v"], keeps(p, X)[name]
    np.testing.assert_allclose(descent.by_mask(*given), loop, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(descent.in_chunks(*given, size), loop, rtol=1e-9, atol=1e-9)


def test_linear_attention_is_pytorchs_product_without_its_softmax(p, X):
    Q, K, V = (t(X @ p[W]) for W in ("W_q", "W_k", "W_v"))
    loop = descent.run(descent.linear_attention, p, X, np.zeros((4, 3)))
    close(loop, torch.tril(Q @ K.T) @ V)


def test_delta_net_is_a_triangular_system(p, X):
    loop = descent.run(descent.delta_net, p, X, np.zeros((4, 3)))
    np.testing.assert_allclose(descent.delta_net_by_system(p, X), loop, rtol=1e-9, atol=1e-9)


def test_delta_net_multiplies_its_state_by_a_generalised_reflection(p, X):
    """S = (I - beta k kᵀ) S + beta k vᵀ: eigenvalue 1 - beta along k, 1 elsewhere."""
    S = np.random.default_rng(5).normal(size=(4, 3))
    x = X[0]
    k = t(descent.unit(x @ p["W_k"]))
    beta = 2 * torch.sigmoid(t(x @ p["W_b"]))
    kept = (torch.eye(4, dtype=torch.float64) - beta * torch.outer(k, k)) @ t(S)
    close(descent.delta_net(p, x, S)[1], kept + beta * torch.outer(k, t(x @ p["W_v"])))


def test_what_delta_net_writes_is_read_back_and_what_linear_attention_writes_twice_adds_up():
    one = {"W_q": np.eye(2), "W_k": np.eye(2), "W_v": np.array([[1.0], [3.0]]), "W_b": np.zeros(2)}
    twice = np.array([[1.0, 0.0], [1.0, 0.0]])  # the same key, and the same value 1
    S = np.zeros((2, 1))
    assert descent.run(descent.delta_net, one, twice, S).ravel() == pytest.approx([1, 1])
    assert descent.run(descent.linear_attention, one, twice, S).ravel() == pytest.approx([1, 2])
