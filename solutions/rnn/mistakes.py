"""Mistakes that learners make in the RNN exercise, and what to say about each."""

import numpy as np

from grading.assignment import mistake

_draw = np.random.default_rng(2017).standard_normal


def _some(*shapes):
    return tuple(np.round(_draw(shape), 1) for shape in shapes)


def _step(d, H, B=(), scale=1.0):
    x, h, W_xh, W_hh, b = _some((*B, d), (*B, H), (d, H), (H, H), (H,))
    return scale * x, h, W_xh, W_hh, b


def _back(d, H, B=()):
    dh_new, x, h, h_new, W_xh, W_hh = _some((*B, H), (*B, d), (*B, H), (*B, H), (d, H), (H, H))
    return dh_new, x, h, np.clip(np.round(np.tanh(h_new), 1), -0.9, 0.9), W_xh, W_hh


# The sizes are ones that no test uses: an answer that remembers its calls meets them fresh.
PROBES = {
    "rnn_cell": [
        _step(2, 3),
        _step(2, 3),
        _step(3, 3),
        _step(2, 3, (4,)),
        _step(2, 3, (3,)),
        _step(2, 3, (1,)),
        _step(5, 2, scale=1000.0),
    ],
    "run_rnn": [
        _some((4, 2), (3,), (2, 3), (3, 3), (3,)),
        _some((4, 3), (3,), (3, 3), (3, 3), (3,)),
        _some((2, 4, 3), (2, 3), (3, 3), (3, 3), (3,)),
        _some((4, 4, 2), (4, 3), (2, 3), (3, 3), (3,)),
        _some((4, 2), (3,), (2, 3), (3, 3), (3,)),
    ],
    "rnn_cell_backward": [
        (40 * np.ones(3), *_back(2, 3)[1:]),
        _back(2, 3),
        _back(3, 3),
        _back(2, 3, (4,)),
        _back(3, 3, (3,)),
    ],
}


# ---- rnn_cell: something is left out ------------------------------------------------------------


@mistake("rnn_cell", "The old state never enters: nothing in your result changes when h does.")
def ignores_the_old_state(x, h, W_xh, W_hh, b):
    return np.tanh(x @ W_xh + b)


@mistake("rnn_cell", "The word never enters: nothing in your result changes when x does.")
def ignores_the_word(x, h, W_xh, W_hh, b):
    return np.tanh(h @ W_hh + b)


@mistake("rnn_cell", "The bias is missing: with all weights zero your new state is zero.")
def forgets_the_bias(x, h, W_xh, W_hh, b):
    return np.tanh(x @ W_xh + h @ W_hh)


@mistake(
    "rnn_cell",
    "You return the sum as it is. Nothing squashes it, so from word to word the state could grow"
    " without bound.",
)
def forgets_the_tanh(x, h, W_xh, W_hh, b):
    return x @ W_xh + h @ W_hh + b


# ---- rnn_cell: another function in place of tanh ------------------------------------------------


@mistake(
    "rnn_cell",
    "Your states lie between 0 and 1: that is the logistic sigmoid. The cell uses tanh, which lies"
    " between -1 and 1.",
)
def sigmoid(x, h, W_xh, W_hh, b):
    return 1 / (1 + np.exp(-(x @ W_xh + h @ W_hh + b)))


@mistake(
    "rnn_cell",
    "Your states are never negative and have no upper bound: that is a ReLU. The cell uses tanh.",
)
def relu(x, h, W_xh, W_hh, b):
    return np.maximum(x @ W_xh + h @ W_hh + b, 0)


@mistake(
    "rnn_cell",
    "Your states are the sum cut off at -1 and 1. That resembles tanh, but tanh bends all the way.",
)
def clip(x, h, W_xh, W_hh, b):
    return np.clip(x @ W_xh + h @ W_hh + b, -1, 1)


@mistake("rnn_cell", "np.tan is the tangent of an angle; the h at the end makes it hyperbolic.")
def tangent(x, h, W_xh, W_hh, b):
    return np.tan(x @ W_xh + h @ W_hh + b)


@mistake(
    "rnn_cell",
    "Your states go up to 1.57: that is the arc tangent, which is shaped like tanh but is not it.",
)
def arc_tangent(x, h, W_xh, W_hh, b):
    return np.arctan(x @ W_xh + h @ W_hh + b)


