"""Wrong answers to the complexity assignment, and the sentence that explains each."""

import math
import statistics
import time

import numpy as np

from grading.assignment import mistake

# rows of a scan: factors near 1, a zero (a fresh start), a negative one; five steps, two columns
A = np.array([[0.5, 2.0], [0.8, -1.0], [0.9, 0.5], [0.0, 1.5], [1.0, 0.7]])
B = np.array([[1.0, 3.0], [-2.0, 0.5], [0.5, 1.0], [4.0, -1.0], [2.0, 0.25]])
# compares a scan with the loop to the last bit, on numbers that no order but the loop's gives
LOOPED = (
    "lambda f: (lambda a, b, h: np.array_equal(f(a, b), [h := x * h + y for x, y in zip(a, b)]))"
    "(0.9 + 0.1 * np.sin(np.arange(600.0)).reshape(200, 3), np.cos(np.arange(600.0))"
    ".reshape(200, 3), 0.0)"
)

PROBES = {
    "rnn_macs": [(3, 2, 4), (7, 5, 3), (1, 4, 2), (5, 512, 512)],
    "attention_macs": [(3, 2), (7, 5), (1, 4), (40, 8), (5, 512)],
    "block_macs": [(3, 2, 4), (7, 5, 3), (1, 4, 16), (40, 8, 32), (5, 512, 2048)],
    "crossover": [
        "lambda f: f(lambda n: n * n, lambda n: 12 * n, 100)",
        "lambda f: f(lambda n: n * n, lambda n: 12 * n, 13)",
        "lambda f: f(lambda n: n * n, lambda n: 12 * n, 12)",
        "lambda f: f(lambda n: n + 2, lambda n: 5 - n, 2)",
        "lambda f: f(lambda n: 9, lambda n: n, 20)",
        "lambda f: f(lambda n: (n - 4) * (n - 7) * (n - 12), lambda n: 0 * n, 20)",
        "lambda f: f(lambda n: n, lambda n: n, 6)",
    ],
    "critical_path": [
        *(("rnn", n, layers) for n, layers in [(5, 1), (7, 3), (2, 6), (50, 4)]),
        *(("attention", n, layers) for n, layers in [(5, 1), (7, 3), (2, 6), (50, 4)]),
    ],
    "kv_cache_bytes": [(3, 2, 5), (7, 1, 4), (3, 2, 5, 4), (2, 3, 4, 1), (1024, 12, 768)],
    "fit_exponent": [
        ([2, 4, 16], [1, 4, 8]),
        ([2, 3, 10, 40], [5, 9, 70, 500]),
        ([40, 2, 10, 3], [500, 5, 70, 9]),
        ([2, 5, 16], [64, 16, 1]),
        ([10, 100], [30, 3000]),
    ],
    "measure": [
        "lambda f: timed(f, [9, 3, 1, 8, 2, 2])",
        "lambda f: timed(f, [5, 3, 1, 8, 2], repeats=4)",
        "lambda f: timed(f, [0.5, 4, 7, 1], repeats=3)",
        "lambda f: timed(f, [6, 3], repeats=1)",
        "lambda f: timed(f, [1, 10, 2, 9, 3, 8, 4, 7], repeats=7)",
    ],
    "parallel_scan": [
        (A, B),
        (A[:4], B[:4]),
        (A[:1], B[:1]),
        (A[::-1], B[::-1]),
        (np.full((3, 1), 2.0), np.ones((3, 1))),
        "lambda f: f(np.full((100, 1), 0.95), np.ones((100, 1)))[-1]",  # a long memory
        "lambda f: f(np.full((2000, 1), 0.5), np.ones((2000, 1)))[-1]",  # a product that vanishes
        LOOPED,
    ],
}


# rnn_macs


@mistake(
    "rnn_macs", "The recurrent product h @ W_hh, with H·H multiplications a word, is not counted."
)
def no_recurrence(n, d, H):
    return n * d * H


@mistake("rnn_macs", "The input product x @ W_xh, with d·H multiplications a word, is not counted.")
def no_input_product(n, d, H):
    return n * H * H


@mistake(
    "rnn_macs", "The recurrent product is counted once for the sentence; every word has its own."
)
def recurrence_once(n, d, H):
    return n * d * H + H * H


@mistake("rnn_macs", "The input product is counted once for the sentence; every word has its own.")
def input_product_once(n, d, H):
    return d * H + n * H * H


@mistake(
    "rnn_macs", "This is one word's work (the number of weights); all n words pass through them."
)
def one_word(n, d, H):
    return d * H + H * H


