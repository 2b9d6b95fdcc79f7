"""Right answers to the complexity assignment, written in many ways: none may lose a point."""

import datetime
import functools
import heapq
import itertools
import math
import statistics
import time
import timeit
from time import perf_counter

import numpy as np

# ---- rnn_macs -----------------------------------------------------------------------------------


def rnn_factored(n, d, H):
    return n * H * (d + H)


def rnn_word_by_word(n, d, H):
    total = 0
    for _ in range(n):
        total += d * H
        total += H**2
    return total


def rnn_products(n, d, H):
    return sum(math.prod(shape) for shape in [(n, d, H), (n, H, H)])


def rnn_one_matrix(n, d, H):
    joined = d + H  # [x, h] @ [W_xh; W_hh]
    return joined * H * n


def rnn_weights(n, d, H):
    W_xh, W_hh = np.empty((d, H)), np.empty((H, H))
    return n * (W_xh.size + W_hh.size)


def rnn_float(n, d, H):
    return float(n) * (d * H + H * H)


def rnn_numpy_number(n, d, H):
    return np.int64(n) * np.array([d, H]).sum() * H


# ---- attention_macs -----------------------------------------------------------------------------


def attention_factored(n, d):
    return 2 * n * d * (2 * d + n)


def attention_steps(n, d):
    projections = 3 * n * d**2
    scores = n * d * n
    mixing = n * n * d
    output = n * d**2
    return projections + scores + mixing + output


def attention_word_by_word(n, d):
    return sum(4 * d * d + 2 * n * d for _ in range(n))


def attention_shapes(n, d):
    shapes = 4 * [(n, d, d)] + [(n, d, n), (n, n, d)]
    return sum(p * q * r for p, q, r in shapes)


def attention_helper(n, d):
    def matmul(left, right):
        assert left[1] == right[0]
        nonlocal total
        total += left[0] * left[1] * right[1]
        return left[0], right[1]

    total = 0
    q = k = v = (n, d)
    for name in ("q", "k", "v"):
        q = matmul(q, (d, d)) if name == "q" else q
        k = matmul(k, (d, d)) if name == "k" else k
        v = matmul(v, (d, d)) if name == "v" else v
    mixed = matmul(matmul(q, k[::-1]), v)
    matmul(mixed, (d, d))
    return total


def attention_as_an_rnn_and_more(n, d):
    return 2 * rnn_factored(n, d, d) + 2 * d * n**2


def attention_float(n, d):
    return 4.0 * n * d**2 + 2.0 * n**2 * d


# ---- block_macs ---------------------------------------------------------------------------------


def block_factored(n, d, f):
    return 2 * n * d * (2 * d + n + f)


def block_two_parts(n, d, f):
    attention = 4 * n * d**2 + 2 * d * n**2
    mlp = n * d * f + n * f * d
    return attention + mlp


def block_other_attention(n, d, f):
    return attention_shapes(n, d) + 2 * math.prod((n, d, f))


def block_shapes(n, d, f):
    left = [(n, d)] * 5 + [(n, n), (n, d), (n, f)]
    right = [(d, d)] * 4 + [(d, n), (n, d), (d, f), (f, d)]
    return sum(p * q * r for (p, q), (_, r) in zip(left, right, strict=True))


def block_per_word(n, d, f):
    return n * (4 * d * d + 2 * n * d + 2 * d * f)


def block_dot(n, d, f):
    return int(np.dot([4 * d, 2 * n, 2 * f], [1, 1, 1])) * n * d


# ---- crossover ----------------------------------------------------------------------------------


def crossover_next(cost_a, cost_b, n_max):
    return next((n for n in range(1, n_max + 1) if cost_a(n) > cost_b(n)), None)


def crossover_while(cost_a, cost_b, n_max):
    n = 1
    while n <= n_max:
        if cost_b(n) < cost_a(n):
            return n
        n += 1


def crossover_list(cost_a, cost_b, n_max):
    ahead = [n for n in range(1, n_max + 1) if cost_a(n) - cost_b(n) > 0]
    return ahead[0] if ahead else None


def crossover_min(cost_a, cost_b, n_max):
    return min(
        (n for n in range(1, 1 + n_max) if not cost_a(n) <= cost_b(n)),
        default=None,
    )


def crossover_argmax(cost_a, cost_b, n_max):
    ahead = np.array([cost_a(n) > cost_b(n) for n in range(1, n_max + 1)])
    return int(np.argmax(ahead)) + 1 if ahead.any() else None


def crossover_nonzero(cost_a, cost_b, n_max):
    ns = np.arange(1, n_max + 1)
    a = np.array([cost_a(int(n)) for n in ns], dtype=float)
    b = np.array([cost_b(int(n)) for n in ns], dtype=float)
    found = ns[a > b]
    return None if found.size == 0 else found[0]


