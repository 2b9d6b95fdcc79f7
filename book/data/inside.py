"""What the trained nets do: line ends, context, heads, units, time and memory, samples.

usage: PYTHONPATH=book python book/data/inside.py     writes inside.json beside this file

About three minutes on one core, with the weights that are shipped. Set OPENBLAS_NUM_THREADS=1.

What is searched for (the best unit of many) is chosen on the validation part and measured on the
test part, so that the best of 260 is not best by luck.
"""

import functools
import json
import time
from pathlib import Path

import numpy as np
from lesson.nets import NETS, Blocks, Net, load, text
from lesson.nets.attention import Cache
from lesson.nets.layers import softmax

VISIBLE = (1, 2, 4, 8, 16, 32, 64, 128, 256)
CONTEXTS = (64, 128, 256, 512, 1024, 2048)
NEWLINE, SPACE = (int(k) for k in text.encode("\n "))


def record() -> dict:
    """What inside.json holds; README.md beside it says what that is."""
    return json.loads(Path(__file__).with_suffix(".json").read_text())


def areas(score: np.ndarray, yes: np.ndarray) -> float:
    """The area under the ROC curve: how often a yes scores above a no; 0.5 is chance."""
    rank = np.empty(len(score))
    rank[np.argsort(score, kind="stable")] = np.arange(len(score))
    n = int(yes.sum())
    return float((rank[yes].sum() - n * (n - 1) / 2) / (n * (len(yes) - n)))


