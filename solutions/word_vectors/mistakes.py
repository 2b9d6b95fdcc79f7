"""Wrong answers to the word vectors assignment, and the sentence that explains each."""

import numpy as np

from grading.assignment import mistake

U, V = np.array([1.0, -2.0, 2.0, 4.0]), np.array([3.0, 1.0, -1.0, -4.0])
P, Q = np.array([0.3, 0.4, -0.2]), np.array([0.5, -0.1, 0.7])
# rows of very different lengths, two that tie, and some that point away from the question
TABLE = np.array([[1.0, 1], [9, 9], [0, 2], [-3, -1], [2, -1], [6, 8], [1, -7], [2, 0]])
ASKED = np.array([2.0, 1.0])
FLAT = np.array([1.0, 0.0])  # the rows 0 and 1 tie for it
# for the analogies: no two of the mistakes below give the same answers
CUBE = np.array(
    [
        [8.0, 8, 6],
        [2, -1, -1],
        [-4, -3, -2],
        [-1, 1, 0],
        [6, 12, 9],
        [2, 4, -2],
        [4, 4, -2],
        [0, 3, 6],
    ]
)

PROBES = {
    "cosine": [(U, V), (P, Q), (V, V)],
    "nearest": [
        (ASKED, TABLE, 3, [1, 2]),
        (ASKED, TABLE, 8, []),
        (FLAT, TABLE, 4, [7, 0]),
        (FLAT, TABLE, 2, [4]),
        (-ASKED, TABLE, 7, [5]),
        (ASKED, TABLE),
    ],
    "analogy": [
        *(
            (CUBE, *abc)
            for abc in [(3, 2, 1), (4, 0, 1), (0, 1, 4), (7, 5, 2), (1, 6, 3), (3, 2, 7)]
        ),
        *((CUBE, *abc, False) for abc in [(0, 1, 4), (3, 7, 2), (5, 0, 3), (6, 4, 1), (4, 2, 5)]),
    ],
}


def _length(x):
    return np.linalg.norm(x, axis=-1)


def _cosines(q, E):
    return E @ q / (_length(E) * _length(q))


def _best_first(scores, k, exclude):
    rows = np.argsort(-scores, kind="stable")
    return rows[~np.isin(rows, list(exclude))][:k]


# cosine


@mistake(
    "cosine",
    "This is the dot product alone: it grows when a vector gets longer, and a cosine may not.",
)
def dot_product_only(u, v):
    return u @ v


@mistake(
    "cosine",
    "The product is divided by the length of u only, so a longer v still gives a larger number.",
)
def divides_by_the_length_of_u(u, v):
    return u @ v / _length(u)


@mistake(
    "cosine",
    "The product is divided by the length of v only, so a longer u still gives a larger number.",
)
def divides_by_the_length_of_v(u, v):
    return u @ v / _length(v)


@mistake(
    "cosine",
    "The lengths are squared: a length is the *square root* of the sum of squares, and that root "
    "is missing here.",
)
def divides_by_squared_lengths(u, v):
    return u @ v / (u @ u * (v @ v))


@mistake(
    "cosine",
    "This is the distance between the two points: 0 for equal vectors, where a cosine is 1.",
)
def euclidean_distance(u, v):
    return _length(u - v)


@mistake(
    "cosine", "This is the distance 1 − cos: 0 for equal vectors, where the cosine itself is 1."
)
def cosine_distance(u, v):
    return 1 - _cosines(u, v)


@mistake(
    "cosine",
    "This is the angle (arccos of the cosine), in radians: equal vectors give 0 instead of 1.",
)
def angle(u, v):
    return np.arccos(np.clip(_cosines(u, v), -1, 1))


@mistake(
    "cosine", "The sign is lost: vectors that point in opposite directions have a negative cosine."
)
def absolute_value(u, v):
    return abs(_cosines(u, v))


@mistake(
    "cosine",
    "Negative values are cut off at 0, so “unrelated” and “opposite” look the same.",
    siblings=["rescaled_to_0_1"],
)
def cut_at_zero(u, v):
    return max(0.0, _cosines(u, v))


@mistake("cosine", "The result is squeezed from −1 … 1 into 0 … 1; a cosine keeps its sign.")
def rescaled_to_0_1(u, v):
    return (1 + _cosines(u, v)) / 2


