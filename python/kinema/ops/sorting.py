"""Values in order: sorted, the largest ones, and the places of values among others."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema.autograd import Array, Tensor, as_array
from kinema.errors import ArgumentError, ShapeError
from kinema.ops._arrays import one_axis
from kinema.ops._contract import not_differentiable
from kinema.ops.creation import convert_to_tensor
from kinema.ops.indexing import take_along_axis
from kinema.ops.shaping import reshape


def sort(x: Any, axis: int | None = -1) -> Tensor:
    """Values along an axis from the smallest to the largest; of the flattened values when the axis is None.

    Example:
        >>> import kinema
        >>> kinema.ops.sort([3.0, 1.0, 2.0]).numpy()
        array([1., 2., 3.], dtype=float32)
    """
    values, along = _flat_without_axis(x, axis)
    return take_along_axis(values, argsort(values, axis=along), axis=along)


@not_differentiable
def argsort(x: Array, *, axis: int | None = -1) -> Array:
    """The indices that sort the values along an axis, equal values in their order; see `sort`."""
    along = None if axis is None else one_axis("argsort", axis, x.ndim)
    return np.argsort(x, axis=along, kind="stable").astype(np.int32)


@not_differentiable
def argpartition(x: Array, *, kth: int, axis: int = -1) -> Array:
    """Indices along an axis that bring the `kth` smallest value to its place, smaller ones before it."""
    return np.argpartition(x, kth, one_axis("argpartition", axis, x.ndim)).astype(np.int32)


def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Tensor, Tensor]:
    """The k largest values of the last axis, the largest first, and their indices.

    Args:
        x: The values.
        k: How many.
        sorted: Whether the order matters. They come sorted either way.

    Example:
        >>> import kinema
        >>> values, indices = kinema.ops.top_k([1.0, 4.0, 2.0], 2)
        >>> values.numpy(), indices.numpy()
        (array([4., 2.], dtype=float32), array([1, 2], dtype=int32))
    """
    values = convert_to_tensor(x)
    indices = _largest(values, k=k)
    return take_along_axis(values, indices, axis=-1), indices


@not_differentiable
def in_top_k(targets: Array, predictions: Array, *, k: int) -> Array:
    """Whether the class of each row is among the k with the largest predictions; equal ones share a place.

    Args:
        targets: Class numbers (batch,).
        predictions: A number for each class (batch, classes).
        k: How many places count.
    """
    if predictions.ndim != 2 or targets.shape != predictions.shape[:1]:
        raise ShapeError(
            f"ops.in_top_k: targets has shape {targets.shape} and predictions {predictions.shape}, "
            "expected (batch,) and (batch, classes)"
        )
    classes = targets.astype(np.int64)
    known = (classes >= 0) & (classes < predictions.shape[1])
    scores = np.take_along_axis(predictions, np.where(known, classes, 0)[:, None], 1)
    return np.asarray(known & np.isfinite(scores[:, 0]) & ((predictions > scores).sum(1) < k))


@not_differentiable
def searchsorted(sorted_sequence: Array, values: Array, *, side: str = "left") -> Array:
    """Where each value would have to be inserted to keep a sequence sorted.

    Args:
        sorted_sequence: Numbers in order, one axis.
        values: The values.
        side: "left" for the first such place, "right" for the last.
    """
    if sorted_sequence.ndim != 1:
        raise ShapeError(f"ops.searchsorted: sorted_sequence has shape {sorted_sequence.shape}, expected one axis")
    if side not in ("left", "right"):
        raise ArgumentError(f"ops.searchsorted: side is 'left' or 'right', not {side!r}")
    return np.searchsorted(sorted_sequence, values, side="right" if side == "right" else "left").astype(np.int32)


def digitize(x: Any, bins: Any) -> Tensor:
    """The number of the bin that each value lies in: how many of the bins' borders are not above it.

    Args:
        x: The values.
        bins: The borders in order.
    """
    numbers: Tensor = searchsorted(bins, x, side="right")
    return numbers


def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Tensor:
    """How often each whole number from 0 on comes, or the sum of its weights.

    Args:
        x: Whole numbers from 0 on, in one axis, or in several rows that are counted apart.
        weights: What each of them counts, 1 when None.
        minlength: The least number of counts.
        sparse: False, as there are no sparse tensors.
    """
    if sparse:
        raise ArgumentError("ops.bincount: sparse=True is not supported: there are no sparse tensors")
    values = as_array(x)
    if values.dtype.kind not in "iub" or values.ndim not in (1, 2) or (values.size and values.min() < 0):
        raise ArgumentError(
            "ops.bincount: x holds whole numbers from 0 on in one or two axes, "
            f"not {values.dtype} of shape {values.shape}"
        )
    given = None if weights is None else as_array(convert_to_tensor(weights))
    length = max(int(values.max()) + 1 if values.size else 0, minlength)
    rows = values.reshape(-1, values.shape[-1])
    counts = [
        np.bincount(row, None if given is None else given.reshape(rows.shape)[i], length) for i, row in enumerate(rows)
    ]
    shape = (*values.shape[:-1], length)
    return Tensor(np.array(counts).reshape(shape).astype(np.int32 if given is None else given.dtype))


@not_differentiable
def _largest(x: Array, *, k: int) -> Array:
    if not x.ndim or not 0 <= k <= x.shape[-1]:
        raise ShapeError(f"ops.top_k: k is {k}, but the last axis of x, which has shape {x.shape}, is shorter")
    backwards = np.argsort(x[..., ::-1], axis=-1, kind="stable")[..., ::-1][..., :k]
    return np.asarray(x.shape[-1] - 1 - backwards, np.int32)


def _flat_without_axis(x: Any, axis: int | None) -> tuple[Tensor, int]:
    return (reshape(x, -1), 0) if axis is None else (convert_to_tensor(x), axis)