def crossover_backwards(cost_a, cost_b, n_max):
    first = None
    for n in range(n_max, 0, -1):
        if cost_a(n) > cost_b(n):
            first = n
    return first


def crossover_filter(cost_a, cost_b, n_max):
    for n in filter(lambda n: cost_a(n) > cost_b(n), range(1, n_max + 1)):
        return n
    return None


def crossover_dropwhile(cost_a, cost_b, n_max):
    rest = itertools.dropwhile(lambda n: cost_a(n) <= cost_b(n), range(1, n_max + 1))
    return next(rest, None)


def crossover_exception(cost_a, cost_b, n_max):
    try:
        return [cost_a(n) > cost_b(n) for n in range(1, n_max + 1)].index(True) + 1
    except ValueError:
        return None


def crossover_recursion(cost_a, cost_b, n_max, n=1):
    if n > n_max:
        return None
    return n if cost_a(n) > cost_b(n) else crossover_recursion(cost_a, cost_b, n_max, n + 1)


def crossover_heap(cost_a, cost_b, n_max):
    ahead = heapq.nsmallest(1, (n for n in range(1, n_max + 1) if cost_a(n) > cost_b(n)))
    return (ahead or [None])[0]


# ---- critical_path ------------------------------------------------------------------------------


def path_if(kind, n, layers):
    if kind == "attention":
        return layers
    return n + layers - 1


def path_dictionary(kind, n, layers):
    return {"rnn": n + layers - 1, "attention": layers}[kind]


def path_table(kind, n, layers):
    ends = np.zeros((layers + 1, n + 1), int)
    for layer in range(1, layers + 1):
        for t in range(1, n + 1):
            before = ends[layer, t - 1] if kind == "rnn" else 0
            under = ends[layer - 1, t] if kind == "rnn" else ends[layer - 1].max()
            ends[layer, t] = 1 + max(before, under)
    return ends[-1, -1]


def path_recursion(kind, n, layers):
    @functools.cache
    def end(layer, t):
        if layer == 0 or t == 0:
            return 0
        if kind == "rnn":
            return 1 + max(end(layer, t - 1), end(layer - 1, t))
        return 1 + end(layer - 1, t)

    return [end(layers, t) for t in range(1, n + 1)][-1]


def path_match(kind, n, layers):
    match kind:
        case "rnn":
            return (n - 1) + (layers - 1) + 1
        case "attention":
            return layers
        case _:
            raise ValueError(f"no such kind: {kind}")


def path_flag(kind, n, layers):
    return layers + (kind == "rnn") * (n - 1)


# ---- kv_cache_bytes -----------------------------------------------------------------------------


def cache_named(n, layers, d, bytes_per_number=2):
    keys = values = n * d
    return layers * (keys + values) * bytes_per_number


def cache_prod(n, layers, d, bytes_per_number=2):
    return math.prod([2, n, layers, d, bytes_per_number])


def cache_arrays(n, layers, d, bytes_per_number=2):
    per_layer = sum(rows * columns for rows, columns in [(n, d), (n, d)])
    return sum(per_layer for _ in range(layers)) * bytes_per_number


def cache_bits(n, layers, d, bytes_per_number=2):
    return n * layers * 2 * d * 8 * bytes_per_number // 8


def cache_float(n, layers, d, bytes_per_number=2):
    return 2.0 * n * layers * d * bytes_per_number


def cache_numpy(n, layers, d, bytes_per_number=2):
    return np.prod(np.array([n, layers, d, bytes_per_number, 2], dtype=np.int64))


# ---- fit_exponent -------------------------------------------------------------------------------


def fit_polyfit(ns, costs):
    return np.polyfit(np.log(ns), np.log(costs), 1)[0]


def fit_log2(ns, costs):
    slope, _intercept = np.polyfit(np.log2(ns), np.log2(costs), deg=1)
    return slope


def fit_log10_lstsq(ns, costs):
    x = np.log10(ns)
    columns = np.column_stack([x, np.ones_like(x)])
    return np.linalg.lstsq(columns, np.log10(costs), rcond=None)[0][0]


def fit_covariance(ns, costs):
    C = np.cov(np.log(ns), np.log(costs))
    return C[0, 1] / C[0, 0]


def fit_plain_python(ns, costs):
    x = [math.log(n) for n in ns]
    y = [math.log(c) for c in costs]
    x_mean, y_mean = sum(x) / len(x), sum(y) / len(y)
    above = sum((u - x_mean) * (v - y_mean) for u, v in zip(x, y, strict=True))
    return above / sum((u - x_mean) ** 2 for u in x)