@mistake("cosine", "The lengths are sums of absolute values; the length of (3, 4) is 5, not 7.")
def lengths_by_absolute_values(u, v):
    return u @ v / (abs(u).sum() * abs(v).sum())


@mistake("cosine", "The lengths are the largest entries; the length of (3, 4) is 5, not 4.")
def lengths_by_the_largest_entry(u, v):
    return u @ v / (abs(u).max() * abs(v).max())


@mistake(
    "cosine", "The product is divided by the length of u + v, one vector; each has its own length."
)
def length_of_the_sum(u, v):
    return u @ v / _length(u + v)


@mistake(
    "cosine", "The two lengths are added; the product of u and v grows with both, so multiply them."
)
def sum_of_the_lengths(u, v):
    return u @ v / (_length(u) + _length(v))


@mistake(
    "cosine",
    "The mean of each vector is subtracted first: that is Pearson's correlation, another measure.",
)
def correlation(u, v):
    return _cosines(u - u.mean(), v - v.mean())


@mistake(
    "cosine",
    "The products are averaged instead of summed, so the result is too small by the factor d.",
)
def mean_of_the_products(u, v):
    return np.mean(u * v) / (_length(u) * _length(v))


@mistake(
    "cosine", "The products u_i v_i are not summed: a cosine is one number, not one for each entry."
)
def products_not_summed(u, v):
    return u * v / (_length(u) * _length(v))


@mistake("cosine", "The cosine is squared, which also loses its sign.", siblings=["absolute_value"])
def squared(u, v):
    return _cosines(u, v) ** 2


@mistake(
    "cosine", "The result is rounded; return the number as it is and round only when you print."
)
def rounded(u, v):
    return np.round(_cosines(u, v), 2)


# nearest


@mistake("nearest", "The order is turned round: the *least* alike rows come first.")
def least_alike_first(q, E, k=5, exclude=()):
    return _best_first(-_cosines(q, E), k, exclude)


@mistake(
    "nearest",
    "The rows are ranked by the plain dot product, so long rows win; the cosine ignores length.",
)
def by_dot_product(q, E, k=5, exclude=()):
    return _best_first(E @ q, k, exclude)


@mistake(
    "nearest",
    "The rows are ranked by the distance between points, so a row in the same direction but "
    "longer loses; "
    "rank by the cosine.",
)
def by_distance(q, E, k=5, exclude=()):
    return _best_first(-_length(E - q), k, exclude)


@mistake(
    "nearest",
    "The sign of the cosine is ignored: a row that points the opposite way is the least alike.",
)
def by_absolute_cosine(q, E, k=5, exclude=()):
    return _best_first(abs(_cosines(q, E)), k, exclude)


@mistake("nearest", "`exclude` has no effect: rows that it names are still in the result.")
def ignores_exclude(q, E, k=5, exclude=()):
    return _best_first(_cosines(q, E), k, ())


@mistake("nearest", "Only the first row of `exclude` is left out; it may name several.")
def excludes_only_the_first(q, E, k=5, exclude=()):
    return _best_first(_cosines(q, E), k, exclude[:1])


@mistake(
    "nearest",
    "`exclude` is applied after the best k were taken, so fewer than k are left; leave out first, "
    "then take k.",
)
def excludes_after_taking_k(q, E, k=5, exclude=()):
    rows = _best_first(_cosines(q, E), k, ())
    return rows[~np.isin(rows, list(exclude))]


@mistake(
    "nearest",
    "`exclude` is used on places in the ranking; it holds row numbers of E.",
)
def excludes_places_in_the_ranking(q, E, k=5, exclude=()):
    return np.delete(_best_first(_cosines(q, E), len(E), ()), list(exclude))[:k]


@mistake(
    "nearest",
    "Excluded rows get the similarity 0, which still beats every row with a negative cosine.",
)
def excluded_rows_get_0(q, E, k=5, exclude=()):
    scores = _cosines(q, E)
    scores[list(exclude)] = 0
    return _best_first(scores, k, ())


@mistake(
    "nearest",
    "Rows are deleted and the rest is counted anew: the result holds places in the shorter table, "
    "not row numbers of E.",
)
def numbers_of_the_shorter_table(q, E, k=5, exclude=()):
    return _best_first(_cosines(q, np.delete(E, list(exclude), axis=0)), k, ())


