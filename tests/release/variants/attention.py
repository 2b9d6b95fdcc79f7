"""Right answers to assignment attention, written in many ways: none of them may lose a point."""

import math

import numpy as np

# ---- softmax ----


def softmax_shifted(z, axis=-1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def softmax_by_logsumexp(x, axis=-1):
    top = np.amax(x, axis=axis, keepdims=True)
    return np.exp(x - (top + np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True))))


def softmax_logaddexp(z, axis=-1):
    return np.exp(z - np.expand_dims(np.logaddexp.reduce(z, axis=axis), axis))


def softmax_moves_the_axis(z, axis=-1):
    rows = np.moveaxis(np.array(z, dtype=float), axis, -1)
    rows = rows - np.max(rows, axis=-1)[..., None]
    weights = np.exp(rows)
    weights = weights / weights.sum(-1)[..., None]
    return np.moveaxis(weights, -1, axis)


def softmax_in_loops(z, axis=-1):
    def line(numbers):
        top = max(numbers)
        powers = [math.exp(number - top) for number in numbers]
        total = sum(powers)
        return np.array([power / total for power in powers])

    return np.apply_along_axis(line, axis, z)


def softmax_in_float32(z, axis=-1):
    z = np.asarray(z, dtype=np.float32)
    e = np.exp(z - np.max(z, axis, keepdims=True))
    return np.divide(e, np.sum(e, axis, keepdims=True))


def softmax_in_place_on_its_copy(z, axis=-1):
    z = z.copy()
    z -= z.max(axis=axis, keepdims=True)
    np.exp(z, out=z)
    z /= z.sum(axis=axis, keepdims=True)
    return z


def softmax_by_differences(z, axis=-1):
    rows = np.moveaxis(z, axis, -1)
    rows = np.where(np.isinf(rows), -1e300, rows)
    with np.errstate(over="ignore"):
        weights = 1 / np.exp(rows[..., None, :] - rows[..., :, None]).sum(-1)
    return np.moveaxis(weights, -1, axis)


def softmax_that_warns(z, axis=-1):
    with np.errstate(all="warn"):
        naive = np.exp(z) / np.sum(np.exp(z), axis=axis, keepdims=True)
    return np.where(np.isfinite(naive), softmax_shifted(z, axis), softmax_shifted(z, axis))


# ---- scaled_dot_product_attention ----


def attention_with_where(Q, K, V, mask=None):
    scores = Q @ np.swapaxes(K, -1, -2) / math.sqrt(Q.shape[-1])
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    weights = softmax_shifted(scores)
    return weights @ V, weights


def attention_with_einsum(q, k, v, m=None):
    s = np.einsum("...nd,...md->...nm", q, k) * q.shape[-1] ** -0.5
    s = s if m is None else s + np.where(m, 0.0, -np.inf)
    w = softmax_shifted(s)
    return np.einsum("...nm,...mv->...nv", w, v), w


def attention_scales_the_queries_first(Q, K, V, mask=None):
    d_k = Q.shape[-1]
    scores = np.matmul(Q / math.sqrt(d_k), K.swapaxes(-2, -1))
    if mask is not None:
        scores = np.where(np.broadcast_to(mask, scores.shape), scores, -1e9)
    weights = softmax_shifted(scores)
    return np.matmul(weights, V), weights


def attention_with_a_large_negative_number(Q, K, V, mask=None):
    scores = (Q @ np.moveaxis(K, -1, -2)) / np.sqrt(K.shape[-1])
    if mask is not None:
        scores = scores + (1.0 - mask) * -1e30
    scores -= scores.max(-1, keepdims=True)
    weights = np.exp(scores)
    weights /= weights.sum(-1, keepdims=True)
    return weights @ V, weights


def attention_assigns_minus_infinity(Q, K, V, mask=None):
    scores = Q @ np.swapaxes(K, -1, -2) / np.sqrt(Q.shape[-1])
    if mask is not None:
        scores[np.broadcast_to(~mask, scores.shape)] = -np.inf
    weights = softmax_shifted(scores)
    return weights @ V, weights