@mistake(
    "rnn_cell",
    "The numbers of each of your states sum to 1: that is a softmax. In a state every unit is"
    " squashed by itself.",
)
def softmax(x, h, W_xh, W_hh, b):
    z = x @ W_xh + h @ W_hh + b
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@mistake(
    "rnn_cell",
    "You squash half the sum. A stretched sigmoid, 2σ(z) - 1, is tanh(z/2), not tanh(z).",
)
def tanh_of_half(x, h, W_xh, W_hh, b):
    return np.tanh((x @ W_xh + h @ W_hh + b) / 2)


@mistake("rnn_cell", "tanh is applied twice: once is enough.")
def tanh_twice(x, h, W_xh, W_hh, b):
    return np.tanh(np.tanh(x @ W_xh + h @ W_hh + b))


@mistake(
    "rnn_cell",
    "You return the slope of tanh, 1 - tanh². That belongs to the step backwards.",
)
def slope_of_tanh(x, h, W_xh, W_hh, b):
    return 1 - np.tanh(x @ W_xh + h @ W_hh + b) ** 2


@mistake(
    "rnn_cell",
    "For large sums your result is nan: a tanh made of exponentials divides infinity by infinity"
    " there.",
)
def overflows(x, h, W_xh, W_hh, b):
    z = x @ W_xh + h @ W_hh + b
    return (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))


# ---- rnn_cell: squashed at the wrong moment -----------------------------------------------------


@mistake("rnn_cell", "The bias is added after the squashing: it belongs into the sum, inside tanh.")
def bias_outside(x, h, W_xh, W_hh, b):
    return np.tanh(x @ W_xh + h @ W_hh) + b


@mistake(
    "rnn_cell",
    "Only the word's part is squashed; the old state's part is added afterwards. Both belong inside"
    " one tanh.",
)
def old_state_outside(x, h, W_xh, W_hh, b):
    return np.tanh(x @ W_xh + b) + h @ W_hh


@mistake(
    "rnn_cell",
    "Only the old state's part is squashed; the word's part is added afterwards. Both belong inside"
    " one tanh.",
)
def word_outside(x, h, W_xh, W_hh, b):
    return np.tanh(h @ W_hh + b) + x @ W_xh


@mistake(
    "rnn_cell",
    "The word's part and the old state's part are squashed one by one and then added. Add first,"
    " then squash once.",
)
def squashes_each_part(x, h, W_xh, W_hh, b):
    return np.tanh(x @ W_xh) + np.tanh(h @ W_hh + b)


@mistake(
    "rnn_cell",
    "The old state is squashed again before it is used. It is the result of a tanh already.",
)
def squashes_the_old_state(x, h, W_xh, W_hh, b):
    return np.tanh(x @ W_xh + np.tanh(h) @ W_hh + b)


# ---- rnn_cell: combined in another way ----------------------------------------------------------


@mistake(
    "rnn_cell",
    "The old state is added to the result once more. This cell has no shortcut past the tanh: h"
    " enters through W_hh alone.",
)
def adds_the_old_state(x, h, W_xh, W_hh, b):
    return h + np.tanh(x @ W_xh + h @ W_hh + b)


@mistake(
    "rnn_cell",
    "You average the new state with the old one. That is a leaky unit; this cell replaces its state"
    " wholly.",
)
def averages_with_the_old_state(x, h, W_xh, W_hh, b):
    return (h + np.tanh(x @ W_xh + h @ W_hh + b)) / 2


@mistake("rnn_cell", "The word's part and the old state's part are multiplied; they are added.")
def multiplies_the_parts(x, h, W_xh, W_hh, b):
    return np.tanh((x @ W_xh) * (h @ W_hh) + b)


@mistake("rnn_cell", "The old state's part is subtracted; it is added.")
def subtracts_the_old_state(x, h, W_xh, W_hh, b):
    return np.tanh(x @ W_xh - h @ W_hh + b)


@mistake("rnn_cell", "The bias is subtracted; it is added.")
def subtracts_the_bias(x, h, W_xh, W_hh, b):
    return np.tanh(x @ W_xh + h @ W_hh - b)


@mistake("rnn_cell", "The bias is added twice: this cell has one bias, not one for each matrix.")
def bias_twice(x, h, W_xh, W_hh, b):
    return np.tanh(x @ W_xh + b + h @ W_hh + b)


@mistake(
    "rnn_cell",
    "The sum is divided by the square root of the number of units. Attention scales its scores so;"
    " this cell does not.",
)
def scales_the_sum(x, h, W_xh, W_hh, b):
    return np.tanh((x @ W_xh + h @ W_hh + b) / np.sqrt(h.shape[-1]))


# ---- rnn_cell: the matrices ---------------------------------------------------------------------