@mistake(
    "nearest",
    "The best row is always dropped, as if it were the word itself; only rows in `exclude` are "
    "left out.",
)
def always_drops_the_best(q, E, k=5, exclude=()):
    return _best_first(_cosines(q, E), k + 1, exclude)[1:]


@mistake("nearest", "`k` has no effect: there are always five rows.")
def always_five(q, E, k=5, exclude=()):
    return _best_first(_cosines(q, E), 5, exclude)


@mistake("nearest", "One row is missing at the end: take k rows, not k − 1.")
def one_too_few(q, E, k=5, exclude=()):
    return _best_first(_cosines(q, E), k - 1, exclude)


@mistake("nearest", "All rows come back; only the first k are asked for.")
def all_rows(q, E, k=5, exclude=()):
    return _best_first(_cosines(q, E), len(E), exclude)


@mistake("nearest", "The similarities come back; the row numbers are asked for.")
def the_similarities(q, E, k=5, exclude=()):
    return _cosines(q, E)[_best_first(_cosines(q, E), k, exclude)]


@mistake("nearest", "The rows of E come back; their numbers are asked for.")
def the_rows(q, E, k=5, exclude=()):
    return E[_best_first(_cosines(q, E), k, exclude)]


@mistake("nearest", "The right rows, but sorted by their number; the most alike comes first.")
def sorted_by_number(q, E, k=5, exclude=()):
    return np.sort(_best_first(_cosines(q, E), k, exclude))


@mistake(
    "nearest",
    "Among equally alike rows the later one comes first (as after [::-1] of an ascending order); "
    "the smaller row number goes first.",
)
def ties_backwards(q, E, k=5, exclude=()):
    rows = np.argsort(_cosines(q, E), kind="stable")[::-1]
    return rows[~np.isin(rows, list(exclude))][:k]


@mistake("nearest", "Rows are counted from 1; numpy counts them from 0.")
def counts_from_one(q, E, k=5, exclude=()):
    return _best_first(_cosines(q, E), k, exclude) + 1


@mistake(
    "nearest",
    "The lengths are taken over the columns of E (axis 0); a word is a row, so its length goes "
    "over axis 1.",
)
def lengths_of_columns(q, E, k=5, exclude=()):
    return _best_first(E / np.linalg.norm(E, axis=0) @ q, k, exclude)


@mistake(
    "nearest",
    "The mean row is subtracted from E first; the question is about the rows as they are.",
)
def centred(q, E, k=5, exclude=()):
    return _best_first(_cosines(q - E.mean(0), E - E.mean(0)), k, exclude)


@mistake(
    "nearest",
    "Your function changes E, which belongs to the caller: work on a new array (not with /=).",
)
def normalises_in_place(q, E, k=5, exclude=()):
    E /= _length(E)[:, None]
    return _best_first(E @ q, k, exclude)


# analogy


def _answer(E, q, exclude, score=_cosines):
    return int(_best_first(score(q, E), 1, exclude)[0])


def _given(a, b, c, exclude):
    return (a, b, c) if exclude else ()


@mistake("analogy", "The step goes the wrong way, from b to a: the result belongs to a − b + c.")
def step_backwards(E, a, b, c, exclude=True):
    return _answer(E, E[a] - E[b] + E[c], _given(a, b, c, exclude))


@mistake("analogy", "a is not subtracted: the result belongs to b + c.")
def forgets_a(E, a, b, c, exclude=True):
    return _answer(E, E[b] + E[c], _given(a, b, c, exclude))


@mistake("analogy", "a is added: the result belongs to a + b + c, but the step is b − a.")
def adds_all_three(E, a, b, c, exclude=True):
    return _answer(E, E[a] + E[b] + E[c], _given(a, b, c, exclude))


@mistake("analogy", "The step b − a is not put on top of c: the result belongs to b − a alone.")
def forgets_c(E, a, b, c, exclude=True):
    return _answer(E, E[b] - E[a], _given(a, b, c, exclude))


@mistake(
    "analogy",
    "The roles of b and c are wrong: the result belongs to c − a − b or the like, not to b − a + "
    "c.",
)
def subtracts_b(E, a, b, c, exclude=True):
    return _answer(E, E[c] - E[a] - E[b], _given(a, b, c, exclude))


