"""Right answers to the RNN exercise, written in many ways: none of them may lose a point."""

import math
from functools import reduce

import numpy as np

# ---- rnn_cell -----------------------------------------------------------------------------------


def cell_plain(x, h, W_xh, W_hh, b):
    return np.tanh(x @ W_xh + h @ W_hh + b)


def cell_other_names(word, memory, U, V, bias):
    total = bias + memory.dot(V)
    total = total + word.dot(U)
    return np.tanh(total)


def cell_einsum(x, h, W_xh, W_hh, b):
    return np.tanh(
        np.einsum("...i,ij->...j", x, W_xh) + np.einsum("...i,ij->...j", h, W_hh) + b[None][0]
    )


def cell_loops(x, h, W_xh, W_hh, b):
    if x.ndim == 2:
        return np.array([cell_loops(u, v, W_xh, W_hh, b) for u, v in zip(x, h, strict=True)])
    new = np.empty(len(b))
    for j in range(len(b)):
        z = b[j]
        for i in range(len(x)):
            z += x[i] * W_xh[i, j]
        for i in range(len(h)):
            z += h[i] * W_hh[i, j]
        new[j] = math.tanh(z)
    return new


def cell_one_matrix(x, h, W_xh, W_hh, b):
    return np.tanh(np.concatenate([x, h], axis=-1) @ np.vstack([W_xh, W_hh]) + b)


def cell_bias_as_a_row(x, h, W_xh, W_hh, b):
    rows = np.atleast_2d(x)
    one = np.ones((len(rows), 1))
    everything = np.hstack([rows, np.atleast_2d(h), one])
    new = np.tanh(everything @ np.vstack([W_xh, W_hh, b]))
    return new if x.ndim == 2 else new[0]


def cell_columns(x, h, W_xh, W_hh, b):
    return np.tanh((W_xh.T @ x.T + W_hh.T @ h.T).T + b)


def cell_float32(x, h, W_xh, W_hh, b):
    x, h, W_xh, W_hh, b = (a.astype(np.float32) for a in (x, h, W_xh, W_hh, b))
    return np.tanh(x @ W_xh + h @ W_hh + b)


def cell_sigmoid(x, h, W_xh, W_hh, b):
    return 2 / (1 + np.exp(-2 * (x @ W_xh + h @ W_hh + b))) - 1  # warns for large sums


def cell_stable_exp(x, h, W_xh, W_hh, b):
    z = x @ W_xh + h @ W_hh + b
    e = np.exp(-2 * np.abs(z))
    return np.sign(z) * (1 - e) / (1 + e)


def cell_vectorised(x, h, W_xh, W_hh, b):
    return np.vectorize(math.tanh)(np.matmul(x, W_xh) + np.matmul(h, W_hh) + b)


def cell_in_place(x, h, W_xh, W_hh, b):
    z = x @ W_xh
    z += h @ W_hh
    z += b
    return np.tanh(z, out=z)


def cell_padded_batch(x, h, W_xh, W_hh, b):
    single = x.ndim == 1
    if single:
        x, h = x[None, :], h[None, :]
    new = np.tanh(np.dot(x, W_xh) + np.dot(h, W_hh) + np.tile(b, (x.shape[0], 1)))
    return new.squeeze(axis=0) if single else new


def cell_sum_of_products(x, h, W_xh, W_hh, b):
    z = (x[..., :, None] * W_xh).sum(axis=-2) + (h[..., :, None] * W_hh).sum(axis=-2)
    return np.tanh(np.add(z, b))


def cell_checks_its_input(x, h, W_xh, W_hh, b):
    assert x.shape[-1] == W_xh.shape[0], "x does not fit W_xh"
    assert h.shape[-1] == W_hh.shape[0] == W_hh.shape[1] == b.shape[0], "h does not fit"
    print("one step", x.shape, h.shape)
    return np.tanh(np.tensordot(x, W_xh, 1) + np.tensordot(h, W_hh, 1) + b)


# ---- run_rnn ------------------------------------------------------------------------------------


def run_list(X, h0, W_xh, W_hh, b):
    h, states = h0, []
    for t in range(X.shape[-2]):
        h = np.tanh(X[..., t, :] @ W_xh + h @ W_hh + b)
        states.append(h)
    return np.stack(states, axis=-2)


