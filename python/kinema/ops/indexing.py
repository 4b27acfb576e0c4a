"""Parts of tensors, chosen by slices, by indices or by rows."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kinema import _rust
from kinema.autograd import Array, Tensor, Variable, as_array
from kinema.errors import ArgumentError, DTypeError, ShapeError
from kinema.ops._arrays import dtype_of, native, one_axis
from kinema.ops._contract import Result, differentiable, not_differentiable
from kinema.ops.shaping import moveaxis, reshape


def getitem(x: Any, key: Any) -> Tensor:
    """`x[key]` with NumPy's rules: slices give views, arrays of indices and masks gather."""
    return _getitem(x, key=_plain(key))


def slice(inputs: Any, start_indices: Sequence[int], shape: Sequence[int]) -> Tensor:
    """The block that begins at `start_indices` and has that shape; -1 goes on to the axis's end."""
    array = as_array(inputs)
    starts, lengths = tuple(int(i) for i in start_indices), tuple(int(n) for n in shape)
    if len(starts) == len(lengths) == array.ndim:
        lengths = tuple(have - i if n == -1 else n for i, n, have in zip(starts, lengths, array.shape, strict=True))
    if len(starts) != array.ndim or len(lengths) != array.ndim:
        raise ShapeError(
            f"ops.slice: start_indices {starts} and shape {lengths} need one entry for each of {array.ndim} axes"
        )
    if any(i < 0 or n < 0 or i + n > have for i, n, have in zip(starts, lengths, array.shape, strict=True)):
        raise ShapeError(
            f"ops.slice: a block of shape {lengths} at {starts} reaches outside an array of shape {array.shape}"
        )
    return _getitem(inputs, key=tuple(builtins.slice(i, i + n) for i, n in zip(starts, lengths, strict=True)))


def take(x: Any, indices: Any, axis: int | None = None) -> Tensor:
    """Elements along an axis, by index; of the flattened values when there is none.

    Args:
        x: The values.
        indices: Whole numbers of any shape, which replaces the axis. Negative ones count from the end.
        axis: The axis.

    Example:
        >>> import kinema
        >>> kinema.ops.take([10.0, 20.0, 30.0], [2, 0]).numpy()
        array([30., 10.], dtype=float32)
    """
    if axis is None:
        return take_rows(reshape(x, -1), indices)
    along = one_axis("take", axis, as_array(x).ndim)
    if along == 0:
        return take_rows(x, indices)
    taken = take_rows(moveaxis(x, along, 0), indices)
    added = as_array(indices).ndim
    return moveaxis(taken, tuple(range(added)), tuple(range(along, along + added)))


@differentiable(promote=False)
def take_rows(x: Array, indices: Array) -> Result:
    """Elements along the first axis, by index.

    Args:
        x: The values.
        indices: Whole numbers of any shape, which replaces the first axis. Negative ones count from the end.
    """
    if not x.ndim:
        raise ShapeError("ops.take_rows: x is a single number, which has no rows")
    index = _whole("take_rows", indices, x.shape[0])
    flat = index.reshape(-1)
    inner, count = x.shape[1:], len(x)
    if x.dtype.char not in "fd":
        return x[index], lambda dy: (None, None)

    def backward(dy: Array) -> Any:
        rows = native(dy).reshape(len(flat), math.prod(inner))
        return lambda: _rust.scatter_add_rows(rows, flat, count).reshape((count, *inner)), None

    taken = _rust.take_rows(native(x).reshape(count, math.prod(inner)), flat)
    return taken.reshape((*index.shape, *inner)), backward


def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Tensor:
    """For every position, the element along the axis that the index there names; other axes are broadcast.

    Args:
        x: The values.
        indices: Whole numbers, with as many axes as `x`.
        axis: The axis; without one, both are flattened first.
    """
    if axis is None:
        return _take_along_axis(reshape(x, -1), reshape(indices, -1), axis=0)
    return _take_along_axis(x, indices, axis=axis)


@differentiable(promote=False)
def _take_along_axis(x: Array, indices: Array, *, axis: int) -> Result:
    along = one_axis("take_along_axis", axis, x.ndim)
    index = _whole("take_along_axis", indices, x.shape[along])
    if index.ndim != x.ndim:
        raise ShapeError(f"ops.take_along_axis: indices {index.shape} need as many axes as x {x.shape}")
    shape = x.shape
    others = np.broadcast_shapes(
        tuple(1 if i == along else n for i, n in enumerate(shape)),
        tuple(1 if i == along else n for i, n in enumerate(index.shape)),
    )
    index = np.broadcast_to(index, tuple(index.shape[along] if i == along else n for i, n in enumerate(others)))
    where = [
        np.broadcast_to(0, ()) if n == 1 else axis
        for n, axis in zip(shape, np.ogrid[tuple(map(builtins.slice, index.shape))], strict=True)
    ]
    where[along] = index

    def backward(dy: Array) -> Any:
        dx = np.zeros(shape, dy.dtype)
        np.add.at(dx, tuple(where), dy)
        return dx, None

    return np.take_along_axis(x, index, along), backward


