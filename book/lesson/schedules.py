"""Ways to compute all running results of joinable steps, as lists of rounds.

A round is a list of pairs (i, j): place i joins what place j holds before what it holds itself.
All joins of a round happen at once. After the last round place i holds items 0 to i.
"""

import math

Schedule = list[list[tuple[int, int]]]


def one_by_one(n: int) -> Schedule:
    """The loop: n - 1 rounds of one join."""
    return [[(i, i - 1)] for i in range(1, n)]


def chunked(n: int) -> Schedule:
    """Inside √n chunks at once, then from chunk to chunk, then to all places inside.

    About 2√n rounds of 2n joins; linear recurrences are trained in this form (Dao and Gu 2024).
    """
    size = math.isqrt(n - 1) + 1 if n > 1 else 1
    inside = [
        [(i, i - 1) for i in range(k, n, size)]  # the k-th place of each chunk
        for k in range(1, size)
    ]
    between = [[(i, i - size)] for i in range(2 * size - 1, n, size)]  # last places
    rest = [(i, i - i % size - 1) for i in range(size, n) if i % size != size - 1]
    return [joins for joins in (*inside, *between, rest) if joins]


def doubling(n: int) -> Schedule:
    """Each place joins the one 1, 2, 4 … before it: log₂ n rounds. Hillis and Steele 1986."""
    distances = [2**k for k in range((n - 1).bit_length())]
    return [[(i, i - distance) for i in range(distance, n)] for distance in distances]


def tree(n: int) -> Schedule:
    """Up a tree of pairs and down again: 2 log₂ n - 1 rounds of about 2n joins. Blelloch 1990."""
    distances = [2**k for k in range((n - 1).bit_length())]
    up = [[(i, i - s) for i in range(2 * s - 1, n, 2 * s)] for s in distances]
    down = [[(i, i - s) for i in range(3 * s - 1, n, 2 * s)] for s in distances[-2::-1]]
    return [joins for joins in (*up, *down) if joins]


WAYS = {"one by one": one_by_one, "chunked": chunked, "doubling": doubling, "tree": tree}
