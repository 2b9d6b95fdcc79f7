"""A mistake: the old state never enters."""

import numpy as np


def rnn_cell(x, h, W_xh, W_hh, b):
    return np.tanh(x @ W_xh + b)
