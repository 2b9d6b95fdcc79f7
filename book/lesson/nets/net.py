"""What all nets share: an embedding in front, a readout behind, one flat vector of parameters."""

from typing import Any, ClassVar

import numpy as np

from lesson.nets.layers import Arrays, Backward, cross_entropy, embedding, linear

Shapes = dict[str, tuple[tuple[int, ...], float | str]]


class Net:
    """A net that reads symbols and gives, at every place, scores of the answer.

    A kind of net says what lies between embedding and readout: `body_shapes`, `body` (all places
    at once), `start` and `body_step` (one place, with what is kept from the places before).

    Args:
        n_symbols: how many different symbols it reads.
        n_classes: how many different answers it gives; by default the symbols.
        d: width of the embedding.
        seed: of the initial weights.
        dtype: float32 to train, float64 to check gradients.
        **settings: what this kind of net can be given, such as `H`.

    Attributes:
        theta: all parameters in one vector.
        p: the same memory as arrays, by name.
    """

    settings: ClassVar[dict[str, Any]] = {}
    out: int  # width of what the readout reads

    def __init__(self, n_symbols, n_classes=None, *, d=64, seed=0, dtype=np.float32, **settings):
        unknown = settings.keys() - self.settings.keys()
        if unknown:
            raise TypeError(f"{type(self).__name__} has no setting {sorted(unknown)[0]!r}")
        self.n_symbols, self.n_classes, self.d = n_symbols, n_classes or n_symbols, d
        self.__dict__.update(self.settings | settings)
        self.layout: Shapes = {
            "E": ((n_symbols, d), 0.5),
            **self.body_shapes(),
            "W_out": ((self.out, self.n_classes), self.out**-0.5),
            "b_out": ((self.n_classes,), 0),
        }
        self.theta = np.zeros(sum(int(np.prod(s)) for s, _ in self.layout.values()), dtype)
        self.p = self.views(self.theta)
        rng = np.random.default_rng(seed)
        for name, (shape, init) in self.layout.items():
            if init == "orthogonal":
                self.p[name][...] = np.linalg.qr(rng.normal(size=shape))[0]
            elif init == "one":
                self.p[name][...] = 1
            elif init:
                self.p[name][...] = init * rng.normal(size=shape)
        self.initial_biases()

    def views(self, vector: np.ndarray) -> Arrays:
        """The pieces of a vector like `theta`, by name; they share its memory."""
        pieces, at = {}, 0
        for name, (shape, _) in self.layout.items():
            size = int(np.prod(shape))
            pieces[name] = vector[at : at + size].reshape(shape)
            at += size
        return pieces

    def initial_biases(self) -> None:
        """Biases that do not start at 0."""

    def body_shapes(self) -> Shapes:
        """Shape and initial spread of the parameters between embedding and readout."""
        raise NotImplementedError

    def body(self, x: np.ndarray, seen: Arrays | None) -> tuple[np.ndarray, Backward]:
        """x (T, B, d) to (T, B, out); puts what it looked at into `seen`, if given."""
        raise NotImplementedError

    def start(self) -> Any:
        """What is kept before the first symbol."""
        raise NotImplementedError

    def body_step(self, x: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        """One place: x (d,) and the state to (out,) and the new state."""
        raise NotImplementedError

    def forward(self, X: np.ndarray, seen: Arrays | None = None):
        """Scores (T, B, n_classes) for the symbols X (T, B), and the way back.

        Args:
            X: symbols, time first.
            seen: a dictionary that takes the states, gates or attention weights, by name.
        """
        x, back_embedding = embedding(self.p, X)
        y, back_body = self.body(x, seen)
        logits, back_readout = linear(self.p, "W_out", y, "b_out")

        def backward(dlogits, g):
            back_embedding(back_body(back_readout(dlogits, g), g), g)

        return logits, backward

    def losses(self, X: np.ndarray, Y: np.ndarray) -> np.ndarray:
        """Nats that each answer of Y (T, B) costs; 0 where Y is negative (nothing is asked)."""
        return cross_entropy(self.forward(X)[0], Y)[0]

    def loss_and_gradient(self, X: np.ndarray, Y: np.ndarray) -> tuple[float, np.ndarray]:
        """The mean over all answers that are asked, in nats, and its gradient, like `theta`."""
        logits, backward = self.forward(X)
        nats, dlogits = cross_entropy(logits, Y)
        gradient = np.zeros_like(self.theta)
        backward(dlogits, self.views(gradient))
        return float(nats.sum() / max((Y >= 0).sum(), 1)), gradient

    def step(self, state: Any, symbol: int) -> tuple[np.ndarray, Any]:
        """Reads one symbol: scores (n_classes,) and the new state.

        A state is used once: the transformer's is a cache that grows in place.
        """
        y, state = self.body_step(self.p["E"][symbol], state)
        return y @ self.p["W_out"] + self.p["b_out"], state
