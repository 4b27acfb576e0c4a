"""Randomness as a function of a key: the same key draws the same numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kinema import _rust
from kinema.autograd import Array
from kinema.errors import ArgumentError, ShapeError
from kinema.ops._arrays import floating, native
from kinema.ops._contract import Result, differentiable
from kinema.random import RandomKey


@differentiable
def dropout(x: Array, *, rate: float, key: RandomKey, noise_shape: Sequence[int | None] | None = None) -> Result:
    """Sets a random share of the elements to zero and divides the rest by the share that is kept.

    Args:
        x: The values, samples along the first axis: what is dropped of a sample depends on its number, not its batch.
        rate: The share to drop, from 0 up to but not 1.
        key: What the draw depends on.
        noise_shape: The shape of the draw, which is broadcast over `x`; None as a length stands for the length in `x`.
    """
    if not 0 <= rate < 1:
        raise ArgumentError(f"ops.dropout: rate is a number from 0 up to but not 1, not {rate!r}")
    x = floating(x)
    if rate == 0:
        return x, lambda dy: dy
    if noise_shape is None:
        return _drop(x, rate, key), lambda dy: _drop(dy, rate, key)
    kept = dropout_mask(_filled(noise_shape, x.shape), rate, key, x.dtype)
    return x * kept, lambda dy: dy * kept


def dropout_mask(shape: Sequence[int], rate: float, key: RandomKey, dtype: DTypeLike = np.float32) -> Array:
    """What dropout multiplies with: zeros, and ones divided by the share that is kept."""
    return _drop(np.ones(tuple(shape), dtype), rate, key)


def _drop(x: Array, rate: float, key: RandomKey) -> Array:
    samples = x.shape[0] if x.ndim else 1
    matrix = native(x).reshape(samples, math.prod(x.shape[1:]))
    dropped: Any = _rust.dropout(matrix, rate, key.seed, key.stream, key.step, key.first_sample)
    return np.asarray(dropped).reshape(x.shape)


def _filled(noise_shape: Sequence[int | None], shape: tuple[int, ...]) -> tuple[int, ...]:
    if len(noise_shape) != len(shape):
        raise ShapeError(
            f"ops.dropout: noise_shape {tuple(noise_shape)} needs {len(shape)} entries for x of shape {shape}"
        )
    filled = tuple(n if drawn is None else drawn for drawn, n in zip(noise_shape, shape, strict=True))
    if any(drawn not in (1, n) for drawn, n in zip(filled, shape, strict=True)):
        raise ShapeError(
            f"ops.dropout: noise_shape {tuple(noise_shape)} does not fit x of shape {shape}: entries are 1 or equal"
        )
    return filled
