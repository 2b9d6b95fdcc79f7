"""What is said of an answer is true of it, also where it makes two mistakes at once."""

import re
import warnings

import numpy as np
import pytest

from course import SOLUTIONS
from grading import checks
from grading.assignment import catalogue, known, read
from tests.release.support import EACH, fitting, mistakes
from tests.support import CI

ONE_WORKS = re.compile(r"one (sentence|word) works|works for one", re.I)
BATCH_WORKS = re.compile(r"a batch works|works for a batch", re.I)


def arrays(values, kind):
    return [v for v in values if isinstance(v, np.ndarray) and v.dtype.kind == kind]


def each(result, change):
    """The result with every array in it changed."""
    return tuple(map(change, result)) if isinstance(result, tuple) else change(result)


def one_only(call, axes):
    def wrong(*args):
        if np.ndim(args[0]) > axes:
            raise ValueError("too many axes")
        return call(*args)

    return wrong


def batches_only(call, axes):
    def wrong(*args):
        if np.ndim(args[0]) <= axes:
            raise ValueError("not enough values to unpack")
        return call(*args)

    return wrong


def rounds(call, axes):
    return lambda *args: each(call(*args), lambda x: np.round(x, 3))


def returns_more(call, axes):
    return lambda *args: (call(*args), 0.0)


def overflows(call, axes):
    def wrong(*args):
        large = max((abs(a[np.isfinite(a)]).max(initial=0) for a in arrays(args, "f")), default=0)
        return each(call(*args), lambda x: x * np.nan if large > 200 else x)

    return wrong


def ignores_masks(call, axes):
    return lambda *args: call(*(a for a in args if not arrays([a], "b")))


def inverts_masks(call, axes):
    return lambda *args: call(*(~a if arrays([a], "b") else a for a in args))


def asks_whether_a_mask_is_true(call, axes):
    def wrong(*args):
        if arrays(args, "b"):
            raise ValueError("the truth value of an array is ambiguous")
        return call(*args)

    return wrong


# a second mistake, on top of each of the catalogue, and the sentences that it may be given
SECOND = {
    one_only: ONE_WORKS,
    batches_only: BATCH_WORKS,
    rounds: re.compile("rounded", re.I),
    returns_more: re.compile("(two|second) (values|result)", re.I),
    overflows: re.compile("nan|cut off"),
    ignores_masks: re.compile("mask changes nothing"),
    inverts_masks: re.compile("wrong way round"),
    asks_whether_a_mask_is_true: re.compile("mask stops your function"),
}
AXES = {"rnn_cell": 1, "rnn_cell_backward": 1}  # of one word or sentence; elsewhere 2
FALSE_FRIENDS = {"Without a mask the future is hidden"}  # true of `is_always_causal` as well


def said_of_pairs(assignment):
    """(mistake, second, probes, outcomes with the first alone, what is said of both at once)."""
    table = known(read(assignment), SOLUTIONS / assignment)
    probes = catalogue(SOLUTIONS / assignment)[1]
    found = [m for function in probes for m in mistakes(assignment, function)]
    for m in found if CI else found[::3]:
        if not (inputs := probes[m.function]) or any(isinstance(p, str) for p in inputs):
            continue
        alone = [checks._observe(m.call, probe) for probe in inputs]
        for second in SECOND:
            both = second(m.call, AXES.get(m.function, 2))
            seen = [checks._observe(both, probe) for probe in inputs]
            if not all(map(checks._agree, seen, alone)):
                yield m, second, inputs, alone, checks._explained(seen, table[m.function])


@EACH
def test_no_false_sentence_is_said_of_two_mistakes_at_once(assignment):
    table = known(read(assignment), SOLUTIONS / assignment)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for m, second, inputs, alone, said in said_of_pairs(assignment):
            right = table[m.function]["right"]
            fine = [checks._right(*pair) for pair in zip(alone, right, strict=True)]
            batch = [np.ndim(probe[0]) > AXES.get(m.function, 2) for probe in inputs]
            for text in filter(None, said.replace(checks.MORE, "").split("\n→ ")):
                sentence = text.strip()
                about = f"{m.name}, {second.__name__}: {sentence}"
                allowed = sentence in fitting(m, assignment) or SECOND[second].search(sentence)
                assert allowed or any(map(sentence.startswith, FALSE_FRIENDS)), about
                if ONE_WORKS.search(sentence):
                    assert all(ok for ok, many in zip(fine, batch, strict=True) if not many), about
                if BATCH_WORKS.search(sentence):
                    assert all(ok for ok, many in zip(fine, batch, strict=True) if many), about


@EACH
def test_a_sentence_that_says_what_works_has_seen_it_work(assignment):
    for rows in known(read(assignment), SOLUTIONS / assignment).values():
        for sentence, outcomes in rows["mistakes"]:
            if ONE_WORKS.search(sentence) or BATCH_WORKS.search(sentence):
                wrong = {int(i) for i, outcome in outcomes.items() if outcome}
                assert len(set(range(len(rows["probes"]))) - wrong) > 1, sentence


@pytest.mark.parametrize("function", ["softmax", "rnn_cell", "transformer_block"])
def test_a_right_answer_is_told_nothing(function):
    assignment = {"softmax": "attention", "rnn_cell": "rnn"}.get(function, "transformer")
    table = known(read(assignment), SOLUTIONS / assignment)[function]
    seen = [(look, []) for look, _, _ in table["right"]]
    assert checks._explained(seen, table) == "", "a look alone is not a mistake"
