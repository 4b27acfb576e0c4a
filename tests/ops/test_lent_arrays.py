"""Arrays that kernels cannot take as they are, that do not fit into memory, or that are lent twice."""

from __future__ import annotations

import numpy as np
import pytest

import kinema
from kinema import layers, ops

TOO_MANY = 1 << 23


def test_unaligned_arrays_are_copied() -> None:
    x = np.frombuffer(b"\0" + np.arange(12, dtype="float32").tobytes(), "float32", offset=1).reshape(3, 4)
    assert not x.flags.aligned
    model = kinema.Sequential([layers.Input((4,)), layers.Dense(2, activation="tanh"), layers.Dense(1)])
    np.testing.assert_array_equal(model.predict_on_batch(x), model.predict_on_batch(x.copy()))
    np.testing.assert_array_equal(ops.matmul(x, x.T).numpy(), x.copy() @ x.copy().T)


def test_products_larger_than_memory_raise_and_leave_everything_usable() -> None:
    column = np.ones((TOO_MANY, 1), "float32")
    for _ in range(2):
        with pytest.raises(MemoryError, match="no room for 2[0-9]+ bytes: use smaller batches"):
            ops.matmul(column, column.T)
    assert ops.matmul(column[:2], column[:2].T).numpy().tolist() == [[1, 1], [1, 1]]


def test_an_array_to_write_to_is_given_once() -> None:
    weights = np.ones(4, "float32")
    with pytest.raises(RuntimeError, match="given twice"):
        kinema._rust.UpdateRule.momentum(weights, 0.1, 0.9, False).update(weights, np.ones(4, "float32"))