@mistake(
    "rnn_cell",
    "W_hh is transposed. Rows stand on the left here, so unit i of the old state acts on unit j of"
    " the new one through W_hh[i, j].",
    siblings=["W_hh_on_the_left"],
)
def transposes_W_hh(x, h, W_xh, W_hh, b):
    return np.tanh(x @ W_xh + h @ W_hh.T + b)


@mistake(
    "rnn_cell",
    "W_hh stands on the left of h: that reads h as a column, which swaps the roles of rows and"
    " columns of W_hh, and does not work for a batch.",
)
def W_hh_on_the_left(x, h, W_xh, W_hh, b):
    return np.tanh(x @ W_xh + W_hh @ h + b)


@mistake(
    "rnn_cell",
    "W_xh is turned, or stands on the wrong side. It has one row for each number of the word and"
    " one column for each unit, and the word stands on its left.",
)
def transposes_W_xh(x, h, W_xh, W_hh, b):
    return np.tanh(x @ W_xh.T + h @ W_hh + b)


@mistake(
    "rnn_cell",
    "The matrices are turned, or stand on the wrong side. Here vectors are rows: each stands on"
    " the left of its matrix.",
)
def column_vectors(x, h, W_xh, W_hh, b):
    return np.tanh(W_xh @ x + W_hh @ h + b)


@mistake(
    "rnn_cell",
    "One word works, a batch does not: words and states are rows, one for each sentence, and stand"
    " on the left of their matrices.",
    siblings=["single_words_only"],
)
def columns_for_one_word(x, h, W_xh, W_hh, b):
    return np.tanh(W_xh.T @ x + W_hh.T @ h + b)


@mistake(
    "rnn_cell",
    "x goes through W_hh and h through W_xh. The two letters say from where to where: W_xh leads"
    " from x to h.",
)
def swaps_the_matrices(x, h, W_xh, W_hh, b):
    return np.tanh(x @ W_hh + h @ W_xh + b)


@mistake(
    "rnn_cell",
    "Both parts go through the same matrix W_xh: the old state has a matrix of its own.",
)
def one_matrix_for_both(x, h, W_xh, W_hh, b):
    return np.tanh((x + h) @ W_xh + b)


@mistake(
    "rnn_cell",
    "Each unit hears only itself: you use nothing of W_hh but its diagonal. Every unit of the old"
    " state acts on every unit of the new one.",
)
def only_the_diagonal(x, h, W_xh, W_hh, b):
    return np.tanh(x @ W_xh + h * np.diag(W_hh) + b)


# ---- rnn_cell: batches and shapes ---------------------------------------------------------------


@mistake(
    "rnn_cell",
    "One word works, a batch does not: your code counts on x and h having one axis.",
)
def single_words_only(x, h, W_xh, W_hh, b):
    z = [b[j] + sum(x[i] * W_xh[i, j] for i in range(len(x))) for j in range(len(b))]
    z = [z[j] + sum(h[i] * W_hh[i, j] for i in range(len(h))) for j in range(len(b))]
    return np.tanh(np.array([float(number) for number in z]))


@mistake(
    "rnn_cell",
    "A batch comes back as a single state, the average of its rows: the sentences of a batch must"
    " not mix.",
)
def averages_the_batch(x, h, W_xh, W_hh, b):
    new = np.tanh(x @ W_xh + h @ W_hh + b)
    return new.mean(axis=0) if new.ndim == 2 else new


@mistake("rnn_cell", "Of a batch only the first row comes back: each row needs its own new state.")
def first_row_only(x, h, W_xh, W_hh, b):
    return np.atleast_2d(np.tanh(x @ W_xh + h @ W_hh + b))[0]


@mistake(
    "rnn_cell",
    "The bias stands as a column: every row of the batch gets one number of it, where each unit"
    " should get its own.",
)
def bias_as_a_column(x, h, W_xh, W_hh, b):
    return np.tanh(x @ W_xh + h @ W_hh + b[:, None])


@mistake(
    "rnn_cell",
    "One word gives an array with an extra axis of length 1. Give back the shape that came in:"
    " a vector for a vector.",
)
def keeps_a_batch_axis(x, h, W_xh, W_hh, b):
    return np.tanh(np.atleast_2d(x) @ W_xh + np.atleast_2d(h) @ W_hh + b)


@mistake(
    "rnn_cell",
    "The units are summed up: one number is left of the whole state.",
)
def sums_the_units(x, h, W_xh, W_hh, b):
    return np.tanh(np.sum(x @ W_xh + h @ W_hh + b, axis=-1))


# ---- rnn_cell: what is returned, and what is touched --------------------------------------------


