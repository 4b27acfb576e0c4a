"""`kinema.set_precision`: what "fast" may round, and that "exact" does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import GradientTape, Tensor, ops
from kinema.errors import ArgumentError

Array = np.ndarray[Any, np.dtype[Any]]
#: The largest relative l2 errors of outputs, input gradients and kernel gradients.
BOUNDS = (2e-6, 2e-6, 5e-6)


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = kinema.get_precision()
    yield
    kinema.set_precision(before)


def _error(got: Array, expected: Array) -> float:
    return float(np.linalg.norm(got.astype("float64") - expected) / np.linalg.norm(expected))


def _everything(function: Any, dtype: str, channels: int, filters: int, seed: int) -> list[Array]:
    """Output, input gradient and kernel gradient, from data that single precision holds."""
    rng = np.random.default_rng(seed)
    x = Tensor(rng.normal(size=(3, 14, 18, channels)).astype("float32").astype(dtype))
    w = Tensor((rng.normal(size=(3, 3, channels, filters)) / channels**0.5).astype("float32").astype(dtype))
    with GradientTape() as tape:
        tape.watch([x, w])
        y = function(x, w)
    dy = np.random.default_rng(seed + 1).normal(size=y.shape).astype("float32").astype(dtype)
    return [y.numpy(), *(gradient.numpy() for gradient in tape.gradient(y, [x, w], output_gradients=dy))]


@pytest.mark.parametrize(("channels", "filters"), [(16, 16), (64, 32), (512, 48)])
def test_fast_stays_within_its_error_bounds(channels: int, filters: int) -> None:
    exact = _everything(ops.conv2d, "float64", channels, filters, 0)
    errors = {}
    for precision in ("exact", "fast"):
        kinema.set_precision(precision)
        got = _everything(ops.conv2d, "float32", channels, filters, 0)
        errors[precision] = [_error(a, b) for a, b in zip(got, exact, strict=True)]
    for fast, direct, bound in zip(errors["fast"], errors["exact"], BOUNDS, strict=True):
        assert fast < bound
        assert fast < 4 * direct


def test_pooling_behind_the_convolution_has_the_same_bounds() -> None:
    def pooled(x: Any, w: Any) -> Any:
        return ops.conv2d_pool(x, w, pool_size=2, activation="relu")

    exact = _everything(pooled, "float64", 32, 32, 2)
    got = _everything(pooled, "float32", 32, 32, 2)
    assert all(_error(a, b) < bound for a, b, bound in zip(got, exact, BOUNDS, strict=True))


def test_double_precision_is_always_exact() -> None:
    results = []
    for precision in ("exact", "fast"):
        kinema.set_precision(precision)
        results.append(_everything(ops.conv2d, "float64", 32, 32, 4))
    assert all(np.array_equal(a, b) for a, b in zip(*results, strict=True))


def test_the_default_is_fast_and_other_names_are_refused() -> None:
    assert kinema.get_precision() == "fast"
    with pytest.raises(ArgumentError, match=r'^kinema: the precision must be \'exact\' or \'fast\', but got "double"'):
        kinema.set_precision("double")