def attention_masks_before_it_scales(Q, K, V, mask=None):
    scores = Q @ np.swapaxes(K, -1, -2)
    if mask is not None:
        scores = np.where(mask == False, -np.inf, scores)  # noqa: E712
    weights = softmax_shifted(scores / np.sqrt(Q.shape[-1]))
    return weights @ V, weights


def attention_masks_the_powers(Q, K, V, mask=None):
    scores = Q @ np.swapaxes(K, -1, -2) / np.sqrt(Q.shape[-1])
    visible = np.True_ if mask is None else mask
    top = scores.max(-1, keepdims=True, where=visible, initial=-np.inf)
    powers = np.exp(np.minimum(scores - top, 0)) * visible
    weights = powers / powers.sum(-1, keepdims=True)
    return weights @ V, weights


def attention_in_float32(Q, K, V, mask=None):
    Q, K, V = (np.asarray(a, dtype=np.float32) for a in (Q, K, V))
    return attention_with_where(Q, K, V, mask)


def attention_reader_by_reader(Q, K, V, mask=None):
    if Q.ndim > 2:
        masks = [mask if mask is None or mask.ndim < 3 else mask[i] for i in range(Q.shape[0])]
        both = [attention_reader_by_reader(*one) for one in zip(Q, K, V, masks, strict=True)]
        return np.stack([out for out, _ in both]), np.stack([weights for _, weights in both])
    out = np.zeros((Q.shape[0], V.shape[1]))
    weights = np.zeros((Q.shape[0], K.shape[0]))
    for i in range(Q.shape[0]):
        seen = [j for j in range(K.shape[0]) if mask is None or mask[i, j]]
        scores = np.array([Q[i] @ K[j] / np.sqrt(Q.shape[1]) for j in seen])
        powers = np.exp(scores - scores.max())
        for j, power in zip(seen, powers, strict=True):
            weights[i, j] = power / powers.sum()
            out[i] += weights[i, j] * V[j]
    return out, weights


def attention_keys_first(Q, K, V, mask=None):
    scores = K @ np.swapaxes(Q, -1, -2) / np.sqrt(Q.shape[-1])  # (..., m, n)
    if mask is not None:
        scores = np.where(np.swapaxes(mask, -1, -2), scores, -np.inf)
    weights = np.swapaxes(softmax_shifted(scores, axis=-2), -1, -2)
    return weights @ V, weights


def attention_online(Q, K, V, mask=None):
    """One key after another with a running maximum, as FlashAttention does."""
    *lead, n, width = Q.shape
    m = K.shape[-2]
    allowed = np.ones((n, m), bool) if mask is None else mask
    top = np.full((*lead, n), -np.inf)
    total = np.zeros((*lead, n))
    out = np.zeros((*lead, n, V.shape[-1]))
    columns = []
    for j in range(m):
        score = (Q * K[..., j : j + 1, :]).sum(-1) / np.sqrt(width)
        score = np.where(allowed[..., j], score, -np.inf)
        columns.append(score)
        new = np.maximum(top, score)
        safe = np.where(np.isinf(new), 0, new)
        old, now = np.exp(top - safe), np.exp(score - safe)
        total = total * old + now
        out = out * old[..., None] + now[..., None] * V[..., j : j + 1, :]
        top = new
    weights = np.exp(np.stack(columns, -1) - top[..., None]) / total[..., None]
    return out / total[..., None], weights


def attention_returns_a_list(Q, K, V, mask=None):
    return list(attention_with_where(Q, K, V, mask))


# ---- multi_head_attention ----


