"""The LSTM. Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000."""

from typing import ClassVar

import numpy as np

from lesson.nets.layers import linear, sigmoid
from lesson.nets.net import Net


class LSTM(Net):
    """c = f c + i g, h = o tanh(c); the gates i, f, o and the candidate g come from x and h.

    `W_xh`, `W_hh` and `b` hold the columns of i, f, g, o side by side, PyTorch's order.
    `forget_bias` is where the biases of f start.
    """

    settings: ClassVar = {"H": 125, "forget_bias": 1.0}

    def body_shapes(self):
        H = self.out = self.H
        return {
            "W_xh": ((self.d, 4 * H), self.d**-0.5),
            "W_hh": ((H, 4 * H), H**-0.5),
            "b": ((4 * H,), 0),
        }

    def initial_biases(self):
        self.p["b"][self.H : 2 * self.H] = self.forget_bias

    def quarters(self, z):
        """The parts of z that belong to i, f, g and o."""
        return (z[..., k * self.H : (k + 1) * self.H] for k in range(4))

    def body(self, x, seen=None):
        p, H = self.p, self.H
        # sigmoid(z) = tanh(z / 2) / 2 + 1/2, so that one tanh serves all four parts
        half = np.full(4 * H, 0.5, x.dtype)
        half[2 * H : 3 * H] = 1
        z, back_x = linear(p, "W_xh", x, "b")
        h = np.zeros((len(x) + 1, x.shape[1], H), x.dtype)
        c = np.zeros_like(h)
        squashed = np.empty_like(h[1:])  # tanh(c)
        for t in range(len(x)):
            gates = z[t]
            gates += h[t] @ p["W_hh"]
            gates *= half
            np.tanh(gates, out=gates)
            gates *= half
            gates += 1 - half
            i, f, g, o = self.quarters(gates)
            c[t + 1] = f * c[t] + i * g
            np.tanh(c[t + 1], out=squashed[t])
            h[t + 1] = o * squashed[t]
        i, f, g, o = self.quarters(z)  # z now holds what the gates were
        if seen is not None:
            seen |= {"h": h[1:], "c": c[1:], "i": i, "f": f, "g": g, "o": o}

        def backward(dh, grads):
            dz = np.empty_like(z)
            di, df, dg, do = self.quarters(dz)
            di[...] = g * i * (1 - i)
            df[...] = c[:-1] * f * (1 - f)
            dg[...] = i * (1 - g * g)
            do[...] = squashed * o * (1 - o)
            through = o * (1 - squashed * squashed)
            W_T = np.ascontiguousarray(p["W_hh"].T)
            later, dc = np.zeros_like(h[0]), np.zeros_like(h[0])
            for t in reversed(range(len(x))):
                dh_t = dh[t] + later
                dc += dh_t * through[t]
                for part in (di, df, dg):
                    part[t] *= dc
                do[t] *= dh_t
                later = dz[t] @ W_T
                dc *= f[t]
            grads["W_hh"][...] = h[:-1].reshape(-1, H).T @ dz.reshape(-1, 4 * H)
            return back_x(dz, grads)

        return h[1:], backward

    def start(self):
        return np.zeros(self.H, self.theta.dtype), np.zeros(self.H, self.theta.dtype)

    def body_step(self, x, state):
        p = self.p
        h, c = state
        i, f, g, o = self.quarters(x @ p["W_xh"] + h @ p["W_hh"] + p["b"])
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        return h, (h, c)
