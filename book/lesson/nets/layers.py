"""What every net is made of: a linear map, layer normalisation, an embedding, the loss.

A layer takes the parameters `p` and its input and returns its output and a function
`backward(dy, g)`, which writes the gradients of its parameters into `g` and returns the gradient of
its input. Hidden arrays are (T, B, d): time first, so that one step of all sequences lies together.
"""

from collections.abc import Callable

import numpy as np

Arrays = dict[str, np.ndarray]
Backward = Callable[[np.ndarray, Arrays], np.ndarray]


def sigmoid(z: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-z)), by way of tanh, which does not overflow."""
    return 0.5 * (1 + np.tanh(0.5 * z))


def linear(p: Arrays, W: str, x: np.ndarray, b: str | None = None) -> tuple[np.ndarray, Backward]:
    """x (..., n_in) times the matrix named W (n_in, n_out), plus the vector named b."""
    rows = x.reshape(-1, x.shape[-1])
    y = rows @ p[W]
    if b:
        y += p[b]

    def backward(dy, g):
        dy = dy.reshape(len(rows), -1)
        g[W][...] = rows.T @ dy
        if b:
            g[b][...] = dy.sum(axis=0)
        return (dy @ p[W].T).reshape(x.shape)

    return y.reshape(*x.shape[:-1], -1), backward


def normalise(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """x with mean 0 and variance 1 in its last axis, and what it was divided by."""
    centred = x - np.mean(x, axis=-1, keepdims=True)
    scale = np.sqrt(np.mean(centred * centred, axis=-1, keepdims=True) + 1e-5)
    return centred / scale, scale


def layer_norm(p: Arrays, name: str, x: np.ndarray) -> tuple[np.ndarray, Backward]:
    """Layer normalisation with gain `name`_g and bias `name`_b. Ba, Kiros and Hinton 2016."""
    n, scale = normalise(x)
    gain = p[f"{name}_g"]

    def backward(dy, g):
        g[f"{name}_g"][...] = (dy * n).reshape(-1, len(gain)).sum(axis=0)
        g[f"{name}_b"][...] = dy.reshape(-1, len(gain)).sum(axis=0)
        dn = dy * gain
        along = np.mean(dn * n, axis=-1, keepdims=True)
        return (dn - dn.mean(axis=-1, keepdims=True) - n * along) / scale

    return n * gain + p[f"{name}_b"], backward


def embedding(p: Arrays, X: np.ndarray) -> tuple[np.ndarray, Callable[[np.ndarray, Arrays], None]]:
    """The row of the table E for each symbol of X."""

    def backward(dx, g):
        one_hot = np.zeros((X.size, len(p["E"])), dx.dtype)
        one_hot[np.arange(X.size), X.ravel()] = 1
        g["E"][...] = one_hot.T @ dx.reshape(X.size, -1)

    return p["E"][X], backward


def softmax(z: np.ndarray) -> np.ndarray:
    """Probabilities along the last axis."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def cross_entropy(logits: np.ndarray, Y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nats that the answers Y cost, one a place, and the gradient of their mean in the logits.

    Where Y is negative, no answer is asked: the cost is 0 and the place does not count.
    """
    asked = Y >= 0
    z = logits - logits.max(axis=-1, keepdims=True)
    e = np.exp(z)
    total = e.sum(axis=-1, keepdims=True)
    answer = np.where(asked, Y, 0)[..., None]
    nats = np.log(total[..., 0]) - np.take_along_axis(z, answer, -1)[..., 0]
    d = e / total
    np.put_along_axis(d, answer, np.take_along_axis(d, answer, -1) - 1, -1)
    d *= (asked / max(asked.sum(), 1)).astype(d.dtype)[..., None]
    return nats * asked, d
