"""The block of chapter 6 is PyTorch's pre-LN encoder layer, and its gradient is autograd's."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from lesson import nets

from tests.chapters.support import close, t

CHAPTER = "transformer-block"
RNG = np.random.default_rng(11)


def encoder_layer(layer, *, norm_first):
    """PyTorch's layer with the weights of one of ours; its biases are zero as ours are."""
    W_qkv, W_o, W_1, W_2 = layer
    n_heads, _, d, _ = W_qkv.shape
    theirs = torch.nn.TransformerEncoderLayer(
        d, n_heads, W_1.shape[1], dropout=0, batch_first=True, norm_first=norm_first, bias=False
    ).double()
    with torch.no_grad():
        # in_proj holds W_q, W_k and W_v one below the other, each transposed, head by head
        rows = np.concatenate([np.hstack(W_qkv[:, k]).T for k in range(3)])
        theirs.self_attn.in_proj_weight[:] = t(rows)
        theirs.self_attn.out_proj.weight[:] = t(W_o.T)
        theirs.linear1.weight[:], theirs.linear2.weight[:] = t(W_1.T), t(W_2.T)
    return theirs


@pytest.mark.parametrize(("n", "d", "n_heads"), [(5, 12, 3), (7, 16, 4), (1, 6, 1)])
@pytest.mark.parametrize("causal", [False, True])
def test_block_is_the_pre_ln_encoder_layer(chapter, n, d, n_heads, causal):
    layer = chapter["random_layer"](RNG, d, n_heads)
    X, mask = (
        RNG.standard_normal((n, d)),
        np.tri(n, dtype=bool) if causal else np.ones((n, n), bool),
    )
    theirs = encoder_layer(layer, norm_first=True)
    close(chapter["block"](X, layer, mask), theirs(t(X)[None], src_mask=t(~mask))[0])
    if not causal:
        np.testing.assert_array_equal(chapter["block"](X, layer), chapter["block"](X, layer, mask))


def test_layer_norm_with_gain_and_bias(chapter):
    X, gain, bias = (RNG.standard_normal(s) for s in ((4, 9), 9, 9))
    close(chapter["layer_norm"](X, gain, bias), F.layer_norm(t(X), (9,), t(gain), t(bias)))


def test_mlp(chapter):
    X, W_1, W_2 = (RNG.standard_normal(s) for s in ((4, 3), (3, 8), (8, 3)))
    theirs = F.linear(F.relu(F.linear(t(X), t(W_1.T))), t(W_2.T))
    close(chapter["mlp"](X, W_1, W_2), theirs)


def test_layer_norm_backward_is_autograds(chapter):
    X, dY = RNG.standard_normal((2, 5, 8))
    x = t(X).requires_grad_()
    F.layer_norm(x, (8,)).backward(t(dY))
    close(chapter["norm_backward"](dY, X), x.grad)


@pytest.mark.parametrize("post", [False, True])
def test_gradient_of_the_last_matrix_is_autograds(chapter, post):
    rng = np.random.default_rng(4)
    X, dY = rng.standard_normal((2, 16, 128))
    out = t(X)[None]
    for _ in range(3):
        theirs = encoder_layer(chapter["random_layer"](rng, 128, 4), norm_first=not post)
        out = theirs(out)
    # post-LN ends each layer with its norm; pre-LN needs one behind the last block
    (out if post else F.layer_norm(out, (128,))).backward(t(dY)[None])
    np.testing.assert_allclose(
        chapter["last_gradient"](3, post, seed=4), theirs.linear2.weight.grad.norm(), rtol=1e-10
    )


def test_all_parts_together_are_the_block(chapter):
    layers = [chapter["random_layer"](RNG, 12, 3) for _ in range(3)]
    X = RNG.standard_normal((5, 12))
    *_, last = chapter["states"](X, layers, True, True, True)
    for layer in layers:
        X = chapter["block"](X, layer)
    np.testing.assert_allclose(last, X, rtol=1e-12)


def test_a_base_layer_has_the_weights_that_the_chapter_counts():
    theirs = torch.nn.TransformerEncoderLayer(512, 8, 2048, device="meta")
    attention_biases = 4 * 512  # in PyTorch's attention, not in the paper's
    counted = sum(p.numel() for p in theirs.parameters()) - attention_biases
    assert counted == 3_145_728 + 4_608


def test_parts_taken_out_of_the_trained_net_are_weights_set_to_zero(chapter):
    X = nets.text.part("test")[:60].reshape(30, 2)
    net, cut = nets.load("transformer"), nets.load("transformer")
    chapter.update(net=net, p=net.p, sizes={})
    np.testing.assert_allclose(chapter["scores"](X), net.forward(X)[0], atol=1e-4)
    cut.p["0.W_o"][...] = 0
    for name in "1.W_2", "1.b_2":
        cut.p[name][...] = 0
    found = chapter["scores"](X, ["attention 0", "MLP 1"])
    np.testing.assert_allclose(found, cut.forward(X)[0], atol=1e-4)
