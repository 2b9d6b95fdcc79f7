"""A diagonal gated recurrence: no matrix between one state and the next.

After the RG-LRU of De et al. 2024 (Griffin, section 2.4), without its convolution; close relatives
are the minGRU (Feng et al. 2024) and Mamba (Gu and Dao 2023).
"""

import numpy as np

from lesson.nets.layers import linear, sigmoid


def scan(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """All h_t = a_t h_{t-1} + b_t along the first axis, from h = 0, in log2(T) sweeps.

    After each sweep every place knows what twice as many places before it add up to. Hillis and
    Steele 1986.
    """
    a, h = a.copy(), b.copy()
    known = 1
    while known < len(h):
        h[known:] += a[known:] * h[:-known]
        a[known:] = a[known:] * a[:-known]
        known *= 2
    return h


class Gated:
    """h = a h + sqrt(1 - a²) v, then h times an output gate; a, v and the gate come from x alone.

    a lies between 0 and 1, or, `signed`, between -1 and 1 (Grazzi et al. 2025).
    """

    def __init__(self, d: int, name: str, signed: bool = False):
        self.d, self.name, self.signed = d, name, signed

    def shapes(self, depth):
        d, name = self.d, self.name
        return {
            f"{name}W_a": ((d, d), d**-0.5),
            f"{name}b_a": ((d,), 0),
            f"{name}W_v": ((d, d), d**-0.5),
            f"{name}W_g": ((d, d), d**-0.5),
            f"{name}W_o": ((d, d), depth * d**-0.5),
        }

    def initial_biases(self, p):
        """Units that start by keeping for 2 to 50 places; signed, every second one negative."""
        keep = 1 - 1 / np.geomspace(2, 50, self.d)
        bias = np.log(keep / (1 - keep))
        if self.signed:
            bias = np.arctanh(keep)
            bias[::2] *= -1
        p[f"{self.name}b_a"][...] = bias

    def gate(self, z):
        return np.tanh(z) if self.signed else sigmoid(z)

    def forward(self, p, x, seen=None):
        z, back_a = linear(p, f"{self.name}W_a", x, f"{self.name}b_a")
        v, back_v = linear(p, f"{self.name}W_v", x)
        u, back_g = linear(p, f"{self.name}W_g", x)
        a, gate = self.gate(z), sigmoid(u)
        new = np.sqrt(np.maximum(1 - a * a, x.dtype.type(1e-7)))
        h = scan(a, new * v)
        y, back_o = linear(p, f"{self.name}W_o", h * gate)
        if seen is not None:
            seen |= {f"{self.name}{k}": s for k, s in {"a": a, "h": h, "gate": gate}.items()}

        def backward(dy, g):
            d = back_o(dy, g)
            # dh_t = d_t gate_t + a_{t+1} dh_{t+1}: the same scan, from the end to the start
            next_a = np.concatenate([a[1:], np.zeros_like(a[:1])])
            dh = scan(next_a[::-1], (d * gate)[::-1])[::-1]
            before = np.concatenate([np.zeros_like(h[:1]), h[:-1]])
            da = dh * (before - a / new * v)
            dz = da * (1 - a * a) if self.signed else da * a * (1 - a)
            du = d * h * gate * (1 - gate)
            return back_a(dz, g) + back_v(dh * new, g) + back_g(du, g)

        return y, backward

    def start(self, dtype):
        return np.zeros(self.d, dtype)

    def step(self, p, x, h):
        a = self.gate(x @ p[f"{self.name}W_a"] + p[f"{self.name}b_a"])
        new = np.sqrt(np.maximum(1 - a * a, x.dtype.type(1e-7)))
        h = a * h + new * (x @ p[f"{self.name}W_v"])
        gate = sigmoid(x @ p[f"{self.name}W_g"])
        return (h * gate) @ p[f"{self.name}W_o"], h
