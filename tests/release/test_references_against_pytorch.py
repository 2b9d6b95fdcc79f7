"""The answers to attention and transformer, and what their tests expect, are PyTorch's."""

import re

import nbformat
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from grading.assignment import read
from release.exercises import REGION

torch.set_num_threads(1)
SMALL = st.integers(1, 5)
SEED = st.integers(0, 10**6)
QUICK = settings(max_examples=25, deadline=None, derandomize=True)


def cells(assignment: str) -> list[nbformat.NotebookNode]:
    return [c for c in read(assignment).cells if c.cell_type == "code"]


@pytest.fixture(scope="module")
def names():
    """Everything that the two notebooks define: answers, and the functions of the hidden tests."""
    found = {}
    for assignment in ("attention", "transformer"):
        for cell in cells(assignment):
            source = cell.source.replace("%run -i", "# ")
            if cell.metadata.nbgrader.grade:  # the definitions of a hidden test, not its run
                hidden = REGION.search(source)
                source = re.split(r"^with ", hidden[2], flags=re.M)[0] if hidden else ""
            exec(compile(source, cell.metadata.nbgrader.grade_id, "exec"), found)
    return found


def t(array):
    return torch.as_tensor(np.asarray(array))


def close(ours, theirs):
    np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-9, atol=1e-9)


def a_mask(rng, *shape):
    mask = rng.random(shape) < 0.5
    np.put_along_axis(mask, rng.integers(0, shape[-1], (*shape[:-1], 1)), True, -1)
    return mask