def fit_statistics(ns, costs):
    logs = [math.log(float(n)) for n in ns], [math.log(float(c)) for c in costs]
    return statistics.linear_regression(*logs).slope


def fit_polynomial(ns, costs):
    line = np.polynomial.Polynomial.fit(np.log(ns), np.log(costs), 1).convert()
    return line.coef[1]


def fit_normal_equations(ns, costs):
    x, y, n = np.log(ns), np.log(costs), len(ns)
    return (n * (x * y).sum() - x.sum() * y.sum()) / (n * (x * x).sum() - x.sum() ** 2)


def fit_solve(ns, costs):
    X = np.stack([np.ones(len(ns)), np.log(ns)], axis=1)
    return float(np.linalg.solve(X.T @ X, X.T @ np.log(costs))[1])


def fit_pinv(ns, costs):
    X = np.vstack([np.log(ns), np.ones(len(ns))]).T
    return (np.linalg.pinv(X) @ np.log(costs))[0]


def fit_correlation(ns, costs):
    x, y = np.log(ns), np.log(costs)
    return np.corrcoef(x, y)[0, 1] * y.std() / x.std()


def fit_float32(ns, costs):
    x = np.log(np.asarray(ns)).astype(np.float32)
    y = np.log(np.asarray(costs)).astype(np.float32)
    x, y = x - x.mean(), y - y.mean()
    return (x * y).sum() / (x * x).sum()


# ---- measure ------------------------------------------------------------------------------------


def measure_statistics(fn, repeats=5):
    fn()
    times = []
    for _ in range(repeats):
        before = time.perf_counter()
        fn()
        after = time.perf_counter()
        times.append(after - before)
    return statistics.median(times)


def measure_sorted(fn, repeats=5):
    _ = fn()
    times = [0.0] * repeats
    for i in range(repeats):
        times[i] -= time.perf_counter()
        fn()
        times[i] += time.perf_counter()
    times.sort()
    half = repeats // 2
    return times[half] if repeats % 2 else (times[half - 1] + times[half]) / 2


def measure_all_then_drop(fn, repeats=5):
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter_ns()
        fn()
        times.append((time.perf_counter_ns() - start) / 1e9)
    return np.median(times[1:])


def measure_timeit(fn, repeats=5):
    fn()
    return float(np.median(timeit.repeat(fn, number=1, repeat=repeats)))


def measure_time_time(fn, repeats=5):
    fn()
    times = np.empty(repeats)
    for i in range(repeats):
        start = time.time()
        fn()
        times[i] = time.time() - start
    return np.quantile(times, 0.5)


def measure_datetime(fn, repeats=5):
    fn()
    times = []
    for _ in range(repeats):
        start = datetime.datetime.now()
        fn()
        times.append((datetime.datetime.now() - start).total_seconds())
    return float(np.median(times))


def measure_imported_clock(fn, repeats=5, clock=perf_counter):
    fn()
    ends = [clock()]
    for _ in range(repeats):
        fn()
        ends.append(perf_counter())
    return np.median(np.diff(ends))


def measure_timer(fn, repeats=5):
    timer = timeit.Timer(fn)
    timer.timeit(1)
    return statistics.median(timer.repeat(repeats, 1))


def measure_helper(fn, repeats=5):
    def once():
        start = time.monotonic()
        fn()
        return time.monotonic() - start

    once()
    return statistics.median(once() for _ in range(repeats))


# ---- parallel_scan ------------------------------------------------------------------------------


def scan_doubling(a, b):
    a, b, s = a.copy(), b.copy(), 1
    while s < len(a):
        b[s:], a[s:] = a[s:] * b[:-s] + b[s:], a[s:] * a[:-s]
        s *= 2
    return b


def scan_concatenated(a, b):
    s = 1
    while s < len(b):
        b = np.concatenate([b[:s], b[s:] + a[s:] * b[:-s]])
        a = np.concatenate([a[:s], a[s:] * a[:-s]])
        s += s
    return b


def scan_padded(a, b):
    n, D = b.shape
    for k in range(max(n - 1, 0).bit_length()):
        s = 2**k
        a_before = np.vstack([np.ones((s, D)), a])[:n]
        b_before = np.vstack([np.zeros((s, D)), b])[:n]
        a, b = a * a_before, a * b_before + b
    return b


def scan_rolled(a, b):
    n = len(a)
    t, a, b = np.arange(n)[:, None], np.array(a), np.array(b)
    for k in range(math.ceil(math.log2(n)) if n > 1 else 0):
        s, reach = 2**k, t >= 2**k
        b = np.where(reach, b + a * np.roll(b, s, axis=0), b)
        a = np.where(reach, a * np.roll(a, s, axis=0), a)
    return b


