"""Dropout: what it keeps, and what it depends on."""

from __future__ import annotations

import numpy as np

from kinema import GradientTape, ops
from kinema.random import RandomKey

KEY = RandomKey(seed=3, stream=1, step=5)
X = np.ones((40, 50), np.float32)


def test_it_keeps_the_mean() -> None:
    y = ops.dropout(X, 0.25, KEY).numpy()
    assert set(np.unique(y)) == {np.float32(0), np.float32(1) / np.float32(0.75)}
    assert abs(y.mean() - 1) < 0.05


def test_the_key_alone_decides() -> None:
    y = ops.dropout(X, 0.5, KEY).numpy()
    np.testing.assert_array_equal(y, ops.dropout(X, 0.5, KEY).numpy())
    for other in (RandomKey(4, 1, 5), RandomKey(3, 2, 5), RandomKey(3, 1, 6)):
        assert (ops.dropout(X, 0.5, other).numpy() != y).mean() > 0.3


def test_a_sample_is_drawn_by_its_number() -> None:
    whole = ops.dropout(X, 0.5, KEY).numpy()
    part = ops.dropout(X[10:20], 0.5, RandomKey(3, 1, 5, first_sample=10)).numpy()
    np.testing.assert_array_equal(part, whole[10:20])


def test_the_gradient_passes_where_the_value_did() -> None:
    x = ops.convert_to_tensor(X)
    with GradientTape() as tape:
        tape.watch(x)
        y = ops.dropout(x, 0.5, KEY)
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), y.numpy())


def test_rate_zero_changes_nothing() -> None:
    np.testing.assert_array_equal(ops.dropout(X, 0.0, KEY).numpy(), X)


def test_noise_shape_drops_together() -> None:
    y = ops.dropout(np.ones((6, 5, 4), np.float32), 0.5, KEY, (None, 1, None)).numpy()
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1], y.shape))
    assert len(np.unique(y)) == 2


def test_dropout_mask() -> None:
    mask = ops.dropout_mask((40, 50), 0.5, KEY)
    np.testing.assert_array_equal(mask, ops.dropout(X, 0.5, KEY).numpy())
