"""The RNN of chapter 3 is PyTorch's, its gradient autograd's, and no network beats the bound."""

import numpy as np
import pytest
import torch

CHAPTER = "memory"
B, N, D, H = 6, 9, 8, 5


@pytest.fixture(scope="module")
def chapter(chapter):
    """The chapter's functions, and the words that they read in its cells."""
    rng = np.random.default_rng(3)
    signs = np.array([[1.0]])
    for _ in range(5):
        signs = np.block([[signs, signs], [signs, -signs]])
    chapter["words"] = signs[:, 9:17]
    chapter["ids"] = rng.integers(32, size=(2000, 12))
    chapter["X"] = chapter["words"][chapter["ids"]]
    return chapter


def torch_states(X, W_xh, W_hh):
    rnn = torch.nn.RNN(D, len(W_hh), bias=False, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        rnn.weight_ih_l0.copy_(torch.tensor(W_xh.T))
        rnn.weight_hh_l0.copy_(torch.tensor(W_hh.T))
    return rnn(X)[0]


def test_states_and_gradient(chapter):
    network = chapter["random_rnn"](H, radius=1.2)
    X = torch.tensor(np.random.default_rng(1).normal(size=(B, N, D)), requires_grad=True)
    theirs = torch_states(X, *network)
    states = chapter["run_rnn"](X.detach().numpy(), *network)
    np.testing.assert_allclose(states, theirs.detach().numpy(), rtol=0, atol=1e-10)

    error = np.random.default_rng(2).normal(size=(B, H))  # the one that the chapter sends back
    (theirs[:, -1] * torch.tensor(error)).sum().backward()
    sizes = X.grad.square().mean(dim=(0, 2)).sqrt().numpy()[::-1]
    ours = chapter["gradient"](states, *network)
    np.testing.assert_allclose(ours, sizes / sizes[0], rtol=1e-10)


@pytest.mark.parametrize("radius", [0.3, 0.9, 1.5])
def test_spectral_radius_is_the_one_asked_for(chapter, radius):
    W_hh = chapter["random_rnn"](H, radius)[1]
    assert np.isclose(abs(np.linalg.eigvals(W_hh)).max(), radius)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("radius", [0.5, 0.9, 1.5])
def test_capacity_stays_below_the_bound(chapter, radius, seed):
    units = 24
    states = chapter["run_rnn"](chapter["X"], *chapter["random_rnn"](units, radius, seed=seed))
    _, capacity = chapter["probe"](states[:, -1], half=1000)
    assert 0.2 * units < capacity.sum() < units


@pytest.mark.parametrize("kept", [1, 3, 6])
def test_delay_line_keeps_its_words_and_nothing_else(chapter, kept):
    states = chapter["run_rnn"](chapter["X"], *chapter["delay_line"](8 * kept))
    accuracy, capacity = chapter["probe"](states[:, -1], half=1000)
    assert np.all(accuracy[:kept] == 1) and np.all(accuracy[kept:] < 0.1)
    np.testing.assert_allclose(capacity[:kept], 8, atol=1e-6)
    assert capacity[kept:].sum() < 0.1


def test_a_probe_reads_nothing_from_noise(chapter):
    noise = np.random.default_rng(4).normal(size=(2000, 24))
    accuracy, capacity = chapter["probe"](noise, half=1000)
    assert accuracy.max() < 0.1 and capacity.sum() < 0.5


def test_a_delay_line_bends_what_is_not_a_sign(chapter):
    """The chapter's 55.0 of 64: tanh of two values is linear, of others it is not."""
    signs = chapter["X"]
    chapter["X"] = np.random.default_rng(3).normal(size=(4000, 30, D))
    try:
        states = chapter["run_rnn"](chapter["X"], *chapter["delay_line"](64))[:, -1]
        back = chapter["X"][:, ::-1].reshape(len(states), -1)
        weights = np.linalg.lstsq(states[:2000], back[:2000], rcond=None)[0]
        missed = ((states[2000:] @ weights - back[2000:]) ** 2).mean(axis=0)
        capacity = (1 - missed / (back[2000:] ** 2).mean(axis=0)).clip(min=0).sum()
    finally:
        chapter["X"] = signs
    assert np.isclose(capacity, 55.0, atol=0.1)


def test_radius_and_input_scale_trade_off(chapter):
    def capacity(radius, scale):
        network = chapter["random_rnn"](24, radius, scale)
        return chapter["probe"](chapter["run_rnn"](chapter["X"], *network)[:, -1], 1000)[1].sum()

    assert capacity(0.5, 0.03) > capacity(1.5, 0.03)
    assert capacity(0.5, 2.0) < capacity(1.5, 2.0)


def test_after_training_the_probe_reads_fewer_characters_and_the_place_in_the_word_better(chapter):
    """What the chapter prints of the RNN, from the shipped weights."""
    parts = [chapter["excerpts"](part) for part in ("validation", "test")]
    chapter["fitted_on"], chapter["judged_on"] = parts
    chapter["one_hot"] = np.eye(75)
    found = {}
    for name, net in (
        ("trained", chapter["nets"].load("rnn")),
        ("untrained", chapter["nets"].NETS["rnn"](seed=0)),
    ):
        states = [chapter["last_state"](net, symbols) for symbols in parts]
        found[name] = chapter["read_back"](*states, distances=4)[3], chapter["knows_place"](*states)
    np.testing.assert_allclose(found["trained"], (0.45, 0.81), atol=0.01)
    np.testing.assert_allclose(found["untrained"], (0.98, 0.69), atol=0.01)


def test_into_word_counts_the_letters_since_the_last_break(chapter):
    encode = chapter["text"].encode
    rows = np.stack([encode(row) for row in ("a word", "a one ", "it's a", "ab\n\ncd")])
    assert chapter["into_word"](rows).ravel().tolist() == [4, 0, 1, 2]
