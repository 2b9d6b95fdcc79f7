"""The attention of chapter 5 is PyTorch's, and what the chapter says follows for any weights."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from lesson.nets import attention as nets

from tests.chapters.support import close, t

CHAPTER = "attention"
RNG = np.random.default_rng(7)


@pytest.mark.parametrize("size", [1, 1000])
def test_softmax(chapter, size):
    z = size * RNG.standard_normal((3, 4, 5))
    close(chapter["softmax"](z), F.softmax(t(z), dim=-1))


@pytest.mark.parametrize(("n", "m", "d_k", "d_v"), [(5, 5, 64, 64), (3, 7, 4, 6), (1, 9, 2, 3)])
@pytest.mark.parametrize("mask", ["none", "random", "causal"])
def test_scaled_dot_product_attention(chapter, n, m, d_k, d_v, mask):
    Q, K, V = (RNG.standard_normal(s) for s in ((n, d_k), (m, d_k), (m, d_v)))
    may = {
        "none": np.ones((n, m), bool),
        "random": (RNG.random((n, m)) < 0.5) | np.eye(n, m, dtype=bool),
        "causal": np.tri(n, m, dtype=bool),
    }[mask]
    out, weights = chapter["attention"](Q, K, V, may)
    close(out, F.scaled_dot_product_attention(t(Q)[None], t(K)[None], t(V)[None], t(may))[0])
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert (weights[~may] == 0).all()
    if mask == "none":
        np.testing.assert_array_equal(out, chapter["attention"](Q, K, V)[0])


def test_heads_side_by_side_are_multi_head_attention(chapter):
    n, d, h = 5, 12, 3
    X, W_o = RNG.standard_normal((n, d)), RNG.standard_normal((d, d))
    projections = RNG.standard_normal((h, 3, d, d // h))
    outs, weights = zip(*(chapter["attention"](*(X @ p)) for p in projections), strict=True)
    torch_mha = torch.nn.MultiheadAttention(d, h, bias=False).double()
    with torch.no_grad():
        # PyTorch keeps W_q, W_k and W_v as one matrix of rows: head by head, transposed
        torch_mha.in_proj_weight[:] = t(
            np.concatenate([np.hstack(projections[:, k]).T for k in range(3)])
        )
        torch_mha.out_proj.weight[:] = t(W_o.T)
    x = t(X)[:, None]
    out, each = torch_mha(x, x, x, average_attn_weights=False)
    close(np.hstack(outs) @ W_o, out[:, 0])
    close(np.stack(weights), each[0])


def test_slope_is_the_norm_of_the_softmaxs_jacobian(chapter):
    z = 3 * RNG.standard_normal((4, 16))
    theirs = [torch.autograd.functional.jacobian(lambda s: F.softmax(s, 0), t(row)) for row in z]
    close(chapter["slope"](chapter["softmax"](z)), torch.stack([j.norm() for j in theirs]))


def test_positions_are_those_of_the_paper(chapter):
    P = chapter["positions"](30, 10)
    for pos, i in [(0, 0), (3, 2), (29, 4)]:
        angle = pos / 10_000 ** (2 * i / 10)
        np.testing.assert_allclose(P[pos, 2 * i : 2 * i + 2], [np.sin(angle), np.cos(angle)])


def test_rotary_positions_are_those_of_the_trained_nets(chapter):
    x = RNG.standard_normal((9, 16))
    np.testing.assert_allclose(chapter["rotate"](x, np.arange(3, 12)), nets.rotate(x, 3))


def test_other_weights_with_the_same_output_are_weights(chapter):
    a, V = chapter["random_case"](0)
    other, same = chapter["without_top_word"](a, V)
    assert same and other[a.argmax()] < 1e-9 and (other >= 0).all()
    np.testing.assert_allclose([other.sum(), *(other @ V)], [1, *(a @ V)], atol=1e-9)


def test_with_fewer_words_than_values_there_are_none(chapter):
    a, V = chapter["softmax"](RNG.standard_normal(5)), RNG.standard_normal((5, 64))
    assert not chapter["without_top_word"](a, V)[1]
