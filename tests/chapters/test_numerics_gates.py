"""The cells of the chapter on gates are PyTorch's, and its products of Jacobians autograd's."""

import numpy as np
import pytest
import torch
from data import recall

CHAPTER = "gates"
D, H = 3, 5


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def weights(rng, parts):
    shapes = ((D, parts * H), (H, parts * H), (parts * H,))
    return [rng.normal(size=shape) for shape in shapes]


def with_weights(cell, W_xh, W_hh, b):
    """PyTorch's cell with our weights; its second bias is 0."""
    with torch.no_grad():
        cell.weight_ih.copy_(torch.tensor(W_xh.T))
        cell.weight_hh.copy_(torch.tensor(W_hh.T))
        cell.bias_ih.copy_(torch.tensor(b))
        cell.bias_hh.zero_()
    return cell


def test_lstm_cell_is_pytorchs(chapter, rng):
    x, h, c, ours = rng.normal(size=D), rng.normal(size=H), rng.normal(size=H), weights(rng, 4)
    cell = with_weights(torch.nn.LSTMCell(D, H, dtype=torch.float64), *ours)
    theirs = cell(torch.tensor(x)[None], (torch.tensor(h)[None], torch.tensor(c)[None]))
    for mine, other in zip(chapter["lstm_cell"](x, h, c, *ours), theirs, strict=True):
        np.testing.assert_allclose(mine, other[0].detach().numpy(), rtol=0, atol=1e-12)


def test_gru_cell_is_pytorchs(chapter, rng):
    x, h, ours = rng.normal(size=D), rng.normal(size=H), weights(rng, 3)
    cell = with_weights(torch.nn.GRUCell(D, H, dtype=torch.float64), *ours)
    theirs = cell(torch.tensor(x)[None], torch.tensor(h)[None])[0].detach().numpy()
    np.testing.assert_allclose(chapter["gru_cell"](x, h, *ours), theirs, rtol=0, atol=1e-12)


def test_a_step_back_is_the_jacobian_of_the_step(chapter, rng):
    W_hh, x = rng.normal(size=(H, H)), torch.tensor(rng.normal(size=H))

    def step(h):
        return torch.tanh(x + h @ torch.tensor(W_hh))

    h = torch.tensor(rng.normal(size=H))
    theirs = torch.autograd.functional.jacobian(step, h).numpy()  # [after, before]
    ours = chapter["step_back"](step(h).numpy(), W_hh)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("bias", [1, 3])
def test_gates_that_stand_keep_a_number_for_the_time_constant(chapter, bias):
    curve = chapter["left_in_cell"](bias, weight_scale=0.0, H=2, texts=1)
    assert np.isclose(curve.sum(), 1 + np.exp(bias), rtol=1e-4)


def test_a_cell_chosen_for_a_kind_of_character_falls_there(chapter):
    chapter["KINDS"] = {"spaces": " "}
    symbols = chapter["text"].encode("a b c d")
    f = np.ones((7, 3))
    f[1::2, 2] = 0
    f[0, 1] = 0
    assert chapter["falls_most"](symbols, f, "spaces") == 2


def test_what_the_recorded_runs_are_quoted_for():
    runs = {(row["model"], row["T"]): row for row in recall.recorded()}

    def solved(model, T):
        return recall.solved(runs[model, T]["recall"])

    assert [solved(f"LSTM {bias}", 40) for bias in (1, 3, 5)] == [1, 7, 9]
    assert [solved(f"GRU {bias}", 40) for bias in (1, 3, 5)] == [0, 10, 10]
    assert max(runs["RNN orthogonal", 20]["longer"]["1.5"]) < 0.3
    assert min(runs["LSTM 3", 20]["longer"]["2"]) >= recall.SOLVED
    with_places = {row["model"] for row in recall.recorded() if "longer" not in row}
    assert with_places == {"attention"}, "it has no vector for a place that it never saw"