def run_array(X, h0, W_xh, W_hh, b):
    states = np.zeros((*X.shape[:-1], len(b)))
    h = h0.copy()
    for t in range(X.shape[-2]):
        h = cell_plain(X[..., t, :], h, W_xh, W_hh, b)
        states[..., t, :] = h
    return states


def run_hoisted(X, h0, W_xh, W_hh, b):
    P = X @ W_xh + b
    h, states = h0, np.empty_like(P)
    for t in range(P.shape[-2]):
        h = states[..., t, :] = np.tanh(P[..., t, :] + h @ W_hh)
    return states


def run_recursive(X, h0, W_xh, W_hh, b):
    first = cell_plain(X[..., 0, :], h0, W_xh, W_hh, b)
    if X.shape[-2] == 1:
        return first[..., None, :]
    rest = run_recursive(X[..., 1:, :], first, W_xh, W_hh, b)
    return np.concatenate([first[..., None, :], rest], axis=-2)


def run_branches(X, h0, W_xh, W_hh, b):
    if X.ndim == 3:
        both = zip(X, h0, strict=True)
        return np.array([run_branches(x, h, W_xh, W_hh, b) for x, h in both])
    states = [h0]
    for word in X:
        states.append(cell_plain(word, states[-1], W_xh, W_hh, b))
    return np.array(states[1:])


def run_time_first(X, h0, W_xh, W_hh, b):
    h, states = h0, []
    for words in np.moveaxis(X, -2, 0):
        h = cell_plain(words, h, W_xh, W_hh, b)
        states += [h]
    return np.moveaxis(np.array(states), 0, -2)


def run_always_a_batch(X, h0, W_xh, W_hh, b):
    many = X.reshape((-1, *X.shape[-2:]))
    h = h0.reshape((-1, h0.shape[-1]))
    out = np.empty((*many.shape[:2], h.shape[-1]))
    for t in range(many.shape[1]):
        h = out[:, t] = np.tanh(many[:, t] @ W_xh + h @ W_hh + b)
    return out.reshape((*X.shape[:-1], -1))


def run_float32(X, h0, W_xh, W_hh, b):
    return run_list(*(a.astype(np.float32) for a in (X, h0, W_xh, W_hh, b)))


def run_reduce(X, h0, W_xh, W_hh, b):
    def step(states, t):
        return [*states, cell_plain(X[..., t, :], states[-1], W_xh, W_hh, b)]

    return np.stack(reduce(step, range(X.shape[-2]), [h0])[1:], axis=-2)


def run_while(X, h0, W_xh, W_hh, b):
    h, t, out = np.array(h0), 0, None
    while t < X.shape[-2]:
        h = cell_einsum(X[..., t, :], h, W_xh, W_hh, b)
        new = np.expand_dims(h, -2)
        out = new if out is None else np.append(out, new, axis=-2)
        t += 1
    return out


def run_dictionary(X, h0, W_xh, W_hh, b):
    state = {-1: h0}
    for t in range(X.shape[-2]):
        state[t] = cell_one_matrix(X[..., t, :], state[t - 1], W_xh, W_hh, b)
    return np.swapaxes(np.array([state[t] for t in range(X.shape[-2])]), 0, X.ndim - 2)


def run_generator(X, h0, W_xh, W_hh, b):
    def states():
        h = h0
        for t in range(X.shape[-2]):
            h = cell_loops(X[..., t, :], h, W_xh, W_hh, b)
            yield h

    return np.stack(list(states()), axis=-2)


# ---- rnn_cell_backward --------------------------------------------------------------------------


def back_rows(dh_new, x, h, h_new, W_xh, W_hh):
    dz = dh_new * (1 - h_new * h_new)
    rows = np.atleast_2d(dz)
    dW_xh, dW_hh = np.atleast_2d(x).T @ rows, np.atleast_2d(h).T @ rows
    return dz @ W_xh.T, dz @ W_hh.T, dW_xh, dW_hh, rows.sum(axis=0)


def back_branches(dh_new, x, h, h_new, W_xh, W_hh):
    dz = (1 - h_new**2) * dh_new
    if x.ndim == 1:
        return W_xh @ dz, W_hh @ dz, np.outer(x, dz), np.outer(h, dz), dz
    return dz @ W_xh.T, dz @ W_hh.T, x.T @ dz, h.T @ dz, dz.sum(0)