@mistake(
    "rnn_macs",
    "Twice too much: a multiply and its add are one MAC here. You count them as two operations "
    "(FLOPs).",
)
def rnn_flops(n, d, H):
    return 2 * n * (d * H + H * H)


@mistake("rnn_macs", "The bias is counted too; adding it multiplies nothing, so it is no MAC.")
def with_the_bias(n, d, H):
    return n * (d * H + H * H + H)


@mistake(
    "rnn_macs",
    "The width of the state is taken for the width of the words: 2·d² instead of d·H + H².",
)
def state_as_wide_as_words(n, d, H):
    return 2 * n * d * d


@mistake("rnn_macs", "W_hh is taken for a (d, H) matrix; it leads from a state to a state.")
def both_from_the_word(n, d, H):
    return 2 * n * d * H


@mistake("rnn_macs", "d and H are exchanged: W_hh has H·H numbers, not d·d.")
def d_and_H_exchanged(n, d, H):
    return n * (d * H + d * d)


@mistake(
    "rnn_macs",
    "The first step is left out of the recurrent product; it is computed like the others, "
    "though the state is zero.",
)
def first_step_left_out(n, d, H):
    return n * d * H + (n - 1) * H * H


@mistake(
    "rnn_macs", "Widths are added: a matrix of shape (d, H) takes d·H multiplications, not d + H."
)
def sums_instead_of_products(n, d, H):
    return n * (d + H + H + H)


@mistake(
    "rnn_macs",
    "The two products are multiplied with each other; they are done one after the other, so add.",
)
def multiplies_the_products(n, d, H):
    return n * d * H * H * H


@mistake("rnn_macs", "It grows with n², but each word is processed once.")
def rnn_square_in_n(n, d, H):
    return n * n * (d * H + H * H)


# attention_macs


@mistake(
    "attention_macs",
    "One of the two n × n products is missing: there are the scores Q Kᵀ, and the mixing of the "
    "values.",
)
def one_square_product(n, d):
    return 4 * n * d * d + n * n * d


@mistake(
    "attention_macs",
    "One of the four projections is missing: W_q, W_k, W_v and, after the heads, W_o.",
)
def three_projections(n, d):
    return 3 * n * d * d + 2 * n * n * d


@mistake("attention_macs", "One projection is counted; there are four: W_q, W_k, W_v and W_o.")
def one_projection(n, d):
    return n * d * d + 2 * n * n * d


@mistake(
    "attention_macs",
    "The four projections are not counted; at small n they are nearly all the work.",
)
def no_projections(n, d):
    return 2 * n * n * d


@mistake(
    "attention_macs", "Only the projections are counted; the scores and the mixing are missing."
)
def no_square_products(n, d):
    return 4 * n * d * d


@mistake(
    "attention_macs",
    "Twice too much: a multiply and its add are one MAC here. You count them as two operations "
    "(FLOPs).",
)
def attention_flops(n, d):
    return 8 * n * d * d + 4 * n * n * d


@mistake("attention_macs", "The projections are counted for one word; all n words are projected.")
def projections_of_one_word(n, d):
    return 4 * d * d + 2 * n * n * d


@mistake(
    "attention_macs",
    "n and d are exchanged: the scores are (n, n) and cost n·n·d; the projections cost n·d·d.",
)
def n_and_d_exchanged(n, d):
    return 4 * n * n * d + 2 * n * d * d


@mistake(
    "attention_macs",
    "Each number of the n × n scores is a sum over d products, and each mixing too; the factor d "
    "is missing.",
)
def square_without_d(n, d):
    return 4 * n * d * d + 2 * n * n


@mistake(
    "attention_macs",
    "The n² numbers of the softmax are added; it is no product of matrices.",
)
def with_the_softmax(n, d):
    return 4 * n * d * d + 2 * n * n * d + n * n


@mistake(
    "attention_macs",
    "Four biases are counted; adding a bias multiplies nothing, and there are none here.",
)
def attention_with_biases(n, d):
    return 4 * n * d * d + 2 * n * n * d + 4 * n * d


@mistake(
    "attention_macs",
    "Half of the scores are left out, as under a causal mask; here every word reads every word.",
)
def causal_half(n, d):
    return 4 * n * d * d + n * (n + 1) * d


@mistake(
    "attention_macs",
    "The n × n part is counted once more for each of 8 heads, but a head is only d/8 wide: "
    "the heads together cost what one would.",
)
def eight_heads_full_width(n, d):
    return 4 * n * d * d + 16 * n * n * d


@mistake("attention_macs", "The MLP is counted too; this function is for the attention part alone.")
def attention_and_mlp(n, d):
    return 12 * n * d * d + 2 * n * n * d


# block_macs


