"""Initialisers that draw from a distribution, and the draws themselves."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kinema import config, random
from kinema.autograd import Array, Tensor
from kinema.errors import ArgumentError
from kinema.initializers.initializer import MODULE, Initializer
from kinema.saving.registry import builtin

#: Streams of initialisers lie in the upper half, away from those of layers that draw while training.
_STREAMS = 1 << 31


class RandomInitializer(Initializer):
    """What draws at random.

    Args:
        seed: A seed gives the same values at every call. Without one, every call draws anew from the process-wide seed
            (`kinema.utils.set_random_seed`).
    """

    def __init__(self, seed: int | None = None) -> None:
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0):
            raise ArgumentError(f"{type(self).__name__}: seed must be a non-negative integer or None, got {seed!r}")
        self.seed = None if seed is None else int(seed)

    def key(self) -> random.RandomKey:
        """What the next call's draw depends on."""
        if self.seed is None:
            return random.RandomKey(random.global_seed(), _STREAMS + random.next_stream())
        return random.RandomKey(self.seed, _STREAMS)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}


@builtin(MODULE, "random_uniform", "uniform")
class RandomUniform(RandomInitializer):
    """Evenly distributed numbers.

    Args:
        minval: The least value.
        maxval: The bound above.
        seed: See `RandomInitializer`.

    Example:
        >>> import kinema
        >>> values = kinema.initializers.RandomUniform(2.0, 3.0, seed=1)((100,)).numpy()
        >>> bool(((values >= 2) & (values < 3)).all())
        True
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.minval = minval
        self.maxval = maxval

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        return Tensor(uniform(shape, self.minval, self.maxval, self.key(), dtype))

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed, "minval": self.minval, "maxval": self.maxval}


@builtin(MODULE, "random_normal", "normal")
class RandomNormal(RandomInitializer):
    """Normally distributed numbers.

    Args:
        mean: Their mean.
        stddev: Their standard deviation.
        seed: See `RandomInitializer`.

    Example:
        >>> import kinema
        >>> kinema.initializers.RandomNormal(seed=1)((3, 2)).shape
        (3, 2)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.mean = mean
        self.stddev = stddev

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        return Tensor(scaled(normal(shape, self.key(), dtype), self.mean, self.stddev))

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed, "mean": self.mean, "stddev": self.stddev}


@builtin(MODULE, "truncated_normal")
class TruncatedNormal(RandomNormal):
    """Normally distributed numbers, redrawn where they lie more than two standard deviations from the mean.

    Args:
        mean: The mean before the cut.
        stddev: The standard deviation before the cut.
        seed: See `RandomInitializer`.

    Example:
        >>> import kinema
        >>> values = kinema.initializers.TruncatedNormal(stddev=1.0, seed=1)((1000,)).numpy()
        >>> bool(abs(values).max() <= 2)
        True
    """

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        return Tensor(scaled(truncated_normal(shape, self.key(), dtype), self.mean, self.stddev))


def uniform(
    shape: Sequence[int], low: float, high: float, key: random.RandomKey, dtype: DTypeLike | None = None
) -> Array:
    """Even in [low, high)."""
    return scaled(_draw(random.draw_uniform, shape, key, dtype), low, high - low)


def normal(shape: Sequence[int], key: random.RandomKey, dtype: DTypeLike | None = None) -> Array:
    """Standard normal."""
    return _draw(random.draw_normal, shape, key, dtype)


def truncated_normal(shape: Sequence[int], key: random.RandomKey, dtype: DTypeLike | None = None) -> Array:
    """Standard normal, redrawn where the magnitude exceeds 2."""
    values = normal(shape, key, dtype)
    for attempt in itertools.count(1):
        outside = np.abs(values) > 2
        if not outside.any():
            break
        again = dataclasses.replace(key, step=attempt)
        values[outside] = normal((int(outside.sum()),), again, dtype)
    return values


def scaled(values: Array, offset: float, factor: float) -> Array:
    """`values * factor + offset` in the values' own type."""
    kind = values.dtype.type
    shifted: Array = values * kind(factor) + kind(offset)
    return shifted


def _draw(source: Callable[..., Array], shape: Sequence[int], key: random.RandomKey, dtype: DTypeLike | None) -> Array:
    # A weight is one sample: its elements come in one run, whatever its shape.
    target = np.dtype(dtype or config.floatx())
    flat = source((1, math.prod(shape)), key, np.float64 if target == np.float64 else np.float32)
    return np.array(flat, dtype=target).reshape(tuple(shape))
