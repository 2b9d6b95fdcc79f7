"""Counts the matrix products of a function while it runs: how many, how much work, how deep."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass
class Count:
    """What `count` has found.

    Attributes:
        products: how many matrix products were made.
        macs: their multiply-adds.
        chain: the longest chain of products that wait for each other on the way to the result.
    """

    products: int = 0
    macs: int = 0
    chain: int = 0


class Counted(np.ndarray):
    """An array that knows by how many products, one after another, it was made."""

    chain: int
    tally: Count

    def __array_finalize__(self, source):
        self.chain = getattr(source, "chain", 0)
        self.tally = getattr(source, "tally", None) or Count()

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **kwargs):
        known = [x for x in inputs if isinstance(x, Counted)]
        chain = max((x.chain for x in known), default=0)
        inputs = [np.asarray(x) for x in inputs]
        if out is not None:
            kwargs["out"] = tuple(np.asarray(x) for x in out)
        result = np.asarray(getattr(ufunc, method)(*inputs, **kwargs)).view(Counted)
        result.chain, result.tally = chain, self.tally
        if ufunc is np.matmul:
            result.chain += 1
            self.tally.products += 1
            self.tally.macs += result.size * inputs[0].shape[-1]
        return result


def count(function: Callable[..., Any], *arrays: np.ndarray) -> Count:
    """Runs `function(*arrays)` and counts the products (`@`) that its arguments take part in.

    Products of arrays that do not hang on `arrays` are not counted, nor on the chain.
    """
    tally = Count()
    counted = [np.array(array).view(Counted) for array in arrays]
    for array in counted:
        array.tally = tally
    tally.chain = getattr(function(*counted), "chain", 0)
    return tally
