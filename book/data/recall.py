"""Who recalls the first word of a sequence? Trains small models in plain numpy, many times.

usage: python recall.py     writes recall.json beside this file; a quarter of an hour on one core

The task: T symbols out of 8 at random; after the last one, name the first. Chance is 1/8. All
models have 32 units and get 400 Adam steps on fresh batches of 64. Nothing but the model, T and the
seed changes from run to run. Each is tested at T and, where it can read them, on longer sequences.
"""

import json
from multiprocessing import Pool
from pathlib import Path

import numpy as np

N_SYMBOLS, H, BATCH, STEPS, RATE = 8, 32, 64, 400, 0.01
LENGTHS = (5, 10, 20, 40, 60)
LONGER = (1.5, 2)  # times T: tested there too, without training
SEEDS = range(10)
SOLVED = 0.95  # accuracy from which a run counts as solved
MODELS = (
    "RNN default",
    "RNN orthogonal",
    *(f"{cell} {bias}" for cell in ("LSTM", "GRU") for bias in (1, 3, 5)),
    "attention",
    "attention no positions",
)

Parameters = dict[str, np.ndarray]


def initial(model: str, T: int, rng: np.random.Generator) -> Parameters:
    """Parameters of `model` before training.

    Args:
        model: one of MODELS. The number in "LSTM 3" is where the biases of the forget gate start,
            that in "GRU 3" where those of the update gate do, by which a GRU keeps its state.
        T: length of the sequences; only attention with positions has parameters that depend on it.
    """

    def uniform(*shape):
        return rng.uniform(-1, 1, shape) / np.sqrt(H)  # the default of PyTorch's recurrent layers

    out = {"W_out": uniform(H, N_SYMBOLS), "b_out": np.zeros(N_SYMBOLS)}
    if model.startswith("RNN"):
        W_hh = uniform(H, H)
        if model == "RNN orthogonal":
            W_hh = np.linalg.qr(rng.normal(size=(H, H)))[0]
        return {"W_xh": uniform(N_SYMBOLS, H), "W_hh": W_hh, "b": np.zeros(H), **out}
    if model.startswith(("LSTM", "GRU")):
        cell, bias = model.split()
        width = (4 if cell == "LSTM" else 3) * H
        b = np.zeros(width)
        b[H : 2 * H] = float(bias)  # PyTorch's order: i f g o, and r z n
        return {"W_xh": uniform(N_SYMBOLS, width), "W_hh": uniform(H, width), "b": b, **out}
    positions = {} if "no positions" in model else {"P": 0.5 * rng.normal(size=(T, H))}
    table = {"E": 0.5 * rng.normal(size=(N_SYMBOLS, H))}
    return {**table, **positions, **{f"W_{k}": uniform(H, H) for k in "qkv"}, **out}


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(z / 2))


def loss_and_gradients(p: Parameters, X: np.ndarray, y: np.ndarray) -> tuple[float, Parameters]:
    """Cross-entropy and its gradient in every parameter; X (B, T) symbols, y (B,) the first."""
    last, backward = _read(p, X)
    logits = last @ p["W_out"] + p["b_out"]
    q = np.exp(logits - logits.max(axis=1, keepdims=True))
    q /= q.sum(axis=1, keepdims=True)
    rows = np.arange(len(y))
    loss = -np.log(q[rows, y]).mean()
    dlogits = q
    dlogits[rows, y] -= 1
    dlogits /= len(y)
    grads = backward(dlogits @ p["W_out"].T)
    return loss, {**grads, "W_out": last.T @ dlogits, "b_out": dlogits.sum(axis=0)}


def _read(p, X):
    """What the model hands to its readout (B, H), and the way back."""
    if "E" in p:
        return _attention(p, X)
    return {H: _rnn, 3 * H: _gru, 4 * H: _lstm}[len(p["b"])](p, X)


