"""The tanh RNN. Elman 1990."""

from typing import ClassVar

import numpy as np

from lesson.nets.layers import linear
from lesson.nets.net import Net


class RNN(Net):
    """h = tanh(x W_xh + h W_hh + b)."""

    settings: ClassVar = {"H": 260}

    def body_shapes(self):
        H = self.out = self.H
        return {
            "W_xh": ((self.d, H), self.d**-0.5),
            "W_hh": ((H, H), "orthogonal"),
            "b": ((H,), 0),
        }

    def body(self, x, seen=None):
        p = self.p
        z, back_x = linear(p, "W_xh", x, "b")  # for all places at once: it needs no state
        h = np.zeros((len(x) + 1, x.shape[1], self.H), x.dtype)
        for t in range(len(x)):
            np.tanh(z[t] + h[t] @ p["W_hh"], out=h[t + 1])
        if seen is not None:
            seen["h"] = h[1:]

        def backward(dh, g):
            dz = 1 - h[1:] ** 2
            W_T = np.ascontiguousarray(p["W_hh"].T)
            later = np.zeros_like(dz[0])  # what the places after t say about h_t
            for t in reversed(range(len(x))):
                dz[t] *= dh[t] + later
                later = dz[t] @ W_T
            g["W_hh"][...] = h[:-1].reshape(-1, self.H).T @ dz.reshape(-1, self.H)
            return back_x(dz, g)

        return h[1:], backward

    def start(self):
        return np.zeros(self.H, self.theta.dtype)

    def body_step(self, x, state):
        p = self.p
        h = np.tanh(x @ p["W_xh"] + state @ p["W_hh"] + p["b"])
        return h, h
