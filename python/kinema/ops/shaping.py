"""The same values in another arrangement."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kinema.autograd import Array, Tensor, as_array
from kinema.errors import ArgumentError, ShapeError
from kinema.ops._arrays import all_axes, one_axis, unbroadcast
from kinema.ops._contract import Result, differentiable


@differentiable
def reshape(x: Array, *, newshape: Any) -> Result:
    """The values in order, with other axes; one length may be -1 and follows from the rest.

    Example:
        >>> import kinema
        >>> kinema.ops.reshape([[1, 2], [3, 4]], (-1,)).numpy()
        array([1, 2, 3, 4])
    """
    lengths = tuple(newshape) if isinstance(newshape, (tuple, list)) else (newshape,)
    known = math.prod(length for length in lengths if length != -1)
    free = lengths.count(-1)
    if free > 1 or (known != x.size if not free else known == 0 or x.size % known):
        raise ShapeError(
            f"ops.reshape: an array of shape {x.shape} has {x.size} values, which do not fit into {lengths}"
        )
    shape = x.shape
    return x.reshape(lengths), lambda dy: dy.reshape(shape)


@differentiable
def transpose(x: Array, *, axes: Any = None) -> Result:
    """The axes in another order, reversed when none is given."""
    order = tuple(range(x.ndim))[::-1] if axes is None else all_axes("transpose", axes, x.ndim)
    if len(order) != x.ndim:
        raise ShapeError(f"ops.transpose: axes {axes} leaves out some of the {x.ndim} axes of x: name each once")
    inverse = tuple(np.argsort(order))
    return x.transpose(order), lambda dy: dy.transpose(inverse)


def swapaxes(x: Any, axis1: int, axis2: int) -> Tensor:
    """Two axes in each other's place."""
    ndim = as_array(x).ndim
    order = list(range(ndim))
    first, second = one_axis("swapaxes", axis1, ndim), one_axis("swapaxes", axis2, ndim)
    order[first], order[second] = second, first
    return transpose(x, axes=order)


def moveaxis(x: Any, source: Any, destination: Any) -> Tensor:
    """Axes put into other places, the rest in their order."""
    ndim = as_array(x).ndim
    sources, destinations = all_axes("moveaxis", source, ndim), all_axes("moveaxis", destination, ndim)
    if len(sources) != len(destinations):
        raise ShapeError(f"ops.moveaxis: source {source} and destination {destination} name different numbers of axes")
    order = [axis for axis in range(ndim) if axis not in sources]
    for target, axis in sorted(zip(destinations, sources, strict=True)):
        order.insert(target, axis)
    return transpose(x, axes=order)


@differentiable
def expand_dims(x: Array, *, axis: Any) -> Result:
    """New axes of length 1 at the given places of the result."""
    ndim = x.ndim + (len(axis) if isinstance(axis, (tuple, list)) else 1)
    axes = all_axes("expand_dims", axis, ndim)
    shape = x.shape
    return np.expand_dims(x, axes), lambda dy: dy.reshape(shape)


@differentiable
def squeeze(x: Array, *, axis: Any = None) -> Result:
    """Drops axes of length 1: the given ones, else all."""
    axes = tuple(i for i, n in enumerate(x.shape) if n == 1) if axis is None else all_axes("squeeze", axis, x.ndim)
    for one in axes:
        if x.shape[one] != 1:
            raise ShapeError(f"ops.squeeze: axis {one} of x, which has shape {x.shape}, is not of length 1")
    shape = x.shape
    return x.squeeze(axes), lambda dy: dy.reshape(shape)


@differentiable
def broadcast_to(x: Array, *, shape: Sequence[int]) -> Result:
    """The values repeated along axes of length 1 and new leading axes, without copying."""
    before = x.shape
    try:
        y = np.broadcast_to(x, tuple(shape))
    except ValueError:
        raise ShapeError(f"ops.broadcast_to: shape {before} cannot be broadcast to {tuple(shape)}") from None
    return y, lambda dy: unbroadcast(dy, before)


@differentiable
def flip(x: Array, *, axis: Any = None) -> Result:
    """The order of elements reversed along axes, along all when none is given."""
    axes = all_axes("flip", axis, x.ndim)
    return np.flip(x, axes), lambda dy: np.flip(dy, axes)


@differentiable
def roll(x: Array, *, shift: Any, axis: Any = None) -> Result:
    """Elements moved along axes, those that leave the end entering at the start."""
    back = tuple(-one for one in shift) if isinstance(shift, (tuple, list)) else -shift
    return np.roll(x, shift, axis), lambda dy: np.roll(dy, back, axis)