@mistake(
    "rnn_cell",
    "Two values come back. In this cell the output and the new state are the same thing: return it"
    " once.",
)
def returns_two_values(x, h, W_xh, W_hh, b):
    new = np.tanh(x @ W_xh + h @ W_hh + b)
    return new, new


@mistake("rnn_cell", "The state is computed, but nothing comes back: the return is missing.")
def returns_nothing(x, h, W_xh, W_hh, b):
    np.tanh(x @ W_xh + h @ W_hh + b)


@mistake("rnn_cell", "The numbers are right, but in a list: give back a numpy array.")
def returns_a_list(x, h, W_xh, W_hh, b):
    return np.tanh(x @ W_xh + h @ W_hh + b).tolist()


@mistake(
    "rnn_cell",
    "The new state is written into the array h that was handed in, so the caller's old state is"
    " gone. Make a new array.",
)
def overwrites_h(x, h, W_xh, W_hh, b):
    h[...] = np.tanh(x @ W_xh + h @ W_hh + b)
    return h


@mistake(
    "rnn_cell",
    "The bias itself changes: `z = b` makes no copy, so `z += …` adds to the caller's b, and the"
    " next word meets another bias.",
)
def adds_into_the_bias(x, h, W_xh, W_hh, b):
    z = b
    z += x @ W_xh
    z += h @ W_hh
    return np.tanh(z)


@mistake(
    "rnn_cell",
    "Rounded numbers come back. Round for reading only: in a loop the error is carried along.",
)
def rounds(x, h, W_xh, W_hh, b):
    return np.round(np.tanh(x @ W_xh + h @ W_hh + b), 2)


@mistake(
    "rnn_cell",
    "About three digits are right: somewhere the numbers pass through float16.",
)
def half_precision(x, h, W_xh, W_hh, b):
    x, h, W_xh, W_hh, b = (a.astype(np.float16) for a in (x, h, W_xh, W_hh, b))
    return np.tanh(x @ W_xh + h @ W_hh + b)


_remembered = {}


@mistake(
    "rnn_cell",
    "A second word of the same size gets the first one's state: something is remembered from call"
    " to call.",
)
def remembers_the_first_call(x, h, W_xh, W_hh, b):
    return _remembered.setdefault(x.shape + b.shape, np.tanh(x @ W_xh + h @ W_hh + b))


# ---- run_rnn ------------------------------------------------------------------------------------


def _states(X, h0, W_xh, W_hh, b):
    h, states = h0, []
    for t in range(X.shape[-2]):
        h = np.tanh(X[..., t, :] @ W_xh + h @ W_hh + b)
        states.append(h)
    return np.stack(states, axis=-2)


@mistake(
    "run_rnn",
    "Only the last state comes back. Keep the state after every word.",
)
def last_state_only(X, h0, W_xh, W_hh, b):
    return _states(X, h0, W_xh, W_hh, b)[..., -1, :]


@mistake(
    "run_rnn",
    "The loop starts from zeros, whatever h0 is: nothing in your result changes when h0 does.",
)
def starts_from_zeros(X, h0, W_xh, W_hh, b):
    return _states(X, 0 * h0, W_xh, W_hh, b)


@mistake(
    "run_rnn",
    "There is one state too many: h0 comes before the first word and is not part of the result.",
)
def keeps_h0(X, h0, W_xh, W_hh, b):
    return np.concatenate([h0[..., None, :], _states(X, h0, W_xh, W_hh, b)], axis=-2)


@mistake(
    "run_rnn",
    "Each state is stored before its word is read: your rows are one word late, and the last state"
    " is lost.",
)
def one_word_late(X, h0, W_xh, W_hh, b):
    return keeps_h0(X, h0, W_xh, W_hh, b)[..., :-1, :]


@mistake("run_rnn", "The words are read from the last to the first.")
def reads_backwards(X, h0, W_xh, W_hh, b):
    return _states(X[..., ::-1, :], h0, W_xh, W_hh, b)


@mistake(
    "run_rnn",
    "The words are read in the right order, but the states come back in the opposite one.",
)
def returns_backwards(X, h0, W_xh, W_hh, b):
    return _states(X, h0, W_xh, W_hh, b)[..., ::-1, :]


@mistake(
    "run_rnn",
    "Every word starts from h0 again: the state is not carried along, so no word knows the ones"
    " before it.",
)
def does_not_carry(X, h0, W_xh, W_hh, b):
    return np.tanh(X @ W_xh + (h0 @ W_hh)[..., None, :] + b)


