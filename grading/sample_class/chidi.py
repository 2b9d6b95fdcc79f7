"""A mistake: every word is read with the first state, and the states are not handed on."""

import numpy as np


def run_rnn(X, h0, W_xh, W_hh, b):
    states = [rnn_cell(X[..., t, :], h0, W_xh, W_hh, b) for t in range(X.shape[-2])]  # noqa: F821
    return np.stack(states, axis=-2)
