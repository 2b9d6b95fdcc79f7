"""The arithmetic of chapter 1 agrees with PyTorch and with a plain loop."""

import itertools

import numpy as np
import torch
import torch.nn.functional as F
from lesson import words
from lesson.figures import word_vectors as figures

from tests.chapters.support import functions

CHAPTER = functions("word-vectors")
NAMES, E = words.load()


def test_unit_is_pytorchs_normalize():
    X = np.random.default_rng(0).normal(size=(4, 7, 5))
    np.testing.assert_allclose(CHAPTER["unit"](X), F.normalize(torch.as_tensor(X), dim=-1), 1e-12)


def test_score_is_what_a_loop_over_the_questions_counts(monkeypatch):
    U = CHAPTER["unit"](E)
    pairs = [tuple(map(words.index, pair)) for pair in words.analogies()["man and woman"][:5]]
    for exclude, arrow in itertools.product((True, False), repeat=2):
        hits = []
        for (a, b), (c, d) in itertools.permutations(pairs, 2):
            cosines = U @ (E[b] - E[a] + E[c] if arrow else E[c])
            if exclude:
                cosines[[a, b, c]] = -np.inf
            hits.append(cosines.argmax() == d)
        with monkeypatch.context() as patch:
            patch.setitem(CHAPTER, "words", _Only(pairs))
            assert CHAPTER["score"](E, "x", exclude, arrow) == np.mean(hits)


def test_among_no_other_words_only_those_of_the_pairs_may_answer():
    pairs = words.analogies()["past tense"]
    rows = np.array([[words.index(word) for word in pair] for pair in pairs])
    own = CHAPTER["right_answers"](E, "past tense", among=0)
    alone = E[rows.ravel()]
    (a, b), (c, d) = rows[0], rows[1]
    cosines = CHAPTER["unit"](alone) @ (E[b] - E[a] + E[c])
    cosines[np.isin(rows.ravel(), [a, b, c])] = -np.inf
    assert own[0, 1] == (rows.ravel()[cosines.argmax()] == d)
    assert np.isnan(own.diagonal()).all()


class _Only:
    """Stands in for `words`: these pairs, already as rows."""

    def __init__(self, pairs):
        self.pairs = pairs

    def analogies(self):
        return {"x": self.pairs}

    def index(self, row):
        return row


def test_chance_is_the_mean_over_all_pairs():
    for subtract_mean in (False, True):
        U = figures.unit(figures.table(subtract_mean))
        mean = (U @ U.T)[np.triu_indices(len(U), 1)].mean()
        assert np.isclose(figures.chance(subtract_mean), mean, atol=1e-12)