@mistake(
    "run_rnn",
    "All your states are equal to the last one: the list holds the same array again and again, and"
    " each step overwrites it.",
)
def same_array_again(X, h0, W_xh, W_hh, b):
    h, states = h0.copy(), []
    for t in range(X.shape[-2]):
        h[...] = np.tanh(X[..., t, :] @ W_xh + h @ W_hh + b)
        states.append(h)
    return np.stack(states, axis=-2)


@mistake(
    "run_rnn",
    "The array h0 that was handed in is overwritten. Start from a copy, or make a new state in each"
    " step.",
)
def overwrites_h0(X, h0, W_xh, W_hh, b):
    states = _states(X, h0, W_xh, W_hh, b)
    h0[...] = states[..., -1, :]
    return states


@mistake(
    "run_rnn",
    "The batch comes back with the words first: (n, B, H) instead of (B, n, H).",
)
def words_first(X, h0, W_xh, W_hh, b):
    states = _states(X, h0, W_xh, W_hh, b)
    return states.swapaxes(0, 1) if X.ndim == 3 else states


@mistake(
    "run_rnn",
    "In a batch your loop runs over the sentences instead of the words: the first axis of X is the"
    " batch, the second the words.",
)
def loops_over_the_batch(X, h0, W_xh, W_hh, b):
    h, states = h0, []
    for word in X:
        h = np.tanh(word @ W_xh + h @ W_hh + b)
        states.append(h)
    return np.stack(states)


@mistake(
    "run_rnn",
    "One sentence works, a batch does not: its first axis is the batch, and the words come second.",
    siblings=["loops_over_the_batch"],
)
def single_sentences_only(X, h0, W_xh, W_hh, b):
    if X.ndim != 2:
        raise ValueError("X should have two axes")
    return _states(X, h0, W_xh, W_hh, b)


@mistake(
    "run_rnn",
    "The sentences of a batch share one state: each needs its own, from its own row of h0.",
)
def one_state_for_all(X, h0, W_xh, W_hh, b):
    return _states(X, np.broadcast_to(h0[0], h0.shape) if X.ndim == 3 else h0, W_xh, W_hh, b)


@mistake("run_rnn", "The first word is skipped: its row in your result is zero.")
def skips_the_first_word(X, h0, W_xh, W_hh, b):
    states = _states(X[..., 1:, :], h0, W_xh, W_hh, b)
    return np.concatenate([np.zeros_like(states[..., :1, :]), states], axis=-2)


@mistake("run_rnn", "The last word is never read: its row in your result is zero.")
def skips_the_last_word(X, h0, W_xh, W_hh, b):
    states = _states(X, h0, W_xh, W_hh, b)
    states[..., -1, :] = 0
    return states


@mistake("run_rnn", "The states are right, but in a list: stack them into one array.")
def list_of_states(X, h0, W_xh, W_hh, b):
    return list(_states(X, h0, W_xh, W_hh, b))


@mistake("run_rnn", "Two values come back; all states are enough, for the last one is among them.")
def states_and_last(X, h0, W_xh, W_hh, b):
    states = _states(X, h0, W_xh, W_hh, b)
    return states, states[..., -1, :]


@mistake("run_rnn", "The states are computed, but nothing comes back: the return is missing.")
def no_states(X, h0, W_xh, W_hh, b):
    _states(X, h0, W_xh, W_hh, b)


@mistake("run_rnn", "The states come back added up: row t holds the sum of all states so far.")
def adds_up_the_states(X, h0, W_xh, W_hh, b):
    return np.cumsum(_states(X, h0, W_xh, W_hh, b), axis=-2)


# ---- rnn_cell_backward --------------------------------------------------------------------------


def _gradients(dz, x, h, W_xh, W_hh):
    rows = np.atleast_2d(dz)
    return (
        dz @ W_xh.T,
        dz @ W_hh.T,
        np.atleast_2d(x).T @ rows,
        np.atleast_2d(h).T @ rows,
        rows.sum(axis=0),
    )


@mistake(
    "rnn_cell_backward",
    "The slope of tanh is missing: you pass dh_new on as if it were dz.",
)
def no_slope(dh_new, x, h, h_new, W_xh, W_hh):
    return _gradients(dh_new, x, h, W_xh, W_hh)


@mistake(
    "rnn_cell_backward",
    "The slope is taken at the old state h; it belongs to the new one, which came out of the tanh.",
)
def slope_at_the_old_state(dh_new, x, h, h_new, W_xh, W_hh):
    return _gradients(dh_new * (1 - h**2), x, h, W_xh, W_hh)


@mistake(
    "rnn_cell_backward",
    "You use 1 - h_new as the slope: the square is missing.",
)
def slope_without_square(dh_new, x, h, h_new, W_xh, W_hh):
    return _gradients(dh_new * (1 - h_new), x, h, W_xh, W_hh)