def heads_in_a_loop(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    dk = X.shape[-1] // n_heads
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    heads = []
    for j in range(n_heads):
        own = slice(j * dk, (j + 1) * dk)
        out, _ = attention_with_where(Q[..., own], K[..., own], V[..., own], mask)
        heads.append(out)
    return np.concatenate(heads, axis=-1) @ W_o


def heads_by_split(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    parts = (np.split(X @ W, n_heads, axis=-1) for W in (W_q, W_k, W_v))
    found = [attention_with_where(q, k, v, mask)[0] for q, k, v in zip(*parts, strict=True)]
    return np.dot(np.concatenate(found, -1), W_o)


def heads_by_einsum(words, wq, wk, wv, wo, heads, allowed=None):
    d = words.shape[-1]
    q, k, v = (np.einsum("...nd,dhk->...hnk", words, w.reshape(d, heads, -1)) for w in (wq, wk, wv))
    s = np.einsum("...hnk,...hmk->...hnm", q, k) / np.sqrt(d // heads)
    if allowed is not None:
        s = np.where(np.expand_dims(allowed, -3), s, -np.inf)
    return np.einsum("...hnm,...hmk,hkd->...nd", softmax_shifted(s), v, wo.reshape(heads, -1, d))


def heads_sum_over_rows_of_the_output_matrix(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    dk = X.shape[-1] // n_heads
    result = np.zeros(X.shape)
    for j in range(0, X.shape[-1], dk):
        q, k, v = X @ W_q[:, j : j + dk], X @ W_k[:, j : j + dk], X @ W_v[:, j : j + dk]
        result += attention_with_where(q, k, v, mask)[0] @ W_o[j : j + dk]
    return result


def heads_sentence_by_sentence(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    if X.ndim == 3:
        if mask is None or mask.ndim == 2:
            mask = [mask] * len(X)
        args = (W_q, W_k, W_v, W_o, n_heads)
        return np.stack([heads_sentence_by_sentence(X[b], *args, mask[b]) for b in range(len(X))])
    n, d = X.shape

    def split(M):
        return M.reshape(n, n_heads, d // n_heads).transpose(1, 0, 2)

    out, _ = attention_with_where(split(X @ W_q), split(X @ W_k), split(X @ W_v), mask)
    return out.transpose(1, 0, 2).reshape(n, d) @ W_o


def heads_before_the_batch(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    def split(M):
        return np.stack(np.array_split(M, n_heads, axis=-1))  # (n_heads, B, n, dk)

    out, _ = attention_with_where(split(X @ W_q), split(X @ W_k), split(X @ W_v), mask)
    return np.concatenate(list(out), axis=-1) @ W_o


def heads_in_float32(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    arrays = (np.float32(a) for a in (X, W_q, W_k, W_v, W_o))
    return heads_in_a_loop(*arrays, n_heads, mask)


def heads_always_in_a_batch(X, W_q, W_k, W_v, W_o, n_heads, mask=None):
    single = X.ndim == 2
    x = X[None] if single else X
    B, n, d = x.shape
    h, dk = n_heads, d // n_heads
    q = (x @ W_q).reshape(B, n, h, dk).transpose(0, 2, 1, 3)
    k = (x @ W_k).reshape(B, n, h, dk).transpose(0, 2, 3, 1)
    v = (x @ W_v).reshape(B, n, h, dk).transpose(0, 2, 1, 3)
    s = q @ k / np.sqrt(dk)
    if mask is not None:
        m = mask[None] if mask.ndim == 2 else mask
        s = np.where(m[:, None], s, np.finfo(float).min)
    y = (softmax_shifted(s) @ v).transpose(0, 2, 1, 3).reshape(B, n, d) @ W_o
    return y[0] if single else y


POINTS = 35  # of the whole assignment
VARIANTS = {
    "softmax": [f for name, f in list(globals().items()) if name.startswith("softmax_")],
    "scaled_dot_product_attention": [
        f for name, f in list(globals().items()) if name.startswith("attention_")
    ],
    "multi_head_attention": [f for name, f in list(globals().items()) if name.startswith("heads_")],
}
