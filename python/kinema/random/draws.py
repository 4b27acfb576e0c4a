"""The functions of `keras.random`.

A whole number as seed gives the same numbers in every call. A `SeedGenerator` gives new ones in every call, which
within a training step depend on the model's seed, the step and the sample's number alone, as those of layers do.
Without a seed the numbers come from a generator that all such calls share.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kinema import config
from kinema.autograd import Tensor, as_array
from kinema.errors import ArgumentError
from kinema.random.keys import RandomKey, draw_normal, draw_uniform, global_seed, next_stream, surrounding_key


class SeedGenerator:
    """Tells one draw from the next, where the same call is to give other numbers each time.

    Args:
        seed: A whole number, or None to follow the seed of the process, and within a training step that of the model.
        name: Accepted for Keras's sake.

    Example:
        >>> import kinema
        >>> seeds = kinema.random.SeedGenerator(3)
        >>> first, second = (kinema.random.uniform((2,), seed=seeds).numpy() for _ in range(2))
        >>> bool((first != second).all())
        True
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **_: Any) -> None:
        self.seed = seed
        self.name = name or "seed_generator"
        self._number = next_stream() if seed is None else 0
        self._step: tuple[int, int] | None = None
        self._within_step = self._outside = 0

    def key(self) -> RandomKey:
        """The key of the next draw."""
        scope = surrounding_key()
        if scope is None and self.seed is None:
            return RandomKey(global_seed(), self._stream("outside", 0), next_stream())
        if scope is None:
            self._outside += 1
            return RandomKey(self.seed or 0, self._stream("outside", self._outside))
        if self._step != (scope.seed, scope.step):
            self._step, self._within_step = (scope.seed, scope.step), 0
        self._within_step += 1
        stream = self._stream("within a step", self._within_step)
        return RandomKey(scope.seed if self.seed is None else self.seed, stream, scope.step, scope.first_sample)

    def _stream(self, where: str, draw: int) -> int:
        return zlib.crc32(f"{where} {self._number} {draw}".encode())

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, for a file."""
        return {"seed": self.seed}


Seed = int | SeedGenerator | None
_shared = SeedGenerator()


def normal(
    shape: Sequence[int], mean: float = 0.0, stddev: float = 1.0, dtype: DTypeLike | None = None, seed: Seed = None
) -> Tensor:
    """Normally distributed numbers.

    Args:
        shape: The shape of the result.
        mean: Their mean.
        stddev: Their standard deviation.
        dtype: Their type, that of `kinema.config.floatx()` when None.
        seed: A whole number, a `SeedGenerator`, or None.

    Example:
        >>> import kinema
        >>> kinema.random.normal((2, 3), seed=7).shape
        (2, 3)
    """
    drawn = draw_normal(tuple(shape), _key(seed), _floating("normal", dtype))
    return Tensor(drawn * drawn.dtype.type(stddev) + drawn.dtype.type(mean))


def truncated_normal(
    shape: Sequence[int], mean: float = 0.0, stddev: float = 1.0, dtype: DTypeLike | None = None, seed: Seed = None
) -> Tensor:
    """Normally distributed numbers, drawn again where they lie more than two standard deviations from the mean."""
    from kinema.initializers import distributions

    drawn = distributions.truncated_normal(tuple(shape), _key(seed), _floating("truncated_normal", dtype))
    return Tensor(drawn * drawn.dtype.type(stddev) + drawn.dtype.type(mean))


def uniform(
    shape: Sequence[int], minval: float = 0.0, maxval: float = 1.0, dtype: DTypeLike | None = None, seed: Seed = None
) -> Tensor:
    """Numbers from `minval` up to but not `maxval`, all equally likely; see `normal` for the other arguments."""
    drawn = draw_uniform(tuple(shape), _key(seed), _floating("uniform", dtype))
    return Tensor(drawn * drawn.dtype.type(maxval - minval) + drawn.dtype.type(minval))


def randint(shape: Sequence[int], minval: int, maxval: int, dtype: DTypeLike = "int32", seed: Seed = None) -> Tensor:
    """Whole numbers from `minval` up to but not `maxval`, all equally likely."""
    if minval >= maxval:
        raise ArgumentError(f"random.randint: minval={minval} must be below maxval={maxval}")
    drawn = draw_uniform(tuple(shape), _key(seed), "float64")
    return Tensor((np.floor(drawn * (maxval - minval)) + minval).astype(dtype))


def categorical(logits: Any, num_samples: int, dtype: DTypeLike = "int32", seed: Seed = None) -> Tensor:
    """Numbers of classes.

    Args:
        logits: (batch, classes): the logarithms of what each class is as likely as, up to a constant.
        num_samples: How many are drawn of each row.
        dtype: The type of the result (batch, num_samples).
        seed: See `normal`.
    """
    scores = as_array(logits)
    drawn = draw_uniform((len(scores), num_samples, scores.shape[1]), _key(seed), "float64")
    gumbel = -np.log(-np.log(np.clip(drawn, np.finfo(np.float64).tiny, None)))
    return Tensor((scores[:, None, :] + gumbel).argmax(axis=-1).astype(dtype))


def shuffle(x: Any, axis: int = 0, seed: Seed = None) -> Tensor:
    """The same values in another order along an axis."""
    array = as_array(x)
    order = np.argsort(draw_uniform((array.shape[axis],), _key(seed), "float64"), kind="stable")
    return Tensor(np.take(array, order, axis=axis))


def dropout(inputs: Any, rate: float, noise_shape: Sequence[int | None] | None = None, seed: Seed = None) -> Tensor:
    """Sets a random share of the elements to zero and divides the rest by the share that is kept."""
    from kinema import ops

    dropped: Tensor = ops.dropout(inputs, rate=rate, key=_key(seed), noise_shape=noise_shape)
    return dropped


def _key(seed: Seed) -> RandomKey:
    if seed is None:
        seed = _shared
    return seed.key() if isinstance(seed, SeedGenerator) else RandomKey(int(seed))


def _floating(function: str, dtype: DTypeLike | None) -> Any:
    wanted = np.dtype(config.floatx() if dtype is None else dtype)
    if wanted.char not in "fd":
        raise ArgumentError(f"random.{function}: dtype is 'float32' or 'float64', not {wanted.name!r}")
    return wanted