@mistake(
    "rnn_cell_backward",
    "You use h_new(1 - h_new) as the slope: that is the sigmoid's. The cell uses tanh.",
)
def slope_of_the_sigmoid(dh_new, x, h, h_new, W_xh, W_hh):
    return _gradients(dh_new * h_new * (1 - h_new), x, h, W_xh, W_hh)


@mistake(
    "rnn_cell_backward",
    "tanh is applied to h_new once more, but h_new is the tanh already: square it as it is.",
)
def tanh_of_the_new_state(dh_new, x, h, h_new, W_xh, W_hh):
    return _gradients(dh_new * (1 - np.tanh(h_new) ** 2), x, h, W_xh, W_hh)


@mistake("rnn_cell_backward", "The slope of tanh is applied twice.")
def slope_twice(dh_new, x, h, h_new, W_xh, W_hh):
    return _gradients(dh_new * (1 - h_new**2) ** 2, x, h, W_xh, W_hh)


@mistake(
    "rnn_cell_backward",
    "You multiply by h_new² - 1: all gradients have the wrong sign.",
)
def wrong_sign(dh_new, x, h, h_new, W_xh, W_hh):
    return _gradients(dh_new * (h_new**2 - 1), x, h, W_xh, W_hh)


@mistake(
    "rnn_cell_backward",
    "The slope of tanh is missing in dx and dh; the other three have it.",
)
def slope_in_parameters_only(dh_new, x, h, h_new, W_xh, W_hh):
    dz = dh_new * (1 - h_new**2)
    return dh_new @ W_xh.T, dh_new @ W_hh.T, *_gradients(dz, x, h, W_xh, W_hh)[2:]


@mistake("rnn_cell_backward", "The slope of tanh is missing in db; the other four have it.")
def no_slope_in_db(dh_new, x, h, h_new, W_xh, W_hh):
    dz = dh_new * (1 - h_new**2)
    return *_gradients(dz, x, h, W_xh, W_hh)[:4], np.atleast_2d(dh_new).sum(axis=0)


@mistake(
    "rnn_cell_backward",
    "dh goes through W_hh as it stands. On the way back a matrix is walked from its columns to its"
    " rows, so it has to be transposed.",
)
def W_hh_not_transposed(dh_new, x, h, h_new, W_xh, W_hh):
    dz = dh_new * (1 - h_new**2)
    dx, _, *rest = _gradients(dz, x, h, W_xh, W_hh)
    return dx, dz @ W_hh, *rest


@mistake(
    "rnn_cell_backward",
    "W_xh and W_hh are used as they stand. On the way back a matrix is walked from its columns to"
    " its rows, so it has to be transposed.",
)
def matrices_not_transposed(dh_new, x, h, h_new, W_xh, W_hh):
    dz = dh_new * (1 - h_new**2)
    return dz @ W_xh, dz @ W_hh, *_gradients(dz, x, h, W_xh, W_hh)[2:]


@mistake("rnn_cell_backward", "dx and dh have changed places.")
def swaps_dx_and_dh(dh_new, x, h, h_new, W_xh, W_hh):
    dx, dh, *rest = _gradients(dh_new * (1 - h_new**2), x, h, W_xh, W_hh)
    return dh, dx, *rest


@mistake("rnn_cell_backward", "dW_xh and dW_hh have changed places.")
def swaps_the_weights(dh_new, x, h, h_new, W_xh, W_hh):
    dx, dh, dW_xh, dW_hh, db = _gradients(dh_new * (1 - h_new**2), x, h, W_xh, W_hh)
    return dx, dh, dW_hh, dW_xh, db


@mistake(
    "rnn_cell_backward",
    "dW_xh and dW_hh are transposed: each must have the shape of its matrix, a row for each number"
    " that goes in.",
)
def transposed_weights(dh_new, x, h, h_new, W_xh, W_hh):
    dx, dh, dW_xh, dW_hh, db = _gradients(dh_new * (1 - h_new**2), x, h, W_xh, W_hh)
    return dx, dh, dW_xh.T, dW_hh.T, db


@mistake(
    "rnn_cell_backward",
    "dW_hh is made with the new state; what went through W_hh in this step was the old one.",
)
def new_state_in_dW_hh(dh_new, x, h, h_new, W_xh, W_hh):
    dx, dh, dW_xh, _, db = _gradients(dh_new * (1 - h_new**2), x, h, W_xh, W_hh)
    dW_hh = _gradients(dh_new * (1 - h_new**2), x, h_new, W_xh, W_hh)[3]
    return dx, dh, dW_xh, dW_hh, db