def _rnn(p, X):
    T = X.shape[1]
    hs = [np.zeros((len(X), H))]
    for t in range(T):
        hs.append(np.tanh(p["W_xh"][X[:, t]] + hs[-1] @ p["W_hh"] + p["b"]))

    def backward(dh):
        g = {k: np.zeros_like(p[k]) for k in ("W_xh", "W_hh", "b")}
        for t in reversed(range(T)):
            dz = dh * (1 - hs[t + 1] ** 2)
            np.add.at(g["W_xh"], X[:, t], dz)
            g["W_hh"] += hs[t].T @ dz
            g["b"] += dz.sum(axis=0)
            dh = dz @ p["W_hh"].T
        return g

    return hs[-1], backward


def _lstm(p, X):
    T = X.shape[1]
    h, c = np.zeros((len(X), H)), np.zeros((len(X), H))
    tape = []
    for t in range(T):
        z = p["W_xh"][X[:, t]] + h @ p["W_hh"] + p["b"]
        i, f, o = (sigmoid(z[:, k * H : (k + 1) * H]) for k in (0, 1, 3))
        g = np.tanh(z[:, 2 * H : 3 * H])
        c_new = f * c + i * g
        tape.append((h, c, i, f, g, o, np.tanh(c_new)))
        h, c = o * np.tanh(c_new), c_new

    def backward(dh):
        grads = {k: np.zeros_like(p[k]) for k in ("W_xh", "W_hh", "b")}
        dc = np.zeros_like(dh)
        for t in reversed(range(T)):
            h, c, i, f, g, o, s = tape[t]
            dc = dc + dh * o * (1 - s**2)
            gates = (
                dc * g * i * (1 - i),
                dc * c * f * (1 - f),
                dc * i * (1 - g**2),
                dh * s * o * (1 - o),
            )
            dz = np.concatenate(gates, axis=1)
            np.add.at(grads["W_xh"], X[:, t], dz)
            grads["W_hh"] += h.T @ dz
            grads["b"] += dz.sum(axis=0)
            dh, dc = dz @ p["W_hh"].T, dc * f
        return grads

    return tape[-1][5] * tape[-1][6], backward


def _gru(p, X):
    T = X.shape[1]
    h, tape = np.zeros((len(X), H)), []
    for t in range(T):
        x, u = p["W_xh"][X[:, t]] + p["b"], h @ p["W_hh"]
        r = sigmoid(x[:, :H] + u[:, :H])
        z = sigmoid(x[:, H : 2 * H] + u[:, H : 2 * H])
        old = u[:, 2 * H :]  # what the state says to the candidate
        n = np.tanh(x[:, 2 * H :] + r * old)
        tape.append((h, r, z, n, old))
        h = z * h + (1 - z) * n

    def backward(dh):
        grads = {k: np.zeros_like(p[k]) for k in ("W_xh", "W_hh", "b")}
        for t in reversed(range(T)):
            h, r, z, n, old = tape[t]
            dn = dh * (1 - z) * (1 - n**2)
            dr, dz = dn * old * r * (1 - r), dh * (h - n) * z * (1 - z)
            dx = np.concatenate([dr, dz, dn], axis=1)
            du = np.concatenate([dr, dz, dn * r], axis=1)
            np.add.at(grads["W_xh"], X[:, t], dx)
            grads["W_hh"] += h.T @ du
            grads["b"] += dx.sum(axis=0)
            dh = dh * z + du @ p["W_hh"].T
        return grads

    return h, backward