@mistake("block_macs", "The attention part is missing: a block is attention and the MLP.")
def mlp_only(n, d, f):
    return 2 * n * d * f


@mistake(
    "block_macs", "The MLP is missing: two more products, (n, d) @ (d, f) and (n, f) @ (f, d)."
)
def attention_only(n, d, f):
    return 4 * n * d * d + 2 * n * n * d


@mistake("block_macs", "The MLP has two matrices, d → f and f → d; one is counted.")
def one_mlp_matrix(n, d, f):
    return 4 * n * d * d + 2 * n * n * d + n * d * f


@mistake("block_macs", "f is ignored: the MLP is counted as if f were always 4·d.")
def f_is_four_d(n, d, f):
    return 12 * n * d * d + 2 * n * n * d


@mistake("block_macs", "f is ignored: the MLP is counted as if its matrices were d × d.")
def f_is_d(n, d, f):
    return 6 * n * d * d + 2 * n * n * d


@mistake("block_macs", "The MLP is counted for one word; all n words pass through it.")
def mlp_of_one_word(n, d, f):
    return 4 * n * d * d + 2 * n * n * d + 2 * d * f


@mistake(
    "block_macs",
    "Twice too much: a multiply and its add are one MAC here. You count them as two operations "
    "(FLOPs).",
)
def block_flops(n, d, f):
    return 2 * (4 * n * d * d + 2 * n * n * d + 2 * n * d * f)


@mistake(
    "block_macs", "The MLP is counted with an f × f matrix; it goes from d to f and back to d."
)
def mlp_with_f_squared(n, d, f):
    return 4 * n * d * d + 2 * n * n * d + n * d * f + n * f * f


@mistake(
    "block_macs",
    "One of the two n × n products of the attention is missing: the scores, and the mixing of the "
    "values.",
)
def block_with_one_square_product(n, d, f):
    return 4 * n * d * d + n * n * d + 2 * n * d * f


@mistake("block_macs", "One of the four projections of the attention is missing (often W_o).")
def block_with_three_projections(n, d, f):
    return 3 * n * d * d + 2 * n * n * d + 2 * n * d * f


@mistake("block_macs", "The MLP's biases are counted; adding a bias multiplies nothing.")
def block_with_biases(n, d, f):
    return 4 * n * d * d + 2 * n * n * d + 2 * n * d * f + n * f + n * d


@mistake(
    "block_macs", "The MLP is counted between all pairs of words (n²); it sees one word at a time."
)
def mlp_on_pairs(n, d, f):
    return 4 * n * d * d + 2 * n * n * d + 2 * n * n * d * f


@mistake("block_macs", "The attention is counted twice; a block of the encoder has one.")
def two_attentions(n, d, f):
    return 8 * n * d * d + 4 * n * n * d + 2 * n * d * f


@mistake("block_macs", "The residual additions are counted; adding multiplies nothing.")
def block_with_residuals(n, d, f):
    return 4 * n * d * d + 2 * n * n * d + 2 * n * d * f + 2 * n * d


# crossover


def _first(wins, n_max):
    return next((n for n in range(1, n_max + 1) if wins(n)), None)


@mistake(
    "crossover",
    "An equal cost counts as greater (≥); a crossover is where a first costs *more* than b.",
)
def greater_or_equal(cost_a, cost_b, n_max):
    return _first(lambda n: cost_a(n) >= cost_b(n), n_max)


@mistake(
    "crossover", "The comparison is the wrong way round: it finds where b first costs more than a."
)
def compares_the_other_way(cost_a, cost_b, n_max):
    return _first(lambda n: cost_b(n) > cost_a(n), n_max)


@mistake("crossover", "n_max itself is not tried: range(1, n_max) ends one before it.")
def leaves_out_n_max(cost_a, cost_b, n_max):
    return _first(lambda n: cost_a(n) > cost_b(n), n_max - 1)


@mistake("crossover", "The search starts after n = 1, but the crossover may be there already.")
def starts_at_two(cost_a, cost_b, n_max):
    return next((n for n in range(2, n_max + 1) if cost_a(n) > cost_b(n)), None)


@mistake(
    "crossover",
    "The search starts at n = 0; a sentence has at least one word.",
    siblings=["numbers_from_zero"],
)
def starts_at_zero(cost_a, cost_b, n_max):
    return next((n for n in range(n_max + 1) if cost_a(n) > cost_b(n)), None)


@mistake("crossover", "The result is one too small: places in a list start at 0, n starts at 1.")
def numbers_from_zero(cost_a, cost_b, n_max):
    n = _first(lambda n: cost_a(n) > cost_b(n), n_max)
    return None if n is None else n - 1