@mistake(
    "rnn_cell_backward",
    "The gradients of the parameters are averaged over the batch. They add up: every sentence pulls"
    " at the same numbers.",
)
def averages_over_the_batch(dh_new, x, h, h_new, W_xh, W_hh):
    dx, dh, *rest = _gradients(dh_new * (1 - h_new**2), x, h, W_xh, W_hh)
    return dx, dh, *(g / len(np.atleast_2d(x)) for g in rest)


@mistake(
    "rnn_cell_backward",
    "db keeps the batch: the bias is one vector for all sentences, so their gradients add up.",
)
def db_keeps_the_batch(dh_new, x, h, h_new, W_xh, W_hh):
    dz = dh_new * (1 - h_new**2)
    return *_gradients(dz, x, h, W_xh, W_hh)[:4], dz


@mistake(
    "rnn_cell_backward",
    "db is summed over the units, not over the sentences: it needs one number a unit.",
)
def db_sums_the_units(dh_new, x, h, h_new, W_xh, W_hh):
    dz = dh_new * (1 - h_new**2)
    return *_gradients(dz, x, h, W_xh, W_hh)[:4], dz.sum(axis=-1)


@mistake(
    "rnn_cell_backward",
    "dW_xh and dW_hh keep the batch: the matrices are the same for all sentences, so their"
    " gradients add up.",
)
def weights_keep_the_batch(dh_new, x, h, h_new, W_xh, W_hh):
    dz = dh_new * (1 - h_new**2)
    dx, dh, _, _, db = _gradients(dz, x, h, W_xh, W_hh)
    return dx, dh, x[..., :, None] * dz[..., None, :], h[..., :, None] * dz[..., None, :], db


@mistake(
    "rnn_cell_backward",
    "One sentence works, a batch does not: np.outer flattens what it gets.",
)
def outer_flattens(dh_new, x, h, h_new, W_xh, W_hh):
    dz = dh_new * (1 - h_new**2)
    dx, dh, _, _, db = _gradients(dz, x, h, W_xh, W_hh)
    return dx, dh, np.outer(x, dz), np.outer(h, dz), db


@mistake(
    "rnn_cell_backward",
    "One sentence works, a batch does not: your code counts on vectors of one axis.",
)
def single_gradients_only(dh_new, x, h, h_new, W_xh, W_hh):
    if x.ndim != 1:
        raise ValueError("x should have one axis")
    return _gradients(dh_new * (1 - h_new**2), x, h, W_xh, W_hh)


@mistake(
    "rnn_cell_backward",
    "A batch works, one sentence does not: the transpose of a vector is the same vector, so there"
    " is no column to multiply.",
)
def batches_only(dh_new, x, h, h_new, W_xh, W_hh):
    dz = dh_new * (1 - h_new**2)
    return dz @ W_xh.T, dz @ W_hh.T, x.T @ dz, h.T @ dz, dz.sum(axis=0)


@mistake(
    "rnn_cell_backward",
    "The array dh_new that was handed in is overwritten: `*=` works in place. Make a new array.",
)
def overwrites_dh_new(dh_new, x, h, h_new, W_xh, W_hh):
    dh_new *= 1 - h_new**2
    return _gradients(dh_new, x, h, W_xh, W_hh)


@mistake(
    "rnn_cell_backward",
    "Three gradients come back. The matrices and the bias alone do not do: dx and dh carry the"
    " gradient on, to the layer below and to the word before.",
)
def parameters_only(dh_new, x, h, h_new, W_xh, W_hh):
    return _gradients(dh_new * (1 - h_new**2), x, h, W_xh, W_hh)[2:]


@mistake(
    "rnn_cell_backward",
    "dz itself came back for dh: to reach the old state it has to pass through W_hh.",
)
def dh_is_dz(dh_new, x, h, h_new, W_xh, W_hh):
    dz = dh_new * (1 - h_new**2)
    dx, _, *rest = _gradients(dz, x, h, W_xh, W_hh)
    return dx, dz, *rest


@mistake(
    "rnn_cell_backward",
    "Your matrices stand on the left, as if vectors were columns. Here a vector is a row: dx is"
    " dz @ W_xh.T, and dW_xh has a row for each number of x.",
)
def columns_throughout(dh_new, x, h, h_new, W_xh, W_hh):
    dz = dh_new * (1 - h_new**2)
    return W_xh.T @ dz, W_hh.T @ dz, np.outer(dz, x), np.outer(dz, h), dz