def stretches(symbols: np.ndarray, n: int = 128, count: int = 32):
    """Windows of n symbols, time first, of which the last `count` places are new each time.

    Yields X (n, B) and the index in `symbols` of each of the last `count` places, (count, B).
    """
    first = np.arange(0, len(symbols) - n, count)
    for some in np.array_split(first, -(-len(first) // 48)):
        places = some + np.arange(n)[:, None]
        yield symbols[places], places[-count:]


def gaps(part: str) -> tuple[np.ndarray, np.ndarray]:
    """Where a word ends inside a paragraph of the wrapped text, and how long its line is there."""
    symbols = text.part(part, wrapped=True)
    is_end = symbols == NEWLINE
    last = np.maximum.accumulate(np.where(is_end, np.arange(len(symbols)), -1))
    blank = is_end & (np.r_[False, is_end[:-1]] | np.r_[is_end[1:], False])  # between paragraphs
    at = np.flatnonzero((is_end & ~blank) | (symbols == SPACE))
    at = at[at > 0]
    return at, at - last[at - 1] - 1


def line_ends(net: Net, part: str = "test") -> dict:
    """What the net says at each gap between two words: does the line end here?

    Every answer has 96 characters or more before it, more than a line. Returns the places, the
    columns, the truth and the net's P(line end) against P(space).
    """
    symbols = text.part(part, wrapped=True)
    says = np.full(len(symbols) + 1, np.nan)
    for X, places in stretches(symbols):
        p = softmax(net.forward(X)[0][-len(places) :])
        says[places + 1] = p[..., NEWLINE] / (p[..., NEWLINE] + p[..., SPACE])
    at, column = gaps(part)
    known = ~np.isnan(says[at])
    at, column = at[known], column[known]
    return {"column": column, "ends": symbols[at] == NEWLINE, "says": says[at]}


def line_end_table(found: dict) -> dict:
    """By column: how many gaps, what share ends the line, the mean P(line end); and in all."""
    column, ends, says = found["column"], found["ends"], found["says"]
    rows = []
    for c in range(0, 76):
        here = column == c
        if here.sum() >= 10:
            rows.append([c, int(here.sum()), round(float(ends[here].mean()), 3)])
            rows[-1].append(round(float(says[here].mean()), 3))
    return {**line_end_score(found), "by_column": rows}


def line_end_score(found: dict) -> dict:
    ends, says = found["ends"], np.clip(found["says"], 1e-9, 1 - 1e-9)
    bits = -np.log2(np.where(ends, says, 1 - says)).mean()
    return {"auc": round(areas(says, ends), 3), "bits_a_gap": round(float(bits), 3)}


def labels(part: str, wrapped: bool = False) -> dict[str, np.ndarray]:
    """For each character: inside a quotation? how far into the line, and into the word?"""
    s = text.decode(text.part(part, wrapped))
    inside, column, letters = np.zeros((3, len(s)), int)
    open_quote = at = word = 0
    for k, c in enumerate(s):
        if s[max(0, k - 1) : k + 1] == "\n\n":
            open_quote = 0  # a quotation of several paragraphs opens anew in each
        if c == '"':
            open_quote = 1 - open_quote
        at = 0 if c == "\n" else at + 1
        word = word + 1 if c.isalpha() else 0
        inside[k], column[k], letters[k] = open_quote, at, word
    return {"quotation": inside.astype(bool), "column": column, "letters": letters}


def states(net: Net, part: str, wrapped: bool = False, most: int = 24_000):
    """What a recurrent net keeps after each character (n, units), and the names of the units."""
    seen: dict[str, np.ndarray] = {}
    net.forward(text.part(part, wrapped)[:most, None], seen)
    kept = [name for name in seen if name.split(".")[-1] == ("c" if "c" in seen else "h")]
    names = [f"{name}[{j}]" for name in kept for j in range(seen[name].shape[-1])]
    return np.concatenate([seen[name][:, 0] for name in kept], axis=1), names


def correlation(h: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Of each column of h (T, units) with y (T,)."""
    h, y = h - h.mean(axis=0), y - y.mean()
    return (h * y[:, None]).mean(axis=0) / (h.std(axis=0) * y.std() + 1e-9)


def units(net: Net, wrapped: bool = False) -> dict:
    """For each label the unit that follows it best: chosen on validation, measured on test."""
    chosen, _ = states(net, "validation", wrapped)
    measured, names = states(net, "test", wrapped)
    before = {k: v[: len(chosen)] for k, v in labels("validation", wrapped).items()}
    after = {k: v[: len(measured)] for k, v in labels("test", wrapped).items()}

    found = {}
    for label in ("column", "letters") if wrapped else ("letters",):
        best = int(np.abs(correlation(chosen, before[label])).argmax())
        r = float(correlation(measured[:, [best]], after[label])[0])
        found[label] = {"unit": names[best], "correlation": round(r, 3)}
    quality = np.array([areas(h, before["quotation"]) for h in chosen.T])
    best = int(np.abs(quality - 0.5).argmax())
    area = areas(measured[:, best], after["quotation"])
    found["quotation"] = {"unit": names[best], "auc": round(max(area, 1 - area), 3)}
    return found


def cut_unit(net: Net, unit: str) -> None:
    """Nobody reads this unit of a gated recurrence any more: its row of W_o is 0."""
    name, index = unit.removesuffix("]").split("[")
    net.p[f"{name.split('.')[0]}.W_o"][int(index)] = 0


def cuts_gated() -> list[dict]:
    """Line ends with all units, without the one that follows the column best, without others."""
    name = "gated-wrapped"
    best = units(load(name), wrapped=True)["column"]["unit"]
    layer = best.split("[")[0]
    others = [f"{layer}[{j}]" for j in (3, 17, 29, 43, 58) if f"{layer}[{j}]" != best]
    rows = []
    for unit in [None, best, *others]:
        net = load(name)
        if unit:
            cut_unit(net, unit)
        rows.append({"unit": unit, **line_end_score(line_ends(net))})
        rows[-1]["test"] = round(text.bits_a_character(net, "test", wrapped=True), 4)
    return rows


def cuts_transformer(reach: int = 40) -> list[dict]:
    """Line ends when no head, one, or all of them see `reach` characters back and no further."""
    rows = []
    heads = [(k, h) for k in range(2) for h in range(4)]
    for cut in [[], *([head] for head in heads), heads]:
        net = load("transformer-wrapped")
        for k, mixer in enumerate(net.mixer):
            mixer.reach = [reach if (k, h) in cut else 10**9 for h in range(4)]
        names = [f"{k}.{h}" for k, h in cut]
        rows.append({"heads": names, "reach": reach, **line_end_score(line_ends(net))})
    return rows


def heads(name: str, n: int = 128, count: int = 128) -> dict:
    """Where each head looks on `count` windows of the test part, from place 32 on.

    `back` is the mean attention 0, 1, 2 … 79 characters back. `lift` says how much more attention a
    kind of character gets than it would, were the same distances looked at whatever stands there.
    """
    wrapped = name.endswith("-wrapped")
    net, symbols = load(name), text.part("test", wrapped)
    first = np.random.default_rng(3).integers(0, len(symbols) - n, count)
    X = symbols[first[:, None] + np.arange(n)]
    seen: dict[str, np.ndarray] = {}
    net.forward(X.T, seen)

    lower = text.encode(text.alphabet().lower())[X]
    gap = np.arange(n)[:, None] - np.arange(n)
    same = (lower[:, :, None] == lower[:, None]) & (gap > 0)
    after_same = np.zeros_like(same)
    after_same[:, :, 1:] = same[:, :, :-1]
    alone = {
        "space": X == SPACE,
        "newline": X == NEWLINE,
        "quotation mark": text.encode('"')[0] == X,
        "punctuation": np.isin(X, text.encode(",.;:!?")),
        "capital": np.isin(X, text.encode("ABCDEFGHIJKLMNOPRSTUVWYZ")),
    }
    kinds = {"same letter": same, "after the same letter": after_same}
    kinds |= {k: np.broadcast_to(v[:, None], same.shape) for k, v in alone.items()}

    report = {}
    for k in range(len(net.mixer)):
        for h in range(net.n_heads):
            weights = seen[f"{k}.weights"][:, h]
            back = []
            for g in range(80):
                rows = np.arange(max(32, g), n)
                back.append(round(float(weights[:, rows, rows - g].mean()), 4))
            profile = np.array([np.diagonal(weights, -g, 1, 2).mean() for g in range(n)])
            blind = np.where(gap >= 0, profile[np.abs(gap)], 0)
            blind /= blind.sum(axis=-1, keepdims=True)
            lift, share = {}, {}
            for kind, there in kinds.items():
                got = float((weights * there)[:, 32:].sum(axis=-1).mean())
                expected = float((blind * there)[:, 32:].sum(axis=-1).mean())
                share[kind], lift[kind] = round(got, 3), round(got / expected, 2)
            distance = float((weights[:, 32:] * gap[32:]).sum(axis=-1).mean())
            report[f"{k}.{h}"] = {
                "mean_distance": round(distance, 1),
                "back": back,
                "share": share,
                "lift": lift,
            }
    return report


def stands_out(heads: dict) -> dict[str, tuple[float, str, float]]:
    """Of each head its mean distance, and the kind of character whose lift is furthest from 1.

    Kinds that get less than 5 % of the attention are passed over. Blocks and heads count from 1.
    """
    found = {}
    for name, head in heads.items():
        often = {kind: lift for kind, lift in head["lift"].items() if head["share"][kind] >= 0.05}
        kind = max(often, key=lambda kind, often=often: abs(np.log(often[kind])))
        label = ".".join(str(int(part) + 1) for part in name.split("."))
        found[label] = head["mean_distance"], kind, often[kind]
    return found


def visible(net: Net, targets: int = 2048) -> dict:
    """Bits a character when only the last k characters are seen; the same characters for each k."""
    symbols = text.part("test")
    at = np.random.default_rng(5).choice(
        np.arange(max(VISIBLE), len(symbols)), targets, replace=False
    )
    bits = {}
    for k in VISIBLE:
        total = 0.0
        for some in np.array_split(at, max(1, targets * k // 16_384)):
            X = symbols[some + np.arange(-k, 0)[:, None]]
            Y = np.full_like(X, -1)
            Y[-1] = symbols[some]
            total += float(net.losses(X, Y).sum())
        bits[k] = round(total / targets / np.log(2), 4)
    return bits


def kept_bytes(net: Net, context: int) -> int:
    """Bytes of what a net keeps of one text after `context` characters."""
    if isinstance(net, Blocks):
        d_k = net.d // net.n_heads
        seen = min(context, net.window or context)
        caches = sum(isinstance(kept, Cache) for kept in net.start())
        gated = sum(kept.size for kept in net.start() if not isinstance(kept, Cache))
        return 4 * (gated + caches * 2 * net.n_heads * d_k * seen)
    state = net.start()
    return 4 * sum(part.size for part in (state if isinstance(state, tuple) else (state,)))


def microseconds(net: Net, context: int, repeats: int = 300) -> list[float]:
    """One more character after `context` - 1 others: median and middle 80 %, on one thread."""
    state = net.start()
    caches = [kept for kept in state if isinstance(kept, Cache)] if isinstance(state, list) else []
    for cache in caches:
        filled = np.random.default_rng(0).normal(size=(2, net.n_heads, 2048, 16))
        cache.room, cache.window = filled.astype(np.float32), None
    times = []
    for k in range(repeats):
        for cache in caches:
            cache.n = context - 1
        began = time.process_time()
        _, state = net.step(state, k % 75)
        times.append(time.process_time() - began)
    return [round(float(t) * 1e6, 1) for t in np.quantile(times, (0.5, 0.1, 0.9))]


def sample(net: Net, prompt: str, n: int = 600, temperature: float = 0.7, seed: int = 0) -> str:
    """The prompt and n characters that the net goes on with."""
    rng, state = np.random.default_rng(seed), net.start()
    symbols = [int(k) for k in text.encode(prompt)]
    for symbol in symbols:
        logits, state = net.step(state, symbol)
    for _ in range(n):
        symbols.append(int(rng.choice(75, p=softmax(logits.astype(float) / temperature))))
        logits, state = net.step(state, symbols[-1])
    return text.decode(symbols)


def copying(net: Net, n: int = 40, count: int = 512) -> dict:
    """Bits a character for n characters of the test part, and for the same again right after."""
    symbols = text.part("test")
    first = np.random.default_rng(7).integers(0, len(symbols) - n, count)
    once = symbols[first + np.arange(n)[:, None]]
    X = np.concatenate([once, once])
    nats = net.losses(X[:-1], X[1:])
    twice = {"first": nats[5 : n - 1].mean(), "again": nats[n + 5 :].mean()}
    return {k: round(float(v / np.log(2)), 3) for k, v in twice.items()}


def main() -> None:
    plain = {name: load(name) for name in NETS}
    # what a character costs does not hang on the weights; attention sees the whole context here
    every_place = {**NETS, "transformer": functools.partial(NETS["transformer"], window=None)}
    found = {
        "visible": {name: visible(net) for name, net in plain.items()},
        "copying": {name: copying(net) for name, net in plain.items()},
        "character": {
            name: {
                c: {"us": microseconds(make(), c), "bytes": kept_bytes(make(), c)} for c in CONTEXTS
            }
            for name, make in every_place.items()
        },
        "units": {name: units(plain[name]) for name in ("rnn", "lstm", "gated")},
        "units_wrapped": {"gated": units(load("gated-wrapped"), wrapped=True)},
        "heads": heads("transformer"),
        "heads_wrapped": heads("transformer-wrapped"),
        "cuts_gated": cuts_gated(),
        "cuts_transformer": cuts_transformer(),
        "samples": {name: sample(net, "It is a truth") for name, net in plain.items()},
    }
    for name in ("gated-wrapped", "transformer-wrapped"):
        found["samples"][name] = sample(load(name), "It is a truth")
    rows = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in found.items())
    Path(__file__).with_suffix(".json").write_text(f"{{\n{rows}\n}}\n")


if __name__ == "__main__":
    main()
