"""Right answers to the word vectors assignment, written in many ways: none may lose a point."""

import heapq
import math
from functools import reduce

import numpy as np

# cosine


def cosine_by_np_dot(u, v):
    return np.dot(u, v) / np.sqrt(np.dot(u, u) * np.dot(v, v))


def cosine_by_einsum(u, v):
    return np.einsum("i,i->", u, v) / np.einsum("i,i->", u, u) ** 0.5 / np.sqrt((v**2).sum())


def cosine_in_plain_python(u, v):
    product = sum(x * y for x, y in zip(u, v, strict=True))
    return product / (math.sqrt(sum(x * x for x in u)) * math.sqrt(sum(x * x for x in v)))


def cosine_by_a_loop(u, v):
    top = left = right = 0.0
    for i in range(len(u)):
        top += u[i] * v[i]
        left += u[i] ** 2
        right += v[i] ** 2
    return top / (left**0.5 * right**0.5)


def cosine_of_unit_vectors(u, v):
    unit_u = u / np.linalg.norm(u)
    unit_v = v / np.linalg.norm(v)
    return (unit_u * unit_v).sum()


def cosine_by_the_law_of_cosines(u, v):
    a, b, c = np.linalg.norm(u), np.linalg.norm(v), np.linalg.norm(u - v)
    return (a * a + b * b - c * c) / (2 * a * b)


def cosine_from_the_distance_of_unit_vectors(u, v):
    gap = u / np.linalg.norm(u) - v / np.linalg.norm(v)
    return 1 - np.sum(gap**2) / 2


def cosine_in_float32(u, v):
    u, v = u.astype(np.float32), v.astype(np.float32)
    return u @ v / (np.linalg.norm(u) * np.linalg.norm(v))


def cosine_by_matrices(u, v):
    row, column = u.reshape(1, -1), v.reshape(-1, 1)
    return (row @ column / np.linalg.norm(row) / np.linalg.norm(column)).item()


def cosine_by_hypot(u, v):
    return float(np.vdot(u, v)) / (math.hypot(*u) * math.hypot(*v))


def cosine_clipped_to_its_range(u, v):
    return np.clip(np.inner(u, v) / (np.linalg.norm(u) * np.linalg.norm(v)), -1.0, 1.0)


def cosine_with_a_guard_against_zero(u, v):
    return u.dot(v) / max(np.linalg.norm(u) * np.linalg.norm(v), 1e-12)


def cosine_by_tensordot(u, v):
    return np.tensordot(u, v, axes=1) / math.sqrt(np.tensordot(u, u, 1) * np.tensordot(v, v, 1))


# nearest


def _cosines(q, E):
    return E @ q / (np.linalg.norm(E, axis=1) * np.linalg.norm(q))


def nearest_by_sorted(q, E, k=5, exclude=()):
    cosines = _cosines(q, E)
    rows = [i for i in range(len(E)) if i not in exclude]
    return np.array(sorted(rows, key=lambda i: -cosines[i])[:k])


def nearest_by_sorted_in_reverse(q, E, k=5, exclude=()):
    cosines = [cosine_in_plain_python(q, row) for row in E]
    rows = sorted(set(range(len(E))) - set(exclude))
    return np.asarray(sorted(rows, key=cosines.__getitem__, reverse=True)[:k])


def nearest_by_heapq(q, E, k=5, exclude=()):
    cosines = _cosines(q, E)
    rows = (i for i in range(E.shape[0]) if i not in set(exclude))
    return np.array(heapq.nlargest(k, rows, key=lambda i: cosines[i]))


def nearest_by_picking_one_by_one(q, E, k=5, exclude=()):
    cosines = _cosines(q, E)
    taken, result = set(exclude), []
    while len(result) < k:
        best = None
        for i in range(len(E)):
            if i not in taken and (best is None or cosines[i] > cosines[best]):
                best = i
        taken.add(best)
        result.append(best)
    return np.array(result)


def nearest_by_argmax(q, E, k=5, exclude=()):
    cosines = _cosines(q, E)
    for i in exclude:
        cosines[i] = -2
    result = np.empty(k, dtype=np.int32)
    for place in range(k):
        result[place] = cosines.argmax()
        cosines[result[place]] = -2
    return result


def nearest_with_a_filtered_order(q, E, k=5, exclude=()):
    order = np.argsort(-_cosines(q, E), kind="stable")
    return order[~np.isin(order, list(exclude))][:k]


def nearest_with_a_mask(q, E, k=5, exclude=()):
    keep = np.ones(len(E), bool)
    keep[list(exclude)] = False
    (rows,) = np.nonzero(keep)
    return rows[np.argsort(-_cosines(q, E[rows]), kind="stable")][:k]


def nearest_with_deleted_rows(q, E, k=5, exclude=()):
    rows = np.delete(np.arange(len(E)), list(exclude))
    rest = np.delete(E, list(exclude), axis=0)
    return rows[np.argsort(-_cosines(q, rest), kind="mergesort")[:k]]


def nearest_by_lexsort(q, E, k=5, exclude=()):
    cosines = _cosines(q, E)
    cosines[list(exclude)] = -np.inf
    return np.lexsort((np.arange(len(E)), -cosines))[:k]


