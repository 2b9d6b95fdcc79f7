"""One trainer for every net: Adam, clipping, warm-up, decay; it can stop, be saved and go on."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from lesson.nets.net import Net

Draw = Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]


class Trainer:
    """Trains `net` on fresh batches; the same arguments give the same run.

    Adam (Kingma and Ba 2015) with decay rates 0.9 and 0.99, the gradient clipped to `clip`.

    Args:
        net: the net; its parameters change in place.
        draw: gives a batch X, Y (T, B) from a random generator.
        rate: the learning rate, reached after `warmup` steps.
        seed: of the batches.

    Attributes:
        step: how many steps were made.
        seconds: processor seconds that they took.
        loss: a running mean of the loss, in nats.
    """

    def __init__(
        self, net: Net, draw: Draw, *, rate: float, seed: int = 0, warmup: int = 100, clip=1.0
    ):
        self.net, self.draw, self.rate, self.warmup, self.clip = net, draw, rate, warmup, clip
        self.rng = np.random.default_rng(seed)
        self.mean = np.zeros_like(net.theta)  # of the gradient
        self.square = np.zeros_like(net.theta)  # of its square
        self.step, self.seconds, self.loss = 0, 0.0, None

    def train(self, until: int, decay_from: int | None = None, progress: bool = True) -> "Trainer":
        """Goes on to step `until`; from step `decay_from` on the rate falls in a line to 0."""
        bar = tqdm(total=until, initial=self.step, disable=not progress, unit="step")
        with bar:
            while self.step < until:
                self._one(until, decay_from)
                bar.update()
                if self.step % 10 == 0:
                    bar.set_postfix_str(f"loss {self.loss / np.log(2):.2f} bits", refresh=False)
        return self

    def _one(self, until, decay_from):
        began = time.process_time()
        X, Y = self.draw(self.rng)
        loss, gradient = self.net.loss_and_gradient(X, Y)
        gradient *= min(1.0, self.clip / (float(np.sqrt(gradient @ gradient)) + 1e-12))
        rate = self.rate * min(1.0, (self.step + 1) / self.warmup)
        if decay_from is not None and self.step >= decay_from:
            rate *= (until - self.step) / (until - decay_from)
        self.step += 1
        self.mean *= 0.9
        self.mean += gradient * 0.1
        self.square *= 0.99
        self.square += gradient * gradient * 0.01
        size = np.sqrt(self.square / (1 - 0.99**self.step)) + 1e-8
        self.net.theta -= self.mean / size * (rate / (1 - 0.9**self.step))
        self.loss = loss if self.loss is None else 0.98 * self.loss + 0.02 * loss
        self.seconds += time.process_time() - began

    def state(self) -> dict:
        """All that the next step hangs on; `restore` takes it back."""
        return {
            "theta": self.net.theta.copy(),
            "mean": self.mean.copy(),
            "square": self.square.copy(),
            "step": self.step,
            "seconds": self.seconds,
            "loss": self.loss,
            "rng": self.rng.bit_generator.state,
        }

    def restore(self, state: dict) -> None:
        """Goes back to a `state`; ValueError if it is of a net of another size."""
        if state["theta"].shape != self.net.theta.shape:
            sizes = f"{state['theta'].size:,} and {self.net.theta.size:,} parameters"
            raise ValueError(f"The saved run and the net differ: {sizes}.")
        self.net.theta[...] = state["theta"]
        self.mean[...] = state["mean"]
        self.square[...] = state["square"]
        self.step, self.seconds, self.loss = state["step"], state["seconds"], state["loss"]
        self.rng.bit_generator.state = state["rng"]

    def save(self, path: Path) -> None:
        """Writes the state as .npz; a run that stops while it writes leaves the old file whole."""
        state = self.state()
        arrays = {name: state.pop(name) for name in ("theta", "mean", "square")}
        unfinished = path.with_suffix(".unfinished.npz")
        np.savez(unfinished, **arrays, rest=json.dumps(state))
        unfinished.replace(path)

    def load(self, path: Path) -> None:
        """Goes on from a file that `save` wrote."""
        with np.load(path) as saved:
            state = dict(saved)
        self.restore({**state, **json.loads(str(state.pop("rest")))})
