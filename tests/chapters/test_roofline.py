"""The bounds are sums that can be done by hand; named models have their published sizes."""

import math

import pytest
from lesson import roofline
from lesson.roofline import H100, NAMED


@pytest.mark.parametrize(
    "name, billions",
    [("Llama 3.1 8B", 8.03), ("Mistral 7B", 7.24), ("xLSTM 7B", 6.87), ("Nemotron-H 8B", 8.10)],
)
def test_named_models_have_their_published_size(name, billions):
    assert NAMED[name].parameters / 1e9 == pytest.approx(billions, rel=0.01)


def test_what_is_kept_of_a_text():
    assert NAMED["Llama 3.1 8B"].kept(8192) == 32 * 8192 * 2 * 8 * 128
    assert NAMED["Mistral 7B"].kept(100_000) == NAMED["Llama 3.1 8B"].kept(4096)
    assert NAMED["xLSTM 7B"].kept(1) == NAMED["xLSTM 7B"].kept(10**6)
    hybrid = NAMED["Nemotron-H 8B"]
    assert hybrid.kept(2000) - hybrid.kept(1000) == 4 * 1000 * 2 * 8 * 128


@pytest.mark.parametrize(
    "d, layers, g, users", [(4096, 32, 4, 64), (512, 6, 1, 1), (8192, 80, 8, 3)]
)
def test_caches_cost_what_weights_cost_at_6dg_over_users(d, layers, g, users):
    model = roofline.transformer(d, layers, g)
    n = 6 * d * g / users
    assert model.crossing(users) == n
    weights, kept, _ = roofline.token_seconds(model, H100, int(n), users)
    assert kept == pytest.approx(weights, rel=1e-3)
    assert roofline.linear(d, layers).crossing(users) == math.inf


def test_a_token_by_hand():
    model = roofline.transformer(4096, 32, 4)
    weights, kept, work = roofline.token_seconds(model, H100, 8192, users=64)
    assert weights == 12 * 4096**2 * 32 * 2 / 3.35e12
    assert kept == 64 * 32 * 2 * 1024 * 8192 * 2 / 3.35e12
    assert work == 2 * 64 * 32 * (12 * 4096**2 + 2 * 4096 * 8192) / 989.4e12
    assert roofline.token_bound(model, H100, 8192, users=64) == weights + kept
    assert roofline.token_seconds(model, H100, 8192, 64, 1)[0] == weights / 2


def test_a_state_is_read_and_written():
    model = roofline.linear(4096, 32)
    _, kept, _ = roofline.token_seconds(model, H100, 1, users=1)
    assert kept == 2 * 256 * 4096 * 32 * 2 / 3.35e12


@pytest.mark.parametrize("window", [None, 5, 100])
def test_reading_is_the_sum_of_its_tokens(window):
    model = roofline.transformer(64, 2, 1, window)
    tokens = [model.token_work(t) for t in range(1, 21)]
    assert model.reading_work(20) == sum(tokens)


def test_who_reads_in_order_fetches_half_of_the_weights_for_each_token():
    at_once, in_order = roofline.linear(4096, 32), roofline.lstm(4096, 32)
    assert at_once.body == in_order.body == roofline.transformer(4096, 32).body
    n = 8192
    fetched = n * in_order.body / 2 * 2 / H100.bandwidth
    assert roofline.first_token_bound(in_order, H100, n) == pytest.approx(fetched)
    assert roofline.first_token_bound(at_once, H100, n) < fetched / 100
    alone = roofline.first_token_bound(at_once, H100, 1)
    assert alone == at_once.body * 2 / H100.bandwidth


def test_texts_fit_beside_the_weights_or_not_at_all():
    model = NAMED["Llama 3.1 8B"]
    users = roofline.users_that_fit(model, H100, 8192)
    weights, text = 2 * model.parameters, 2 * model.kept(8192)
    assert weights + users * text <= 80e9 < weights + (users + 1) * text
    assert roofline.users_that_fit(model, H100, 10**6) == 0
    assert roofline.users_that_fit(roofline.transformer(8192, 80, 8), H100, 1) == 0
    assert roofline.users_that_fit(roofline.transformer(8192, 80, 8), H100, 1, 1) > 0


def test_training_is_three_times_reading_with_every_token_asked():
    model = roofline.transformer(512, 6)
    by_hand = 6 * (12 * 512**2 * 6 + 2 * 512 * 6 * (1 + 100) / 2)
    assert roofline.training_flops(model, 100) == pytest.approx(by_hand)