def nearest_of_unit_rows(q, E, k=5, exclude=()):
    unit = E / np.linalg.norm(E, axis=1, keepdims=True)
    scores = unit @ (q / np.linalg.norm(q))
    order = np.argsort(-scores, kind="stable").tolist()
    return np.array([i for i in order if i not in exclude][:k])


def nearest_without_the_length_of_q(q, E, k=5, exclude=()):
    scores = E.dot(q) / np.sqrt((E**2).sum(axis=1))
    scores[list(exclude)] = -np.inf
    return np.argsort(-scores, kind="stable")[:k]


def nearest_by_angles(q, E, k=5, exclude=()):
    angles = np.arccos(np.clip(_cosines(q, E), -1, 1))
    angles[list(exclude)] = np.inf
    return np.argsort(angles, kind="stable")[:k]


def nearest_by_einsum_in_float32(q, E, k=5, exclude=()):
    q, E = q.astype(np.float32), E.astype(np.float32)
    scores = np.einsum("vd,d->v", E, q) / np.sqrt(np.einsum("vd,vd->v", E, E))
    scores[list(exclude)] = -np.inf
    return np.argsort(-scores, kind="stable")[:k]


def nearest_by_pairs(q, E, k=5, exclude=()):
    pairs = [(-cosine_by_np_dot(q, row), i) for i, row in enumerate(E) if i not in exclude]
    pairs.sort()
    return np.array([i for _, i in pairs[:k]])


# analogy


def _target(E, a, b, c):
    return E[b] - E[a] + E[c]


def analogy_by_nearest(E, a, b, c, exclude=True):
    return nearest_by_sorted(_target(E, a, b, c), E, 1, [a, b, c] if exclude else [])[0]


def analogy_by_argmax(E, a, b, c, exclude=True):
    cosines = _cosines(_target(E, a, b, c), E)
    if exclude:
        cosines[[a, b, c]] = -np.inf
    return cosines.argmax()


def analogy_by_a_loop(E, a, b, c, exclude=True):
    q, best, score = _target(E, a, b, c), -1, -2.0
    for i in range(E.shape[0]):
        if exclude and i in (a, b, c):
            continue
        alike = cosine_by_a_loop(q, E[i])
        if alike > score:
            best, score = i, alike
    return best


def analogy_by_max(E, a, b, c, exclude=True):
    allowed = [i for i in range(len(E)) if not (exclude and i in {a, b, c})]
    return max(allowed, key=lambda i: cosine_by_np_dot(_target(E, a, b, c), E[i]))


def analogy_by_the_first_four(E, a, b, c, exclude=True):
    best = np.argsort(-_cosines(_target(E, a, b, c), E), kind="stable")[:4]
    return int(next(i for i in best if not exclude or i not in (a, b, c)))


def analogy_with_set_difference(E, a, b, c, exclude=True):
    allowed = np.setdiff1d(np.arange(len(E)), [a, b, c] if exclude else [])
    return allowed[np.argmax(_cosines(_target(E, a, b, c), E[allowed.astype(int)]))]


def analogy_with_nan(E, a, b, c, exclude=True):
    cosines = _cosines(E[c] + E[b] - E[a], E)
    if exclude:
        cosines[a] = cosines[b] = cosines[c] = np.nan
    return int(np.nanargmax(cosines))


def analogy_on_a_copy(E, a, b, c, exclude=True):
    q = E[b].copy()
    q -= E[a]
    q += E[c]
    table = E.copy()
    table /= np.sqrt((table * table).sum(1))[:, None]
    scores = table @ q
    if exclude:
        np.put(scores, (a, b, c), -1e9)
    return np.int64(np.argmax(scores))


def analogy_by_reduce(E, a, b, c, exclude=True):
    cosines = _cosines(_target(E, a, b, c), E)
    allowed = (i for i in range(len(E)) if not exclude or i not in (a, b, c))
    return reduce(lambda one, other: one if cosines[one] >= cosines[other] else other, allowed)


def analogy_by_a_dictionary(E, a, b, c, exclude=True):
    scores = {i: cosine_in_plain_python(_target(E, a, b, c), row) for i, row in enumerate(E)}
    if exclude:
        for given in {a, b, c}:
            del scores[given]
    return max(scores, key=scores.get)


def analogy_in_float32(E, a, b, c, exclude=True):
    E = E.astype(np.float32)
    scores = (E @ _target(E, a, b, c)) / np.linalg.norm(E, axis=1)
    scores[[a, b, c]] = -np.inf if exclude else scores[[a, b, c]]
    return int(scores.argmax())


def analogy_with_where(E, a, b, c, exclude=True):
    rows = np.arange(len(E))
    banned = exclude & np.isin(rows, [a, b, c])
    return int(np.where(banned, -np.inf, _cosines(_target(E, a, b, c), E)).argmax())


def analogy_by_angles(E, a, b, c, exclude=True):
    q = _target(E, a, b, c)
    angles = [math.acos(max(-1.0, min(1.0, cosine_by_hypot(q, row)))) for row in E]
    order = sorted(range(len(E)), key=lambda i: angles[i])
    return next(i for i in order if not exclude or i not in (a, b, c))


POINTS = 10  # of the whole assignment
VARIANTS = {
    function: [v for n, v in list(globals().items()) if n.startswith(f"{function}_")]
    for function in ("cosine", "nearest", "analogy")
}
