"""The block, the scans and the look-up of the chapter are right, for any weights and sizes."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from lesson import nets
from lesson.nets import text
from lesson.schedules import WAYS

from tests.chapters.support import close, t

CHAPTER = "all-at-once"
RNG = np.random.default_rng(3)


@pytest.fixture(scope="module")
def chapter(chapter):
    """The chapter's functions, with weights whose sizes are all different."""
    d, f = 7, 11
    names = chapter | {name: RNG.normal(size=(d, d)) for name in ("W_q", "W_k", "W_v", "W_o")}
    names |= {"W_1": RNG.normal(size=(d, f)), "W_2": RNG.normal(size=(f, d))}
    for function in ("mlp", "block", "next_row"):
        names[function].__globals__.update(names)
    return names


@pytest.mark.parametrize("n", [1, 2, 5, 30])
def test_block_is_pytorchs_and_equals_word_by_word_with_a_cache(chapter, n):
    d = len(chapter["W_q"])
    X = RNG.normal(size=(n, d))
    W = {name: t(chapter[name]) for name in ("W_q", "W_k", "W_v", "W_o", "W_1", "W_2")}
    N = F.layer_norm(t(X), (d,))
    mixed = F.scaled_dot_product_attention(N @ W["W_q"], N @ W["W_k"], N @ W["W_v"], is_causal=True)
    A = t(X) + mixed @ W["W_o"]
    Y = A + F.relu(F.layer_norm(A, (d,)) @ W["W_1"]) @ W["W_2"]
    close(chapter["block"](X), Y)
    cache = {"K": np.empty((0, d)), "V": np.empty((0, d))}
    close([chapter["next_row"](x, cache) for x in X], Y)


@pytest.mark.parametrize("drafter", ["rnn", "gated"])
def test_a_draft_changes_no_character_and_every_call_writes_one_at_least(chapter, drafter):
    net, prompt, n = nets.load("transformer"), text.encode("It is a truth "), 20
    alone = chapter["write_alone"](net, prompt, n)
    for k in (1, 4, 30):
        written, calls = chapter["write_from_drafts"](net, nets.load(drafter), prompt, n, k)
        assert written == alone
        assert -(-n // (k + 1)) <= calls <= n
    perfect = chapter["write_from_drafts"](net, net, prompt, n, 4)
    assert perfect == (alone, 4), "who drafts for itself is always right"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("n", [*range(1, 40), 256])
def test_schedule_gives_every_prefix_once_and_in_order(chapter, way, n):
    schedule = WAYS[way](n)
    for joins in schedule:
        assert joins and len({i for i, _ in joins}) == len(joins), "a place is written twice"
    prefixes = chapter["scan"](schedule, [(i,) for i in range(n)], lambda a, b: a + b)
    assert prefixes == [tuple(range(i + 1)) for i in range(n)]


@pytest.mark.parametrize("k", range(1, 7))
def test_rounds_and_joins_are_as_the_theory_says(k):
    n = 4**k
    count = {way: (len(make(n)), sum(map(len, make(n)))) for way, make in WAYS.items()}
    size = 2**k
    assert count["one by one"] == (n - 1, n - 1)
    assert count["chunked"] == (2 * size - 1, 2 * n - 2 * size)
    assert count["doubling"] == (2 * k, n * 2 * k - n + 1)
    assert count["tree"] == (4 * k - 1, 2 * n - 2 - 2 * k)


@pytest.mark.parametrize("way", WAYS)
def test_scans_of_both_kinds_are_pytorchs_loop(chapter, way):
    n, H = 37, 5
    A, a, P = RNG.normal(size=(n, H, H)) / 3, RNG.uniform(-1, 1, (n, H)), RNG.normal(size=(n, H))
    h_dense = h_diagonal = torch.zeros(H, dtype=torch.float64)
    by_dense, by_diagonal = [], []
    for A_t, a_t, p in zip(t(A), t(a), t(P), strict=True):
        h_dense, h_diagonal = h_dense @ A_t + p, h_diagonal * a_t + p
        by_dense.append(h_dense)
        by_diagonal.append(h_diagonal)
    schedule = WAYS[way](n)
    scan = chapter["scan"](schedule, list(zip(A, P, strict=True)), chapter["dense"])
    close([p for _, p in scan], torch.stack(by_dense))
    scan = chapter["scan"](schedule, list(zip(a, P, strict=True)), chapter["diagonal"])
    close([p for _, p in scan], torch.stack(by_diagonal))


@pytest.mark.parametrize("improve", ["sweep", "newton"])
def test_sweeps_and_newtons_method_find_pytorchs_states(chapter, improve):
    N, D, H = 7, 5, 4
    rnn = torch.nn.RNN(D, H, dtype=torch.float64)
    X = RNG.normal(size=(N, D))
    W_xh, W_hh = (W.detach().numpy().T for W in (rnn.weight_ih_l0, rnn.weight_hh_l0))
    P = X @ W_xh + (rnn.bias_ih_l0 + rnn.bias_hh_l0).detach().numpy()
    states, count = chapter["repeated"](chapter[improve], P, W_hh, 1e-13)
    close(states, rnn(t(X))[0])
    assert count <= N + 1  # after k improvements the first k states are right


def test_fit_is_a_scaled_softmax(chapter):
    query, K = RNG.normal(size=5), RNG.normal(size=(9, 5))
    want = F.softmax(2.5 * t(K) @ t(query) / 5**0.5, dim=0).numpy()
    np.testing.assert_allclose(chapter["fit"](query, K, 2.5), want, rtol=1e-10)
