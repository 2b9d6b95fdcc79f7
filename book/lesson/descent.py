"""One line of descent: LSTM, GRU, minGRU, linear attention, RetNet, Mamba-2, DeltaNet.

All seven are the same loop, `run`. A step takes the parameters `p`, the input x (d,) and the state,
and returns an output and the new state; each differs from the one before it by the line that
carries the state on. Heads, convolutions, norms and output gates are left out: one head each.

Those whose state enters its own update linearly have a parallel form, here below them: a scan, a
masked product, the same in chunks, a triangular system.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from lesson.nets.delta import solve
from lesson.nets.gated import scan
from lesson.nets.layers import sigmoid

Parameters = dict[str, np.ndarray]
Step = Callable[[Parameters, np.ndarray, Any], tuple[np.ndarray, Any]]


def run(step: Step, p: Parameters, X: np.ndarray, state: Any) -> np.ndarray:
    """The loop: X (n, d) word by word from a state on; all outputs (n, …)."""
    outputs = []
    for x in X:
        y, state = step(p, x, state)
        outputs.append(y)
    return np.array(outputs)


def lstm(p: Parameters, x: np.ndarray, state: tuple[np.ndarray, np.ndarray]):
    """Hochreiter and Schmidhuber 1997 with the forget gate of Gers et al. 2000; state h, c (H,).

    `W_x` (d, 4H), `W_h` (H, 4H) and `b` (4H,) hold i, f, g, o side by side, PyTorch's order.
    """
    h, c = state
    i, f, g, o = np.split(x @ p["W_x"] + h @ p["W_h"] + p["b"], 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    return h, (h, c)


def gru(p: Parameters, x: np.ndarray, h: np.ndarray):
    """Cho et al. 2014, equations 5 to 8, the reset gate after the product as PyTorch has it.

    `W_x` (d, 3H), `W_h` (H, 3H) and their biases hold r, z, n side by side. One gate both keeps
    and writes, so that no second state is needed.
    """
    of_x = np.split(x @ p["W_x"] + p["b_x"], 3)
    of_h = np.split(h @ p["W_h"] + p["b_h"], 3)
    r, z = sigmoid(of_x[0] + of_h[0]), sigmoid(of_x[1] + of_h[1])
    n = np.tanh(of_x[2] + r * of_h[2])
    h = z * h + (1 - z) * n
    return h, h


def min_gru(p: Parameters, x: np.ndarray, h: np.ndarray):
    """Feng et al. 2024, section 3.1: gate and candidate see x alone, and the tanh goes.

    `W_z` and `W_n` are (d, H). (The paper's z is our 1 - z.)
    """
    z, n = sigmoid(x @ p["W_z"]), x @ p["W_n"]
    h = z * h + (1 - z) * n
    return h, h


def linear_attention(p: Parameters, x: np.ndarray, S: np.ndarray):
    """Katharopoulos et al. 2020, equations 18 to 20, without feature map and normaliser.

    `W_q`, `W_k` are (d, d_k) and `W_v` (d, d_v); the state S is a matrix (d_k, d_v).
    """
    q, k, v = x @ p["W_q"], x @ p["W_k"], x @ p["W_v"]
    S = S + np.outer(k, v)
    return q @ S, S


def retnet(p: Parameters, x: np.ndarray, S: np.ndarray):
    """Sun et al. 2023, equation 6, without its rotation: all is forgotten at one rate, `keep`."""
    q, k, v = x @ p["W_q"], x @ p["W_k"], x @ p["W_v"]
    S = p["keep"] * S + np.outer(k, v)
    return q @ S, S


def mamba2(p: Parameters, x: np.ndarray, S: np.ndarray):
    """Dao and Gu 2024, the scalar case of SSD: the word says how much is forgotten.

    `W_a` is (d,). Its step size, which also scales the word, is left in k; so is its convolution.
    """
    q, k, v = x @ p["W_q"], x @ p["W_k"], x @ p["W_v"]
    S = sigmoid(x @ p["W_a"]) * S + np.outer(k, v)
    return q @ S, S


def delta_net(p: Parameters, x: np.ndarray, S: np.ndarray):
    """Schlag et al. 2021, equations 23 to 25: what is kept under the key is replaced, not added to.

    `W_b` is (d,). With beta up to 2, as here, a direction can be turned round (Grazzi et al. 2025).
    """
    q, k, v = x @ p["W_q"], unit(x @ p["W_k"]), x @ p["W_v"]
    S = S + 2 * sigmoid(x @ p["W_b"]) * np.outer(k, v - k @ S)
    return q @ S, S


def unit(k: np.ndarray) -> np.ndarray:
    """Vectors along the last axis, each divided by its length."""
    return k / np.linalg.norm(k, axis=-1, keepdims=True)


# ---- all words at once -----------------------------------------------------


def min_gru_by_scan(p: Parameters, X: np.ndarray) -> np.ndarray:
    """All states of `min_gru` from h = 0, (n, H), in log2(n) rounds."""
    z = sigmoid(X @ p["W_z"])
    return scan(z, (1 - z) * (X @ p["W_n"]))


def by_mask(Q: np.ndarray, K: np.ndarray, V: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """All outputs of S = keep S + k vᵀ, y = q S as attention: (mask * Q Kᵀ) V.

    Dao and Gu 2024, the quadratic form of SSD. `keep` (n,): 1 for linear attention, constant for
    RetNet, the gate of each word for Mamba-2. mask[t, s] is the product of keep over s + 1 … t.
    """
    kept = np.cumsum(np.log(keep))
    mask = np.exp(np.tril(np.subtract.outer(kept, kept)))
    return (np.tril(mask) * (Q @ K.T)) @ V


def in_chunks(
    Q: np.ndarray, K: np.ndarray, V: np.ndarray, keep: np.ndarray, size: int
) -> np.ndarray:
    """The same outputs, `size` words at once: attention inside a chunk, a state between chunks.

    This is how such models are trained. Work grows with n * size, not with n².
    """
    S = np.zeros((K.shape[1], V.shape[1]))
    outputs = []
    for start in range(0, len(Q), size):
        q, k, v, a = (array[start : start + size] for array in (Q, K, V, keep))
        kept = np.cumsum(np.log(a))[:, None]  # logarithms, so that no quotient of tiny numbers
        outputs.append(by_mask(q, k, v, a) + np.exp(kept) * (q @ S))
        S = np.exp(kept[-1]) * S + (np.exp(kept[-1] - kept) * k).T @ v
    return np.concatenate(outputs)


def delta_net_by_system(p: Parameters, X: np.ndarray) -> np.ndarray:
    """All outputs of `delta_net` from S = 0: one triangular system. Yang et al. 2024, section 3.

    u_t, what word t really writes, is beta_t (v_t - what its key finds), and what it finds was
    written by the words before it: (I + A) U = beta V with A = beta K Kᵀ below the diagonal.
    """
    Q, K, V = X @ p["W_q"], unit(X @ p["W_k"]), X @ p["W_v"]
    beta = 2 * sigmoid(X @ p["W_b"])[:, None]
    U = solve(beta * (K @ K.T), beta * V)
    return np.tril(Q @ K.T) @ U