@mistake("crossover", "The *last* n at which a costs more comes back; the first is asked for.")
def the_last(cost_a, cost_b, n_max):
    return max((n for n in range(1, n_max + 1) if cost_a(n) > cost_b(n)), default=None)


@mistake("crossover", "Where there is no crossover the result should be None, yours is n_max.")
def n_max_for_none(cost_a, cost_b, n_max):
    return _first(lambda n: cost_a(n) > cost_b(n), n_max) or n_max


@mistake("crossover", "Where there is no crossover the result should be None, yours is n_max + 1.")
def n_max_plus_one_for_none(cost_a, cost_b, n_max):
    return _first(lambda n: cost_a(n) > cost_b(n), n_max) or n_max + 1


@mistake("crossover", "Where there is no crossover the result should be None, yours is 0.")
def zero_for_none(cost_a, cost_b, n_max):
    return _first(lambda n: cost_a(n) > cost_b(n), n_max) or 0


@mistake("crossover", "Where there is no crossover the result should be None, yours is −1.")
def minus_one_for_none(cost_a, cost_b, n_max):
    return _first(lambda n: cost_a(n) > cost_b(n), n_max) or -1


@mistake(
    "crossover",
    "Halving the range finds the first n only if a stays ahead once it is; these curves may cross "
    "back. "
    "Try every n.",
)
def by_halving(cost_a, cost_b, n_max):
    low, high = 1, n_max
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if cost_a(middle) > cost_b(middle) else (middle + 1, high)
    return low if cost_a(low) > cost_b(low) else None


@mistake("crossover", "Only powers of two are tried; the first n may lie between them.")
def powers_of_two_only(cost_a, cost_b, n_max):
    return next((n for k in range(20) if (n := 2**k) <= n_max and cost_a(n) > cost_b(n)), None)


@mistake(
    "crossover", "The result counts at how many n a costs more; the first such n is asked for."
)
def how_many(cost_a, cost_b, n_max):
    return sum(cost_a(n) > cost_b(n) for n in range(1, n_max + 1))


@mistake(
    "crossover",
    "The result stays None if a is ahead from n = 1 on: ahead at once is a crossover too.",
)
def wants_a_change_of_sign(cost_a, cost_b, n_max):
    for n in range(2, n_max + 1):
        if cost_a(n) > cost_b(n) and cost_a(n - 1) <= cost_b(n - 1):
            return n
    return None


@mistake("crossover", "The result says whether there is a crossover; the n is asked for.")
def yes_or_no(cost_a, cost_b, n_max):
    return _first(lambda n: cost_a(n) > cost_b(n), n_max) is not None


@mistake("crossover", "n_max is ignored: the search goes on beyond it.")
def beyond_n_max(cost_a, cost_b, n_max):
    return _first(lambda n: cost_a(n) > cost_b(n), n_max + 50)


# critical_path


def _path(rnn, attention):
    return lambda kind, n, layers: (rnn if kind == "rnn" else attention)(n, layers)


@mistake(
    "critical_path",
    "For the RNN every cell is counted, n in each layer. But layer 2 can start as soon as layer 1 "
    "has read "
    "one word: only the longest chain matters.",
)
def all_cells(kind, n, layers):
    return n * layers if kind == "rnn" else layers


@mistake(
    "critical_path", "For the RNN it is one too many: the corner cell is on both legs of the chain."
)
def corner_twice(kind, n, layers):
    return n + layers if kind == "rnn" else layers


@mistake("critical_path", "For the RNN it is one too few: with one layer, n words are n cells.")
def corner_lost(kind, n, layers):
    return n + layers - 2 if kind == "rnn" else layers


@mistake(
    "critical_path",
    "For the RNN the layers are ignored: the last layer can't end before the one under it.",
)
def layers_ignored(kind, n, layers):
    return n if kind == "rnn" else layers


@mistake("critical_path", "For the RNN the longer leg alone is counted; the chain goes along both.")
def the_longer_leg(kind, n, layers):
    return max(n, layers) if kind == "rnn" else layers


@mistake(
    "critical_path",
    "For attention the number of words matters in your answer; all words of a layer are computed "
    "at once.",
)
def attention_word_by_word(kind, n, layers):
    return n + layers - 1


@mistake(
    "critical_path",
    "For attention every cell is counted; all words of a layer are computed at once.",
)
def attention_all_cells(kind, n, layers):
    return n + layers - 1 if kind == "rnn" else n * layers


@mistake(
    "critical_path",
    "For attention it is 1 whatever the layers; each layer waits for the one under it.",
)
def attention_one_step(kind, n, layers):
    return n + layers - 1 if kind == "rnn" else 1


