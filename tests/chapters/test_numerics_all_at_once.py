"""The block, the look-up and the schedules of chapter 7 are right, for any weights and sizes."""

import numpy as np
import pytest
import torch.nn.functional as F

from tests.chapters.support import t

CHAPTER = "all-at-once"
RNG = np.random.default_rng(3)


@pytest.fixture(scope="module")
def chapter(chapter):
    """The chapter's functions, with weights whose sizes are all different."""
    d, f = 7, 11
    names = chapter | {"d": d}
    for name in ("W_q", "W_k", "W_v", "W_o"):
        names[name] = RNG.normal(size=(d, d))
    names |= {"W_1": RNG.normal(size=(d, f)), "W_2": RNG.normal(size=(f, d))}
    for function in ("softmax", "norm", "weights", "block", "next_row", "mlp", "cell"):
        names[function].__globals__.update(names)
    return names


@pytest.mark.parametrize("n", [1, 2, 5, 30])
def test_block_is_pytorchs_and_equals_word_by_word_with_a_cache(chapter, n):
    d = chapter["d"]
    X = RNG.normal(size=(n, d))
    W = {name: t(chapter[name]) for name in ("W_q", "W_k", "W_v", "W_o", "W_1", "W_2")}
    N = F.layer_norm(t(X), (d,), eps=0)
    mixed = F.scaled_dot_product_attention(N @ W["W_q"], N @ W["W_k"], N @ W["W_v"], is_causal=True)
    A = t(X) + mixed @ W["W_o"]
    Y = A + F.relu(F.layer_norm(A, (d,), eps=0) @ W["W_1"]) @ W["W_2"]
    np.testing.assert_allclose(chapter["block"](X), Y.numpy(), rtol=1e-10, atol=1e-10)
    cache = {"K": np.empty((0, d)), "V": np.empty((0, d))}
    one_by_one = [chapter["next_row"](x, cache) for x in X]
    np.testing.assert_allclose(one_by_one, Y.numpy(), rtol=1e-10, atol=1e-10)


def test_fit_is_a_scaled_softmax(chapter):
    query, K = RNG.normal(size=5), RNG.normal(size=(9, 5))
    want = F.softmax(2.5 * t(K) @ t(query) / 5**0.5, dim=0).numpy()
    np.testing.assert_allclose(chapter["fit"](query, K, 2.5), want, rtol=1e-10)


@pytest.mark.parametrize("way", ["one_by_one", "doubling", "tree"])
@pytest.mark.parametrize("n", [*range(1, 40), 256])
def test_schedule_gives_every_prefix_once_and_in_order(chapter, way, n):
    results = {i: (i,) for i in range(n)}
    for joins in chapter[way](n):
        assert len({i for i, _ in joins}) == len(joins), "a place is written twice in a round"
        results |= {i: results[j] + results[i] for i, j in joins}
    assert results == {i: tuple(range(i + 1)) for i in range(n)}


@pytest.mark.parametrize("k", range(1, 13))
def test_rounds_and_joins_are_as_the_theory_says(chapter, k):
    n = 2**k
    count = {
        way: (len(chapter[way](n)), sum(map(len, chapter[way](n))))
        for way in ("one_by_one", "doubling", "tree")
    }
    assert count["one_by_one"] == (n - 1, n - 1)
    assert count["doubling"] == (k, n * k - n + 1)
    assert count["tree"] == (2 * k - 1, 2 * n - 2 - k)


def test_costs_are_those_of_counted_shapes(chapter):
    t_, d = 37, 16
    rows = [4 * d * d + 2 * i * d for i in range(1, t_ + 1)]  # word i compares and mixes i rows
    assert chapter["macs"](t_, d) == {
        "RNN": 2 * d * d,
        "attention": rows[-1],
        "no cache": sum(rows),
    }
    assert chapter["kept"](t_, d) == {
        "RNN": np.zeros(d, np.float32).nbytes,
        "attention": np.zeros((2, t_, d), np.float32).nbytes,
    }
