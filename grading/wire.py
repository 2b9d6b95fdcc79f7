"""What may pass between the judge and a learner's code: plain data, in frames of bounded size.

A frame is four bytes of length and so many bytes of JSON. Numbers, text, None, arrays of numbers,
and tuples, lists and dictionaries of them pass; anything else stays where it is, and only a number
that stands for it travels. Nothing that is read here is executed or unpickled, and an array
arrives as its bare numbers, so no method of the sender's objects comes with it.
"""

import base64
import json
import re
import select
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

PLAIN = (bool, int, float, str)
NUMBERS = "biufc"  # the dtype kinds that may pass: bool, integers, floats, complex
MAX_FRAME = 64 << 20  # bytes
MAX_VALUES = 100_000  # values in one message, arrays counting as one
MAX_KEYS = 1_000  # of one dictionary: keys that collide cost the square of their number


class Unreadable(Exception):
    """The other side sent something that is no message."""


def clean(text: Any, limit: int = 20_000) -> str:
    """Any text as text that can be stored: no lone surrogates, no NUL, at most `limit` long."""
    text = text if isinstance(text, str) else ""
    if len(text) > limit:
        text = text[:limit] + f"\n… cut after {limit} characters"
    return text.encode("utf-8", "replace").decode().replace("\x00", "")


def parts(value: Any) -> Iterator[Any]:
    """The arrays, lists and dictionaries in a value, in order: all of it that can be changed."""
    if isinstance(value, (np.ndarray, list, dict)):
        yield value
    if isinstance(value, (tuple, list, dict)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from parts(one)


def encode(
    value: Any, other: Callable[[Any], Any], known: Mapping[int, int] = MappingProxyType({})
) -> Any:
    """The value in terms of JSON.

    Args:
        value: anything.
        other: says what to send for what is not plain data.
        known: the objects that the reader has, as {id: number}; for them the number is sent.
    """
    if value is None or type(value) in PLAIN:
        return value
    if id(value) in known:
        return {"known": known[id(value)]}
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in NUMBERS:
        array = np.asarray(value)
        how = "scalar" if isinstance(value, np.generic) else "rw" if array.flags.writeable else "r"
        data = base64.b64encode(array.tobytes()).decode()
        return {"array": [array.dtype.str, list(array.shape), data, how]}
    if isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    if isinstance(value, tuple):
        return {"tuple": [encode(v, other, known) for v in tuple.__iter__(value)]}
    if isinstance(value, list):
        return {"list": [encode(v, other, known) for v in list.__iter__(value)]}
    if isinstance(value, dict):
        items = dict.items(value)
        return {"dict": [[encode(k, other), encode(v, other, known)] for k, v in items]}
    for kind in PLAIN:
        if isinstance(value, kind):
            return kind(value)  # a subclass is sent as what it extends
    return {"other": other(value)}


def decode(message: Any, other: Callable[[Any], Any], known: Sequence[Any] = ()) -> Any:
    """The value that `encode` wrote; `other` finds what stays on the other side, `known` is here.

    Raises:
        Unreadable: this is nothing that `encode` writes, or more than may pass.
    """
    left = MAX_VALUES

    def one(m: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise Unreadable(f"more than {MAX_VALUES} values")
        if isinstance(m, str):
            return clean(m, MAX_FRAME)
        if m is None or type(m) in PLAIN:
            return m
        [(kind, body)] = m.items()
        if kind == "array":
            return _array(*body)
        if kind == "complex":
            return complex(*map(float, body))
        if kind == "tuple":
            return tuple(map(one, body))
        if kind == "list":
            return list(map(one, body))
        if kind == "dict" and len(body) <= MAX_KEYS:
            return {one(k): one(v) for k, v in body}
        if kind == "other":
            return other(body)
        if kind == "known" and type(body) is int and 0 <= body < len(known):
            return known[body]
        raise Unreadable(f"no such kind of value, or too much of it: {kind[:20]}")

    try:
        return one(message)
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(str(error)) from None


def _array(dtype: str, shape: list[int], data: str, how: str) -> Any:
    if not re.fullmatch(f"[<>|][{NUMBERS}][0-9]{{1,2}}", dtype):
        raise Unreadable("an array of something else than numbers")
    raw = base64.b64decode(data, validate=True)
    if dtype[1] == "b":
        array = (np.frombuffer(raw, np.uint8) != 0).reshape(shape)  # a bool is 0 or 1, never 2
    else:
        array = np.frombuffer(raw, np.dtype(dtype)).reshape(shape).copy()
    if how == "scalar":
        return array[()]
    array.flags.writeable = how == "rw"
    return array


def _never(event: int) -> None:
    raise AssertionError("a blocking socket said that it would block")


class Channel:
    """Frames over a stream socket. `wait(event)` is called before a step that would block."""

    def __init__(self, sock: Any, wait: Callable[[int], None] | None = None):
        self.sock = sock
        self.wait = wait or _never  # a blocking socket waits by itself
        sock.setblocking(wait is None)

    def send(self, message: dict) -> None:
        data = json.dumps(message).encode()
        if len(data) > MAX_FRAME:
            raise ValueError(f"more than {MAX_FRAME >> 20} MiB in one message")
        rest = memoryview(len(data).to_bytes(4, "big") + data)
        while rest:
            try:
                rest = rest[self.sock.send(rest) :]
            except BlockingIOError:
                self.wait(select.POLLOUT)

    def receive(self) -> dict:
        size = int.from_bytes(self._exactly(4), "big")
        if size > MAX_FRAME:
            raise Unreadable(f"more than {MAX_FRAME >> 20} MiB in one message")
        try:
            message = json.loads(self._exactly(size))
        except (ValueError, RecursionError):
            raise Unreadable("not JSON") from None
        if not isinstance(message, dict):
            raise Unreadable("not a message")
        return message

    def _exactly(self, size: int) -> bytes:
        parts = []
        while size:
            try:
                part = self.sock.recv(min(size, 1 << 20))
            except BlockingIOError:
                self.wait(select.POLLIN)
                continue
            if not part:
                raise EOFError
            parts.append(part)
            size -= len(part)
        return b"".join(parts)
