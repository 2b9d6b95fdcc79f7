"""Chapter 8: flipping one word by the short cut is flipping it; what is counted is right."""

import numpy as np
import pytest
import torch
from lesson.figures.where_rnns_win import amount

CHAPTER = "where-rnns-win"


@pytest.fixture(scope="module")
def chapter(chapter):
    chapter.update(d=8, H=64)
    return chapter


@pytest.mark.parametrize("sharpness", [0.5, 1, 8])
@pytest.mark.parametrize("n", [2, 7, 40])
def test_a_flip_is_a_softmax_over_the_flipped_sentence(chapter, n, sharpness):
    e, v, e_flip, v_flip = map(torch.tensor, chapter["head"](n, sharpness, seed=n))

    def output(scores, values):
        return torch.softmax(scores[:, 0], dim=0) @ values

    for j, moved in enumerate(chapter["flip_each"](n, sharpness, seed=n)):
        scores, values = e.log(), v.clone()
        scores[j], values[j] = e_flip[j].log(), v_flip[j]
        change = torch.linalg.norm(output(scores, values) - output(e.log(), v))
        np.testing.assert_allclose(moved, change.item(), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("n", [2, 64, 500])
def test_attention_copies_every_word(chapter, n):
    assert chapter["copied"](n) == n


@pytest.mark.parametrize("layers, d, n", [(1, 256, 1), (12, 768, 8192)])
def test_bytes_kept(chapter, layers, d, n):
    kept = chapter["bytes_kept"]
    assert kept("RNN", layers, d, n) == kept("RNN", layers, d, 10 * n) == 2 * layers * d
    assert kept("linear attention", layers, d, n) == 2 * layers * (d // 64) * 64 * 64
    assert kept("transformer", layers, d, n) == 2 * layers * 2 * d * n
    assert kept("window of 1,024", layers, d, n) == kept("transformer", layers, d, min(n, 1024))


@pytest.mark.parametrize(
    "count, text",
    [(1, "1 B"), (999, "999 B"), (1000, "1.0 kB"), (614_400, "614 kB"), (36.864e9, "36.9 GB")],
)
def test_amount(count, text):
    assert amount(count) == text
