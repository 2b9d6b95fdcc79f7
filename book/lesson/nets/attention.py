"""Causal self-attention, Vaswani et al. 2017, with rotary positions, Su et al. 2021."""

from functools import lru_cache

import numpy as np

from lesson.nets.layers import linear


@lru_cache(maxsize=64)
def angles(first: int, n: int, half: int) -> tuple[np.ndarray, np.ndarray]:
    """Cosine and sine of what each pair is turned by at n places, (n, half) each."""
    speed = 10_000.0 ** (-np.arange(half) / half)  # radians a place, fast pairs to slow ones
    angle = np.arange(first, first + n)[:, None] * speed
    return np.cos(angle), np.sin(angle)


def rotate(x: np.ndarray, first: int = 0, back: bool = False) -> np.ndarray:
    """x (..., T, d_k) with pairs of numbers turned by angles that grow with the place.

    A product of two rotated vectors then depends on their distance, not on where they stand.

    Args:
        first: the place of the first row.
        back: turn the other way, which undoes it.
    """
    half = x.shape[-1] // 2
    cos, sin = (y.astype(x.dtype) for y in angles(first, x.shape[-2], half))
    if back:
        sin = -sin
    one, two = x[..., :half], x[..., half:]
    return np.concatenate([one * cos - two * sin, one * sin + two * cos], axis=-1)


class Cache:
    """Keys and values (n_heads, n, d_k) of the places so far, or of the last `window` of them."""

    def __init__(self, n_heads: int, d_k: int, window: int | None, dtype):
        self.window = window
        self.place = self.n = 0  # places so far, and those that are kept
        self.room = np.empty((2, n_heads, 2 * (window or 32), d_k), dtype)

    def append(self, k: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Adds a key and a value (n_heads, d_k); returns all that may be looked at."""
        if self.n == self.room.shape[2] and self.window:
            self.room[:, :, : self.window] = self.room[:, :, -self.window :]
            self.n = self.window
        elif self.n == self.room.shape[2]:
            self.room = np.concatenate([self.room, np.empty_like(self.room)], axis=2)
        self.room[0, :, self.n] = k
        self.room[1, :, self.n] = v
        self.n += 1
        self.place += 1
        first = max(0, self.n - self.window) if self.window else 0
        return self.room[0, :, first : self.n], self.room[1, :, first : self.n]


class Attention:
    """Every place asks (q) the places up to itself (k) and takes a mean of what they say (v).

    Args:
        rotary: turn q and k by their place; without it, nothing says what stood where.
        window: how many places back each place sees, itself included; None is all of them. Rotary
            positions are no good at distances that training never had, so a net that was trained
            on windows of 128 characters looks 128 back.

    `reach` may hold a smaller window for each head, to see what is missed.
    """

    def __init__(
        self, d: int, name: str, n_heads: int, rotary: bool = False, window: int | None = None
    ):
        self.d, self.name, self.n_heads = d, name, n_heads
        self.rotary, self.window = rotary, window
        self.reach: list[int] | None = None

    def shapes(self, depth):
        d = self.d
        inputs = {f"{self.name}{W}": ((d, d), d**-0.5) for W in ("W_q", "W_k", "W_v")}
        return {**inputs, f"{self.name}W_o": ((d, d), depth * d**-0.5)}

    def initial_biases(self, p):
        pass

    def hidden(self, T, dtype):
        """Minus infinity, or nearly, where a head may not look: later places, and beyond reach."""
        gap = np.arange(T)[:, None] - np.arange(T)
        reach = np.reshape(self.reach or [self.window or T], (-1, 1, 1))
        return np.where((gap < 0) | (gap >= reach), dtype.type(-1e9), dtype.type(0))

    def forward(self, p, x, seen=None):
        T, B, d = x.shape
        d_k = d // self.n_heads

        def split(y):  # (T, B, d) -> (B, n_heads, T, d_k)
            return y.reshape(T, B, self.n_heads, d_k).transpose(1, 2, 0, 3)

        def join(y):  # and back
            return np.ascontiguousarray(y.transpose(2, 0, 1, 3)).reshape(T, B, d)

        maps = [linear(p, f"{self.name}{W}", x) for W in ("W_q", "W_k", "W_v")]
        q, k, v = (split(y) for y, _ in maps)
        if self.rotary:
            q, k = rotate(q), rotate(k)
        scale = x.dtype.type(d_k**-0.5)
        weights = (q * scale) @ k.swapaxes(-1, -2)
        weights += self.hidden(T, x.dtype)
        weights -= weights.max(axis=-1, keepdims=True)
        np.exp(weights, out=weights)
        weights /= np.sum(weights, axis=-1, keepdims=True)
        y, back_o = linear(p, f"{self.name}W_o", join(weights @ v))
        if seen is not None:
            seen[f"{self.name}weights"] = weights

        def backward(dy, g):
            dout = split(back_o(dy, g))
            dv = weights.swapaxes(-1, -2) @ dout
            ds = dout @ v.swapaxes(-1, -2)
            ds -= np.einsum("bhij,bhij->bhi", ds, weights)[..., None]
            ds *= weights
            dq = ds @ k * scale
            dk = ds.swapaxes(-1, -2) @ q * scale
            if self.rotary:
                dq, dk = rotate(dq, back=True), rotate(dk, back=True)
            parts = zip(maps, (dq, dk, dv), strict=True)
            return sum(back(join(part), g) for (_, back), part in parts)

        return y, backward

    def start(self, dtype):
        return Cache(self.n_heads, self.d // self.n_heads, self.window, dtype)

    def step(self, p, x, cache):
        def heads(W):
            return (x @ p[f"{self.name}{W}"]).reshape(self.n_heads, -1)

        q, k, v = heads("W_q"), heads("W_k"), heads("W_v")
        if self.rotary:
            q = rotate(q[:, None], cache.place)[:, 0]
            k = rotate(k[:, None], cache.place)[:, 0]
        keys, values = cache.append(k, v)
        scores = keys @ (q[..., None] * q.dtype.type(q.shape[-1] ** -0.5))  # (n_heads, n, 1)
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        cache.weights = weights[..., 0]
        out = (weights.swapaxes(-1, -2) @ values).reshape(self.d)
        return out @ p[f"{self.name}W_o"], cache
