"""A mistake: the slope of tanh is left out of the step back."""

import numpy as np


def rnn_cell_backward(dh_new, x, h, h_new, W_xh, W_hh):
    rows = np.atleast_2d(dh_new)
    dW_xh = np.atleast_2d(x).T @ rows
    dW_hh = np.atleast_2d(h).T @ rows
    return dh_new @ W_xh.T, dh_new @ W_hh.T, dW_xh, dW_hh, rows.sum(axis=0)
