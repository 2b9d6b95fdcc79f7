"""The mistakes that learners make in the transformer block and its two parts.

Each function is a wrong answer with the sentence that explains it; see `grading/assignment.py`.
"""

import math
from functools import partial

import numpy as np

from grading.assignment import mistake

EPS = 1e-5


def probe(seed, *lead, n, d, n_heads, f, mask=(), **louder):
    """Short random numbers, so that the table of outputs stays small."""
    numbers = np.random.default_rng(seed).integers
    p = {name: numbers(-9, 10, (d, d)) / 10 for name in ("W_q", "W_k", "W_v", "W_o")}
    p |= {name: numbers(5, 20, d) / 10 for name in ("ln1_g", "ln2_g")}
    p |= {name: numbers(-9, 10, d) / 10 for name in ("ln1_b", "ln2_b", "b_2")}
    p |= {"W_1": numbers(-9, 10, (d, f)) / 10, "b_1": numbers(-9, 10, f) / 10}
    p |= {"W_2": numbers(-9, 10, (f, d)) / 10}
    p |= {name: p[name] * factor for name, factor in louder.items()}
    return numbers(-19, 20, (*lead, n, d)) / 10, p, n_heads, *mask


def faint(seed):
    """One constant word, and one whose variance is as small as ε."""
    X, *rest = probe(seed, n=2, d=4, n_heads=2, f=3)
    X[0] = 0.5
    X[1] = [0.004, 0.0, -0.006, 0.002]
    return X, *rest


def quiet_and_loud(seed):
    """A batch without a mask: a word as faint as ε in one sentence, large scores in both."""
    X, *rest = probe(seed, 2, n=3, d=6, n_heads=3, f=4, W_q=2000)
    X[0, 1] = [0.004, 0.0, -0.006, 0.002, 0.001, -0.003]
    return X, *rest


CAUSAL = np.tri(3, dtype=bool)
EACH = np.array([[[1, 0, 0], [1, 1, 0], [0, 1, 1]], [[1, 1, 1], [0, 1, 0], [1, 0, 1]]], bool)
GAIN, BIAS = np.array([1.5, -0.5, 2.0, 0.8]), np.array([0.3, 1.0, -0.7, 0.5])
WORDS = np.array([[2.0, 0.0, 4.0, 1.5], [1.0, -1.0, 0.5, 3.0], [-0.5, 2.0, 1.2, 0.1]])
W_1 = np.array([[1.0, -0.5, 0.7], [0.4, 1.2, -1.0], [-0.8, 0.3, 0.6], [0.5, -1.1, 0.2]])
W_2 = np.array([[0.5, -1.0, 0.8, 0.3], [1.5, 0.2, -0.4, -0.9], [-0.6, 0.7, 1.1, 0.1]])
FROM, BACK = (W_1, np.array([0.5, -0.3, 0.9])), (W_2, np.array([0.2, -0.4, 0.6, -1.0]))
PAIR = np.array([WORDS[:2], [[0.4, -2.0, 1.0, 0.6], [-1.5, 0.8, 0.3, 2.5]]])
PROBES = {
    "layer_norm": [
        (WORDS[0], GAIN, BIAS),
        (WORDS, GAIN, BIAS),
        (PAIR, GAIN, BIAS),
        (np.array([[0.004, 0.001, -0.006, 0.003]]), GAIN, BIAS),
        (np.array([[0.0, 0.0, 0.0, 0.0], [2.0, -1.0, 0.0, 1.0]]), GAIN, BIAS),
        (np.array([0.0004, -0.0006, 0.0008, 0.0001]), GAIN, BIAS),
    ],
    "feed_forward": [
        (WORDS[0], *FROM, *BACK),
        (WORDS, *FROM, *BACK),
        (PAIR, *FROM, *BACK),
        (WORDS[1] * -3, *FROM, *BACK),
        (0 * WORDS[:2], *FROM, *BACK),
    ],
    "transformer_block": [
        probe(1, n=3, d=4, n_heads=2, f=3),
        probe(2, n=2, d=6, n_heads=3, f=4),
        probe(3, n=3, d=4, n_heads=2, f=2, mask=[CAUSAL]),
        probe(4, 2, n=3, d=4, n_heads=2, f=2, mask=[EACH]),
        probe(5, 3, n=2, d=2, n_heads=2, f=3, mask=[np.tri(2, dtype=bool)]),
        faint(6),
        probe(7, n=3, d=4, n_heads=1, f=2, W_q=2000),
        quiet_and_loud(9),
    ],
}
BLOCK = "transformer_block"


# A right block in parts, of which each mistake replaces one ---------------------------------------


def norm(x, gain, bias, *, axis=-1, ddof=0, eps=EPS, outside=0):
    centred = x - x.mean(axis=axis, keepdims=True)
    return (
        gain * centred / (np.sqrt(x.var(axis=axis, ddof=ddof, keepdims=True) + eps) + outside)
        + bias
    )


def soft(scores, axis=-1):
    e = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def split(M, n_heads):
    """(..., n, d) -> (..., n_heads, n, dk)"""
    return np.swapaxes(M.reshape(*M.shape[:-1], n_heads, -1), -2, -3)


def cut(M, n_heads):
    """(..., n, d) -> (..., n_heads, n, dk), but across words"""
    return M.reshape(*M.shape[:-2], n_heads, M.shape[-2], -1)


def join(M):
    """(..., n_heads, n, dk) -> (..., n, d)"""
    M = np.swapaxes(M, -2, -3)
    return M.reshape(*M.shape[:-2], -1)


def paste(M):
    """(..., n_heads, n, dk) -> (..., n, d), but in the order of the memory"""
    return M.reshape(*M.shape[:-3], M.shape[-2], -1)


def hide(scores, mask):
    return np.where(mask, scores, -np.inf)


def for_all_heads(mask):
    return mask[..., None, :, :]


def mix(weights, V, mask):
    return weights @ V


def heads(
    L,
    p,
    n_heads,
    mask=None,
    *,
    split=split,
    join=join,
    scale=None,
    weigh=soft,
    hide=hide,
    spread=for_all_heads,
    mix=mix,
):
    Q, K, V = (split(L @ p[name], n_heads) for name in ("W_q", "W_k", "W_v"))
    scores = Q @ np.swapaxes(K, -1, -2) / (np.sqrt(Q.shape[-1]) if scale is None else scale)
    if mask is not None:
        mask = spread(mask)
        scores = hide(scores, mask)
    return join(mix(weigh(scores), V, mask)) @ p["W_o"]


def relu(x):
    return np.maximum(x, 0)


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def exact_gelu(x):
    return x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2


def mlp(x, p, *, act=relu):
    return act(x @ p["W_1"] + p["b_1"]) @ p["W_2"] + p["b_2"]


def block(X, p, n_heads, mask=None, *, norm=norm, heads=heads, mlp=mlp):
    A = X + heads(norm(X, p["ln1_g"], p["ln1_b"]), p, n_heads, mask)
    return A + mlp(norm(A, p["ln2_g"], p["ln2_b"]), p)


# The function layer_norm --------------------------------------------------------------------------

