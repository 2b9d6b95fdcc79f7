"""The loop over the words never ends."""

import numpy as np


def run_rnn(X, h0, W_xh, W_hh, b):
    h, states, t = h0, [], 0
    while t < X.shape[-2]:
        h = rnn_cell(X[..., t, :], h, W_xh, W_hh, b)  # noqa: F821
        states.append(h)
    return np.stack(states, axis=-2)
