"""Where RNNs still win: parity, the scan and the copies are right; so is what is counted."""

import itertools

import pytest
import torch
from lesson.figures.where_rnns_win import amount

from tests.chapters.support import close

CHAPTER = "where-rnns-win"


@pytest.fixture(scope="module")
def chapter(chapter):
    chapter.update(d=8, H=64)
    return chapter


def test_the_transformer_is_right_on_every_short_sentence(chapter):
    for n in range(1, 11):
        for presses in itertools.product([0, 1], repeat=n):
            assert chapter["light_by_attention"](presses) == sum(presses) % 2, presses


@pytest.mark.parametrize("n", [1, 2, 7, 64, 100])
def test_the_scan_joins_any_matrices_in_order(chapter, n):
    transitions = torch.randn(n, 3, 3, dtype=torch.float64, generator=torch.manual_seed(n)) / 2
    joined, rounds = chapter["scan"](transitions.numpy())
    product = torch.eye(3, dtype=torch.float64)
    for transition, prefix in zip(transitions, joined, strict=True):
        product = product @ transition
        close(prefix, product)
    assert rounds == (n - 1).bit_length()


@pytest.mark.parametrize("n", [1, 8, 9, 300])
def test_a_delay_line_keeps_its_last_eight_words_and_no_others(chapter, n):
    assert chapter["kept_by_delay_line"](n) == min(n, 8)


@pytest.mark.parametrize("n", [2, 64, 500])
def test_attention_copies_every_word(chapter, n):
    assert chapter["copied"](n) == n


@pytest.mark.parametrize("layers, d, n", [(1, 256, 1), (12, 768, 8192)])
def test_bytes_kept(chapter, layers, d, n):
    kept = chapter["bytes_kept"]
    assert kept("RNN", layers, d, n) == kept("RNN", layers, d, 10 * n) == 2 * layers * d
    assert kept("linear attention", layers, d, n) == 2 * layers * (d // 64) * 64 * 64
    assert kept("transformer", layers, d, n) == 2 * layers * 2 * d * n
    assert 4 * kept("grouped queries", layers, d, n) == kept("transformer", layers, d, n)
    assert kept("window of 1,024", layers, d, n) == kept("transformer", layers, d, min(n, 1024))


@pytest.mark.parametrize(
    "count, text",
    [(1, "1 B"), (999, "999 B"), (1000, "1.0 kB"), (614_400, "614 kB"), (36.864e9, "36.9 GB")],
)
def test_amount(count, text):
    assert amount(count) == text
