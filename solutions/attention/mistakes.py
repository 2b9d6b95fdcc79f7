"""The mistakes that learners make in softmax, attention and multi-head attention.

Each function is a wrong answer with the sentence that explains it; see `grading/assignment.py`.
"""

import numpy as np

from grading.assignment import mistake


def numbers(seed, *shape, scale=1.0):
    """Random numbers with one decimal, so that the probes stay short."""
    return np.random.default_rng(seed).integers(-19, 20, shape) / 10 * scale


def triple(seed, *lead, n, m, dk, dv):
    return (
        numbers(seed, *lead, n, dk),
        numbers(seed + 1, *lead, m, dk),
        numbers(seed + 2, *lead, m, dv),
    )


def weights_of(seed, *lead, n, d):
    return numbers(seed, *lead, n, d), *numbers(seed + 1, 4, d, d, scale=0.5)


CAUSAL = np.tri(3, dtype=bool)
SOME = np.array([[1, 0, 1, 0], [0, 1, 1, 1], [1, 0, 0, 0]], bool)
EACH = np.array([[[1, 0, 0], [1, 1, 0], [0, 0, 1]], [[1, 1, 1], [0, 1, 0], [1, 0, 1]]], bool)
LEFT = np.array([[1, 0, 0], [1, 1, 0]], bool)
PROBES = {
    "softmax": [
        (numbers(1, 2, 3),),
        (numbers(1, 2, 3), 0),
        (numbers(2, 3, 3),),
        (numbers(3, 2, 2, 3), 1),
        (np.array([[2000.0, 1990.0], [-2000.0, -1999.0]]),),
        (np.array([[1.0, -np.inf, 2.0]]),),
    ],
    "scaled_dot_product_attention": [
        triple(10, n=3, m=4, dk=2, dv=5),
        triple(20, n=3, m=3, dk=3, dv=3),
        (*triple(30, n=3, m=4, dk=2, dv=1), SOME),
        (*triple(40, 2, n=3, m=3, dk=2, dv=1), CAUSAL),
        (*triple(50, 2, n=3, m=3, dk=2, dv=1), EACH),
        (np.array([[900.0], [-900.0]]), np.array([[2.0], [1.0]]), np.array([[1.0], [3.0]])),
        triple(55, 2, n=2, m=3, dk=4, dv=5),
        (np.array([[30.0]]), np.array([[0.0], [1], [60]]), numbers(57, 3, 2), LEFT[1:]),
        (900 * numbers(58, 2, 2, 1), numbers(59, 2, 3, 1), numbers(60, 2, 3, 2), LEFT),
    ],
    "multi_head_attention": [
        (*weights_of(60, n=3, d=4), 2),
        (*weights_of(70, n=3, d=6), 3),
        (*weights_of(80, n=3, d=4), 2, CAUSAL),
        (*weights_of(90, 2, n=3, d=4), 2, EACH),
        (*weights_of(100, 3, n=3, d=2), 2, np.array([CAUSAL, CAUSAL.T, np.eye(3, dtype=bool)])),
        (*weights_of(110, 2, n=3, d=4), 2, CAUSAL),
        (*weights_of(120, 2, n=2, d=6), 3),
    ],
}


# softmax ------------------------------------------------------------------------------------------


