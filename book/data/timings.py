"""How long four layers with equally many weights take, for the chapter on measured differences.

usage: PYTHONPATH=book python book/data/timings.py [all]     writes timings.json beside it

Without `all` on one thread, in processor time, which other programs disturb little; with `all` on
all cores, in the time that passes: run that on an idle machine. About two minutes each and 4 GB of
memory. It needs PyTorch, which the book itself does without.

Each layer is as it stands inside a stack: its input is as wide as its output. Nobody is timed at a
disadvantage: RNN and LSTM multiply all inputs before their loops and sum the gradients of their
weights after them, attention is PyTorch's fused kernel, which never holds the n x n weights, and
the gated recurrence is scanned in chunks.
"""

import json
import math
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from data.duel import keep_memory, machine
from torch import nn
from torch.nn import functional as F

D, N_HEADS = 256, 4
H_RNN = round(math.sqrt(12 * D**2 / 2))  # 2 H² weights, a block has 12 D²
H_LSTM = round(math.sqrt(12 * D**2 / 8))  # 8 H²
LENGTHS = (5, 16, 64, 256, 1024, 2048, 4096, 8192)
BATCHES = (1, 64)
MOST = 40_000  # words in a batch that are read or trained on; more take minutes
ROUNDS = 5


class Scan(torch.autograd.Function):
    """All h_t = a_t h_{t-1} + b_t along the first axis, in about 2 √T steps."""

    @staticmethod
    def forward(ctx, a, b):
        h = chunked(a, b)
        ctx.save_for_backward(a, h)
        return h

    @staticmethod
    def backward(ctx, dh):
        a, h = ctx.saved_tensors
        next_a = torch.cat([a[1:], torch.zeros_like(a[:1])])
        db = chunked(next_a.flip(0), dh.flip(0)).flip(0)
        before = torch.cat([torch.zeros_like(h[:1]), h[:-1]])
        return db * before, db


