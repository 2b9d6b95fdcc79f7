"""The reference answers of the RNN exercise are PyTorch's, for sizes that nobody chose."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grading.assignment import read, reference

torch = pytest.importorskip("torch")
ANSWERS = reference(read("rnn"))
SIZES = st.integers(1, 7)


def numbers(seed, *shapes):
    draw = np.random.default_rng(seed).standard_normal
    return [0.7 * draw(shape) for shape in shapes]


def tensors(*arrays):
    return [torch.tensor(a, requires_grad=True) for a in arrays]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), SIZES, SIZES, st.none() | SIZES)
def test_cell_and_gradients(seed, d, H, B):
    first = () if B is None else (B,)
    x, h, W_xh, W_hh, b, dh_new = numbers(
        seed, (*first, d), (*first, H), (d, H), (H, H), (H,), (*first, H)
    )
    cell = torch.nn.RNNCell(d, H, dtype=torch.float64)
    with torch.no_grad():
        cell.weight_ih[:] = torch.tensor(W_xh.T)
        cell.weight_hh[:] = torch.tensor(W_hh.T)
        cell.bias_ih[:] = torch.tensor(b)
        cell.bias_hh[:] = 0
    its_x, its_h = tensors(x, h)
    want = cell(its_x, its_h)
    h_new = ANSWERS["rnn_cell"](x, h, W_xh, W_hh, b)
    np.testing.assert_allclose(h_new, want.detach(), rtol=1e-10, atol=1e-12)

    (want * torch.tensor(dh_new)).sum().backward()
    dx, dh, dW_xh, dW_hh, db = ANSWERS["rnn_cell_backward"](dh_new, x, h, h_new, W_xh, W_hh)
    for ours, its in [
        (dx, its_x.grad),
        (dh, its_h.grad),
        (dW_xh.T, cell.weight_ih.grad),
        (dW_hh.T, cell.weight_hh.grad),
        (db, cell.bias_ih.grad),
    ]:
        np.testing.assert_allclose(ours, its, rtol=1e-9, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), SIZES, SIZES, SIZES, st.none() | SIZES)
def test_loop(seed, n, d, H, B):
    first = () if B is None else (B,)
    X, h0, W_xh, W_hh, b = numbers(seed, (*first, n, d), (*first, H), (d, H), (H, H), (H,))
    rnn = torch.nn.RNN(d, H, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        rnn.weight_ih_l0[:] = torch.tensor(W_xh.T)
        rnn.weight_hh_l0[:] = torch.tensor(W_hh.T)
        rnn.bias_ih_l0[:] = torch.tensor(b)
        rnn.bias_hh_l0[:] = 0
    want = rnn(torch.tensor(X), torch.tensor(h0)[None])[0].detach()
    got = ANSWERS["run_rnn"](X, h0, W_xh, W_hh, b)
    np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-12)