@mistake(
    "critical_path",
    "For attention an extra first or last cell is counted; the words themselves need no cell.",
)
def attention_one_more(kind, n, layers):
    return n + layers - 1 if kind == "rnn" else layers + 1


@mistake("critical_path", "The two kinds are exchanged.")
def kinds_exchanged(kind, n, layers):
    return layers if kind == "rnn" else n + layers - 1


@mistake(
    "critical_path", "The RNN is treated like attention: a tanh RNN must take its words one by one."
)
def rnn_like_attention(kind, n, layers):
    return layers


@mistake(
    "critical_path",
    "For the RNN a tree over the words is assumed; tanh doesn't let steps be regrouped.",
)
def rnn_as_a_tree(kind, n, layers):
    return layers * (n - 1).bit_length() if kind == "rnn" else layers


@mistake(
    "critical_path",
    "For the RNN the steps *between* cells are counted in each layer; count the cells on the "
    "chain.",
)
def arrows_not_cells(kind, n, layers):
    return layers * (n - 1) + 1 if kind == "rnn" else layers


@mistake(
    "critical_path",
    "For attention the cells of all pairs of words are counted; they don't wait for each other.",
)
def attention_all_pairs(kind, n, layers):
    return n + layers - 1 if kind == "rnn" else n * n * layers


# kv_cache_bytes


@mistake("kv_cache_bytes", "Only one of keys and values is counted; both are kept.")
def keys_only(n, layers, d, bytes_per_number=2):
    return n * layers * d * bytes_per_number


@mistake(
    "kv_cache_bytes", "The queries are counted too; a query is used once and never needed again."
)
def with_queries(n, layers, d, bytes_per_number=2):
    return 3 * n * layers * d * bytes_per_number


@mistake("kv_cache_bytes", "`bytes_per_number` has no effect: always 2 bytes.")
def always_two_bytes(n, layers, d, bytes_per_number=2):
    return 2 * n * layers * d * 2


@mistake(
    "kv_cache_bytes", "This is how many numbers are kept; each takes `bytes_per_number` bytes."
)
def numbers_not_bytes(n, layers, d, bytes_per_number=2):
    return 2 * n * layers * d


@mistake("kv_cache_bytes", "This is in bits; a byte is 8 of them.")
def bits(n, layers, d, bytes_per_number=2):
    return 16 * n * layers * d * bytes_per_number


@mistake("kv_cache_bytes", "This is one layer's cache; every layer keeps its own keys and values.")
def one_layer(n, layers, d, bytes_per_number=2):
    return 2 * n * d * bytes_per_number


@mistake("kv_cache_bytes", "This is one word's share; the keys and values of all n words are kept.")
def one_token(n, layers, d, bytes_per_number=2):
    return 2 * layers * d * bytes_per_number


@mistake(
    "kv_cache_bytes",
    "It grows with n², like the scores; but only keys and values are kept, one of each a word.",
)
def square_in_n(n, layers, d, bytes_per_number=2):
    return 2 * n * n * layers * d * bytes_per_number


@mistake("kv_cache_bytes", "The scores (n × n) are counted too; they are not kept.")
def with_scores(n, layers, d, bytes_per_number=2):
    return (2 * n * d + n * n) * layers * bytes_per_number


@mistake("kv_cache_bytes", "It grows with d²: that is the size of weights, not of keys.")
def square_in_d(n, layers, d, bytes_per_number=2):
    return 2 * n * layers * d * d * bytes_per_number


@mistake("kv_cache_bytes", "The default is 4 bytes a number; it should be 2.")
def four_bytes_by_default(n, layers, d, bytes_per_number=4):
    return 2 * n * layers * d * bytes_per_number


@mistake("kv_cache_bytes", "One word is left out; with n words processed, n keys are kept.")
def the_words_before(n, layers, d, bytes_per_number=2):
    return 2 * (n - 1) * layers * d * bytes_per_number


@mistake("kv_cache_bytes", "This is in MiB (divided by 1024²); bytes are asked for.")
def mebibytes(n, layers, d, bytes_per_number=2):
    return 2 * n * layers * d * bytes_per_number / 1024**2


@mistake("kv_cache_bytes", "This is in kB (divided by 1000 or 1024); bytes are asked for.")
def kibibytes(n, layers, d, bytes_per_number=2):
    return 2 * n * layers * d * bytes_per_number / 1024


# fit_exponent


def _slope(x, y):
    return np.polyfit(np.asarray(x, float), np.asarray(y, float), 1)[0]


@mistake("fit_exponent", "No logarithms: this is the slope of cost against n, not an exponent.")
def no_logs(ns, costs):
    return _slope(ns, costs)