NORM = "layer_norm"


@mistake(
    NORM,
    "Mean and variance are taken over the words: each word is normalised for itself, over its own"
    " d numbers, the last axis.",
)
def norm_over_the_words(x, gain, bias):
    return norm(x, gain, bias, axis=-2 if x.ndim > 1 else -1)


@mistake(
    NORM,
    "Mean and variance are taken over the first axis, axis=0. The numbers of a word are the last"
    " axis, axis=-1.",
)
def norm_over_the_first_axis(x, gain, bias):
    return norm(x, gain, bias, axis=0)


@mistake(
    NORM,
    "Axis 1 is fixed: those are a word's numbers in a sentence, but the words in a batch, and a"
    " single word has no such axis. Count from the back: axis=-1.",
)
def norm_over_axis_one(x, gain, bias):
    return norm(x, gain, bias, axis=1)


@mistake(NORM, "There is one mean and one variance for the whole array; each word has its own.")
def norm_of_everything(x, gain, bias):
    return norm(x, gain, bias, axis=None)


@mistake(
    NORM,
    "Mean and variance have lost an axis: with keepdims=True they meet the words that they belong"
    " to.",
)
def norm_without_keepdims(x, gain, bias):
    return gain * (x - x.mean(axis=-1)) / np.sqrt(x.var(axis=-1) + EPS) + bias


@mistake(NORM, "The variance is divided by d - 1 (ddof=1); layer norm divides by d.")
def norm_of_unbiased_variance(x, gain, bias):
    return norm(x, gain, bias, ddof=1)


@mistake(
    NORM,
    "The standard deviation is divided by d - 1 (ddof=1, as PyTorch's std does), and ε is added to"
    " it. Layer norm divides by d and adds ε to the variance, inside the root.",
)
def norm_of_unbiased_deviation(x, gain, bias):
    return norm(x, gain, bias, ddof=1, eps=0, outside=EPS)


@mistake(
    NORM,
    "ε stands outside the root: it is added to the standard deviation, but belongs to the"
    " variance.",
)
def norm_with_epsilon_outside(x, gain, bias):
    return norm(x, gain, bias, eps=0, outside=EPS)


@mistake(
    NORM,
    "ε is 10⁻⁶ and stands outside the root. It is 10⁻⁵ here and belongs to the variance.",
)
def norm_with_a_smaller_epsilon_outside(x, gain, bias):
    return norm(x, gain, bias, eps=0, outside=1e-6)


@mistake(
    NORM,
    "ε is added to the standard deviation, and then a root is taken of the sum. The root is taken"
    " of the variance plus ε, once.",
)
def norm_with_two_roots(x, gain, bias):
    spread = np.sqrt(x.std(-1, keepdims=True) + EPS)
    return gain * (x - x.mean(-1, keepdims=True)) / spread + bias


@mistake(NORM, "ε is missing: a word whose numbers are all equal has variance 0, and 0/0 is nan.")
def norm_without_epsilon(x, gain, bias):
    return norm(x, gain, bias, eps=0)


@mistake(NORM, "ε is 10⁻⁶; it is 10⁻⁵ here. It shows with words of small variance.")
def norm_with_epsilon_e6(x, gain, bias):
    return norm(x, gain, bias, eps=1e-6)


@mistake(NORM, "ε is 10⁻⁸; it is 10⁻⁵ here. It shows with words of small variance.")
def norm_with_epsilon_e8(x, gain, bias):
    return norm(x, gain, bias, eps=1e-8)


@mistake(NORM, "ε is 10⁻¹²; it is 10⁻⁵ here. It shows with words of small variance.")
def norm_with_epsilon_e12(x, gain, bias):
    return norm(x, gain, bias, eps=1e-12)


@mistake(
    NORM, "ε is 10⁻³; it is 10⁻⁵ here, so that words of small variance are still brought to size."
)
def norm_with_epsilon_e3(x, gain, bias):
    return norm(x, gain, bias, eps=1e-3)


@mistake(NORM, "You divide by the variance plus ε; take the root of it first.")
def norm_by_the_variance(x, gain, bias):
    return gain * (x - x.mean(-1, keepdims=True)) / (x.var(-1, keepdims=True) + EPS) + bias


@mistake(NORM, "You divide by the square of the variance plus ε; take the root of it instead.")
def norm_by_the_square(x, gain, bias):
    return gain * (x - x.mean(-1, keepdims=True)) / (x.var(-1, keepdims=True) + EPS) ** 2 + bias


@mistake(
    NORM,
    "The mean is not subtracted (that would be RMSNorm): add the same number to all numbers of a"
    " word, and your result changes.",
)
def norm_by_the_mean_square(x, gain, bias):
    return gain * x / np.sqrt((x**2).mean(-1, keepdims=True) + EPS) + bias


@mistake(
    NORM,
    "You divide by the right number but the mean is still there: subtract it from the word, too.",
)
def norm_of_the_uncentred(x, gain, bias):
    return gain * x / np.sqrt(x.var(-1, keepdims=True) + EPS) + bias


@mistake(NORM, "Only the mean is subtracted: the words are never divided by √(var + ε).")
def norm_without_division(x, gain, bias):
    return gain * (x - x.mean(-1, keepdims=True)) + bias


@mistake(
    NORM,
    "You divide by the length of the centred word, √ of the sum of its squares. The variance is"
    " their mean: divide the sum by d.",
)
def norm_by_the_length(x, gain, bias):
    centred = x - x.mean(-1, keepdims=True)
    return gain * centred / np.sqrt((centred**2).sum(-1, keepdims=True) + EPS) + bias


@mistake(NORM, "The gain is never used.")
def norm_without_gain(x, gain, bias):
    return norm(x, 1, bias)


@mistake(NORM, "The bias is never used.")
def norm_without_bias(x, gain, bias):
    return norm(x, gain, 0)


@mistake(NORM, "Neither gain nor bias is used.")
def norm_without_gain_and_bias(x, gain, bias):
    return norm(x, 1, 0)


@mistake(NORM, "Gain and bias have changed places: multiply by the gain and add the bias.")
def norm_exchanges_gain_and_bias(x, gain, bias):
    return norm(x, bias, gain)


@mistake(
    NORM, "The bias is added before the gain multiplies: it comes last, untouched by the gain."
)
def norm_biases_first(x, gain, bias):
    return gain * norm(x, 1, bias)


@mistake(NORM, "The gain counts as 1 + g; here it is g itself.")
def norm_adds_one_to_the_gain(x, gain, bias):
    return norm(x, 1 + gain, bias)


@mistake(NORM, "Mean and variance come back, too; return the words alone.")
def norm_returns_its_parts(x, gain, bias):
    return norm(x, gain, bias), x.mean(-1, keepdims=True), x.var(-1, keepdims=True)


@mistake(
    NORM, "Your function changes x: -= and the like write into the array given. Make a new one."
)
def norm_writes_into_x(x, gain, bias):
    spread = np.sqrt(x.var(-1, keepdims=True) + EPS)
    x -= x.mean(-1, keepdims=True)
    return gain * x / spread + bias