@differentiable
def repeat(x: Array, *, repeats: Any, axis: int | None = None) -> Result:
    """Every element repeated along an axis; of the flattened values when there is none.

    Args:
        x: The values.
        repeats: How often: one number, or one for every element of the axis.
        axis: The axis.
    """
    shape = x.shape
    flat = x.reshape(-1) if axis is None else x
    along = 0 if axis is None else one_axis("repeat", axis, x.ndim)
    given = as_array(repeats)
    if given.shape not in ((), (1,), flat.shape[along : along + 1]):
        raise ShapeError(f"ops.repeat: repeats {repeats} does not fit axis {axis} of length {flat.shape[along]}")
    counts = np.broadcast_to(given.astype(np.int64), flat.shape[along : along + 1])
    if (counts < 0).any():
        raise ArgumentError(f"ops.repeat: repeats is negative in {repeats}")
    present = np.flatnonzero(counts)
    starts = (np.cumsum(counts) - counts)[present]

    def backward(dy: Array) -> Any:
        dx = np.zeros(flat.shape, dy.dtype)
        if present.size:
            dx[(slice(None),) * along + (present,)] = np.add.reduceat(dy, starts, axis=along)
        return dx.reshape(shape)

    return np.repeat(flat, counts, along), backward


@differentiable
def tile(x: Array, *, repeats: Any) -> Result:
    """The whole array repeated along axes, aligned from the last one."""
    counts = tuple(repeats) if isinstance(repeats, (tuple, list)) else (repeats,)
    ndim = max(len(counts), x.ndim)
    counts = (1,) * (ndim - len(counts)) + counts
    shape = x.shape
    padded = (1,) * (ndim - len(shape)) + shape

    def backward(dy: Array) -> Any:
        split = dy.reshape([n for pair in zip(counts, padded, strict=True) for n in pair])
        return split.sum(axis=tuple(range(0, 2 * ndim, 2))).reshape(shape)

    return np.tile(x, counts), backward


def concatenate(xs: Sequence[Any], axis: int = 0) -> Tensor:
    """Arrays joined along an axis that they have.

    Example:
        >>> import kinema
        >>> kinema.ops.concatenate([[[1, 2]], [[3, 4]]]).numpy()
        array([[1, 2],
               [3, 4]])
    """
    _check_list("concatenate", xs)
    return _concatenate(*xs, axis=axis)


def stack(x: Sequence[Any], axis: int = 0) -> Tensor:
    """Arrays of one shape joined along a new axis."""
    _check_list("stack", x)
    return _stack(*x, axis=axis)


def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """Parts of an array along an axis, without copying.

    Args:
        x: The array.
        indices_or_sections: A number of equal parts, or the indices where parts begin.
        axis: The axis.
    """
    return list(_split(x, indices_or_sections=indices_or_sections, axis=axis))


def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """The elements along an axis, each without that axis."""
    length = as_array(x).shape[one_axis("unstack", axis, as_array(x).ndim)] if num is None else num
    return [squeeze(part, axis=axis) for part in split(x, length, axis)]


@differentiable
def _concatenate(*arrays: Array, axis: int) -> Result:
    along = one_axis("concatenate", axis, arrays[0].ndim)
    rest = [array.shape[:along] + array.shape[along + 1 :] for array in arrays]
    if any(shape != rest[0] for shape in rest):
        raise ShapeError(
            f"ops.concatenate: shapes {[array.shape for array in arrays]} differ in another axis than {axis}, "
            "along which they are joined"
        )
    ends = np.cumsum([array.shape[along] for array in arrays])[:-1]
    return np.concatenate(arrays, along), lambda dy: tuple(np.split(dy, ends, along))


@differentiable
def _stack(*arrays: Array, axis: int) -> Result:
    if any(array.shape != arrays[0].shape for array in arrays):
        raise ShapeError(f"ops.stack: arrays of one shape are needed, got {[array.shape for array in arrays]}")
    along = one_axis("stack", axis, arrays[0].ndim + 1)
    return np.stack(arrays, along), lambda dy: tuple(np.moveaxis(dy, along, 0))


@differentiable
def _split(x: Array, *, indices_or_sections: Any, axis: int) -> Result:
    along = one_axis("split", axis, x.ndim)
    if isinstance(indices_or_sections, (int, np.integer)) and (
        indices_or_sections < 1 or x.shape[along] % indices_or_sections
    ):
        raise ShapeError(
            f"ops.split: axis {axis} of x, which has shape {x.shape}, "
            f"cannot be cut into {indices_or_sections} equal parts"
        )
    parts = tuple(np.split(x, indices_or_sections, along))
    shapes = [part.shape for part in parts]
    dtype = x.dtype

    def backward(gradients: Any) -> Array:
        given = gradients if isinstance(gradients, tuple) else (gradients,)
        filled = [np.zeros(s, dtype) if g is None else g for g, s in zip(given, shapes, strict=True)]
        return np.concatenate(filled, along)

    return parts, backward


def _check_list(op: str, arrays: Any) -> None:
    if not isinstance(arrays, (list, tuple)) or not arrays:
        raise ArgumentError(f"ops.{op} takes a list of at least one tensor, not {type(arrays).__name__} {arrays!r:.60}")