def chunked(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """The same scan without gradients: inside all chunks at once, from chunk to chunk, then added.

    Args:
        a, b: (T, ...) factors and inputs.
    """
    T = len(a)
    size = math.isqrt(T - 1) + 1
    n_chunks = -(-T // size)
    padding = torch.zeros(n_chunks * size - T, *a.shape[1:])
    factor = torch.cat([a, padding]).unflatten(0, (n_chunks, size))
    h = torch.cat([b, padding]).unflatten(0, (n_chunks, size))
    for i in range(1, size):
        h[:, i] += factor[:, i] * h[:, i - 1]
        factor[:, i] *= factor[:, i - 1]
    for chunk in range(1, n_chunks):
        h[chunk] += factor[chunk] * h[chunk - 1, -1]
    return h.flatten(0, 1)[:T]


class TanhLoop(torch.autograd.Function):
    """All h_t = tanh(z_t + h_{t-1} W) along the first axis of z (T, B, H).

    PyTorch's own loop multiplies for the gradient of W at every step; here once, after the loop.
    """

    @staticmethod
    def forward(ctx, z, W):
        h = torch.zeros(len(z) + 1, *z.shape[1:])
        for t in range(len(z)):
            torch.addmm(z[t], h[t], W, out=h[t + 1]).tanh_()
        ctx.save_for_backward(h, W)
        return h[1:]

    @staticmethod
    def backward(ctx, dh):
        h, W = ctx.saved_tensors
        dz = 1 - h[1:] * h[1:]
        W_T = W.t().contiguous()
        later = torch.zeros_like(h[0])
        for t in reversed(range(len(dz))):
            dz[t] *= dh[t] + later
            torch.mm(dz[t], W_T, out=later)
        return dz, h[:-1].flatten(0, 1).t() @ dz.flatten(0, 1)


class Attention(nn.Module):
    """Causal self-attention; `kept` are the keys and values (2, B, n_heads, n, d_k) of a text."""

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(D, 3 * D, bias=False)
        self.o = nn.Linear(D, D, bias=False)

    def forward(self, x):
        q, k, v = self.qkv(x).unflatten(2, (3, N_HEADS, -1)).permute(2, 1, 3, 0, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.o(y.permute(2, 0, 1, 3).flatten(2))

    def start(self, n, batch):
        return torch.full((2, batch, N_HEADS, n, D // N_HEADS), 0.1)

    def step(self, x, kept):
        q, k, v = self.qkv(x).unflatten(1, (3, N_HEADS, 1, -1)).permute(1, 0, 2, 3, 4)
        kept[0, :, :, -1:] = k
        kept[1, :, :, -1:] = v
        return self.o(F.scaled_dot_product_attention(q, *kept).flatten(1)), kept


class Gated(nn.Module):
    """h = a h + sqrt(1 - a²) v, times an output gate; as in lesson.nets.gated."""

    def __init__(self):
        super().__init__()
        self.avg = nn.Linear(D, 3 * D, bias=False)
        self.o = nn.Linear(D, D, bias=False)

    def inputs(self, x):
        a, v, gate = self.avg(x).chunk(3, dim=-1)
        a = torch.sigmoid(a)
        return a, torch.sqrt(1 - a * a + 1e-7) * v, torch.sigmoid(gate)

    def forward(self, x):
        a, new, gate = self.inputs(x)
        return self.o(Scan.apply(a, new) * gate)

    def start(self, n, batch):
        return torch.zeros(batch, D)

    def step(self, x, h):
        a, new, gate = self.inputs(x)
        h = a * h + new
        return self.o(h * gate), h


class Block(nn.Module):
    """The pre-norm block around a mixer of 4 D² weights; the MLP has 8 D²."""

    width = D

    def __init__(self, mixer: nn.Module):
        super().__init__()
        self.mixer = mixer
        self.norm_1, self.norm_2 = nn.LayerNorm(D), nn.LayerNorm(D)
        self.up = nn.Linear(D, 4 * D, bias=False)
        self.down = nn.Linear(4 * D, D, bias=False)

    def mlp(self, x):
        return x + self.down(F.relu(self.up(self.norm_2(x))))

    def forward(self, x):
        return self.mlp(x + self.mixer(self.norm_1(x)))

    def start(self, n, batch):
        return self.mixer.start(n, batch)

    def step(self, x, kept):
        mixed, kept = self.mixer.step(self.norm_1(x), kept)
        return self.mlp(x + mixed), kept


class RNN(nn.Module):
    """h = tanh(x W_xh + h W_hh)."""

    width = H_RNN

    def __init__(self):
        super().__init__()
        self.x = nn.Linear(self.width, self.width, bias=False)
        self.W_hh = nn.Parameter(nn.init.orthogonal_(torch.empty(self.width, self.width)))

    def forward(self, x):
        return TanhLoop.apply(self.x(x), self.W_hh)

    def start(self, n, batch):
        return torch.zeros(batch, self.width)

    def step(self, x, h):
        h = torch.addmm(self.x(x), h, self.W_hh).tanh_()
        return h, h


class LSTM(nn.Module):
    """PyTorch's LSTM, one layer."""

    width = H_LSTM

    def __init__(self):
        super().__init__()
        self.layer = nn.LSTM(self.width, self.width, bias=False)

    def forward(self, x):
        return self.layer(x)[0]

    def start(self, n, batch):
        return torch.zeros(batch, self.width), torch.zeros(batch, self.width)

    def step(self, x, kept):
        kept = torch.lstm_cell(x, kept, self.layer.weight_ih_l0, self.layer.weight_hh_l0)
        return kept[0], kept


NETS: dict[str, Callable[[], nn.Module]] = {
    "RNN": RNN,
    "LSTM": LSTM,
    "gated block": lambda: Block(Gated()),
    "attention block": lambda: Block(Attention()),
}


def reading(net: nn.Module, n: int, batch: int) -> Callable[[], None]:
    """One pass over n words of each of `batch` texts."""
    x = torch.randn(n, batch, net.width)

    def run():
        with torch.inference_mode():
            net(x)

    return run


def training(net: nn.Module, n: int, batch: int) -> Callable[[], None]:
    """One pass and its gradients, for the weights and for the layer below; no optimiser."""
    x = torch.randn(n, batch, net.width, requires_grad=True)

    def run():
        net.zero_grad()
        net(x).square().mean().backward()

    return run


def writing(net: nn.Module, n: int, batch: int) -> Callable[[], None]:
    """The n-th word of each of `batch` texts, with what is kept of the words before it."""
    x = torch.randn(batch, net.width)

    def run():
        nonlocal kept
        with torch.inference_mode():
            _, kept = net.step(x, kept)

    with torch.inference_mode():
        kept = net.start(n, batch)
    return run


TASKS = {"reading": reading, "training": training, "one more word": writing}


def jobs() -> list[tuple[str, int, int, str]]:
    """All (task, batch, n, net), the nets next to each other."""
    return [
        (task, batch, n, net)
        for task in TASKS
        for batch in BATCHES
        for n in LENGTHS
        if task == "one more word" or n * batch <= MOST
        for net in NETS
    ]


def once(run: Callable[[], None], clock: Callable[[], float]) -> float:
    """Milliseconds of one call; of short calls the middle of five."""
    times: list[float] = []
    while len(times) < 5 and sum(times) < 0.05:
        began = clock()
        run()
        times.append(clock() - began)
    return 1000 * statistics.median(times)


def measure(threads: int, clock: Callable[[], float]) -> list[dict]:
    """Every job ROUNDS times, in rounds, so that a busy moment falls on all of them."""
    torch.set_num_threads(threads)
    nets = {name: make() for name, make in NETS.items()}
    runs = {job: TASKS[job[0]](nets[job[3]], job[2], job[1]) for job in jobs()}
    for run in runs.values():
        run()  # to warm up
    times: dict[tuple, list[float]] = {job: [] for job in runs}
    for _ in range(ROUNDS):
        for job, run in runs.items():
            times[job].append(once(run, clock))
    rows = []
    for (task, batch, n, net), values in times.items():
        quantiles = torch.quantile(torch.tensor(values), torch.tensor([0.5, 0.1, 0.9]))
        ms = [float(f"{q:.3g}") for q in quantiles.tolist()]
        about = {"threads": threads, "task": task, "batch": batch, "n": n, "net": net}
        rows.append({**about, "ms": ms})
    return rows


def main(what: str = "one") -> None:
    keep_memory()
    torch.manual_seed(0)
    torch.set_flush_denormal(True)
    n_cores = os.cpu_count() or 1
    file = Path(__file__).with_suffix(".json")
    known = json.loads(file.read_text("utf-8"))["runs"] if file.exists() else []
    threads, clock = (n_cores, time.perf_counter) if what == "all" else (1, time.process_time)
    record = {
        "machine": machine().replace("one thread", f"{n_cores} cores"),
        "torch": torch.__version__.split("+")[0],
        "d": D,
        "parameters": {
            name: sum(p.numel() for p in make().parameters()) for name, make in NETS.items()
        },
        "rounds": ROUNDS,
    }
    runs = [run for run in known if run["threads"] != threads] + measure(threads, clock)
    rows = ",\n".join("    " + json.dumps(row) for row in runs)
    head = json.dumps(record, indent=2)[:-2]
    file.write_text(f'{head},\n  "runs": [\n{rows}\n  ]\n}}\n', "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