# The function feed_forward ------------------------------------------------------------------------

WORDWISE = "feed_forward"


def inner(act, outer=lambda x: x):
    """A right feed_forward but for what stands in place of the ReLU, and after it."""
    return lambda x, W_1, b_1, W_2, b_2: outer(act(x @ W_1 + b_1) @ W_2 + b_2)


@mistake(WORDWISE, "The ReLU is missing: without it two matrices in a row are no more than one.")
def feed_without_relu(x, W_1, b_1, W_2, b_2):
    return inner(lambda z: z)(x, W_1, b_1, W_2, b_2)


@mistake(
    WORDWISE,
    "The ReLU comes after W_2, so that no number comes out negative. It stands between the two"
    " matrices.",
)
def feed_ends_with_relu(x, W_1, b_1, W_2, b_2):
    return inner(lambda z: z, relu)(x, W_1, b_1, W_2, b_2)


@mistake(WORDWISE, "There is a second ReLU after W_2; only the inner numbers pass one.")
def feed_with_two_relus(x, W_1, b_1, W_2, b_2):
    return inner(relu, relu)(x, W_1, b_1, W_2, b_2)


@mistake(WORDWISE, "The ReLU comes before W_1: it stands between the two matrices.")
def feed_starts_with_relu(x, W_1, b_1, W_2, b_2):
    return inner(lambda z: z)(relu(x), W_1, b_1, W_2, b_2)


@mistake(WORDWISE, "This uses GELU; here it is ReLU, max(0, x).")
def feed_with_gelu(x, W_1, b_1, W_2, b_2):
    return inner(gelu)(x, W_1, b_1, W_2, b_2)


@mistake(
    WORDWISE,
    "This uses the exact GELU, x times the normal distribution of x; here it is ReLU, max(0, x).",
)
def feed_with_the_exact_gelu(x, W_1, b_1, W_2, b_2):
    return inner(exact_gelu)(x, W_1, b_1, W_2, b_2)


@mistake(WORDWISE, "This uses SiLU (x · sigmoid(x)); here it is ReLU, max(0, x).")
def feed_with_silu(x, W_1, b_1, W_2, b_2):
    return inner(lambda z: z / (1 + np.exp(-z)))(x, W_1, b_1, W_2, b_2)


@mistake(WORDWISE, "This uses tanh; here it is ReLU, max(0, x).")
def feed_with_tanh(x, W_1, b_1, W_2, b_2):
    return inner(np.tanh)(x, W_1, b_1, W_2, b_2)


@mistake(WORDWISE, "This uses the sigmoid; here it is ReLU, max(0, x).")
def feed_with_the_sigmoid(x, W_1, b_1, W_2, b_2):
    return inner(lambda z: 1 / (1 + np.exp(-z)))(x, W_1, b_1, W_2, b_2)


@mistake(WORDWISE, "Negative numbers leak through the ReLU (leaky ReLU); here they become 0.")
def feed_with_a_leaky_relu(x, W_1, b_1, W_2, b_2):
    return inner(lambda z: np.where(z > 0, z, 0.01 * z))(x, W_1, b_1, W_2, b_2)


@mistake(WORDWISE, "Negative inner numbers come out positive: the ReLU is max(0, x), not |x|.")
def feed_with_the_absolute_value(x, W_1, b_1, W_2, b_2):
    return inner(np.abs)(x, W_1, b_1, W_2, b_2)


@mistake(WORDWISE, "The ReLU keeps the negative numbers and drops the positive ones.")
def feed_keeps_the_negative(x, W_1, b_1, W_2, b_2):
    return inner(lambda z: np.minimum(z, 0))(x, W_1, b_1, W_2, b_2)


@mistake(
    WORDWISE,
    "Each inner number becomes 1 or 0: z > 0 says only whether it is positive. The ReLU keeps the"
    " number itself.",
)
def feed_with_a_step(x, W_1, b_1, W_2, b_2):
    return inner(lambda z: 1.0 * (z > 0))(x, W_1, b_1, W_2, b_2)


@mistake(
    WORDWISE,
    "max takes the largest inner number of all, one for everything; np.maximum compares each with"
    " 0.",
)
def feed_with_the_largest(x, W_1, b_1, W_2, b_2):
    return inner(lambda z: 0 * z + max(z.max(), 0))(x, W_1, b_1, W_2, b_2)


@mistake(WORDWISE, "b_1 is never added: it belongs to what the ReLU sees.")
def feed_without_the_first_bias(x, W_1, b_1, W_2, b_2):
    return relu(x @ W_1) @ W_2 + b_2


@mistake(WORDWISE, "b_2 is never added: it comes after W_2.")
def feed_without_the_second_bias(x, W_1, b_1, W_2, b_2):
    return relu(x @ W_1 + b_1) @ W_2


@mistake(WORDWISE, "Neither b_1 nor b_2 is added.")
def feed_without_biases(x, W_1, b_1, W_2, b_2):
    return relu(x @ W_1) @ W_2


@mistake(
    WORDWISE, "b_1 is added after the ReLU; it decides where the ReLU bends, so it comes before."
)
def feed_adds_the_first_bias_late(x, W_1, b_1, W_2, b_2):
    return (relu(x @ W_1) + b_1) @ W_2 + b_2


@mistake(
    WORDWISE,
    "x is added to the result: that residual belongs to the block, which has the word before the"
    " norm.",
)
def feed_with_a_residual(x, W_1, b_1, W_2, b_2):
    return x + relu(x @ W_1 + b_1) @ W_2 + b_2


@mistake(WORDWISE, "The inner numbers come back, too; return the words alone.")
def feed_returns_its_parts(x, W_1, b_1, W_2, b_2):
    z = relu(x @ W_1 + b_1)
    return z @ W_2 + b_2, z


# The block: layer norm in it ----------------------------------------------------------------------


@mistake(
    BLOCK,
    "Norm runs along the words: it mixes the sentence. Each word is normalised for itself, over"
    " its own d numbers, the last axis.",
)
def norms_over_the_words(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, norm=partial(norm, axis=-2))


@mistake(
    BLOCK,
    "Norm runs over axis 1: those are a word's numbers in a sentence, but in a batch they are "
    "the words. Count from the back.",
)
def norms_over_axis_one(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, norm=partial(norm, axis=1))


@mistake(BLOCK, "Norm takes one mean and one variance for the whole array; each word has its own.")
def norms_everything_together(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, norm=partial(norm, axis=None))


@mistake(
    BLOCK,
    "Norm runs over each head's share of a word; it should take all d numbers of the word "
    "together.",
)
def norms_each_head_apart(X, p, n_heads, mask=None):
    def norm_share(x, gain, bias):
        share = x.reshape(*x.shape[:-1], n_heads, -1)
        return gain * norm(share, 1, 0).reshape(x.shape) + bias

    return block(X, p, n_heads, mask, norm=norm_share)


@mistake(BLOCK, "The variance is divided by d - 1; layer norm divides by d.")
def takes_the_unbiased_variance(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, norm=partial(norm, ddof=1))