@mistake("fit_exponent", "The logarithm of the cost is taken, that of n is not; take both.")
def log_of_costs_only(ns, costs):
    return _slope(ns, np.log(costs))


@mistake("fit_exponent", "The logarithm of n is taken, that of the cost is not; take both.")
def log_of_ns_only(ns, costs):
    return _slope(np.log(ns), costs)


@mistake("fit_exponent", "The axes are exchanged: this is the growth of n with the cost.")
def axes_exchanged(ns, costs):
    return _slope(np.log(costs), np.log(ns))


@mistake(
    "fit_exponent",
    "This is the intercept of the line (the logarithm of the constant c); its slope is asked for.",
)
def the_intercept(ns, costs):
    return np.polyfit(np.log(ns), np.log(costs), 1)[1]


@mistake("fit_exponent", "Slope and intercept come back; only the slope is asked for.")
def both_coefficients(ns, costs):
    return np.polyfit(np.log(ns), np.log(costs), 1)


@mistake("fit_exponent", "Only the first and the last point are used; fit a line to all of them.")
def end_points_only(ns, costs):
    return math.log(costs[-1] / costs[0]) / math.log(ns[-1] / ns[0])


@mistake("fit_exponent", "Only the last two points are used; fit a line to all of them.")
def last_two_points(ns, costs):
    return math.log(costs[-1] / costs[-2]) / math.log(ns[-1] / ns[-2])


@mistake("fit_exponent", "Only the first two points are used; fit a line to all of them.")
def first_two_points(ns, costs):
    return math.log(costs[1] / costs[0]) / math.log(ns[1] / ns[0])


@mistake(
    "fit_exponent",
    "This is the mean of the slopes between neighbouring points; least squares weighs them by "
    "their distance.",
)
def mean_of_local_slopes(ns, costs):
    return np.mean(np.diff(np.log(costs)) / np.diff(np.log(ns)))


@mistake(
    "fit_exponent",
    "The line is forced through the origin, as if the constant c were 1; let it have an intercept.",
)
def through_the_origin(ns, costs):
    x, y = np.log(ns), np.log(costs)
    return x @ y / (x @ x)


@mistake("fit_exponent", "log(cost) / log(n) is averaged, as if the constant c were 1; fit a line.")
def ratio_of_logs(ns, costs):
    x, y = np.log(ns), np.log(costs)
    return np.sum(y[x > 0] / x[x > 0]) / np.sum(x > 0)


@mistake("fit_exponent", "The exponent is rounded to a whole number; real ones lie between.")
def rounded_exponent(ns, costs):
    return round(_slope(np.log(ns), np.log(costs)))


@mistake("fit_exponent", "The sign is wrong: a cost that grows has a positive exponent.")
def wrong_sign(ns, costs):
    return -_slope(np.log(ns), np.log(costs))


@mistake("fit_exponent", "The sign is lost: a cost that falls has a negative exponent.")
def sign_lost(ns, costs):
    return abs(_slope(np.log(ns), np.log(costs)))


@mistake("fit_exponent", "e to the slope comes back; the slope itself is the exponent.")
def exponential_of_the_slope(ns, costs):
    return np.exp(_slope(np.log(ns), np.log(costs)))


@mistake("fit_exponent", "A parabola is fitted instead of a line.")
def parabola(ns, costs):
    return np.polyfit(np.log(ns), np.log(costs), min(2, len(ns) - 1))[0]


@mistake(
    "fit_exponent", "log(1 + x) is taken instead of log(x), which bends the line at small numbers."
)
def log_of_one_plus(ns, costs):
    return _slope(np.log1p(ns), np.log1p(costs))


@mistake(
    "fit_exponent", "The correlation comes back; it says how straight the line is, not how steep."
)
def correlation(ns, costs):
    return np.corrcoef(np.log(ns), np.log(costs))[0, 1]


# measure


def _times(fn, repeats):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        fn()
        times.append(time.perf_counter() - start)
    return times


def _timed(pick, warm_up=1):
    def measure(fn, repeats=5):
        for _ in range(warm_up):
            fn()
        return pick(_times(fn, repeats))

    return measure


@mistake(
    "measure",
    "That is the mean of the timed calls: one slow call spoils it, the median does not mind.",
)
def the_mean(fn, repeats=5):
    return _timed(statistics.mean)(fn, repeats)


@mistake(
    "measure",
    "That is the fastest of the timed calls; the median is asked for.",
)
def the_fastest(fn, repeats=5):
    return _timed(min)(fn, repeats)


@mistake(
    "measure",
    "That is the slowest of the timed calls; the median is asked for.",
)
def the_slowest(fn, repeats=5):
    return _timed(max)(fn, repeats)