def scan_recursive_pairs(a, b):
    """Blelloch's: join pairs, scan the half as long sequence, fill in between."""
    n = len(a)
    if n == 1:
        return b.copy()
    even, odd = slice(0, n - n % 2, 2), slice(1, n, 2)
    ends = scan_recursive_pairs(a[odd] * a[even], a[odd] * b[even] + b[odd])
    states = np.empty_like(b)
    states[odd] = ends
    states[0] = b[0]
    later = np.arange(2, n, 2)
    states[later] = a[later] * states[later - 1] + b[later]
    return states


def scan_up_and_down(a, b):
    """The same without recursion, padded to a power of two."""
    n, D = b.shape
    size = 1 << max(n - 1, 0).bit_length()
    a = np.vstack([a, np.ones((size - n, D))])
    b = np.vstack([b, np.zeros((size - n, D))])
    s = 1
    while s < size:
        left, right = slice(s - 1, size, 2 * s), slice(2 * s - 1, size, 2 * s)
        b[right] = a[right] * b[left] + b[right]
        a[right] = a[right] * a[left]
        s *= 2
    while s > 1:
        s //= 2
        right = np.arange(3 * s - 1, size, 2 * s)
        b[right] = a[right] * b[right - s] + b[right]
    return b[:n]


def scan_halves(a, b):
    """Divide and conquer: each half for itself, then the first one's end carried through."""

    def scan(low, high):
        if high - low == 1:
            return
        middle = (low + high) // 2
        scan(low, middle)
        scan(middle, high)
        b[middle:high] += a[middle:high] * b[middle - 1]
        a[middle:high] *= a[middle - 1]

    a, b = np.array(a), np.array(b)
    scan(0, len(a))
    return b


def scan_blocks_of_rows(a, b):
    """Blocks side by side, each scanned in rounds; then the blocks' ends are scanned."""
    n, D = b.shape
    size = max(1, math.isqrt(n))
    blocks = -(-n // size)
    extra = blocks * size - n
    a = np.vstack([a, np.ones((extra, D))]).reshape(blocks, size, D).transpose(1, 0, 2).copy()
    b = np.vstack([b, np.zeros((extra, D))]).reshape(blocks, size, D).transpose(1, 0, 2).copy()
    s = 1
    while s < size:
        b[s:], a[s:] = a[s:] * b[:-s] + b[s:], a[s:] * a[:-s]
        s *= 2
    ends = scan_doubling(a[-1], b[-1]) if blocks > 1 else b[-1]
    start = np.vstack([np.zeros((1, D)), ends[:-1]])
    return (a * start + b).transpose(1, 0, 2).reshape(blocks * size, D)[:n]


def scan_pairs_of_arrays(a, b):
    def join(first, second):
        return second[0] * first[0], second[0] * first[1] + second[1]

    pair, s = (a, b), 1
    while s < a.shape[0]:
        joined = join([x[:-s] for x in pair], [x[s:] for x in pair])
        pair = tuple(np.r_[x[:s], y] for x, y in zip(pair, joined, strict=True))
        s *= 2
    return pair[1].copy()


def scan_stacked(a, b):
    both, s = np.stack([a, b]), 1
    while s < both.shape[1]:
        new = both[:, s:] * both[0, s:] * 0
        new[0] = both[0, s:] * both[0, :-s]
        new[1] = both[0, s:] * both[1, :-s] + both[1, s:]
        both[:, s:] = new
        s <<= 1
    return both[1]


def scan_affine_matrices(a, b):
    """Each step as a 2 × 2 matrix; matrix products may be grouped at will."""
    M = np.zeros((*a.shape, 2, 2))
    M[..., 0, 0], M[..., 0, 1], M[..., 1, 1] = a, b, 1
    s = 1
    while s < len(M):
        M[s:] = M[s:] @ M[:-s]
        s *= 2
    return M[..., 0, 1]


def scan_columns(a, b):
    return np.stack(
        [scan_doubling(a[:, d : d + 1], b[:, d : d + 1])[:, 0] for d in range(a.shape[1])], axis=1
    )


def scan_in_long_double(a, b):
    return scan_doubling(a.astype(np.longdouble), b.astype(np.longdouble)).astype(float)


PREFIXES = {
    "rnn_macs": "rnn_",
    "attention_macs": "attention_",
    "block_macs": "block_",
    "crossover": "crossover_",
    "critical_path": "path_",
    "kv_cache_bytes": "cache_",
    "fit_exponent": "fit_",
    "measure": "measure_",
    "parallel_scan": "scan_",
}
POINTS = 25  # of the whole assignment
VARIANTS = {
    function: [f for name, f in list(globals().items()) if name.startswith(prefix)]
    for function, prefix in PREFIXES.items()
}