@mistake(
    BLOCK,
    "ε is missing: a word whose numbers are all equal has variance 0, and 0/0 is nan.",
    siblings=("takes_a_much_smaller_epsilon",),
)
def forgets_epsilon(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, norm=partial(norm, eps=0))


@mistake(
    BLOCK,
    "ε is much too small. It shows with words whose variance is about 10⁻⁵, the ε of this block.",
)
def takes_a_much_smaller_epsilon(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, norm=partial(norm, eps=1e-12))


@mistake(BLOCK, "ε is 10⁻⁸; this block uses 10⁻⁵. It shows with words of small variance.")
def takes_epsilon_e8(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, norm=partial(norm, eps=1e-8))


@mistake(BLOCK, "ε is 10⁻⁶; this block uses 10⁻⁵. It shows with words of small variance.")
def takes_epsilon_e6(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, norm=partial(norm, eps=1e-6))


@mistake(
    BLOCK,
    "ε is 10⁻³; this block uses 10⁻⁵, so that words of small variance are still brought to size.",
)
def takes_epsilon_e3(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, norm=partial(norm, eps=1e-3))


@mistake(
    BLOCK,
    "ε stands outside the root: it is added to the standard deviation, but belongs to the "
    "variance.",
)
def adds_epsilon_outside_the_root(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, norm=partial(norm, eps=0, outside=EPS))


@mistake(BLOCK, "Norm divides by the variance; the root is missing.")
def divides_by_the_variance(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, norm=norm_by_the_variance)


@mistake(
    BLOCK,
    "Norm does not subtract the mean (that would be RMSNorm): add the same number to all "
    "numbers of a word, and your result changes in the wrong way.",
)
def does_not_subtract_the_mean(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, norm=norm_by_the_mean_square)


@mistake(
    BLOCK,
    "Norm divides by the right number but the mean is still there: subtract it from the word, too.",
)
def subtracts_the_mean_in_the_variance_alone(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, norm=norm_of_the_uncentred)


@mistake(BLOCK, "Norm only subtracts the mean: it never divides by the standard deviation.")
def does_not_divide(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, norm=norm_without_division)


@mistake(BLOCK, "The gains ln1_g and ln2_g are never used.")
def ignores_the_gains(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, norm=lambda x, gain, bias: norm(x, 1, bias))


@mistake(BLOCK, "The biases ln1_b and ln2_b are never used.")
def ignores_the_biases_of_norm(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, norm=lambda x, gain, bias: norm(x, gain, 0))


@mistake(BLOCK, "Norm has neither gain nor bias: ln1_g, ln1_b, ln2_g and ln2_b are never used.")
def ignores_gains_and_biases(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, norm=lambda x, gain, bias: norm(x, 1, 0))


@mistake(BLOCK, "Gain and bias have changed places: norm multiplies by the gain and adds the bias.")
def exchanges_gain_and_bias(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, norm=lambda x, gain, bias: norm(x, bias, gain))


@mistake(
    BLOCK,
    "The bias is added before the gain multiplies: it should come last, untouched by the gain.",
)
def adds_the_bias_before_the_gain(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, norm=lambda x, gain, bias: gain * norm(x, 1, bias))


@mistake(BLOCK, "The gain counts as 1 + g; here it is g itself.")
def adds_one_to_the_gain(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, norm=lambda x, gain, bias: norm(x, 1 + gain, bias))


@mistake(
    BLOCK,
    "Both norms use the parameters of the first: the second has its own, ln2_g and ln2_b.",
)
def shares_the_first_parameters(X, p, n_heads, mask=None):
    return block(X, {**p, "ln2_g": p["ln1_g"], "ln2_b": p["ln1_b"]}, n_heads, mask)


@mistake(
    BLOCK,
    "Both norms use the parameters of the second: the first has its own, ln1_g and ln1_b.",
)
def shares_the_second_parameters(X, p, n_heads, mask=None):
    return block(X, {**p, "ln1_g": p["ln2_g"], "ln1_b": p["ln2_b"]}, n_heads, mask)


@mistake(
    BLOCK,
    "The two norms have each other's parameters: ln1 stands before attention, ln2 before the MLP.",
)
def exchanges_the_two_norms(X, p, n_heads, mask=None):
    names = {"ln1_g": "ln2_g", "ln1_b": "ln2_b", "ln2_g": "ln1_g", "ln2_b": "ln1_b"}
    return block(X, {**p, **{new: p[old] for new, old in names.items()}}, n_heads, mask)


# Where norms and residuals stand ------------------------------------------------------------------


@mistake(BLOCK, "There is no norm before attention: it should read norm_1(X), not X.")
def forgets_the_first_norm(X, p, n_heads, mask=None):
    A = X + heads(X, p, n_heads, mask)
    return A + mlp(norm(A, p["ln2_g"], p["ln2_b"]), p)


@mistake(BLOCK, "There is no norm before the MLP: it should read norm_2(A), not A.")
def forgets_the_second_norm(X, p, n_heads, mask=None):
    A = X + heads(norm(X, p["ln1_g"], p["ln1_b"]), p, n_heads, mask)
    return A + mlp(A, p)


@mistake(BLOCK, "Both norms are missing: attention reads norm_1(X), the MLP reads norm_2(A).")
def forgets_both_norms(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, norm=lambda x, gain, bias: x)


@mistake(
    BLOCK,
    "The norms stand after the additions, as in the original paper of 2017. Here each stands "
    "before its step, and the sum itself is not normalised.",
)
def norms_after_the_additions(X, p, n_heads, mask=None):
    A = norm(X + heads(X, p, n_heads, mask), p["ln1_g"], p["ln1_b"])
    return norm(A + mlp(A, p), p["ln2_g"], p["ln2_b"])


@mistake(
    BLOCK,
    "The norms act on what attention and the MLP return. They should act on what these two read.",
)
def norms_what_is_added(X, p, n_heads, mask=None):
    A = X + norm(heads(X, p, n_heads, mask), p["ln1_g"], p["ln1_b"])
    return A + norm(mlp(A, p), p["ln2_g"], p["ln2_b"])


@mistake(
    BLOCK,
    "The second norm reads X, so the MLP never sees what attention found: it should read A.",
)
def norms_x_twice(X, p, n_heads, mask=None):
    A = X + heads(norm(X, p["ln1_g"], p["ln1_b"]), p, n_heads, mask)
    return A + mlp(norm(X, p["ln2_g"], p["ln2_b"]), p)


@mistake(BLOCK, "Attention's result is added to norm_1(X). The residual is the untouched X.")
def adds_to_the_normalised_words(X, p, n_heads, mask=None):
    L = norm(X, p["ln1_g"], p["ln1_b"])
    A = L + heads(L, p, n_heads, mask)
    return A + mlp(norm(A, p["ln2_g"], p["ln2_b"]), p)


@mistake(BLOCK, "The MLP's result is added to norm_2(A). The residual is the untouched A.")
def adds_to_the_normalised_middle(X, p, n_heads, mask=None):
    A = X + heads(norm(X, p["ln1_g"], p["ln1_b"]), p, n_heads, mask)
    M = norm(A, p["ln2_g"], p["ln2_b"])
    return M + mlp(M, p)


