"""What ops need of arrays before they compute: axes in range, shapes that meet, types and layouts the kernels take."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kinema import _rust
from kinema.autograd import Array
from kinema.errors import DTypeError, ShapeError


def floating(x: Array) -> Array:
    """The array itself when it is float32 or float64, else as float32."""
    return x if x.dtype.char in "fd" else x.astype(np.float32)


def native(x: Array) -> Array:
    """The array as kernels take it: C-contiguous and aligned; copied only where it is not."""
    flags = x.flags
    return x if flags.c_contiguous and flags.aligned else np.array(x, order="C")


def rows(x: Array) -> Array:
    """A contiguous matrix of the last axis's vectors."""
    return native(x).reshape(-1, x.shape[-1]) if x.size else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def dtype_of(dtype: DTypeLike | None, default: DTypeLike = np.float32) -> np.dtype[Any]:
    """The NumPy type behind a name; Keras's names are NumPy's."""
    try:
        return np.dtype(default if dtype is None else dtype)
    except TypeError as error:
        raise DTypeError(f"{dtype!r} is not a NumPy dtype: use a name such as 'float32', 'int64' or 'bool'") from error


def one_axis(op: str, axis: int, ndim: int) -> int:
    """The axis counted from the front, checked."""
    if not -ndim <= axis < ndim:
        raise ShapeError(f"ops.{op}: there is no axis {axis} in an array with {ndim} axes: use {-ndim} to {ndim - 1}")
    return axis % ndim


def all_axes(op: str, axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes counted from the front, checked; every axis for None."""
    if axis is None:
        return tuple(range(ndim))
    given = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    axes = tuple(one_axis(op, one, ndim) for one in given)
    if len(set(axes)) != len(axes):
        raise ShapeError(f"ops.{op}: axis {axis} names the same axis twice")
    return axes


def check_broadcast(op: str, **operands: Array) -> None:
    """Raises unless the operands can be broadcast against each other."""
    shapes = [operand.shape for operand in operands.values()]
    if all(shape == shapes[0] or not shape for shape in shapes):
        return
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        listing = " and ".join(f"{name} {operand.shape}" for name, operand in operands.items())
        raise ShapeError(
            f"ops.{op}: the shapes of {listing} do not fit together: "
            "axes, aligned from the last, must have equal lengths or length 1"
        ) from None


def check_rank(op: str, name: str, array: Array, axes: str) -> None:
    """Raises unless the array has the axes that are spelled out, such as `"batch, height, width, channels"`."""
    expected = axes.count(",") + 1
    if array.ndim != expected:
        raise ShapeError(f"ops.{op}: {name} has shape {array.shape}, expected {expected} axes ({axes})")


def unbroadcast(gradient: Array, shape: tuple[int, ...]) -> Array:
    """Sums a gradient over the axes along which an input of that shape was broadcast."""
    if gradient.shape == shape:
        return gradient
    extra = gradient.ndim - len(shape)
    if extra and gradient.shape[extra:] == shape and gradient.dtype.char in "fd":
        return _rust.column_sums(native(gradient).reshape(-1, math.prod(shape))).reshape(shape)
    summed = gradient.sum(axis=tuple(range(extra))) if extra else gradient
    axes = tuple(i for i, length in enumerate(shape) if length == 1 and summed.shape[i] != 1)
    return summed.sum(axis=axes, keepdims=True) if axes else summed


def where_asked(dy: Array, dx: Array) -> Array:
    """No gradient where none came, also at a pole: `where(x > 0, sqrt(x), 0)` has one that is a number everywhere."""
    return np.where(dy == 0, dy, dx)
