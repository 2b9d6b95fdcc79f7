"""The delta rule: a linear recurrence whose matrix is a generalised Householder reflection.

Schlag et al. 2021; in parallel form Yang et al. 2024 (DeltaNet); with beta up to 2, so that a
direction can be turned round, Grazzi et al. 2025.
"""

import numpy as np

from lesson.nets.layers import linear, sigmoid


def solve(A: np.ndarray, b: np.ndarray) -> np.ndarray:
    """u with (I + A) u = b; only what A (..., T, T) has below its diagonal counts.

    The first half of u does not hang on the second, so it is solved first and taken off b.
    """
    T = A.shape[-1]
    if T <= 20:
        return np.linalg.solve(np.tril(A, -1) + np.eye(T, dtype=A.dtype), b)
    m = T // 2
    first = solve(A[..., :m, :m], b[..., :m, :])
    second = solve(A[..., m:, m:], b[..., m:, :] - A[..., m:, :m] @ first)
    return np.concatenate([first, second], axis=-2)


class Delta:
    """S = S (I - beta k kᵀ) + beta v kᵀ for each head, read out as S q; |k| = 1, 0 < beta < 2.

    What is kept under the key k moves towards v: beta 1 replaces it, beta 2 reflects it.
    """

    def __init__(self, d: int, name: str, n_heads: int):
        self.d, self.name, self.n_heads = d, name, n_heads

    def shapes(self, depth):
        d, name = self.d, self.name
        inputs = {f"{name}{W}": ((d, d), d**-0.5) for W in ("W_q", "W_k", "W_v")}
        return {
            **inputs,
            f"{name}W_b": ((d, self.n_heads), d**-0.5),
            f"{name}W_o": ((d, d), depth * d**-0.5),
        }

    def initial_biases(self, p):
        pass

    def forward(self, p, x, seen=None):
        T, B = x.shape[:2]

        def split(y):  # (T, B, n_heads * m) -> (B, n_heads, T, m)
            return y.reshape(T, B, self.n_heads, -1).transpose(1, 2, 0, 3)

        def join(y):  # and back
            return np.ascontiguousarray(y.transpose(2, 0, 1, 3)).reshape(T, B, -1)

        maps = [linear(p, f"{self.name}{W}", x) for W in ("W_q", "W_k", "W_v", "W_b")]
        q, raw, v, z = (split(y) for y, _ in maps)
        length = np.sqrt((raw * raw).sum(axis=-1, keepdims=True) + x.dtype.type(1e-6))
        k = raw / length
        gate = sigmoid(z)
        beta = 2 * gate  # (B, n_heads, T, 1)

        # What place t really adds under its key is u_t = beta_t (v_t - what is kept under k_t), and
        # what is kept comes from the u before it: (I + A) u = beta v, A = beta (k kᵀ) below the
        # diagonal. One triangular system stands for the whole loop.
        below = np.tril(np.ones((T, T), x.dtype), -1)
        up_to = np.tril(np.ones((T, T), x.dtype))
        overlap = (k @ k.swapaxes(-1, -2)) * below
        A = beta * overlap
        u = solve(A, beta * v)
        asked = (q @ k.swapaxes(-1, -2)) * up_to
        y, back_o = linear(p, f"{self.name}W_o", join(asked @ u))

        def backward(dy, g):
            dout = split(back_o(dy, g))
            dasked = (dout @ u.swapaxes(-1, -2)) * up_to
            du = asked.swapaxes(-1, -2) @ dout
            # (I + Aᵀ) dright = du runs from the last place to the first: turned round, as above
            turned = A.swapaxes(-1, -2)[..., ::-1, ::-1]
            dright = solve(turned, du[..., ::-1, :])[..., ::-1, :]
            dA = -(dright @ u.swapaxes(-1, -2)) * below
            dbeta = (dright * v).sum(-1, keepdims=True) + (dA * overlap).sum(-1, keepdims=True)
            doverlap = beta * dA
            dq = dasked @ k
            dk = dasked.swapaxes(-1, -2) @ q + (doverlap + doverlap.swapaxes(-1, -2)) @ k
            draw = (dk - k * (dk * k).sum(axis=-1, keepdims=True)) / length
            dz = 2 * dbeta * gate * (1 - gate)
            parts = zip(maps, (dq, draw, beta * dright, dz), strict=True)
            return sum(back(join(part), g) for (_, back), part in parts)

        return y, backward

    def start(self, dtype):
        d_k = self.d // self.n_heads
        return np.zeros((self.n_heads, d_k, d_k), dtype)

    def step(self, p, x, S):
        def heads(W):
            return (x @ p[f"{self.name}{W}"]).reshape(self.n_heads, -1, 1)

        q, k, v = heads("W_q"), heads("W_k"), heads("W_v")
        k = k / np.sqrt((k * k).sum(axis=1, keepdims=True) + x.dtype.type(1e-6))
        u = 2 * sigmoid(heads("W_b")) * (v - S @ k)
        S = S + u @ k.swapaxes(-1, -2)
        return (S @ q).reshape(self.d) @ p[f"{self.name}W_o"], S