@mistake(BLOCK, "Both residuals are the normalised words: X and A themselves should pass through.")
def adds_to_normalised_words_twice(X, p, n_heads, mask=None):
    L = norm(X, p["ln1_g"], p["ln1_b"])
    A = L + heads(L, p, n_heads, mask)
    M = norm(A, p["ln2_g"], p["ln2_b"])
    return M + mlp(M, p)


@mistake(BLOCK, "The residual around attention is missing: X should be added to its result.")
def forgets_the_first_residual(X, p, n_heads, mask=None):
    A = heads(norm(X, p["ln1_g"], p["ln1_b"]), p, n_heads, mask)
    return A + mlp(norm(A, p["ln2_g"], p["ln2_b"]), p)


@mistake(BLOCK, "The residual around the MLP is missing: A should be added to its result.")
def forgets_the_second_residual(X, p, n_heads, mask=None):
    A = X + heads(norm(X, p["ln1_g"], p["ln1_b"]), p, n_heads, mask)
    return mlp(norm(A, p["ln2_g"], p["ln2_b"]), p)


@mistake(BLOCK, "Both residuals are missing: nothing of X passes through the block untouched.")
def forgets_both_residuals(X, p, n_heads, mask=None):
    A = heads(norm(X, p["ln1_g"], p["ln1_b"]), p, n_heads, mask)
    return mlp(norm(A, p["ln2_g"], p["ln2_b"]), p)


@mistake(BLOCK, "The second residual is X, which drops what attention found: it should be A.")
def adds_x_at_the_end(X, p, n_heads, mask=None):
    A = X + heads(norm(X, p["ln1_g"], p["ln1_b"]), p, n_heads, mask)
    return X + mlp(norm(A, p["ln2_g"], p["ln2_b"]), p)


@mistake(BLOCK, "X is added twice: A already contains it.")
def adds_x_once_too_often(X, p, n_heads, mask=None):
    A = X + heads(norm(X, p["ln1_g"], p["ln1_b"]), p, n_heads, mask)
    return X + A + mlp(norm(A, p["ln2_g"], p["ln2_b"]), p)


@mistake(BLOCK, "The MLP comes first and attention second; it is the other way round.")
def puts_the_mlp_first(X, p, n_heads, mask=None):
    A = X + mlp(norm(X, p["ln2_g"], p["ln2_b"]), p)
    return A + heads(norm(A, p["ln1_g"], p["ln1_b"]), p, n_heads, mask)


@mistake(BLOCK, "The block ends after attention: the MLP and its residual are missing.")
def stops_after_attention(X, p, n_heads, mask=None):
    return X + heads(norm(X, p["ln1_g"], p["ln1_b"]), p, n_heads, mask)


@mistake(
    BLOCK,
    "This is attention alone, several heads of it: the norms, the residuals and the MLP are "
    "missing.",
)
def is_attention_alone(X, p, n_heads, mask=None):
    return heads(X, p, n_heads, mask)


@mistake(
    BLOCK,
    "This is the block of the seed text, softmax(Q Kᵀ) V: scale, heads, W_o, norms, residuals "
    "and the MLP are missing.",
)
def is_the_seed_texts_block(X, p, n_heads, mask=None):
    Q, K, V = X @ p["W_q"], X @ p["W_k"], X @ p["W_v"]
    scores = Q @ np.swapaxes(K, -1, -2)
    return soft(scores if mask is None else hide(scores, mask)) @ V


@mistake(BLOCK, "Attention is missing: no word learns anything of another.")
def has_no_attention(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, heads=lambda L, *rest: 0)


@mistake(BLOCK, "The result is normalised once more. What leaves this block is the plain sum.")
def norms_the_result(X, p, n_heads, mask=None):
    return norm(block(X, p, n_heads, mask), p["ln2_g"], p["ln2_b"])


@mistake(BLOCK, "The values are made of X. Queries, keys and values all come from norm_1(X).")
def takes_values_of_raw_words(X, p, n_heads, mask=None):
    def raw_values(L, p, n_heads, mask):
        values = split(X @ p["W_v"], n_heads)
        return heads(L, p, n_heads, mask, mix=lambda weights, V, mask: weights @ values)

    return block(X, p, n_heads, mask, heads=raw_values)


# Attention ----------------------------------------------------------------------------------------


def with_heads(X, p, n_heads, mask=None, **changed):
    return block(X, p, n_heads, mask, heads=partial(heads, **changed))


@mistake(BLOCK, "The scores are not scaled: divide them by √d_k.")
def does_not_scale(X, p, n_heads, mask=None):
    return with_heads(X, p, n_heads, mask, scale=1)


@mistake(
    BLOCK,
    "The scores are scaled by √d, the width of a word. A head's dot products have d_k = d / "
    "n_heads terms: scale by √d_k.",
)
def scales_by_the_whole_width(X, p, n_heads, mask=None):
    return with_heads(X, p, n_heads, mask, scale=np.sqrt(X.shape[-1]))


@mistake(BLOCK, "The scores are divided by d_k itself, not by its square root.")
def divides_by_the_width(X, p, n_heads, mask=None):
    return with_heads(X, p, n_heads, mask, scale=X.shape[-1] / n_heads)


@mistake(
    BLOCK,
    "The scores are scaled by √n: a dot product grows with the width of a head, not with the "
    "number of words.",
)
def scales_by_the_number_of_words(X, p, n_heads, mask=None):
    return with_heads(X, p, n_heads, mask, scale=np.sqrt(X.shape[-2]))


@mistake(
    BLOCK,
    "The scores are scaled by √n_heads; it should be the square root of a head's width, d / "
    "n_heads.",
)
def scales_by_the_number_of_heads(X, p, n_heads, mask=None):
    return with_heads(X, p, n_heads, mask, scale=np.sqrt(n_heads))


@mistake(BLOCK, "The scores are multiplied by √d_k, not divided by it.")
def multiplies_by_the_scale(X, p, n_heads, mask=None):
    return with_heads(X, p, n_heads, mask, scale=np.sqrt(n_heads / X.shape[-1]))


@mistake(
    BLOCK,
    "The scale comes after the softmax, so each row of weights sums to less than 1. Divide the "
    "scores.",
)
def scales_the_weights(X, p, n_heads, mask=None):
    root = np.sqrt(X.shape[-1] / n_heads)
    return with_heads(X, p, n_heads, mask, scale=1, weigh=lambda scores: soft(scores) / root)


@mistake(
    BLOCK,
    "Each column of your weights sums to 1, but each row should: the softmax goes over the "
    "words that are read, the last axis.",
)
def normalises_over_the_readers(X, p, n_heads, mask=None):
    return with_heads(X, p, n_heads, mask, weigh=partial(soft, axis=-2))


@mistake(
    BLOCK,
    "The softmax goes over the heads; it should go over the words that are read, the last axis.",
)
def normalises_over_the_heads(X, p, n_heads, mask=None):
    return with_heads(
        X, p, n_heads, mask, weigh=lambda scores: np.nan_to_num(soft(scores, axis=-3))
    )