@mistake(
    "rnn_cell_backward",
    "Of a batch, the weights come out flattened by np.outer, and db is still dz. Add the sentences"
    " up: a batch is one matrix product, and db the sum over its rows.",
)
def outer_and_dz(dh_new, x, h, h_new, W_xh, W_hh):
    dz = dh_new * (1 - h_new**2)
    return dz @ W_xh.T, dz @ W_hh.T, np.outer(x, dz), np.outer(h, dz), dz


@mistake("rnn_cell_backward", "You use (1 - h_new)² as the slope; it is 1 - h_new².")
def slope_squared_outside(dh_new, x, h, h_new, W_xh, W_hh):
    return _gradients(dh_new * (1 - h_new) ** 2, x, h, W_xh, W_hh)


@mistake("rnn_cell_backward", "You use 1 + h_new² as the slope: a sign is the wrong way round.")
def slope_with_plus(dh_new, x, h, h_new, W_xh, W_hh):
    return _gradients(dh_new * (1 + h_new**2), x, h, W_xh, W_hh)


@mistake(
    "rnn_cell_backward", "You divide by the slope 1 - h_new²; the chain rule multiplies by it."
)
def divides_by_the_slope(dh_new, x, h, h_new, W_xh, W_hh):
    return _gradients(dh_new / (1 - h_new**2), x, h, W_xh, W_hh)


@mistake(
    "rnn_cell_backward",
    "The slope of tanh is missing in the gradients of the parameters; dx and dh have it.",
)
def no_slope_in_the_parameters(dh_new, x, h, h_new, W_xh, W_hh):
    dz = dh_new * (1 - h_new**2)
    return dz @ W_xh.T, dz @ W_hh.T, *_gradients(dh_new, x, h, W_xh, W_hh)[2:]


@mistake(
    "rnn_cell_backward",
    "The gradients are clipped. That belongs to the training step; this function returns them as"
    " they are.",
)
def clips_the_gradients(dh_new, x, h, h_new, W_xh, W_hh):
    return tuple(np.clip(g, -5, 5) for g in _gradients(dh_new * (1 - h_new**2), x, h, W_xh, W_hh))


@mistake(
    "rnn_cell_backward",
    "db is one number: it is summed over the units. It needs one number a unit, and only the"
    " sentences of a batch add up.",
    siblings=["db_sums_the_units"],
)
def db_is_one_number(dh_new, x, h, h_new, W_xh, W_hh):
    dz = dh_new * (1 - h_new**2)
    return *_gradients(dz, x, h, W_xh, W_hh)[:4], np.sum(dz)


@mistake("run_rnn", "The return stands inside the loop: you give back the state of the first word.")
def returns_inside_the_loop(X, h0, W_xh, W_hh, b):
    return _states(X[..., :1, :], h0, W_xh, W_hh, b)


@mistake("run_rnn", "Every step reads the first word: take word t in step t.")
def reads_the_first_word_again(X, h0, W_xh, W_hh, b):
    return _states(np.repeat(X[..., :1, :], X.shape[-2], axis=-2), h0, W_xh, W_hh, b)


@mistake(
    "run_rnn",
    "A batch works, one sentence does not: a sentence alone has no first axis for the batch. Count"
    " the axes from the back.",
)
def batches_of_sentences_only(X, h0, W_xh, W_hh, b):
    (_, _, _) = X.shape
    return _states(X, h0, W_xh, W_hh, b)


@mistake("run_rnn", "The states stand in columns: each should be a row, one a word.")
def states_in_columns(X, h0, W_xh, W_hh, b):
    return np.swapaxes(_states(X, h0, W_xh, W_hh, b), -1, -2)


@mistake("run_rnn", "The states stand one after another in a single axis: stack them as rows.")
def states_in_one_line(X, h0, W_xh, W_hh, b):
    return np.ravel(_states(X, h0, W_xh, W_hh, b))


@mistake(
    "rnn_cell",
    "Something comes back beside the new state (what the way back needs, or an output). Return the"
    " state alone.",
)
def returns_a_cache(x, h, W_xh, W_hh, b):
    return np.tanh(x @ W_xh + h @ W_hh + b), (x, h, W_xh, W_hh, b)


@mistake("rnn_cell", "tanh is taken of the word's part alone; the sum of all three goes into it.")
def tanh_of_the_word_alone(x, h, W_xh, W_hh, b):
    return np.tanh(x @ W_xh) + h @ W_hh + b


@mistake(
    "rnn_cell", "tanh is taken of each part; the parts add up first, and the sum goes into it."
)
def tanh_of_each_part(x, h, W_xh, W_hh, b):
    return np.tanh(x @ W_xh) + np.tanh(h @ W_hh) + np.tanh(b)
