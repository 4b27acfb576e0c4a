"""Mean and variance of data that comes in pieces."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from kinema.autograd import Array, Tensor, as_array
from kinema.errors import DataError, DTypeError, ShapeError

#: How many numbers are looked at together: what double precision needs for them stays in the cache's reach.
_PIECE = 1 << 20


class RunningMoments:
    """Mean and variance over all axes but some, in one pass and in double precision.

    Args:
        keep_axes: The axes to keep, counted from the front.
    """

    def __init__(self, keep_axes: tuple[int, ...]) -> None:
        self._keep = keep_axes
        self._count = 0
        self._mean: Any = 0.0
        self._distance: Any = 0.0

    def add(self, batch: Array) -> None:
        """Takes in some samples, along axis 0."""
        if not batch.size:
            return
        samples = max(1, _PIECE // max(1, math.prod(batch.shape[1:])))
        for start in range(0, len(batch), samples):
            self._add_piece(batch[start : start + samples].astype(np.float64))

    def result(self) -> tuple[Array, Array]:
        """The mean and the variance, divided by the number of values."""
        if not self._count:
            raise DataError("adapt got no data: give it an array, or a generator or dataset that yields batches")
        return np.asarray(self._mean), np.asarray(self._distance / self._count)

    def _add_piece(self, piece: Array) -> None:
        axes = tuple(axis for axis in range(piece.ndim) if axis not in self._keep)
        count = math.prod(piece.shape[axis] for axis in axes)
        mean = piece.mean(axis=axes)
        kept = tuple(slice(None) if axis in self._keep else None for axis in range(piece.ndim))
        distance = np.square(piece - mean[kept]).sum(axis=axes)
        total = self._count + count
        # Two sets of values joined: each keeps its distances, and both move to the common mean.
        gap = mean - self._mean
        self._distance = self._distance + distance + np.square(gap) * (self._count * count / total)
        self._mean = self._mean + gap * (count / total)
        self._count = total


def data_batches(data: Any, steps: int | None) -> Iterator[Array]:
    """The inputs in some data: an array is one batch, a generator or dataset yields them, alone or before targets."""
    if isinstance(data, (np.ndarray, Tensor)) or (isinstance(data, (list, tuple)) and not _holds_batches(data)):
        yield _checked(data)
        return
    if not isinstance(data, Iterable):
        raise DTypeError(
            f"adapt takes an array, or a generator or dataset that yields batches, not a {type(data).__name__}"
        )
    for number, item in enumerate(data):
        if steps is not None and number >= steps:
            return
        yield _checked(item[0] if isinstance(item, (tuple, list)) else item)


def _holds_batches(items: Any) -> bool:
    return bool(items) and isinstance(items[0], (np.ndarray, Tensor, tuple)) and np.ndim(as_array(_first(items))) > 1


def _first(items: Any) -> Any:
    return items[0][0] if isinstance(items[0], tuple) else items[0]


def _checked(batch: Any) -> Array:
    if isinstance(batch, (list, tuple)) and len({np.ndim(one) for one in batch}) > 1:
        raise DataError(
            f"adapt got batches of {len(batch)} inputs, and a layer has one: give it the batches of that, such as "
            "layer.adapt(x[1] for x, y in data)"
        )
    array = as_array(batch)
    if array.dtype.kind not in "fiub":
        raise DTypeError(f"adapt computes with numbers, but got data of type {array.dtype}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise DataError("adapt got data with NaN or infinite numbers: remove them first, their mean would be NaN too")
    if not array.ndim:
        raise ShapeError("adapt takes batches of samples, not single numbers")
    mask = batch.mask if isinstance(batch, Tensor) else None
    return array if mask is None else array[mask][:, None]  # steps that were filled up do not count