@mistake(BLOCK, "All weights of a head together sum to 1, but each row should.")
def normalises_over_the_whole_matrix(X, p, n_heads, mask=None):
    return with_heads(X, p, n_heads, mask, weigh=partial(soft, axis=(-2, -1)))


@mistake(BLOCK, "The softmax is missing: the raw scores mix the values.")
def forgets_the_softmax(X, p, n_heads, mask=None):
    def zero(scores, mask):
        return np.where(mask, scores, 0)

    return with_heads(X, p, n_heads, mask, weigh=lambda scores: scores, hide=zero)


@mistake(
    BLOCK,
    "Scores in the thousands give nan: exp of them is infinite. Subtract each row's largest "
    "score first.",
)
def overflows(X, p, n_heads, mask=None):
    def naive(scores):
        e = np.exp(scores)
        return e / e.sum(-1, keepdims=True)

    return with_heads(X, p, n_heads, mask, weigh=naive)


@mistake(
    BLOCK,
    "Large scores are cut off before exp, so that two of them count as equal. Subtracting each "
    "row's largest score needs no cut.",
)
def cuts_large_scores_off(X, p, n_heads, mask=None):
    return with_heads(X, p, n_heads, mask, weigh=lambda scores: soft(np.clip(scores, None, 500)))


@mistake(
    BLOCK,
    "You subtract the largest of all scores: a row far below it underflows to 0/0. Each row has"
    " its own largest score.",
)
def subtracts_the_largest_of_all(X, p, n_heads, mask=None):
    def common(scores):
        e = np.exp(scores - scores.max())
        return e / e.sum(-1, keepdims=True)

    return with_heads(X, p, n_heads, mask, weigh=common)


@mistake(BLOCK, "All columns are one head: n_heads changes nothing in your result.")
def has_one_head(X, p, n_heads, mask=None):
    return block(X, p, 1, mask)


@mistake(BLOCK, "There are always two heads; their number is n_heads.")
def has_always_two_heads(X, p, n_heads, mask=None):
    return block(X, p, 2, mask)


