"""The operators of tensors and variables."""

from __future__ import annotations

import operator

import numpy as np
import pytest

from kinema import Tensor, Variable, ops

A, B = np.array([[1.0, -2.0], [3.0, 4.0]]), np.array([[2.0, 0.5], [-1.0, 3.0]])
BINARY = [
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod),
    *(operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge),
]


@pytest.mark.parametrize("kind", [Tensor, Variable])
@pytest.mark.parametrize("op", BINARY, ids=lambda op: op.__name__)
def test_binary_operators(kind: type, op) -> None:
    for left, right in ((kind(A), kind(B)), (kind(A), B), (A, kind(B)), (kind(A), 2.0), (2.0, kind(A))):
        result = op(left, right)
        assert isinstance(result, Tensor)
        np.testing.assert_allclose(result.numpy(), op(np.asarray(left), np.asarray(right)))


def test_power_negation_and_magnitude() -> None:
    x = Tensor(A)
    np.testing.assert_allclose((x**2).numpy(), A**2)
    np.testing.assert_allclose((2**x).numpy(), 2**A)
    np.testing.assert_array_equal((-x).numpy(), -A)
    np.testing.assert_array_equal(abs(x).numpy(), np.abs(A))


def test_logic() -> None:
    x = Tensor(A)
    np.testing.assert_array_equal(((x > 0) & (x < 4)).numpy(), (A > 0) & (A < 4))
    np.testing.assert_array_equal(((x < 0) | (x > 3)).numpy(), (A < 0) | (A > 3))
    np.testing.assert_array_equal((~(x > 0)).numpy(), A <= 0)


def test_indexing() -> None:
    x = Tensor(A)
    np.testing.assert_array_equal(x[0].numpy(), A[0])
    np.testing.assert_array_equal(x[..., ::-1].numpy(), A[..., ::-1])
    np.testing.assert_array_equal(x[ops.convert_to_tensor([1, 0])].numpy(), A[[1, 0]])
    np.testing.assert_array_equal(x[x > 0].numpy(), A[A > 0])
    assert x[ops.argmax(x[:, 0])][1].item() == 4


def test_comparison_with_other_things_is_by_identity() -> None:
    x = Tensor(A)
    assert x != None  # noqa: E711
    assert x != "x"


def test_tensors_and_variables_can_be_keys() -> None:
    x, w = Tensor(A), Variable(A)
    assert {x: 1, w: 2}[w] == 2