def back_einsum(dh_new, x, h, h_new, W_xh, W_hh):
    dz = dh_new * (1 - np.square(h_new))
    if dz.ndim == 1:
        dx, dh, dW_xh, dW_hh, db = back_einsum(
            *(a[None] for a in (dh_new, x, h, h_new)), W_xh, W_hh
        )
        return dx[0], dh[0], dW_xh, dW_hh, db
    return (
        np.einsum("bj,ij->bi", dz, W_xh),
        np.einsum("bj,ij->bi", dz, W_hh),
        np.einsum("bi,bj->ij", x, dz),
        np.einsum("bi,bj->ij", h, dz),
        np.einsum("bj->j", dz),
    )


def back_loop_over_the_batch(dh_new, x, h, h_new, W_xh, W_hh):
    if x.ndim == 1:
        return back_branches(dh_new, x, h, h_new, W_xh, W_hh)
    dxs, dhs, dW_xh, dW_hh, db = [], [], np.zeros_like(W_xh), np.zeros_like(W_hh), 0
    for i in range(len(x)):
        dx, dh, one, two, three = back_branches(dh_new[i], x[i], h[i], h_new[i], W_xh, W_hh)
        dxs.append(dx)
        dhs.append(dh)
        dW_xh += one
        dW_hh += two
        db = db + three
    return np.array(dxs), np.array(dhs), dW_xh, dW_hh, db


def back_sums_products(dh_new, x, h, h_new, W_xh, W_hh):
    dz = dh_new - dh_new * h_new**2
    axes = tuple(range(dz.ndim - 1))
    dW_xh = (x[..., :, None] * dz[..., None, :]).sum(axis=axes)
    dW_hh = (h[..., :, None] * dz[..., None, :]).sum(axis=axes)
    return dz @ W_xh.T, dz @ W_hh.T, dW_xh, dW_hh, dz.sum(axis=axes)


def back_list(dh_new, x, h, h_new, W_xh, W_hh):
    return list(back_rows(dh_new, x, h, h_new, W_xh, W_hh))


def back_complex_step(dh_new, x, h, h_new, W_xh, W_hh):
    slope = np.tanh(np.arctanh(h_new) + 1e-30j).imag / 1e-30
    return back_rows(dh_new * slope, x, h, 0 * h_new, W_xh, W_hh)


def back_float32(dh_new, x, h, h_new, W_xh, W_hh):
    return back_rows(*(a.astype(np.float32) for a in (dh_new, x, h, h_new, W_xh, W_hh)))


def back_reshape(dh_new, x, h, h_new, W_xh, W_hh):
    dz = dh_new * (1 + h_new) * (1 - h_new)
    X, Z, S = x.reshape(-1, x.shape[-1]), dz.reshape(-1, dz.shape[-1]), h.reshape(-1, h.shape[-1])
    return dz.dot(W_xh.T), dz.dot(W_hh.T), X.T.dot(Z), S.T.dot(Z), np.ones(len(Z)) @ Z


def back_cosh(dh_new, x, h, h_new, W_xh, W_hh):
    return back_branches(dh_new / np.cosh(np.arctanh(h_new)) ** 2, x, h, 0 * h_new, W_xh, W_hh)


def back_tensordot(dh_new, x, h, h_new, W_xh, W_hh):
    dz = dh_new * (1 - np.power(h_new, 2))
    over = list(range(dz.ndim - 1))
    return (
        np.tensordot(dz, W_xh, (-1, 1)),
        np.tensordot(dz, W_hh, (-1, 1)),
        np.tensordot(x, dz, (over, over)),
        np.tensordot(h, dz, (over, over)),
        np.add.reduce(dz, axis=tuple(over)),
    )


def back_one_matrix(dh_new, x, h, h_new, W_xh, W_hh):
    dz, d = dh_new * (1 - h_new**2), x.shape[-1]
    back = dz @ np.vstack([W_xh, W_hh]).T
    both = np.concatenate([x, h], axis=-1).reshape(-1, d + h.shape[-1])
    dW = both.T @ dz.reshape(len(both), -1)
    return back[..., :d], back[..., d:], dW[:d], dW[d:], dz.reshape(len(both), -1).sum(axis=0)


POINTS = 40  # of the whole assignment
VARIANTS = {
    "rnn_cell": [f for name, f in list(globals().items()) if name.startswith("cell_")],
    "run_rnn": [f for name, f in list(globals().items()) if name.startswith("run_")],
    "rnn_cell_backward": [f for name, f in list(globals().items()) if name.startswith("back_")],
}