@mistake(
    "measure",
    "That is the sum of the timed calls; the median of them is asked for.",
)
def the_sum(fn, repeats=5):
    return _timed(sum)(fn, repeats)


@mistake(
    "measure",
    "That is the median with the warm-up among the timed calls; the first call is not timed.",
)
def warm_up_is_timed(fn, repeats=5):
    return _timed(statistics.median, 0)(fn, repeats + 1)


@mistake(
    "measure",
    "That is the mean with the warm-up among the timed calls; take the median, without the first "
    "call.",
)
def mean_with_the_warm_up(fn, repeats=5):
    return _timed(statistics.mean, 0)(fn, repeats + 1)


@mistake(
    "measure",
    "That is in milliseconds; seconds are asked for.",
)
def in_milliseconds(fn, repeats=5):
    return 1000 * _timed(statistics.median)(fn, repeats)


@mistake(
    "measure",
    "That is the sum of all calls, the warm-up included; the median of the timed calls is asked "
    "for.",
)
def one_clock_for_everything(fn, repeats=5):
    return sum(_times(fn, repeats + 1))


@mistake(
    "measure",
    "There is no warm-up: fn should be called once before the calls that are timed.",
)
def no_warm_up(fn, repeats=5):
    return _timed(statistics.median, 0)(fn, repeats)


@mistake(
    "measure",
    "There are two warm-up calls, or one timed call too many: one warm-up and `repeats` timed "
    "calls are asked for.",
)
def two_warm_ups(fn, repeats=5):
    return _timed(statistics.median, 2)(fn, repeats)


@mistake(
    "measure",
    "`repeats` has no effect: fn is always called 6 times.",
)
def always_five_times(fn, repeats=5):
    return _timed(statistics.median)(fn, 5)


@mistake(
    "measure",
    "fn is called once only; one call says little.",
)
def one_call(fn, repeats=5):
    return _times(fn, 1)[0]


@mistake(
    "measure",
    "fn is not called at all: fn is the function itself, fn() calls it.",
)
def never_calls(fn, repeats=5):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        fn  # noqa: B018
        times.append(time.perf_counter() - start)
    return statistics.median(times)


@mistake(
    "measure",
    "That is far less than any of the calls took: read the clock before and after fn(), and take "
    "one "
    "that counts waiting too, as time.perf_counter does.",
)
def processor_time(fn, repeats=5):
    fn()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        fn()
        times.append(time.process_time() - start)
    return statistics.median(times)


@mistake(
    "measure",
    "That is the upper one of the two in the middle. An even number of calls has no call in the "
    "middle: the median is halfway between the two, as np.median has it.",
)
def the_upper_middle(fn, repeats=5):
    return _timed(statistics.median_high)(fn, repeats)


@mistake(
    "measure",
    "That is the lower one of the two in the middle. An even number of calls has no call in the "
    "middle: the median is halfway between the two, as np.median has it.",
)
def the_lower_middle(fn, repeats=5):
    return _timed(statistics.median_low)(fn, repeats)


