"""The RNN of chapter 2 is PyTorch's, forwards and backwards, in float64 to 1e-10."""

import numpy as np
import pytest
import torch

from tests.chapters.support import close

CHAPTER = "rnn-loop"
N, D, H = 7, 5, 4  # all different, so that no transposition can hide


@pytest.fixture
def case():
    rng = np.random.default_rng(1)
    shapes = {"X": (N, D), "W_xh": (D, H), "W_hh": (H, H), "b": (H,), "h": (H,)}
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


@pytest.fixture
def torch_rnn(case):
    """nn.RNN with the same weights. It has a second bias, which stays zero."""
    rnn = torch.nn.RNN(D, H, dtype=torch.float64)
    with torch.no_grad():
        rnn.weight_ih_l0.copy_(torch.tensor(case["W_xh"].T))
        rnn.weight_hh_l0.copy_(torch.tensor(case["W_hh"].T))
        rnn.bias_ih_l0.copy_(torch.tensor(case["b"]))
        rnn.bias_hh_l0.zero_()
    return rnn


def test_all_states_by_loop_and_by_hoisting(chapter, case, torch_rnn):
    X, h = case["X"], case.pop("h")
    theirs, _ = torch_rnn(torch.tensor(X), torch.tensor(h)[None])
    close(chapter["run"](**case, h=h), theirs)
    from_zeros, _ = torch_rnn(torch.tensor(X))
    close(chapter["run"](**case), from_zeros)
    close(chapter["run_hoisted"](**case), from_zeros)


def test_many_texts_at_once_are_many_single_texts(chapter, case):
    texts = np.stack([case["X"], -case["X"], case["X"][::-1]], axis=1)  # (N, 3, D)
    del case["X"], case["h"]
    together = chapter["run"](texts, **case, h=np.zeros((3, H)))
    for i in range(3):
        alone = chapter["run"](texts[:, i], **case)
        np.testing.assert_allclose(together[:, i], alone, rtol=0, atol=1e-12)


def test_gradients_through_the_whole_loop(chapter, case, torch_rnn):
    W_xh, W_hh, b, h0 = case["W_xh"], case["W_hh"], case["b"], case["h"]
    X, start = torch.tensor(case["X"]), torch.tensor(h0[None])
    X.requires_grad_(), start.requires_grad_()
    direction = np.linspace(-1, 1, H)
    torch_rnn(X, start)[0][-1].dot(torch.tensor(direction)).backward()

    states = chapter["run"](case["X"], W_xh, W_hh, b, h=h0)
    before = np.vstack([h0, states[:-1]])
    grad, dX, sums = direction, np.zeros((N, D)), {"W_xh": 0, "W_hh": 0, "b": 0}
    for t in reversed(range(N)):
        back = chapter["step_back"](grad, case["X"][t], before[t], states[t], W_xh, W_hh)
        dX[t], grad = back["x"], back["h"]
        sums = {name: total + back[name] for name, total in sums.items()}
    close(dX, X.grad)
    close(grad, start.grad[0])
    close(sums["W_xh"], torch_rnn.weight_ih_l0.grad.T)
    close(sums["W_hh"], torch_rnn.weight_hh_l0.grad.T)
    close(sums["b"], torch_rnn.bias_ih_l0.grad)


def test_clipping_is_pytorchs(chapter):
    for limit in (0.5, 1.0, 100.0):
        gradient = np.random.default_rng(3).normal(size=(H, H))
        weight = torch.nn.Parameter(torch.zeros(H, H, dtype=torch.float64))
        weight.grad = torch.tensor(gradient)
        torch.nn.utils.clip_grad_norm_([weight], limit)
        np.testing.assert_allclose(chapter["clip"](gradient, limit), weight.grad, rtol=1e-5)