@not_differentiable
def one_hot(x: Array, *, num_classes: int, axis: int = -1, dtype: DTypeLike | None = None) -> Array:
    """Vectors with a one at the index and zeros elsewhere; an index out of range gives zeros.

    Args:
        x: Whole numbers.
        num_classes: The length of the vectors.
        axis: The place of the new axis.
        dtype: The element type, float32 when None.

    Example:
        >>> import kinema
        >>> kinema.ops.one_hot([0, 2], 3).numpy()
        array([[1., 0., 0.],
               [0., 0., 1.]], dtype=float32)
    """
    hot = x[..., None] == np.arange(num_classes)
    return np.moveaxis(hot.astype(dtype_of(dtype)), -1, one_axis("one_hot", axis, hot.ndim))


def multi_hot(
    inputs: Any,
    num_classes: int | None = None,
    axis: int = -1,
    dtype: DTypeLike | None = None,
    sparse: bool = False,
    **kwargs: Any,
) -> Tensor:
    """Vectors with a one at every index of a sample and zeros elsewhere; indices out of range are left out.

    Args:
        inputs: Whole numbers, those of a sample on the second axis, or on the only one.
        num_classes: The length of the vectors.
        axis: The place of the new axis.
        dtype: The element type, float32 when None.
        sparse: False, as there are no sparse tensors.
        **kwargs: `num_tokens`, an older name of `num_classes`.

    Example:
        >>> import kinema
        >>> kinema.ops.multi_hot([0, 2], 4).numpy()
        array([1., 0., 1., 0.], dtype=float32)
    """
    classes = kwargs.get("num_tokens") if num_classes is None else num_classes
    if classes is None or kwargs.keys() - {"num_tokens"} or sparse:
        raise ArgumentError(
            f"ops.multi_hot: got num_classes={num_classes!r}, sparse={sparse!r} and {sorted(kwargs)}: "
            "give the number of classes, and nothing else besides axis and dtype"
        )
    hot = one_hot(inputs, classes, axis, dtype).numpy()
    return Tensor(hot.max(axis=1 if as_array(inputs).ndim > 1 else 0))


@differentiable(promote=False)
def _getitem(x: Array, *, key: Any) -> Result:
    shape = x.shape
    try:
        y = x[key]
    except IndexError as error:
        raise _IndexShapeError(f"index {key!r} does not fit a tensor of shape {shape}: {error}") from None

    def backward(dy: Array) -> Any:
        dx = np.zeros(shape, dy.dtype)
        if _repeats(key):
            np.add.at(dx, key, dy)
        else:
            dx[key] = dy
        return dx

    return y, backward


def nonzero(x: Any) -> tuple[Tensor, ...]:
    """The places of values that are not zero: for each axis their indices."""
    return tuple(Tensor(index.astype(np.int32)) for index in as_array(x).nonzero())


class _IndexShapeError(ShapeError, IndexError):
    """Also what loops over sequences catch."""


def _plain(key: Any) -> Any:
    if isinstance(key, tuple):
        return tuple(_plain(part) for part in key)
    if isinstance(key, (Tensor, Variable)):
        array = as_array(key)
        return array if array.ndim or array.dtype.kind not in "iu" else int(array)
    return key


def _repeats(key: Any) -> bool:
    """Whether the key may name an element twice: only sequences of indices can."""
    parts = key if isinstance(key, tuple) else (key,)
    return any(isinstance(part, (tuple, list, np.ndarray)) and np.asarray(part).dtype.kind in "iu" for part in parts)


def _whole(op: str, indices: Array, length: int) -> Array:
    """Indices counted from the front, checked."""
    if indices.dtype.kind not in "iu":
        raise DTypeError(f"ops.{op}: indices are whole numbers, not {indices.dtype}: cast them, for example to 'int64'")
    if indices.size and not (-length <= indices.min() and indices.max() < length):
        raise ArgumentError(
            f"ops.{op}: indices from {indices.min()} to {indices.max()} reach outside an axis of length {length}"
        )
    index = indices.astype(np.int64, copy=False)
    return native(np.where(index < 0, index + length, index) if index.size and index.min() < 0 else index)


# Keras's name.
get_item = getitem
