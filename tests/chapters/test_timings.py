"""The recorded times are whole, and what the script times is what it says it is."""

import re

import numpy as np
import pytest
import torch
from data import timings as script
from lesson import timings


def test_every_job_is_recorded_on_one_thread_with_equally_many_weights():
    record = timings.record()
    runs = [run for run in record["runs"] if run["threads"] == 1]
    assert [(r["task"], r["batch"], r["n"], r["net"]) for r in runs] == script.jobs()
    assert all(0 < low <= middle <= high for middle, low, high in (r["ms"] for r in runs))
    sizes = record["parameters"].values()
    assert max(sizes) < 1.005 * min(sizes)
    assert re.fullmatch(r"[\w .()@-]+, \d+ cores", record["machine"]), "a kind, and no more"


def test_times_of_what_was_not_timed_are_refused():
    with pytest.raises(ValueError, match="nothing was timed"):
        timings.times("reading", 7, "RNN")


def test_lines_cross_where_their_medians_are_equal():
    first = {n: [n / 100, 0, 0] for n in (10, 100, 1000)}
    second = {n: [1.0, 0, 0] for n in (10, 100, 1000)}
    assert timings.crossings(first, {n: [50.0, 0, 0] for n in first}) == []
    crossed = timings.crossings({**first, 100: [2.0, 0, 0]}, second)
    assert crossed == [pytest.approx(10 ** (1 + 1 / np.log10(20)), rel=0.01)]


@pytest.mark.parametrize("T", [1, 2, 9, 30])
def test_the_chunked_scan_is_the_loop_with_its_gradients(T):
    rng = torch.Generator().manual_seed(T)
    a, b = torch.rand(2, T, 2, 3, generator=rng, dtype=torch.float64)
    h, states = torch.zeros(2, 3, dtype=torch.float64), []
    for a_t, b_t in zip(a, b, strict=True):
        h = a_t * h + b_t
        states.append(h)
    torch.testing.assert_close(script.Scan.apply(a, b), torch.stack(states))
    assert torch.autograd.gradcheck(script.Scan.apply, (a.requires_grad_(), b.requires_grad_()))


def test_the_tanh_loop_is_pytorchs_rnn_with_its_gradients():
    rnn = torch.nn.RNN(5, 5, bias=False)
    results = []
    for by_loop in (True, False):
        x = torch.linspace(-1, 1, 9 * 3 * 5).reshape(9, 3, 5).requires_grad_()
        rnn.zero_grad()
        W_x, W_h = rnn.weight_ih_l0, rnn.weight_hh_l0
        y = script.TanhLoop.apply(x @ W_x.t(), W_h.t()) if by_loop else rnn(x)[0]
        y.square().sum().backward()
        results.append((y.detach(), x.grad, W_h.grad.clone()))
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("name", script.NETS)
def test_word_by_word_is_the_same_as_reading_at_once(name):
    torch.manual_seed(0)
    net, n, batch = script.NETS[name](), 6, 2
    x = torch.randn(n, batch, net.width)
    with torch.inference_mode():
        at_once = net(x)
        kept = net.start(0 if name == "attention block" else n, batch)
        for t in range(n):
            if name == "attention block":  # room for one more, which `step` fills
                kept = torch.cat([kept, torch.zeros_like(net.start(1, batch))], dim=3)
            y, kept = net.step(x[t], kept)
            torch.testing.assert_close(y, at_once[t], rtol=1e-4, atol=1e-5)


def test_each_layer_has_the_weights_of_a_block():
    for make in script.NETS.values():
        size = sum(p.numel() for p in make().parameters())
        assert np.isclose(size, 12 * script.D**2, rtol=0.005)