def _attention(p, X):
    Z = p["E"][X] + p.get("P", 0.0)  # (B, T, H)
    last = Z[:, -1]
    q, K, V = last @ p["W_q"], Z @ p["W_k"], Z @ p["W_v"]
    s = np.einsum("bh,bth->bt", q, K) / np.sqrt(H)
    a = np.exp(s - s.max(axis=1, keepdims=True))
    a /= a.sum(axis=1, keepdims=True)

    def backward(dout):
        dV = a[:, :, None] * dout[:, None, :]
        da = np.einsum("bth,bh->bt", V, dout)
        ds = a * (da - (a * da).sum(axis=1, keepdims=True)) / np.sqrt(H)
        dK, dq = ds[:, :, None] * q[:, None, :], np.einsum("bt,bth->bh", ds, K)
        dZ = dK @ p["W_k"].T + dV @ p["W_v"].T
        dZ[:, -1] += dq @ p["W_q"].T
        flat = Z.reshape(-1, H)
        grads = {
            "E": np.zeros_like(p["E"]),
            "W_q": last.T @ dq,
            "W_k": flat.T @ dK.reshape(-1, H),
            "W_v": flat.T @ dV.reshape(-1, H),
        }
        np.add.at(grads["E"], X, dZ)
        return {**grads, **({"P": dZ.sum(axis=0)} if "P" in p else {})}

    return np.einsum("bt,bth->bh", a, V), backward


def learn(model: str, T: int, seed: int, steps: int = STEPS) -> Parameters:
    """Parameters after `steps` Adam steps; same arguments, same numbers."""
    rng = np.random.default_rng([seed, T])
    p = initial(model, T, rng)
    m, v = ({k: np.zeros_like(a) for k, a in p.items()} for _ in range(2))
    for step in range(1, steps + 1):
        X = rng.integers(N_SYMBOLS, size=(BATCH, T))
        _, grads = loss_and_gradients(p, X, X[:, 0])
        norm = np.sqrt(sum((g**2).sum() for g in grads.values()))
        for k, g in grads.items():
            g = g * min(1.0, 1.0 / norm)  # clipped to norm 1, as recurrent nets are trained
            m[k] = 0.9 * m[k] + 0.1 * g
            v[k] = 0.999 * v[k] + 0.001 * g**2
            p[k] -= RATE * m[k] / (1 - 0.9**step) / (np.sqrt(v[k] / (1 - 0.999**step)) + 1e-8)
    return p


def accuracy(p: Parameters, T: int, seed: int) -> float:
    """Share of 1,000 fresh sequences of length T whose first symbol `p` names."""
    X = np.random.default_rng(10_000 + seed).integers(N_SYMBOLS, size=(1000, T))
    logits = _read(p, X)[0] @ p["W_out"] + p["b_out"]
    return float((logits.argmax(axis=1) == X[:, 0]).mean())


def train(model: str, T: int, seed: int, steps: int = STEPS) -> float:
    """Accuracy at length T after training at length T."""
    return accuracy(learn(model, T, seed, steps), T, seed)


def solved(accuracies: list[float]) -> int:
    """How many of the runs solved the task."""
    return sum(accuracy >= SOLVED for accuracy in accuracies)


def outcome(accuracies: list[float]) -> str:
    """The mean accuracy and, in brackets, how many of the runs solved the task."""
    return f"{np.mean(accuracies):.2f} ({solved(accuracies)})"


def recorded() -> list[dict]:
    """The recorded rows: a model, T, and one accuracy a seed.

    `recall` is at length T. `longer` has the same models at 1.5 T and 2 T; attention with
    positions has none, as it has no vector for a place that it never saw.
    """
    return json.loads(Path(__file__).with_suffix(".json").read_text())


def row(model: str, T: int) -> dict:
    """What `recorded` says of one model and length."""
    nets = [learn(model, T, seed) for seed in SEEDS]

    def tested(n: int) -> list[float]:
        return [round(accuracy(p, n, seed), 3) for p, seed in zip(nets, SEEDS, strict=True)]

    out = {"model": model, "T": T, "recall": tested(T)}
    if "P" not in nets[0]:
        out["longer"] = {times: tested(round(times * T)) for times in LONGER}
    return out


def main() -> None:
    runs = [(model, T) for T in LENGTHS for model in MODELS]
    with Pool() as pool:
        table = pool.starmap(row, runs, chunksize=1)
    rows = ",\n".join("  " + json.dumps(row) for row in table)
    Path(__file__).with_suffix(".json").write_text(f"[\n{rows}\n]\n")


if __name__ == "__main__":
    main()