@QUICK
@given(shape=st.lists(SMALL, min_size=1, max_size=4), seed=SEED, data=st.data())
def test_softmax(names, shape, seed, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    z = np.random.default_rng(seed).normal(size=shape) * 10.0 ** (seed % 4)
    close(names["softmax"](z, axis), F.softmax(t(z), dim=axis))
    close(np.apply_along_axis(names["expected_softmax"], axis, z), F.softmax(t(z), dim=axis))


@QUICK
@given(n=SMALL, m=SMALL, dk=SMALL, dv=SMALL, lead=st.sampled_from([(), (3,), (2, 3)]), seed=SEED)
def test_scaled_dot_product_attention(names, n, m, dk, dv, lead, seed):
    rng = np.random.default_rng(seed)
    Q, K, V = (rng.normal(size=(*lead, *s)) * 3 for s in [(n, dk), (m, dk), (m, dv)])
    for mask in (None, a_mask(rng, n, m), a_mask(rng, *lead, n, m)):
        theirs = F.scaled_dot_product_attention(
            t(Q), t(K), t(V), attn_mask=None if mask is None else t(mask)
        )
        for which in ("scaled_dot_product_attention", "expected_attention"):
            out, weights = names[which](Q, K, V, mask)
            close(out, theirs)
            close(weights @ V, theirs)
            close(weights.sum(-1), torch.ones(*lead, n, dtype=torch.float64))
            assert mask is None or (weights[~np.broadcast_to(mask, weights.shape)] == 0).all()


def heads_of_pytorch(W_q, W_k, W_v, W_o, n_heads):
    layer = torch.nn.MultiheadAttention(
        len(W_o), n_heads, bias=False, batch_first=True, dtype=torch.float64
    )
    layer.in_proj_weight.data = t(np.concatenate([W_q.T, W_k.T, W_v.T]))
    layer.out_proj.weight.data = t(W_o.T)
    return layer


def hides(mask, n_heads):
    """A mask as PyTorch's layers want it: True hides; one for each sentence and head."""
    if mask is None:
        return None
    return t(~mask if mask.ndim == 2 else np.repeat(~mask, n_heads, axis=0))


@QUICK
@given(n=SMALL, h=SMALL, dk=SMALL, B=st.none() | SMALL, seed=SEED)
def test_multi_head_attention(names, n, h, dk, B, seed):
    rng, lead = np.random.default_rng(seed), () if B is None else (B,)
    X, W = rng.normal(size=(*lead, n, h * dk)), rng.normal(size=(4, h * dk, h * dk))
    layer = heads_of_pytorch(*W, h)
    for mask in (None, a_mask(rng, n, n), a_mask(rng, *lead, n, n)):
        theirs = layer(t(X), t(X), t(X), attn_mask=hides(mask, h))[0]
        close(names["multi_head_attention"](X, *W, h, mask), theirs)
        close(names["expected_heads"](X, *W, h, mask), theirs)


def block_of_pytorch(p, n_heads):
    d, f = p["W_1"].shape
    layer = torch.nn.TransformerEncoderLayer(
        d, n_heads, f, dropout=0, batch_first=True, norm_first=True, dtype=torch.float64
    )
    heads = heads_of_pytorch(p["W_q"], p["W_k"], p["W_v"], p["W_o"], n_heads)
    layer.self_attn.in_proj_weight, layer.self_attn.out_proj.weight = (
        heads.in_proj_weight,
        heads.out_proj.weight,
    )
    layer.self_attn.in_proj_bias.data.zero_()
    layer.self_attn.out_proj.bias.data.zero_()
    for part, weight, bias in [
        (layer.norm1, p["ln1_g"], p["ln1_b"]),
        (layer.norm2, p["ln2_g"], p["ln2_b"]),
        (layer.linear1, p["W_1"].T, p["b_1"]),
        (layer.linear2, p["W_2"].T, p["b_2"]),
    ]:
        part.weight.data, part.bias.data = t(weight.copy()), t(bias)
    return layer


@QUICK
@given(n=SMALL, h=SMALL, dk=SMALL, f=SMALL, B=st.none() | SMALL, seed=SEED)
def test_transformer_block(names, n, h, dk, f, B, seed):
    lead = () if B is None else (B,)
    X, p = names["words_and_parameters"](seed, *lead, n=n, d=h * dk, f=f)
    rng, layer = np.random.default_rng(seed), block_of_pytorch(p, h)
    X[..., : n // 2, :] *= 1e-3  # words so faint that ε matters
    for mask in (None, a_mask(rng, n, n), a_mask(rng, *lead, n, n)):
        theirs = layer(t(X), src_mask=hides(mask, h))
        close(names["transformer_block"](X, p, h, mask), theirs)
        close(names["expected_block"](X, p, h, mask), theirs)


def test_the_stages_of_the_worked_example(names):
    """The numbers that the statement prints, stage by stage."""
    (text,) = [c.source for c in read("transformer").cells if "norm_1(X) = [[" in c.source]
    printed = {
        name.strip(): np.array(eval(value))
        for name, value in re.findall(r"^(\S+) += (\[\[.*?\]\])$", text, re.M | re.S)
    }
    X, p = names["worked_example"]()
    layer = block_of_pytorch(p, 2)
    normed = layer.norm1(t(X))
    added, weights = layer.self_attn(normed, normed, normed, average_attn_weights=False)
    A = t(X) + added
    stages = {"norm_1(X)": normed, "softmax_0": weights[0], "softmax_1": weights[1], "A": A}
    stages["norm_2(A)"] = layer.norm2(A)
    assert printed.keys() == stages.keys()
    for name, stage in stages.items():
        np.testing.assert_allclose(printed[name], stage.detach().numpy(), atol=5.1e-5)


def test_the_examples_by_hand(names):
    """What the statements of softmax and of several heads compute by hand."""
    (text,) = [c.source for c in read("attention").cells if "[2.3846, 3.2735]" in c.source]
    X = np.array([[1.0, 0], [0, 1], [2, 1]])
    W_q, W_k = np.array([[0, np.log(2)], [np.log(3), 0]]), np.eye(2)
    W_v, W_o = np.array([[1.0, 0], [1, 1]]), np.array([[1.0, 1], [0, 1]])
    layer = heads_of_pytorch(W_q, W_k, W_v, W_o, 2)
    last = layer(t(X), t(X), t(X))[0][-1].detach().numpy()
    np.testing.assert_allclose(last, [2.3846, 3.2735], atol=5e-5)
    np.testing.assert_allclose(last, [31 / 13, 31 / 13 + 8 / 9])
    assert "31/13" in text