@mistake("analogy", "c is subtracted and a added: the result belongs to a + b − c.")
def subtracts_c(E, a, b, c, exclude=True):
    return _answer(E, E[a] + E[b] - E[c], _given(a, b, c, exclude))


@mistake(
    "analogy", "`exclude=True` has no effect: one of the three given words may still come back."
)
def never_excludes(E, a, b, c, exclude=True):
    return _answer(E, E[b] - E[a] + E[c], ())


@mistake("analogy", "`exclude=False` has no effect: the three given words are always left out.")
def always_excludes(E, a, b, c, exclude=True):
    return _answer(E, E[b] - E[a] + E[c], (a, b, c))


@mistake(
    "analogy",
    "`exclude` is used the wrong way round: True leaves the given words out, False lets them in.",
)
def exclude_inverted(E, a, b, c, exclude=True):
    return _answer(E, E[b] - E[a] + E[c], _given(a, b, c, not exclude))


@mistake("analogy", "Only c is left out; all three given words must be.")
def excludes_only_c(E, a, b, c, exclude=True):
    return _answer(E, E[b] - E[a] + E[c], (c,) if exclude else ())


@mistake("analogy", "c may still come back: all three given words must be left out.")
def lets_c_come_back(E, a, b, c, exclude=True):
    return _answer(E, E[b] - E[a] + E[c], (b,) if exclude else ())


@mistake("analogy", "a may still come back: all three given words must be left out.")
def excludes_b_and_c(E, a, b, c, exclude=True):
    return _answer(E, E[b] - E[a] + E[c], (b, c) if exclude else ())


@mistake(
    "analogy",
    "The best row is always skipped, in the belief that it is one of the given words; it need not "
    "be.",
)
def takes_the_second_best(E, a, b, c, exclude=True):
    return int(_best_first(_cosines(E[b] - E[a] + E[c], E), 2, ())[int(exclude)])


@mistake(
    "analogy", "The rows are ranked by the plain dot product, so long rows win; use the cosine."
)
def analogy_by_dot_product(E, a, b, c, exclude=True):
    return _answer(E, E[b] - E[a] + E[c], _given(a, b, c, exclude), lambda q, E: E @ q)


@mistake("analogy", "The rows are ranked by the distance between points; use the cosine.")
def analogy_by_distance(E, a, b, c, exclude=True):
    return _answer(E, E[b] - E[a] + E[c], _given(a, b, c, exclude), lambda q, E: -_length(E - q))


@mistake(
    "analogy",
    "The rows are brought to length 1 before they are added; b − a + c is taken from the rows as "
    "they are.",
)
def unit_rows_first(E, a, b, c, exclude=True):
    unit = E / _length(E)[:, None]
    return _answer(E, unit[b] - unit[a] + unit[c], _given(a, b, c, exclude))


@mistake(
    "analogy",
    "The result is the vector b − a + c itself; the number of the nearest row is asked for.",
)
def returns_the_vector(E, a, b, c, exclude=True):
    return E[b] - E[a] + E[c]


@mistake(
    "analogy",
    "The result is an array with one number in it; return the number, for instance with [0].",
)
def returns_an_array(E, a, b, c, exclude=True):
    return np.array([_answer(E, E[b] - E[a] + E[c], _given(a, b, c, exclude))])


@mistake("analogy", "The result is the similarity of the nearest row; its number is asked for.")
def returns_the_similarity(E, a, b, c, exclude=True):
    q = E[b] - E[a] + E[c]
    return _cosines(q, E)[_answer(E, q, _given(a, b, c, exclude))]


@mistake(
    "analogy",
    "Row numbers are compared after the given rows were deleted; count in the whole table E.",
)
def analogy_in_the_shorter_table(E, a, b, c, exclude=True):
    return _answer(np.delete(E, _given(a, b, c, exclude), axis=0), E[b] - E[a] + E[c], ())


@mistake(
    "analogy",
    "Your function writes into E (E[b] -= … changes the caller's table): make a new vector.",
)
def writes_into_the_table(E, a, b, c, exclude=True):
    q = E[b]
    q -= E[a]
    q += E[c]
    return _answer(E, q, _given(a, b, c, exclude))