@mistake(
    "measure",
    "That is the call in the middle of the sequence; sort the times first, or take np.median.",
)
def the_middle_of_the_unsorted(fn, repeats=5):
    return _timed(lambda times: times[len(times) // 2])(fn, repeats)


@mistake(
    "measure",
    "That is what the clock shows when a call ends: read it before the call, too, and subtract.",
)
def never_subtracts(fn, repeats=5):
    fn()
    times = []
    start = time.perf_counter()
    for _ in range(repeats):
        fn()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


@mistake(
    "measure",
    "All the times come back; one number is asked for, their median.",
)
def all_the_times(fn, repeats=5):
    return _timed(np.array)(fn, repeats)


# parallel_scan


def _loop(a, b):
    states, h = [], np.zeros(a.shape[1])
    for x, y in zip(a, b, strict=True):
        h = x * h + y
        states.append(h)
    return np.array(states)


def _rounds(a, b, rounds=None):
    """The right scan, or its first rounds alone."""
    a, b, step = a.copy(), b.copy(), 1
    while step < len(a) and rounds != 0:
        b[step:] += a[step:] * b[:-step]
        a[step:] = a[step:] * a[:-step]
        step, rounds = 2 * step, None if rounds is None else rounds - 1
    return b


@mistake(
    "parallel_scan",
    "This is equal to the loop to the last bit, and only the loop adds in that order: n steps, "
    "each waiting "
    "for the one before. Combine *pieces* of the sequence instead, so that a few rounds are "
    "enough.",
)
def the_plain_loop(a, b):
    return _loop(a, b)


@mistake("parallel_scan", "a is ignored: this is the running sum of b.")
def running_sum(a, b):
    return np.cumsum(b, axis=0)


@mistake(
    "parallel_scan",
    "The running product of a is divided out: where a is 0 that divides 0 by 0, and over a long "
    "sequence "
    "the product becomes too small for a number.",
)
def divides_by_the_running_product(a, b):
    products = np.cumprod(a, axis=0)
    return products * np.cumsum(b / products, axis=0)


@mistake(
    "parallel_scan",
    "One round only: each step has met its neighbour, but nothing from farther back.",
)
def one_round(a, b):
    return _rounds(a, b, 1)


@mistake(
    "parallel_scan",
    "The last round is missing when n is not a power of two: go on while the distance is smaller "
    "than n.",
)
def floor_of_the_logarithm(a, b):
    return _rounds(a, b, len(a).bit_length() - 1)


@mistake(
    "parallel_scan",
    "The a are not multiplied together when pieces are joined; a piece shrinks what comes before "
    "it by the "
    "product of all its a.",
)
def products_not_updated(a, b):
    b, step = b.copy(), 1
    while step < len(a):
        b[step:] += a[step:] * b[:-step]
        step *= 2
    return b


@mistake(
    "parallel_scan",
    "The products are updated before they are used, so each round multiplies by too many a: b "
    "first, then a.",
)
def products_updated_too_early(a, b):
    a, b, step = a.copy(), b.copy(), 1
    while step < len(a):
        a[step:] = a[step:] * a[:-step]
        b[step:] += a[step:] * b[:-step]
        step *= 2
    return b


@mistake(
    "parallel_scan",
    "Two pieces are joined in the wrong order: the *later* piece's a multiplies what the earlier "
    "one gave.",
)
def joined_in_the_wrong_order(a, b):
    a, b, step = a.copy(), b.copy(), 1
    while step < len(a):
        b[step:] = a[:-step] * b[step:] + b[:-step]
        a[step:] = a[step:] * a[:-step]
        step *= 2
    return b


@mistake("parallel_scan", "Everything is shifted by one: row t should be the state *after* step t.")
def states_before_each_step(a, b):
    return np.vstack([np.zeros((1, a.shape[1])), _loop(a, b)[:-1]])


@mistake(
    "parallel_scan",
    "The scan runs from the last row to the first; it should run from the first on.",
)
def from_the_end(a, b):
    return _loop(a[::-1], b[::-1])[::-1]


@mistake(
    "parallel_scan", "The a of the step before is used: h_t = a_t · h_(t−1) + b_t takes its own."
)
def the_a_before(a, b):
    return _loop(np.vstack([a[:1], a[:-1]]), b)


@mistake("parallel_scan", "The state starts at 1; it starts at 0, so the first row is b_1 itself.")
def starts_at_one(a, b):
    return _loop(a, b) + np.cumprod(a, axis=0)


@mistake(
    "parallel_scan",
    "The first b is multiplied by the first a; the state starts at 0, so the first row is b_1.",
)
def first_row_multiplied(a, b):
    return _loop(a, np.vstack([a[:1] * b[:1], b[1:]]))


@mistake(
    "parallel_scan", "b is weighted by 1 − a, as in a gated network; here b is added as it is."
)
def gated(a, b):
    return _loop(a, (1 - a) * b)


@mistake("parallel_scan", "a and b are exchanged.")
def a_and_b_exchanged(a, b):
    return _loop(b, a)


@mistake("parallel_scan", "Only the last state comes back; all n of them are asked for.")
def last_state_only(a, b):
    return _loop(a, b)[-1]


@mistake("parallel_scan", "The scan runs along the columns of a row (axis 1); time is axis 0.")
def along_the_columns(a, b):
    return _loop(a.T, b.T).T


@mistake(
    "parallel_scan",
    "a and b themselves are changed, and they belong to the caller: work on copies.",
)
def changes_its_arguments(a, b):
    step = 1
    while step < len(a):
        b[step:] += a[step:] * b[:-step]
        a[step:] = a[step:] * a[:-step]
        step *= 2
    return b


@mistake(
    "parallel_scan",
    "Only the last few steps are remembered; however small, what came earlier counts too.",
)
def short_memory(a, b):
    return _rounds(a, b, 5)


@mistake(
    "parallel_scan",
    "Zeros in a are replaced by a small number before dividing by the running product; a 0 must "
    "forget "
    "everything.",
    siblings=["divides_by_the_running_product"],
)
def divides_with_a_guard(a, b):
    products = np.cumprod(np.where(a == 0, 1e-3, a), axis=0)
    return products * np.cumsum(b / products, axis=0)
