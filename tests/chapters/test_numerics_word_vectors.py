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


def test_score_is_what_a_loop_over_the_questions_counts():
    U = CHAPTER["unit"](E)
    pairs = [tuple(map(words.index, pair)) for pair in words.analogies()["man and woman"][:5]]
    for exclude, arrow in itertools.product((True, False), repeat=2):
        hits = []
        for (a, b), (c, d) in itertools.permutations(pairs, 2):
            cosines = U @ (E[b] - E[a] + E[c] if arrow else E[c])
            if exclude:
                cosines[[a, b, c]] = -np.inf
            hits.append(cosines.argmax() == d)
        chapter = dict(CHAPTER)
        chapter["words"] = _Only(pairs)
        score = type(CHAPTER["score"])(CHAPTER["score"].__code__, chapter, "score")
        assert score(E, "x", exclude, arrow) == np.mean(hits)


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
