"""Products are counted as they are made, whatever lies between them."""

import numpy as np
import pytest
from lesson.products import count


@pytest.mark.parametrize("n, m, k", [(1, 1, 1), (2, 3, 5), (7, 4, 6)])
def test_one_product_costs_its_three_sizes(n, m, k):
    found = count(lambda X: np.tanh(X @ np.ones((m, k)) + 1), np.ones((n, m)))
    assert (found.products, found.macs, found.chain) == (1, n * m * k, 1)


def test_products_of_stacks_and_of_vectors():
    found = count(lambda X: X @ X.swapaxes(1, 2), np.ones((8, 5, 3)))
    assert (found.products, found.macs, found.chain) == (1, 8 * 5 * 5 * 3, 1)
    found = count(lambda x: x @ np.ones((3, 4)) @ np.ones(4), np.ones(3))
    assert (found.products, found.macs, found.chain) == (2, 3 * 4 + 4, 2)


def test_the_chain_is_the_longest_way_and_not_the_number_of_products():
    W = np.eye(4)

    def side_by_side(X):
        return np.maximum((X @ W).sum(axis=0), (X @ W)[0]) + ((X @ W) @ W).reshape(-1)[:4]

    found = count(side_by_side, np.ones((2, 4)))
    assert (found.products, found.chain) == (4, 2)


def test_the_result_is_what_the_function_gives_without_counting():
    X = np.random.default_rng(0).normal(size=(3, 4))
    seen = []
    count(lambda A: seen.append(np.exp(A - A.max(axis=1, keepdims=True)) @ A.T) or A, X)
    np.testing.assert_array_equal(seen[0], np.exp(X - X.max(axis=1, keepdims=True)) @ X.T)


def test_what_does_not_hang_on_the_arguments_is_not_counted():
    found = count(lambda X: np.ones((2, 2)) @ np.ones((2, 2)) + X, np.ones((2, 2)))
    assert (found.products, found.macs, found.chain) == (0, 0, 0)
