"""Arrays with other values in some places."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema.autograd import Array, Tensor, as_array
from kinema.errors import ArgumentError, DTypeError, ShapeError
from kinema.ops._contract import Result, differentiable
from kinema.ops.creation import cast, convert_to_tensor, zeros
from kinema.ops.elementwise import maximum, minimum, multiply
from kinema.ops.shaping import reshape

_REDUCTIONS = {"mul": multiply, "max": maximum, "min": minimum}


def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Tensor:
    """An array with a block replaced.

    Args:
        inputs: The array.
        start_indices: Where the block begins, one index for each axis.
        updates: The block.

    Example:
        >>> import kinema
        >>> kinema.ops.slice_update([1.0, 2.0, 3.0], [1], [7.0, 8.0]).numpy()
        array([1., 7., 8.], dtype=float32)
    """
    array, block = convert_to_tensor(inputs), as_array(updates)
    starts = tuple(int(start) for start in as_array(start_indices).reshape(-1))
    if not len(starts) == array.ndim == block.ndim or any(
        i < 0 or i + n > have for i, n, have in zip(starts, block.shape, array.shape, strict=True)
    ):
        raise ShapeError(
            f"ops.slice_update: updates of shape {block.shape} at {starts} do not lie "
            f"in an array of shape {array.shape}"
        )
    key = tuple(slice(i, i + n) for i, n in zip(starts, block.shape, strict=True))
    return _replaced(array, _in_type_of(array, updates), key=key)


def scatter(indices: Any, values: Any, shape: Any) -> Tensor:
    """Zeros with values added in some places; those with one place add up.

    Args:
        indices: The places: the last axis holds an index for each of the first axes.
        values: The values, one for each place: a number, or an array of the axes that the indices leave.
        shape: The result's shape.

    Example:
        >>> import kinema
        >>> kinema.ops.scatter([[0], [2], [2]], [1.0, 2.0, 3.0], (4,)).numpy()
        array([1., 0., 5., 0.], dtype=float32)
    """
    given = convert_to_tensor(values)
    lengths = tuple(int(n) for n in as_array(shape).reshape(-1))
    return _scattered("scatter", zeros(lengths, given.dtype), indices, given, "add")


def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Tensor:
    """An array with other values in some places.

    Args:
        inputs: The array.
        indices: The places: the last axis holds an index for each of the first axes.
        updates: The values, one for each place: a number, or an array of the axes that the indices leave.
        reduction: None: they replace what is there, the last one where a place comes twice. "add", "mul", "max" or
            "min": they are added to it, multiplied with it and so on.

    Example:
        >>> import kinema
        >>> kinema.ops.scatter_update([1.0, 2.0, 3.0], [[0], [2]], [5.0, 6.0]).numpy()
        array([5., 2., 6.], dtype=float32)
    """
    if reduction not in (None, "add", *_REDUCTIONS):
        raise ArgumentError(f"ops.scatter_update: reduction is None, 'add', 'mul', 'max' or 'min', not {reduction!r}")
    return _scattered("scatter_update", convert_to_tensor(inputs), indices, updates, reduction)


def _scattered(op: str, array: Tensor, indices: Any, updates: Any, reduction: str | None) -> Tensor:
    places, values = as_array(indices), _in_type_of(array, updates)
    if places.dtype.kind not in "iu":
        raise DTypeError(f"ops.{op}: indices are whole numbers, not {places.dtype}: cast them, for example to 'int64'")
    depth = places.shape[-1] if places.ndim else 0
    if not 0 < depth <= array.ndim or values.shape != places.shape[:-1] + array.shape[depth:]:
        raise ShapeError(
            f"ops.{op}: indices of shape {places.shape} and values of shape {values.shape} do not fit "
            f"an array of shape {array.shape}: "
            "the last axis of indices holds an index for each of the first axes, values has the others"
        )
    lengths = array.shape[:depth]
    if places.size and not ((places >= 0) & (places < lengths)).all():
        raise ArgumentError(
            f"ops.{op}: indices from {places.min()} to {places.max()} reach outside an array of shape {array.shape}"
        )
    flat = places.reshape(-1, depth)
    key = tuple(flat.T)
    rows = reshape(values, (len(flat), *array.shape[depth:]))
    if reduction == "add":
        return _added(array, rows, key=key)
    if reduction is None:
        last = _last_of_each(np.ravel_multi_index(key, lengths)) if len(flat) else np.arange(0)
        return _replaced(array, rows[last], key=tuple(index[last] for index in key))
    for i in range(len(flat)):
        place = tuple(index[i] for index in key)
        array = _replaced(array, _REDUCTIONS[reduction](array[place], rows[i]), key=place)
    return array


@differentiable(promote=False)
def _replaced(x: Array, values: Array, *, key: Any) -> Result:
    """A copy with values in places, each of which comes once."""
    y = x.copy()
    y[key] = values

    def backward(dy: Array) -> Any:
        def of_array() -> Array:
            dx = np.array(dy)
            dx[key] = 0
            return dx

        return of_array, lambda: dy[key]

    return y, backward


@differentiable(promote=False)
def _added(x: Array, values: Array, *, key: Any) -> Result:
    y = x.copy()
    np.add.at(y, key, values)
    return y, lambda dy: (dy, lambda: dy[key])


def _last_of_each(places: Array) -> Array:
    """The positions of the last of equal numbers."""
    return np.asarray(len(places) - 1 - np.unique(places[::-1], return_index=True)[1])


def _in_type_of(array: Tensor, values: Any) -> Tensor:
    return cast(values, array.dtype)
