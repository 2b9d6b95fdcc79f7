"""The pre-norm residual block, with any mixer in it. Xiong et al. 2020, figure 1 (b).

    x = x + mixer(norm(x));  x = x + mlp(norm(x))

The mixer is the only part that lets a place see the places before it. Every mixer has four d x d
matrices, so that two nets of blocks differ in nothing else.
"""

from typing import ClassVar

import numpy as np

from lesson.nets.attention import Attention
from lesson.nets.delta import Delta
from lesson.nets.gated import Gated
from lesson.nets.layers import layer_norm, linear, normalise
from lesson.nets.net import Net

MIXERS = {
    "attention": lambda net, name: Attention(net.d, name, net.n_heads, True, net.window),
    "attention without positions": lambda net, name: Attention(
        net.d, name, net.n_heads, False, net.window
    ),
    "gated": lambda net, name: Gated(net.d, name),
    "gated, signed": lambda net, name: Gated(net.d, name, signed=True),
    "delta": lambda net, name: Delta(net.d, name, net.n_heads),
}


class Blocks(Net):
    """Blocks one after another, a normalisation, the readout.

    Settings: `mixers`, a name of MIXERS for each block; `n_heads` of attention and delta; `wide`,
    how many times wider than d the middle of the MLP is; `window`, how far attention sees.
    """

    settings: ClassVar = {
        "mixers": ("attention", "attention"),
        "n_heads": 4,
        "wide": 4,
        "window": None,
    }

    def body_shapes(self):
        d = self.out = self.d
        n = self.wide * d
        self.mixer = [MIXERS[kind](self, f"{k}.") for k, kind in enumerate(self.mixers)]
        depth = (2 * len(self.mixers)) ** -0.5  # so that x does not grow with the blocks
        shapes = {}
        for k, mixer in enumerate(self.mixer):
            shapes |= {
                f"{k}.ln1_g": ((d,), "one"),
                f"{k}.ln1_b": ((d,), 0),
                **mixer.shapes(depth),
                f"{k}.ln2_g": ((d,), "one"),
                f"{k}.ln2_b": ((d,), 0),
                f"{k}.W_1": ((d, n), d**-0.5),
                f"{k}.b_1": ((n,), 0),
                f"{k}.W_2": ((n, d), depth * n**-0.5),
                f"{k}.b_2": ((d,), 0),
            }
        return {**shapes, "ln_g": ((d,), "one"), "ln_b": ((d,), 0)}

    def initial_biases(self):
        for mixer in self.mixer:
            mixer.initial_biases(self.p)

    def body(self, x, seen=None):
        p, back = self.p, []
        for k, mixer in enumerate(self.mixer):
            normed, back_norm1 = layer_norm(p, f"{k}.ln1", x)
            mixed, back_mixer = mixer.forward(p, normed, seen)
            x = x + mixed
            normed, back_norm2 = layer_norm(p, f"{k}.ln2", x)
            hidden, back_up = linear(p, f"{k}.W_1", normed, f"{k}.b_1")
            np.maximum(hidden, 0, out=hidden)
            y, back_down = linear(p, f"{k}.W_2", hidden, f"{k}.b_2")
            x = x + y
            back.append((back_norm1, back_mixer, back_norm2, back_up, hidden, back_down))
        y, back_norm = layer_norm(p, "ln", x)

        def backward(dy, g):
            dx = back_norm(dy, g)
            for back_norm1, back_mixer, back_norm2, back_up, hidden, back_down in reversed(back):
                dx = dx + back_norm2(back_up(back_down(dx, g) * (hidden > 0), g), g)
                dx = dx + back_norm1(back_mixer(dx, g), g)
            return dx

        return y, backward

    def start(self):
        return [mixer.start(self.theta.dtype) for mixer in self.mixer]

    def body_step(self, x, state):
        p, new = self.p, []

        def norm(name, x):
            return normalise(x)[0] * p[f"{name}_g"] + p[f"{name}_b"]

        for k, mixer in enumerate(self.mixer):
            mixed, kept = mixer.step(p, norm(f"{k}.ln1", x), state[k])
            x = x + mixed
            hidden = np.maximum(norm(f"{k}.ln2", x) @ p[f"{k}.W_1"] + p[f"{k}.b_1"], 0)
            x = x + hidden @ p[f"{k}.W_2"] + p[f"{k}.b_2"]
            new.append(kept)
        return norm("ln", x), new