def soft(z, axis=-1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@mistake(
    "softmax",
    "Large numbers give nan: exp of 1000 is infinite, and infinite / infinite is nothing. Only "
    "differences matter, so make the numbers small before you take exp.",
)
def overflows(z, axis=-1):
    e = np.exp(z)
    return e / e.sum(axis=axis, keepdims=True)


@mistake(
    "softmax",
    "You subtract the largest number of the whole array: a row that lies far below it "
    "underflows to 0/0. Each line along the axis has its own largest number.",
)
def subtracts_the_largest_of_all(z, axis=-1):
    e = np.exp(z - z.max())
    return e / e.sum(axis=axis, keepdims=True)


@mistake(
    "softmax",
    "You subtract the mean, which is not safe: a −∞ in the line makes the mean −∞ and the "
    "result nan. Subtract the largest number of the line.",
)
def subtracts_the_mean(z, axis=-1):
    e = np.exp(z - z.mean(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@mistake(
    "softmax",
    "The whole array sums to 1, but each line along the axis should: the sum must run over that"
    " axis alone.",
)
def sums_over_everything(z, axis=-1):
    e = np.exp(z - z.max())
    return e / e.sum()


@mistake(
    "softmax",
    "The argument axis changes nothing: your result is always normalised along the last axis.",
)
def always_the_last_axis(z, axis=-1):
    return soft(z)


@mistake(
    "softmax",
    "Your result is always normalised along the first axis: each column sums to 1 where each "
    "row should. Use the argument axis, whose default is the last.",
)
def always_the_first_axis(z, axis=-1):
    return soft(z, 0)


@mistake(
    "softmax",
    "Each number is divided by the sum of another line: without keepdims=True the sums lose "
    "their axis, and broadcasting puts them against the wrong one (or fails).",
)
def loses_the_axis_of_the_sums(z, axis=-1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis)


@mistake(
    "softmax",
    "The exponentials are never divided by their sum: your weights do not sum to 1.",
)
def does_not_normalise(z, axis=-1):
    return np.exp(z - z.max(axis=axis, keepdims=True))


@mistake("softmax", "The exponentials are not yet weights: exp(z) has to be divided by its sum.")
def takes_exp_alone(z, axis=-1):
    return np.exp(z)


@mistake(
    "softmax",
    "You divide the numbers themselves by their sum: exp is missing, so differences do not "
    "decide and negative numbers get negative weights.",
)
def divides_without_exp(z, axis=-1):
    return z / z.sum(axis=axis, keepdims=True)


@mistake("softmax", "The smallest number gets the largest weight: a sign is the wrong way round.")
def prefers_the_smallest(z, axis=-1):
    return soft(-z, axis)


@mistake("softmax", "The weights fall off as powers of 2, but softmax uses powers of e.")
def takes_powers_of_two(z, axis=-1):
    return soft(z * np.log(2), axis)


@mistake(
    "softmax",
    "These are the logarithms of the weights: they are negative and do not sum to 1.",
)
def returns_logarithms(z, axis=-1):
    return np.log(soft(z, axis))


@mistake(
    "softmax",
    "All weight goes to the largest number. That is argmax; softmax leaves every finite number "
    "a share.",
)
def picks_the_largest(z, axis=-1):
    best = (z == z.max(axis=axis, keepdims=True)).astype(float)
    return best / best.sum(axis=axis, keepdims=True)


@mistake(
    "softmax",
    "Each number is squashed for itself (that is the sigmoid): the weights of a line should "
    "compete and sum to 1.",
)
def squashes_each_alone(z, axis=-1):
    return 1 / (1 + np.exp(-z))


@mistake(
    "softmax",
    "Large numbers are cut off before exp, so 2000 and 1990 count as equal. Subtracting the "
    "largest number needs no cut.",
)
def cuts_large_numbers_off(z, axis=-1):
    return soft(np.clip(z, -500, 500), axis)


@mistake(
    "softmax",
    "Something is added to the sum of the exponentials, so the weights sum to less than 1. "
    "After the largest number is subtracted, the sum is at least 1 and needs no protection.",
)
def adds_to_the_sum(z, axis=-1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / (e.sum(axis=axis, keepdims=True) + 1)


@mistake(
    "softmax",
    "Your function changes the array that it is given: -= and out= write into z. Make a new array.",
)
def writes_into_its_argument(z, axis=-1):
    z -= z.max(axis=axis, keepdims=True)
    np.exp(z, out=z)
    z /= z.sum(axis=axis, keepdims=True)
    return z


@mistake("softmax", "Your result is rounded: keep all digits, and round only when you print.")
def rounds(z, axis=-1):
    return soft(z, axis).round(3)


# scaled_dot_product_attention ---------------------------------------------------------------------


def attend(Q, K, V, mask=None, *, scale=None, weigh=soft, hide=None):
    """Right with its defaults; a mistake replaces one of them."""
    scores = Q @ np.swapaxes(K, -1, -2) / (np.sqrt(Q.shape[-1]) if scale is None else scale)
    if mask is not None:
        scores = hide(scores, mask) if hide else np.where(mask, scores, -np.inf)
    weights = weigh(scores)
    return weights @ V, weights


ATTENTION = "scaled_dot_product_attention"


@mistake(
    ATTENTION,
    "The scores are not scaled: your weights are too sharp, more so the wider the queries are.",
)
def does_not_scale(Q, K, V, mask=None):
    return attend(Q, K, V, mask, scale=1)


@mistake(
    ATTENTION,
    "The scores are divided by d_k itself, not by its square root: your weights are too even.",
)
def divides_by_the_width(Q, K, V, mask=None):
    return attend(Q, K, V, mask, scale=Q.shape[-1])


@mistake(
    ATTENTION,
    "The scale comes from the number of words. It should come from the width d_k of queries and"
    " keys: a dot product grows with the number of its terms.",
)
def scales_by_the_number_of_words(Q, K, V, mask=None):
    return attend(Q, K, V, mask, scale=np.sqrt(K.shape[-2]))


@mistake(
    ATTENTION,
    "The scale comes from the number of readers. It should come from the width d_k of queries "
    "and keys: a dot product grows with the number of its terms.",
)
def scales_by_the_number_of_readers(Q, K, V, mask=None):
    return attend(Q, K, V, mask, scale=np.sqrt(Q.shape[-2]))


@mistake(
    ATTENTION,
    "The scale comes from the width of the values; only queries and keys enter the dot products.",
)
def scales_by_the_width_of_the_values(Q, K, V, mask=None):
    return attend(Q, K, V, mask, scale=np.sqrt(V.shape[-1]))


@mistake(
    ATTENTION,
    "The scores are multiplied by √d_k, not divided by it: your weights are much too sharp.",
)
def multiplies_by_the_scale(Q, K, V, mask=None):
    return attend(Q, K, V, mask, scale=1 / np.sqrt(Q.shape[-1]))


@mistake(
    ATTENTION,
    "The scale comes too late: dividing the weights makes each row sum to less than 1. Divide "
    "the scores, before the softmax.",
)
def scales_the_weights(Q, K, V, mask=None):
    _, weights = attend(Q, K, V, mask, scale=1)
    weights = weights / np.sqrt(Q.shape[-1])
    return weights @ V, weights


@mistake(
    ATTENTION,
    "Each column of your weights sums to 1, but each row should: a reader shares its attention "
    "out over the words that it reads, along the last axis.",
)
def normalises_over_the_readers(Q, K, V, mask=None):
    return attend(Q, K, V, mask, weigh=lambda scores: soft(scores, -2))


@mistake(ATTENTION, "The whole matrix of weights sums to 1, but each row should.")
def normalises_over_everything(Q, K, V, mask=None):
    def weigh(scores):
        e = np.exp(scores - scores.max())
        return e / e.sum()

    return attend(Q, K, V, mask, weigh=weigh)


@mistake(
    ATTENTION,
    "The softmax is missing: your weights are the scores themselves, negative ones included.",
)
def forgets_the_softmax(Q, K, V, mask=None):
    return attend(
        Q,
        K,
        V,
        mask,
        weigh=lambda scores: scores,
        hide=lambda scores, mask: np.where(mask, scores, 0),
    )


@mistake(
    ATTENTION,
    "Scores in the thousands give nan: the softmax inside your attention overflows.",
)
def overflows_in_attention(Q, K, V, mask=None):
    def weigh(scores):
        e = np.exp(scores)
        return e / e.sum(-1, keepdims=True)

    return attend(Q, K, V, mask, weigh=weigh)


@mistake(ATTENTION, "The mask changes nothing: words that are masked out still get weight.")
def ignores_the_mask(Q, K, V, mask=None):
    return attend(Q, K, V)


@mistake(
    ATTENTION,
    "The mask works the wrong way round: True means “may attend”; "
    "torch.nn.MultiheadAttention has it the other way.",
)
def inverts_the_mask(Q, K, V, mask=None):
    return attend(Q, K, V, None if mask is None else ~mask)


@mistake(
    ATTENTION,
    "The mask comes after the softmax: the masked words have weight 0, but the others no longer"
    " sum to 1. Hide the scores before the softmax.",
)
def masks_after_the_softmax(Q, K, V, mask=None):
    _, weights = attend(Q, K, V)
    weights = weights if mask is None else weights * mask
    return weights @ V, weights


@mistake(
    ATTENTION,
    "A masked score becomes 0 (or next to it), and exp(0) = 1 is a weight like any other. A "
    "word that must not be read needs the score −∞.",
)
def gives_masked_words_the_score_zero(Q, K, V, mask=None):
    return attend(Q, K, V, mask, hide=lambda scores, mask: scores * mask)


@mistake(
    ATTENTION,
    "The mask is added to the scores as 0 and 1: allowed words only gain a little, and the "
    "others keep their weight.",
)
def adds_the_mask(Q, K, V, mask=None):
    return attend(Q, K, V, mask, hide=lambda scores, mask: scores + mask)


@mistake(
    ATTENTION,
    "A masked word still gets a little weight: its score is only lowered by a moderate number. "
    "Only −∞ (or something like −10⁹) gives a weight of exactly 0.",
)
def hides_too_little(Q, K, V, mask=None):
    return attend(Q, K, V, mask, hide=lambda scores, mask: np.where(mask, scores, -5.0))


@mistake(
    ATTENTION,
    "Everything becomes nan as soon as there is a mask: 0 · (−∞) is not a number. Choose "
    "between the score and −∞, do not multiply.",
)
def multiplies_infinity_by_zero(Q, K, V, mask=None):
    return attend(Q, K, V, mask, hide=lambda scores, mask: scores + (1 - mask) * -np.inf)


@mistake(
    ATTENTION,
    "The mask is transposed: its rows are the readers, its columns the words that are read.",
)
def transposes_the_mask(Q, K, V, mask=None):
    return attend(Q, K, V, None if mask is None else np.swapaxes(mask, -1, -2))


@mistake(ATTENTION, "Every sentence of the batch is treated with the mask of the first one.")
def uses_the_first_mask_for_all(Q, K, V, mask=None):
    return attend(Q, K, V, mask[0] if mask is not None and mask.ndim > 2 else mask)


@mistake(
    ATTENTION,
    "The future is always hidden, whatever the mask says. Without a mask every reader sees "
    "every word.",
)
def is_always_causal(Q, K, V, mask=None):
    tri = np.tri(Q.shape[-2], K.shape[-2], dtype=bool)
    return attend(Q, K, V, tri if mask is None else mask & tri)


@mistake(
    ATTENTION,
    "A mask stops your function: an array has no truth value of its own. Ask whether the mask "
    "is None.",
)
def asks_whether_the_mask_is_true(Q, K, V, mask=None):
    return attend(Q, K, V, mask if mask else None)


@mistake(
    ATTENTION,
    "It works for one sentence but not for a batch: .T reverses all the axes, and an axis that is "
    "counted from the front is another one there.",
)
def transposes_all_axes(Q, K, V, mask=None):
    scores = Q @ K.T / np.sqrt(Q.shape[-1])
    weights = soft(scores if mask is None else np.where(mask, scores, -np.inf))
    return weights @ V, weights


@mistake(
    ATTENTION,
    "Queries and keys have changed places: row i of the weights belongs to reader i, column j "
    "to the word j that is read.",
)
def exchanges_queries_and_keys(Q, K, V, mask=None):
    return attend(K, Q, V, mask)


@mistake(
    ATTENTION,
    "The weights are transposed before they meet the values: reader i has row i of the weights.",
)
def mixes_with_the_transposed_weights(Q, K, V, mask=None):
    _, weights = attend(Q, K, V, mask)
    return np.swapaxes(weights, -1, -2) @ V, weights


@mistake(ATTENTION, "The output is a mixture of the keys: the weights should mix the values.")
def mixes_the_keys(Q, K, V, mask=None):
    return attend(Q, K, K, mask)


@mistake(ATTENTION, "The queries are compared with the values: scores come from queries and keys.")
def compares_with_the_values(Q, K, V, mask=None):
    return attend(Q, V, V, mask)


@mistake(ATTENTION, "The two results have changed places: return out first, then weights.")
def returns_the_weights_first(Q, K, V, mask=None):
    return attend(Q, K, V, mask)[::-1]


@mistake(
    ATTENTION,
    "Only out is returned: the weights are wanted too, as the second of two results.",
)
def returns_out_alone(Q, K, V, mask=None):
    return attend(Q, K, V, mask)[0]


@mistake(ATTENTION, "Only the weights are returned: they still have to mix the values.")
def returns_the_weights_alone(Q, K, V, mask=None):
    return attend(Q, K, V, mask)[1]


@mistake(
    ATTENTION,
    "Out is right, but the second result is the scores, not the weights that you get from them.",
)
def returns_the_scores(Q, K, V, mask=None):
    scores = Q @ np.swapaxes(K, -1, -2) / np.sqrt(Q.shape[-1])
    return attend(Q, K, V, mask)[0], scores


@mistake(
    ATTENTION,
    "Your function changes its arguments: /= and the like write into Q. Make a new array.",
)
def writes_into_the_queries(Q, K, V, mask=None):
    Q /= np.sqrt(Q.shape[-1])
    return attend(Q, K, V, mask, scale=1)


# multi_head_attention -----------------------------------------------------------------------------


def split(M, n_heads):
    """(..., n, d) -> (..., n_heads, n, dk)"""
    return np.swapaxes(M.reshape(*M.shape[:-1], n_heads, -1), -2, -3)


def join(M):
    """(..., n_heads, n, dk) -> (..., n, d)"""
    M = np.swapaxes(M, -2, -3)
    return M.reshape(*M.shape[:-2], -1)


def all_heads(mask):
    return None if mask is None else mask[..., None, :, :]


def multi(
    X,
    W_q,
    W_k,
    W_v,
    W_o,
    n_heads,
    mask=None,
    *,
    split=split,
    join=join,
    attend=attend,
    spread=all_heads,
):
    """Right with its defaults; a mistake replaces one of them."""
    parts = [split(X @ W, n_heads) for W in (W_q, W_k, W_v)]
    return join(attend(*parts, spread(mask))[0]) @ W_o


HEADS = "multi_head_attention"


@mistake(HEADS, "All columns are one head: n_heads changes nothing in your result.")
def has_one_head(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    return multi(X, W_q, W_k, W_v, W_o, 1, mask)


@mistake(
    HEADS,
    "Each head scales by √d, the width of the words. Its dot products have d_k = d / n_heads "
    "terms: scale by the head's own width.",
)
def scales_by_the_whole_width(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    return multi(
        X,
        W_q,
        W_k,
        W_v,
        W_o,
        n_heads,
        mask,
        attend=lambda *a: attend(*a, scale=np.sqrt(X.shape[-1])),
    )


@mistake(HEADS, "The scores are not scaled: divide them by √d_k, the width of a head.")
def does_not_scale_in_heads(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    return multi(X, W_q, W_k, W_v, W_o, n_heads, mask, attend=lambda *a: attend(*a, scale=1))


@mistake(
    HEADS,
    "The scale is √n_heads; it should be the square root of a head's width, d / n_heads.",
)
def scales_by_the_number_of_heads(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    return multi(
        X, W_q, W_k, W_v, W_o, n_heads, mask, attend=lambda *a: attend(*a, scale=np.sqrt(n_heads))
    )


@mistake(HEADS, "W_o is never used: the heads stand side by side but do not mix.")
def forgets_the_output_matrix(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    return multi(X, W_q, W_k, W_v, np.eye(len(W_o)), n_heads, mask)


@mistake(HEADS, "W_o is transposed: words are rows here, so a projection is words @ W.")
def transposes_the_output_matrix(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    return multi(X, W_q, W_k, W_v, W_o.T, n_heads, mask)


@mistake(HEADS, "The projections use transposed matrices: words are rows here, so Q is X @ W_q.")
def transposes_the_projections(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    return multi(X, W_q.T, W_k.T, W_v.T, W_o, n_heads, mask)


@mistake(
    HEADS,
    "The words are mixed up when the heads are split: a single reshape to (n_heads, n, d_k) "
    "cuts the array in reading order, so a head gets pieces of several words. A head owns "
    "columns.",
)
def splits_across_words(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    def cut(M, h):
        return M.reshape(*M.shape[:-2], h, M.shape[-2], -1)

    return multi(X, W_q, W_k, W_v, W_o, n_heads, mask, split=cut, join=lambda M: M.reshape(X.shape))


@mistake(
    HEADS,
    "The heads are split by a single reshape, which gives a head pieces of several words. A "
    "head owns columns.",
)
def splits_across_words_but_joins_columns(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    def cut(M, h):
        return M.reshape(*M.shape[:-2], h, M.shape[-2], -1)

    return multi(X, W_q, W_k, W_v, W_o, n_heads, mask, split=cut)


@mistake(
    HEADS,
    "The heads are joined in the wrong order: before the last reshape, words and heads must "
    "change places again, or the numbers of one word land in the rows of others.",
)
def joins_without_exchanging_the_axes(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    return multi(X, W_q, W_k, W_v, W_o, n_heads, mask, join=lambda M: M.reshape(X.shape))


@mistake(
    HEADS,
    "Head j takes the columns j, j + n_heads, j + 2 n_heads and so on. It owns d_k columns that"
    " stand side by side.",
)
def deals_the_columns_out(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    def deal(M, h):
        return np.moveaxis(M.reshape(*M.shape[:-1], -1, h), -1, -3)

    def back(M):
        return np.moveaxis(M, -3, -1).reshape(X.shape)

    return multi(X, W_q, W_k, W_v, W_o, n_heads, mask, split=deal, join=back)


@mistake(
    HEADS,
    "The outputs of the heads are interleaved: they stand side by side, first all columns of "
    "head 0, then those of head 1.",
)
def interleaves_the_outputs(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    return multi(
        X, W_q, W_k, W_v, W_o, n_heads, mask, join=lambda M: np.moveaxis(M, -3, -1).reshape(X.shape)
    )


@mistake(HEADS, "The heads are joined from the last to the first: head 0 comes first.")
def joins_the_heads_backwards(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    return multi(X, W_q, W_k, W_v, W_o, n_heads, mask, join=lambda M: join(np.flip(M, -3)))


@mistake(
    HEADS,
    "n_heads and the width of a head have changed places: there are n_heads heads, each d / "
    "n_heads wide.",
)
def takes_the_number_of_heads_for_their_width(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    return multi(X, W_q, W_k, W_v, W_o, X.shape[-1] // n_heads, mask)


@mistake(HEADS, "Every head does the same: all of them use the columns of head 0.")
def repeats_the_first_head(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    return multi(
        X,
        W_q,
        W_k,
        W_v,
        W_o,
        n_heads,
        mask,
        join=lambda M: join(np.repeat(M[..., :1, :, :], n_heads, -3)),
    )


@mistake(
    HEADS,
    "The outputs of the heads are averaged. They stand side by side, so that W_o can treat each"
    " of them differently.",
)
def averages_the_heads(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    def mean(M):
        return join(np.repeat(M.mean(-3, keepdims=True), n_heads, -3))

    return multi(X, W_q, W_k, W_v, W_o, n_heads, mask, join=mean)


@mistake(
    HEADS,
    "Only the queries and keys are split into heads in the right way: the values of a head must"
    " be its own columns, too.",
)
def mixes_the_whole_values(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    def whole(Q, K, V, mask=None):
        weights = attend(Q, K, V, mask)[1]
        out = weights @ join(V)[..., None, :, :]
        return out.mean(-3, keepdims=True), weights

    return multi(X, W_q, W_k, W_v, W_o, n_heads, mask, attend=whole)


@mistake(
    HEADS,
    "The weights compete across heads: the softmax runs over the axis of the heads. It should "
    "run over the words that are read, the last axis.",
)
def normalises_over_the_heads(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    return multi(
        X,
        W_q,
        W_k,
        W_v,
        W_o,
        n_heads,
        mask,
        attend=lambda *a: attend(*a, weigh=lambda s: np.nan_to_num(soft(s, -3))),
    )


@mistake(
    HEADS,
    "The weights of each column sum to 1, but those of each row should: the softmax runs over "
    "the words that are read, the last axis.",
)
def normalises_over_the_readers_in_heads(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    return multi(
        X,
        W_q,
        W_k,
        W_v,
        W_o,
        n_heads,
        mask,
        attend=lambda *a: attend(*a, weigh=lambda s: soft(s, -2)),
    )


@mistake(HEADS, "Keys and queries use the same matrix: the keys are X @ W_k.")
def uses_one_matrix_for_queries_and_keys(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    return multi(X, W_q, W_q, W_v, W_o, n_heads, mask)


@mistake(HEADS, "The values are the keys: they should be X @ W_v.")
def takes_the_keys_for_values(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    return multi(X, W_q, W_k, W_k, W_o, n_heads, mask)


@mistake(HEADS, "The words themselves are the values, W_v is never used: the values are X @ W_v.")
def takes_the_words_for_values(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    return multi(X, W_q, W_k, np.eye(len(W_v)), W_o, n_heads, mask)


@mistake(HEADS, "The mask changes nothing: pass it on to the attention of each head.")
def drops_the_mask(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    return multi(X, W_q, W_k, W_v, W_o, n_heads)


@mistake(HEADS, "The mask works the wrong way round: True means “may attend”.")
def inverts_the_mask_of_all_heads(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    return multi(X, W_q, W_k, W_v, W_o, n_heads, None if mask is None else ~mask)


@mistake(HEADS, "Only head 0 heeds the mask: it holds for all heads.")
def masks_the_first_head_alone(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    def first(mask):
        if mask is not None:
            mask = np.repeat(mask[..., None, :, :], n_heads, -3)
            mask[..., 1:, :, :] = True
        return mask

    return multi(X, W_q, W_k, W_v, W_o, n_heads, mask, spread=first)


@mistake(
    HEADS,
    "A mask for each sentence meets the axis of the heads: (B, n, n) against (B, n_heads, n, n)"
    " fails, or, when B = n_heads, gives each head the mask of another sentence.",
)
def matches_the_masks_with_the_heads(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    return multi(X, W_q, W_k, W_v, W_o, n_heads, mask, spread=lambda mask: mask)


@mistake(HEADS, "Every sentence of the batch is treated with the mask of the first one.")
def uses_the_mask_of_the_first_sentence(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    return multi(
        X, W_q, W_k, W_v, W_o, n_heads, mask[0] if mask is not None and mask.ndim > 2 else mask
    )


@mistake(
    HEADS,
    "It works for one sentence but not for a batch: your code counts axes from the front. Count"
    " them from the back, (..., n, d).",
)
def knows_no_batches(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    (_, _) = X.shape
    return multi(X, W_q, W_k, W_v, W_o, n_heads, mask)


@mistake(HEADS, "Words read words of other sentences: the batch is treated as one long sentence.")
def lets_sentences_read_each_other(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    if X.ndim == 2:
        return multi(X, W_q, W_k, W_v, W_o, n_heads, mask)
    B, n, _ = X.shape
    if mask is not None:
        mask = np.tile(np.concatenate(np.broadcast_to(mask, (B, n, n))), B)
    return multi(np.concatenate(X), W_q, W_k, W_v, W_o, n_heads, mask).reshape(X.shape)


@mistake(
    HEADS,
    "The future is always hidden, whatever the mask says. Without a mask every word reads every"
    " word.",
)
def hides_the_future_always(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    tri = np.tri(X.shape[-2], dtype=bool)
    return multi(X, W_q, W_k, W_v, W_o, n_heads, tri if mask is None else mask & tri)


@mistake(
    HEADS,
    "The words are added to the result. That residual belongs to the transformer block, not to "
    "attention.",
)
def adds_the_words(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    return X + multi(X, W_q, W_k, W_v, W_o, n_heads, mask)


# kinds that are common in the wild ----------------------------------------------------------------


@mistake(
    ATTENTION,
    "The mask works the wrong way round: True means “may attend”, but yours lowers the scores of "
    "the words where it is True.",
)
def lowers_the_visible_words(Q, K, V, mask=None):
    return attend(Q, K, V, mask, hide=lambda scores, mask: scores + mask * -1e9)


@mistake(
    ATTENTION,
    "It works for a batch but not for one sentence: Q, K and V may have two axes. Count them from "
    "the back.",
)
def attends_in_batches_alone(Q, K, V, mask=None):
    scores = Q @ K.transpose(0, 2, 1) / np.sqrt(Q.shape[-1])
    weights = soft(scores if mask is None else np.where(mask, scores, -np.inf))
    return weights @ V, weights


@mistake(
    ATTENTION,
    "The mask comes after the softmax, and the rest is divided by its sum. That fails (0 / 0) "
    "where a hidden word outscores the others by far: hide the scores before the softmax.",
)
def renormalises_after_the_mask(Q, K, V, mask=None):
    _, weights = attend(Q, K, V)
    if mask is not None:
        weights = weights * mask
        weights = weights / weights.sum(-1, keepdims=True)
    return weights @ V, weights


@mistake(
    HEADS,
    "It works for a batch but not for one sentence: X may have two axes. Count them from the back.",
)
def knows_batches_alone(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    (_, _, _) = X.shape
    return multi(X, W_q, W_k, W_v, W_o, n_heads, mask)


@mistake(HEADS, "The weights come back too: here the words of all heads, times W_o, are enough.")
def returns_the_weights_too(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    parts = [split(X @ W, n_heads) for W in (W_q, W_k, W_v)]
    out, weights = attend(*parts, all_heads(mask))
    return join(out) @ W_o, weights


@mistake(
    HEADS,
    "The mask works the wrong way round: True means “may attend”, but yours lowers the scores of "
    "the words where it is True.",
)
def lowers_the_visible_words_in_heads(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    def lowered(Q, K, V, mask=None):
        return attend(Q, K, V, mask, hide=lambda scores, mask: scores + mask * -1e9)

    return multi(X, W_q, W_k, W_v, W_o, n_heads, mask, attend=lowered)