@mistake(
    BLOCK,
    "n_heads and the width of a head have changed places: there are n_heads heads, each d / "
    "n_heads wide.",
)
def takes_the_number_of_heads_for_their_width(X, p, n_heads, mask=None):
    return block(X, p, X.shape[-1] // n_heads, mask)


@mistake(
    BLOCK,
    "The heads are split by a single reshape to (n_heads, n, d_k): it cuts the array in reading"
    " order, so a head gets pieces of several words. A head owns columns.",
    siblings=("splits_and_joins_across_words",),
)
def splits_across_words(X, p, n_heads, mask=None):
    return with_heads(X, p, n_heads, mask, split=cut)


@mistake(
    BLOCK,
    "The heads are split and joined by single reshapes: a head gets pieces of several words "
    "instead of its own columns of each word.",
)
def splits_and_joins_across_words(X, p, n_heads, mask=None):
    return with_heads(X, p, n_heads, mask, split=cut, join=paste)


@mistake(
    BLOCK,
    "The heads are joined in the wrong order: before the last reshape, words and heads must "
    "change places again, or the numbers of one word land in the rows of others.",
)
def joins_without_exchanging_the_axes(X, p, n_heads, mask=None):
    return with_heads(X, p, n_heads, mask, join=paste)


@mistake(
    BLOCK,
    "Head j takes the columns j, j + n_heads, j + 2 n_heads and so on. It owns d_k columns that"
    " stand side by side.",
)
def deals_the_columns_out(X, p, n_heads, mask=None):
    def deal(M, h):
        return np.moveaxis(M.reshape(*M.shape[:-1], -1, h), -1, -3)

    return with_heads(
        X, p, n_heads, mask, split=deal, join=lambda M: np.moveaxis(M, -3, -1).reshape(X.shape)
    )


@mistake(
    BLOCK,
    "The outputs of the heads are interleaved: they stand side by side, first all columns of "
    "head 0, then those of head 1.",
)
def interleaves_the_outputs(X, p, n_heads, mask=None):
    return with_heads(X, p, n_heads, mask, join=lambda M: np.moveaxis(M, -3, -1).reshape(X.shape))


@mistake(BLOCK, "The heads are joined from the last to the first: head 0 comes first.")
def joins_the_heads_backwards(X, p, n_heads, mask=None):
    return with_heads(X, p, n_heads, mask, join=lambda M: join(np.flip(M, -3)))


@mistake(
    BLOCK,
    "The outputs of the heads are averaged. They stand side by side, so that W_o can treat each"
    " of them differently.",
)
def averages_the_heads(X, p, n_heads, mask=None):
    return with_heads(
        X, p, n_heads, mask, join=lambda M: join(np.repeat(M.mean(-3, keepdims=True), n_heads, -3))
    )


@mistake(
    BLOCK,
    "The outputs of the heads are added up. They stand side by side, so that W_o can treat each"
    " of them differently.",
)
def adds_the_heads_up(X, p, n_heads, mask=None):
    return with_heads(
        X, p, n_heads, mask, join=lambda M: join(np.repeat(M.sum(-3, keepdims=True), n_heads, -3))
    )


@mistake(BLOCK, "Every head does the same: all of them use the columns of head 0.")
def repeats_the_first_head(X, p, n_heads, mask=None):
    return with_heads(
        X, p, n_heads, mask, join=lambda M: join(np.repeat(M[..., :1, :, :], n_heads, -3))
    )


@mistake(BLOCK, "All heads use the weights of head 0; each has its own.")
def gives_all_heads_the_same_weights(X, p, n_heads, mask=None):
    return with_heads(
        X, p, n_heads, mask, weigh=lambda s: np.repeat(soft(s[..., :1, :, :]), n_heads, -3)
    )


@mistake(BLOCK, "W_o is never used: the heads stand side by side but do not mix.")
def forgets_the_output_matrix(X, p, n_heads, mask=None):
    return block(X, {**p, "W_o": np.eye(X.shape[-1])}, n_heads, mask)


@mistake(BLOCK, "W_o is transposed: words are rows here, so a projection is words @ W.")
def transposes_the_output_matrix(X, p, n_heads, mask=None):
    return block(X, {**p, "W_o": p["W_o"].T}, n_heads, mask)


@mistake(
    BLOCK,
    "W_q, W_k and W_v are transposed: words are rows here, so a projection is words @ W.",
)
def transposes_the_projections(X, p, n_heads, mask=None):
    return block(X, {**p, **{name: p[name].T for name in ("W_q", "W_k", "W_v")}}, n_heads, mask)


@mistake(
    BLOCK,
    "All four matrices of attention are transposed: words are rows here, so a projection is "
    "words @ W.",
)
def transposes_all_of_attention(X, p, n_heads, mask=None):
    names = ("W_q", "W_k", "W_v", "W_o")
    return block(X, {**p, **{name: p[name].T for name in names}}, n_heads, mask)


@mistake(BLOCK, "Queries and keys use one matrix: the keys have their own, W_k.")
def uses_one_matrix_for_queries_and_keys(X, p, n_heads, mask=None):
    return block(X, {**p, "W_k": p["W_q"]}, n_heads, mask)


@mistake(BLOCK, "The keys are used as values: the values have their own matrix, W_v.")
def takes_the_keys_for_values(X, p, n_heads, mask=None):
    return block(X, {**p, "W_v": p["W_k"]}, n_heads, mask)


@mistake(BLOCK, "The values are the words themselves, W_v is never used.")
def takes_the_words_for_values(X, p, n_heads, mask=None):
    return block(X, {**p, "W_v": np.eye(X.shape[-1])}, n_heads, mask)


@mistake(
    BLOCK,
    "Queries and keys have changed places: row i of the weights belongs to reader i, column j "
    "to the word j that is read.",
)
def exchanges_queries_and_keys(X, p, n_heads, mask=None):
    return block(X, {**p, "W_q": p["W_k"], "W_k": p["W_q"]}, n_heads, mask)


@mistake(
    BLOCK,
    "The weights are transposed before they meet the values: reader i has row i of the weights.",
)
def mixes_with_the_transposed_weights(X, p, n_heads, mask=None):
    return with_heads(
        X, p, n_heads, mask, mix=lambda weights, V, mask: np.swapaxes(weights, -1, -2) @ V
    )


# Masks and batches --------------------------------------------------------------------------------


@mistake(BLOCK, "The mask changes nothing: words that are masked out are still read.")
def ignores_the_mask(X, p, n_heads, mask=None):
    return block(X, p, n_heads)


@mistake(BLOCK, "In a batch the mask changes nothing: words that are masked out are still read.")
def ignores_the_mask_of_a_batch(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask if X.ndim == 2 else None)


@mistake(BLOCK, "A mask for each sentence, (B, n, n), changes nothing; one mask for all is heeded.")
def ignores_a_mask_for_each_sentence(X, p, n_heads, mask=None):
    return block(X, p, n_heads, None if mask is not None and mask.ndim == 3 else mask)


@mistake(BLOCK, "Without a mask the future is hidden. None means that every word reads every word.")
def takes_no_mask_for_causal(X, p, n_heads, mask=None):
    return block(X, p, n_heads, np.tri(X.shape[-2], dtype=bool) if mask is None else mask)


@mistake(
    BLOCK,
    "The mask works the wrong way round: True means “may attend”; "
    "torch.nn.MultiheadAttention has it the other way.",
)
def inverts_the_mask(X, p, n_heads, mask=None):
    return block(X, p, n_heads, None if mask is None else ~mask)


@mistake(
    BLOCK,
    "The mask comes after the softmax: the masked words have weight 0, but the others no longer"
    " sum to 1. Hide the scores before the softmax.",
)
def masks_after_the_softmax(X, p, n_heads, mask=None):
    def late(weights, V, mask):
        return (weights if mask is None else weights * mask) @ V

    return with_heads(X, p, n_heads, mask, hide=lambda scores, mask: scores, mix=late)


@mistake(
    BLOCK,
    "A masked score becomes 0 (or next to it), and exp(0) = 1 is a weight like any other. A "
    "word that must not be read needs the score −∞.",
)
def gives_masked_words_the_score_zero(X, p, n_heads, mask=None):
    return with_heads(X, p, n_heads, mask, hide=lambda scores, mask: scores * mask)


@mistake(
    BLOCK,
    "The mask is added to the scores as 0 and 1: allowed words only gain a little, and the "
    "others keep their weight.",
)
def adds_the_mask(X, p, n_heads, mask=None):
    return with_heads(X, p, n_heads, mask, hide=lambda scores, mask: scores + mask)


@mistake(
    BLOCK,
    "A masked word still gets a little weight: its score is only moderately low. Only −∞ (or "
    "something like −10⁹) gives a weight of exactly 0.",
)
def hides_too_little(X, p, n_heads, mask=None):
    return with_heads(X, p, n_heads, mask, hide=lambda scores, mask: np.where(mask, scores, -10.0))


@mistake(
    BLOCK,
    "Everything becomes nan as soon as there is a mask: 0 · (−∞) is not a number. Choose "
    "between the score and −∞, do not multiply.",
)
def multiplies_infinity_by_zero(X, p, n_heads, mask=None):
    return with_heads(X, p, n_heads, mask, hide=lambda scores, mask: scores + (1 - mask) * -np.inf)


@mistake(
    BLOCK,
    "The mask is transposed: its rows are the readers, its columns the words that are read.",
)
def transposes_the_mask(X, p, n_heads, mask=None):
    return block(X, p, n_heads, None if mask is None else np.swapaxes(mask, -1, -2))


@mistake(BLOCK, "Every reader gets the first row of the mask: each has its own row.")
def uses_the_first_row_of_the_mask(X, p, n_heads, mask=None):
    return block(X, p, n_heads, None if mask is None else mask[..., :1, :])


@mistake(BLOCK, "Only head 0 heeds the mask: it holds for all heads.")
def masks_the_first_head_alone(X, p, n_heads, mask=None):
    def first(mask):
        mask = np.repeat(mask[..., None, :, :], n_heads, -3)
        mask[..., 1:, :, :] = True
        return mask

    return with_heads(X, p, n_heads, mask, spread=first)


@mistake(
    BLOCK,
    "The future is always hidden, whatever the mask says. Without a mask every word reads every"
    " word.",
)
def is_always_causal(X, p, n_heads, mask=None):
    tri = np.tri(X.shape[-2], dtype=bool)
    return block(X, p, n_heads, tri if mask is None else mask & tri)


@mistake(
    BLOCK,
    "A mask stops your function: an array has no truth value of its own. Ask whether the mask "
    "is None.",
)
def asks_whether_the_mask_is_true(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask if mask else None)


@mistake(
    BLOCK,
    "A mask for each sentence meets the axis of the heads: (B, n, n) against (B, n_heads, n, n)"
    " fails, or, when B = n_heads, gives each head the mask of another sentence.",
)
def matches_the_masks_with_the_heads(X, p, n_heads, mask=None):
    return with_heads(X, p, n_heads, mask, spread=lambda mask: mask)


@mistake(BLOCK, "Every sentence of the batch is treated with the mask of the first one.")
def uses_the_mask_of_the_first_sentence(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask[0] if mask is not None and mask.ndim > 2 else mask)


@mistake(
    BLOCK,
    "One mask for all sentences stops your function or is misread: it may be (n, n) even when X"
    " is a batch.",
)
def wants_a_mask_for_each_sentence(X, p, n_heads, mask=None):
    if mask is not None and X.ndim == 3:
        mask = np.stack([mask[b] for b in range(len(X))])
        _B, _n, _n = mask.shape
    return block(X, p, n_heads, mask)


@mistake(
    BLOCK,
    "It works for one sentence but not for a batch: X may have three axes. Count them from the "
    "back.",
)
def knows_no_batches(X, p, n_heads, mask=None):
    (_, _) = X.shape
    return block(X, p, n_heads, mask)


@mistake(
    BLOCK,
    "It works for a batch but not for one sentence: X may have two axes. Count them from the back.",
)
def knows_only_batches(X, p, n_heads, mask=None):
    (_, _, _) = X.shape
    return block(X, p, n_heads, mask)


@mistake(BLOCK, "Words read words of other sentences: the batch is treated as one long sentence.")
def lets_sentences_read_each_other(X, p, n_heads, mask=None):
    if X.ndim == 2:
        return block(X, p, n_heads, mask)
    B, n, _ = X.shape
    if mask is not None:
        mask = np.tile(np.concatenate(np.broadcast_to(mask, (B, n, n))), B)
    return block(np.concatenate(X), p, n_heads, mask).reshape(X.shape)


@mistake(BLOCK, "All sentences of a batch give the result of the first one.")
def repeats_the_first_sentence(X, p, n_heads, mask=None):
    Y = block(X, p, n_heads, mask)
    return Y if X.ndim == 2 else np.repeat(Y[:1], len(X), 0)


# MLP ----------------------------------------------------------------------------------------------


@mistake(BLOCK, "The ReLU is missing: without it two matrices in a row are no more than one.")
def forgets_the_relu(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, mlp=partial(mlp, act=lambda x: x))


@mistake(
    BLOCK,
    "The ReLU comes after W_2, so the MLP can only add, never subtract. It stands between the "
    "two matrices.",
)
def puts_the_relu_last(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, mlp=lambda x, p: relu(mlp(x, p, act=lambda x: x)))


@mistake(BLOCK, "There is a second ReLU after W_2; only the inner numbers pass one.")
def puts_a_second_relu_last(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, mlp=lambda x, p: relu(mlp(x, p)))


@mistake(BLOCK, "The ReLU comes before W_1: it stands between the two matrices.")
def puts_the_relu_first(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, mlp=lambda x, p: mlp(relu(x), p, act=lambda x: x))


@mistake(
    BLOCK,
    "The result of the whole block passes a ReLU: negative numbers are lost. The ReLU is inside"
    " the MLP only.",
)
def ends_with_a_relu(X, p, n_heads, mask=None):
    return relu(block(X, p, n_heads, mask))


@mistake(BLOCK, "The MLP uses GELU; here it is ReLU, max(0, x).")
def uses_gelu(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, mlp=partial(mlp, act=gelu))


@mistake(
    BLOCK,
    "The MLP uses the exact GELU, x times the normal distribution of x; here it is ReLU, max(0,"
    " x).",
)
def uses_the_exact_gelu(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, mlp=partial(mlp, act=exact_gelu))


@mistake(BLOCK, "The MLP uses SiLU (x · sigmoid(x)); here it is ReLU, max(0, x).")
def uses_silu(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, mlp=partial(mlp, act=lambda x: x / (1 + np.exp(-x))))


@mistake(BLOCK, "The MLP uses tanh; here it is ReLU, max(0, x).")
def uses_tanh(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, mlp=partial(mlp, act=np.tanh))


@mistake(BLOCK, "The MLP uses the sigmoid; here it is ReLU, max(0, x).")
def uses_the_sigmoid(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, mlp=partial(mlp, act=lambda x: 1 / (1 + np.exp(-x))))


@mistake(BLOCK, "Negative numbers leak through the ReLU (leaky ReLU); here they become 0.")
def uses_a_leaky_relu(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, mlp=partial(mlp, act=lambda x: np.where(x > 0, x, 0.01 * x)))


@mistake(BLOCK, "Negative numbers come out positive: the ReLU is max(0, x), not |x|.")
def uses_the_absolute_value(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, mlp=partial(mlp, act=np.abs))


@mistake(BLOCK, "The ReLU keeps the negative numbers and drops the positive ones.")
def keeps_the_negative_numbers(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask, mlp=partial(mlp, act=lambda x: np.minimum(x, 0)))


@mistake(BLOCK, "b_1 is never added: it belongs to what the ReLU sees.")
def forgets_the_first_bias(X, p, n_heads, mask=None):
    return block(X, {**p, "b_1": 0}, n_heads, mask)


@mistake(BLOCK, "b_2 is never added: it belongs to what the MLP returns.")
def forgets_the_second_bias(X, p, n_heads, mask=None):
    return block(X, {**p, "b_2": 0}, n_heads, mask)


@mistake(BLOCK, "The MLP has no biases: b_1 and b_2 are never added.")
def forgets_both_biases(X, p, n_heads, mask=None):
    return block(X, {**p, "b_1": 0, "b_2": 0}, n_heads, mask)


@mistake(BLOCK, "b_1 is added after the ReLU; it decides where the ReLU bends, so it comes before.")
def adds_the_first_bias_after_the_relu(X, p, n_heads, mask=None):
    return block(
        X, p, n_heads, mask, mlp=lambda x, p: (relu(x @ p["W_1"]) + p["b_1"]) @ p["W_2"] + p["b_2"]
    )


@mistake(BLOCK, "Only X is right in shape: your function returns the words unchanged.")
def returns_x(X, p, n_heads, mask=None):
    return X.copy()


# What a function does besides ---------------------------------------------------------------------


@mistake(
    BLOCK,
    "Your function changes X: += and the like write into the array that was given. Make a new one.",
)
def writes_into_x(X, p, n_heads, mask=None):
    X += heads(norm(X, p["ln1_g"], p["ln1_b"]), p, n_heads, mask)
    X += mlp(norm(X, p["ln2_g"], p["ln2_b"]), p)
    return X


@mistake(
    BLOCK,
    "Your function changes X on the way: += writes into the array that was given. Make a new one.",
)
def writes_attention_into_x(X, p, n_heads, mask=None):
    X += heads(norm(X, p["ln1_g"], p["ln1_b"]), p, n_heads, mask)
    return X + mlp(norm(X, p["ln2_g"], p["ln2_b"]), p)


@mistake(BLOCK, "Your function changes the mask that it was given. Make a new array.")
def writes_into_the_mask(X, p, n_heads, mask=None):
    Y = block(X, p, n_heads, mask)
    if mask is not None:
        np.logical_not(mask, out=mask)
    return Y


@mistake(
    BLOCK,
    "Your function changes p: a /= or *= writes into the arrays of the dictionary. Make new ones.",
)
def writes_into_the_parameters(X, p, n_heads, mask=None):
    p["W_q"] /= np.sqrt(X.shape[-1] // n_heads)
    return with_heads(X, p, n_heads, mask, scale=1)


@mistake(BLOCK, "Your result is rounded: keep all digits, and round only when you print.")
def rounds(X, p, n_heads, mask=None):
    return block(X, p, n_heads, mask).round(3)


@mistake(BLOCK, "You return more than one value: only Y is wanted.")
def returns_more_than_y(X, p, n_heads, mask=None):
    Y = block(X, p, n_heads, mask)
    return Y, Y


@mistake(
    BLOCK,
    "You return A, the words after attention: the MLP's part is still to be added.",
    siblings=("stops_after_attention",),
)
def returns_the_middle(X, p, n_heads, mask=None):
    A = X + heads(norm(X, p["ln1_g"], p["ln1_b"]), p, n_heads, mask)
    mlp(norm(A, p["ln2_g"], p["ln2_b"]), p)
    return A
