"""What serving a model costs at least, from its shape and a datasheet: bounds, not timings.

The roofline model of Williams et al. 2009: a step takes no less than the time to read what it needs
from memory, and no less than the time to multiply. What real systems add (kernels that wait, caches
with gaps, batches that come and go) is left out, so that true times are longer.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Accelerator:
    """Peak numbers of a datasheet, without sparsity."""

    name: str
    memory: float  # bytes
    bandwidth: float  # bytes per second
    flops: float  # per second with numbers of two bytes; half or twice that with four or one

    def flops_at(self, bytes_each: int) -> float:
        return self.flops * 2 / bytes_each


@dataclass(frozen=True)
class Model:
    """The shape of a decoder, as far as costs depend on it; all sizes are counts of numbers."""

    name: str
    body: float  # parameters of all layers
    head: float = 0  # output matrix
    table: float = 0  # embedding table, of which a token reads one row
    attention: int = 0  # layers with a cache
    cached: int = 0  # what one of them keeps per token: keys and values of all its groups
    width: int = 0  # of all its query heads together
    window: int | None = None  # how many tokens attention sees; None: all
    state: float = 0  # what all recurrent layers keep of a text
    in_order: bool = False  # reading has to wait for each token: LSTM and GRU

    @property
    def parameters(self) -> float:
        return self.body + self.head + self.table

    def seen(self, n: int) -> int:
        """How many of n tokens attention looks at."""
        return n if self.window is None else min(n, self.window)

    def kept(self, n: int) -> float:
        """Numbers kept of one text of n tokens: caches and states."""
        return self.attention * self.cached * self.seen(n) + self.state

    def moved(self, n: int) -> float:
        """Numbers read or written for one more token after n: a cache is read, a state both."""
        return self.kept(n) + self.state

    def token_work(self, n: int) -> float:
        """Multiply-adds for one more token after n.

        Each weight one; each token that is seen one with its key and one with its value; each
        number of a state one when it is written and one when it is read.
        """
        looking = 2 * self.width * self.attention * self.seen(n)
        return self.body + self.head + looking + 2 * self.state

    def reading_work(self, n: int) -> float:
        """Multiply-adds for reading n tokens; only the last one needs the output matrix."""
        w = self.seen(n)
        pairs = w * (w + 1) / 2 + (n - w) * w
        looking = 2 * self.width * self.attention * pairs
        return n * (self.body + 2 * self.state) + self.head + looking

    def crossing(self, users: int = 1) -> float:
        """The context at which the caches of all users take as long to read as the weights.

        For a transformer of blocks of 12 d² weights and g query heads to a key head, this is
        6 d g / users: 12 d² numbers against 2 d n / g for each user. Infinite without a cache.
        """
        if not self.attention:
            return float("inf")
        return (self.body + self.head) / (self.attention * self.cached * users)


def token_seconds(
    model: Model, on: Accelerator, n: int, users: int = 1, bytes_each: int = 2
) -> tuple[float, float, float]:
    """Seconds for one more token of each user after n: moving weights, moving what is kept, work.

    The bound is the larger of work and the sum of the other two.
    """
    weights = (model.body + model.head) * bytes_each / on.bandwidth
    kept = users * model.moved(n) * bytes_each / on.bandwidth
    return weights, kept, 2 * users * model.token_work(n) / on.flops_at(bytes_each)


def token_bound(
    model: Model, on: Accelerator, n: int, users: int = 1, bytes_each: int = 2
) -> float:
    """Seconds that one more token of each user takes at least."""
    weights, kept, work = token_seconds(model, on, n, users, bytes_each)
    return max(weights + kept, work)


def first_token_bound(model: Model, on: Accelerator, n: int, bytes_each: int = 2) -> float:
    """Seconds until the first token after n have been read, at least.

    What reads in order can have its inputs multiplied beforehand, all at once, but must fetch the
    other half of its weights anew for every token.
    """
    work = 2 * model.reading_work(n) / on.flops_at(bytes_each)
    fetched = (n * model.body / 2 if model.in_order else model.body) + model.head
    return max(work, fetched * bytes_each / on.bandwidth)


def users_that_fit(model: Model, on: Accelerator, n: int, bytes_each: int = 2) -> int:
    """How many texts of n tokens fit beside the weights; 0 if the weights do not fit."""
    free = on.memory - model.parameters * bytes_each
    return max(0, int(free // (model.kept(n) * bytes_each)))


def training_flops(model: Model, n: int) -> float:
    """Operations for each token of a training text of n: forward, and twice that backward."""
    per_token = model.reading_work(n) / n + model.head
    return 3 * 2 * per_token


# ---- a family of one size, and models by name ------------------------------

BLOCK_STATE = 256  # numbers of state per unit of width and layer, as in xLSTM 7B and Nemotron-H


def transformer(d: int, layers: int, g: int = 1, window: int | None = None) -> Model:
    """Blocks of 12 d² weights with g query heads to a key head; no table, no head."""
    return Model(
        "window" if window else "transformer",
        body=12 * d**2 * layers,
        attention=layers,
        cached=2 * d // g,
        width=d,
        window=window,
    )


def linear(d: int, layers: int) -> Model:
    """The same weights, each block with a matrix for a state."""
    return Model("state space", body=12 * d**2 * layers, state=BLOCK_STATE * d * layers)


def hybrid(d: int, layers: int, g: int = 1) -> Model:
    """The same weights, one block in eight with attention and the others with a state."""
    attention = layers // 8
    full = transformer(d, attention, g)
    state = BLOCK_STATE * d * (layers - attention)
    return replace(full, name="hybrid", body=12 * d**2 * layers, state=state)


def lstm(d: int, layers: int) -> Model:
    """LSTM layers of the same weights: 8 H² = 12 d², two numbers of state for each unit."""
    H = (1.5**0.5) * d
    return Model("LSTM", body=12 * d**2 * layers, state=round(2 * H) * layers, in_order=True)


def gated_mlp(d: int, f: int) -> int:
    """Weights of an MLP with a gate: three matrices."""
    return 3 * d * f


def attention_weights(d: int, key_width: int) -> int:
    """Queries and output of width d, keys and values of width key_width."""
    return 2 * d * d + 2 * d * key_width


H100 = Accelerator("H100 SXM", memory=80e9, bandwidth=3.35e12, flops=989.4e12)

_LLAMA_BLOCK = attention_weights(4096, 1024) + gated_mlp(4096, 14_336)

# Shapes from the models' own configurations; each sum is within 1 % of the size that is published.
LLAMA = Model(
    "Llama 3.1 8B",
    body=32 * _LLAMA_BLOCK,
    head=128_256 * 4096,
    table=128_256 * 4096,
    attention=32,
    cached=2 * 1024,
    width=4096,
)
MISTRAL = replace(LLAMA, name="Mistral 7B", head=32_000 * 4096, table=32_000 * 4096, window=4096)
# 24 Mamba-2 layers: in (two paths of 8,192, 8 groups of keys and queries of 128, 128 steps) and out
_MAMBA = 4096 * (2 * 8192 + 2 * 8 * 128 + 128) + 8192 * 4096
NEMOTRON = Model(
    "Nemotron-H 8B",
    body=24 * _MAMBA + 4 * attention_weights(4096, 1024) + 24 * 2 * 4096 * 21_504,
    head=131_072 * 4096,
    table=131_072 * 4096,
    attention=4,
    cached=2 * 1024,
    width=4096,
    state=24 * (128 * 64 * 128 + 3 * (8192 + 2 * 8 * 128)),  # heads, and the convolution's window
)
XLSTM = Model(
    "xLSTM 7B",
    body=32 * (2 * 4096 * 2048 + 3 * 4096 * 4096 + gated_mlp(4096, 10_944)),
    head=50_304 * 4096,
    table=50_304 * 4096,
    state=32 * 8 * (256 * 512 + 256 + 1),  # memory, normaliser and running maximum of each head
)
# Nobody has trained this one: what an LSTM of that size would cost.
BIG_LSTM = replace(
    lstm(4096, 34), name="LSTM of that size", head=50_304 * 4096, table=50_304 * 4096
)
NAMED = {model.name: model for model in (BIG_LSTM, XLSTM, NEMOTRON, LLAMA, MISTRAL)}
