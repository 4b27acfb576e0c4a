"""Normalisation against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from kinema import ops

RNG = np.random.default_rng(4)
X = RNG.normal(3, 2, size=(4, 5, 6, 3))
GAMMA, BETA = RNG.normal(size=3), RNG.normal(size=3)


@pytest.mark.parametrize("axis", [-1, 1, 3])
def test_batch_norm(axis: int) -> None:
    over = tuple(i for i in range(4) if i != axis % 4)
    y, mean, variance = ops.batch_norm(X, axis=axis, epsilon=0.01)
    np.testing.assert_allclose(mean.numpy(), X.mean(over), rtol=1e-12)
    np.testing.assert_allclose(variance.numpy(), X.var(over), rtol=1e-12)
    expected = (X - X.mean(over, keepdims=True)) / np.sqrt(X.var(over, keepdims=True) + 0.01)
    np.testing.assert_allclose(y.numpy(), expected, rtol=1e-10, atol=1e-12)


def test_batch_norm_scales_and_shifts() -> None:
    plain, scaled = ops.batch_norm(X)[0].numpy(), ops.batch_norm(X, GAMMA, BETA)[0].numpy()
    np.testing.assert_allclose(scaled, plain * GAMMA + BETA, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("axis", [-1, 1])
def test_batch_norm_with_relu_is_batch_norm_and_relu(axis: int) -> None:
    scale, shift = RNG.normal(size=X.shape[axis]), RNG.normal(size=X.shape[axis])
    both, *statistics = ops.batch_norm(X, scale, shift, axis=axis, relu=True)
    plain, *expected = ops.batch_norm(X, scale, shift, axis=axis)
    np.testing.assert_array_equal(both.numpy(), ops.relu(plain).numpy())
    for got, want in zip(statistics, expected, strict=True):
        np.testing.assert_array_equal(got.numpy(), want.numpy())


@pytest.mark.parametrize("axis", [-1, 1])
def test_batch_normalization_with_given_moments(axis: int) -> None:
    x = X if axis == -1 else X.transpose(0, 3, 1, 2)
    mean, variance = RNG.normal(size=3), RNG.random(3) + 0.5
    shape = (3,) if axis == -1 else (3, 1, 1)
    expected = (x - mean.reshape(shape)) / np.sqrt(variance.reshape(shape) + 1e-3)
    y = ops.batch_normalization(x, mean, variance, axis, BETA, GAMMA)
    np.testing.assert_allclose(y.numpy(), expected * GAMMA.reshape(shape) + BETA.reshape(shape), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("axis", [-1, 2, (1, 2), (-1, -2, -3)])
def test_layer_norm(axis: object) -> None:
    over = axis if isinstance(axis, tuple) else (axis,)
    expected = (X - X.mean(over, keepdims=True)) / np.sqrt(X.var(over, keepdims=True) + 1e-3)
    np.testing.assert_allclose(ops.layer_norm(X, axis=axis).numpy(), expected, rtol=1e-10, atol=1e-12)


def test_a_sample_does_not_depend_on_its_batch() -> None:
    x = X.astype(np.float32)
    np.testing.assert_array_equal(ops.layer_norm(x).numpy()[2], ops.layer_norm(x[2:3]).numpy()[0])
