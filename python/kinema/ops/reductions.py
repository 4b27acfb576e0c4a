"""Many values into fewer: sums, means, extremes, and where the extremes are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kinema.autograd import Array, Tensor
from kinema.ops._arrays import all_axes, floating, one_axis
from kinema.ops._contract import Result, differentiable, not_differentiable
from kinema.ops.creation import cast


@differentiable
def sum(x: Array, *, axis: Any = None, keepdims: bool = False) -> Result:
    """The sum over axes.

    Args:
        x: The values.
        axis: An axis, a tuple of axes, or None for all.
        keepdims: Keep the axes with length 1.

    Example:
        >>> import kinema
        >>> kinema.ops.sum([[1.0, 2.0], [3.0, 4.0]], axis=0).numpy()
        array([4., 6.], dtype=float32)
    """
    axes = all_axes("sum", axis, x.ndim)
    shape = x.shape

    def backward(dy: Array) -> Any:
        return np.broadcast_to(_restored(dy, axes, keepdims), shape)

    return x.sum(axis=axes, keepdims=keepdims), backward


@differentiable
def mean(x: Array, *, axis: Any = None, keepdims: bool = False) -> Result:
    """The mean over axes; see `sum` for the arguments."""
    x = floating(x)
    axes = all_axes("mean", axis, x.ndim)
    shape = x.shape
    count = _count(shape, axes)

    def backward(dy: Array) -> Any:
        return np.broadcast_to(_restored(dy, axes, keepdims) / count, shape)

    return x.sum(axis=axes, keepdims=keepdims) / count, backward


@differentiable
def var(x: Array, *, axis: Any = None, keepdims: bool = False) -> Result:
    """The variance over axes, divided by the number of values; see `sum` for the arguments."""
    x = floating(x)
    axes = all_axes("var", axis, x.ndim)
    centred = x - x.mean(axis=axes, keepdims=True)
    count = _count(x.shape, axes)

    def backward(dy: Array) -> Any:
        return centred * (_restored(dy, axes, keepdims) * (2 / count))

    return np.square(centred).sum(axis=axes, keepdims=keepdims) / count, backward


@differentiable
def std(x: Array, *, axis: Any = None, keepdims: bool = False) -> Result:
    """The standard deviation over axes, the root of `var`."""
    x = floating(x)
    axes = all_axes("std", axis, x.ndim)
    centred = x - x.mean(axis=axes, keepdims=True)
    count = _count(x.shape, axes)
    deviation = np.sqrt(np.square(centred).sum(axis=axes, keepdims=True) / count)

    def backward(dy: Array) -> Any:
        return centred * (_restored(dy, axes, keepdims) / (deviation * count))

    return deviation if keepdims else deviation.squeeze(axes), backward


@differentiable
def max(x: Array, *, axis: Any = None, keepdims: bool = False) -> Result:
    """The largest value over axes; equal largest values share the gradient. See `sum` for the arguments."""
    axes = all_axes("max", axis, x.ndim)
    return _extreme(x, x.max(axis=axes, keepdims=True), axes, keepdims)


@differentiable
def min(x: Array, *, axis: Any = None, keepdims: bool = False) -> Result:
    """The smallest value over axes; equal smallest values share the gradient. See `sum` for the arguments."""
    axes = all_axes("min", axis, x.ndim)
    return _extreme(x, x.min(axis=axes, keepdims=True), axes, keepdims)


@differentiable
def prod(x: Array, *, axis: Any = None, keepdims: bool = False) -> Result:
    """The product over axes; see `sum` for the arguments."""
    axes = all_axes("prod", axis, x.ndim)

    def backward(dy: Array) -> Any:
        return _restored(dy, axes, keepdims) * _product_of_others(x, axes)

    return x.prod(axis=axes, keepdims=keepdims), backward


@differentiable
def logsumexp(x: Array, *, axis: Any = None, keepdims: bool = False) -> Result:
    """`log(sum(exp(x)))` without overflow; see `sum` for the arguments."""
    x = floating(x)
    axes = all_axes("logsumexp", axis, x.ndim)
    largest = x.max(axis=axes, keepdims=True)
    largest = np.where(np.isfinite(largest), largest, 0)
    y = np.log(np.exp(x - largest).sum(axis=axes, keepdims=True)) + largest

    def backward(dy: Array) -> Any:
        return _restored(dy, axes, keepdims) * np.exp(x - y)

    return y if keepdims else y.squeeze(axes), backward


@differentiable
def cumsum(x: Array, *, axis: int | None = None) -> Result:
    """The running sum along an axis; of the flattened values when there is none."""
    along = None if axis is None else one_axis("cumsum", axis, x.ndim)
    shape = x.shape

    def backward(dy: Array) -> Any:
        last = 0 if along is None else along
        return np.flip(np.flip(dy, last).cumsum(last), last).reshape(shape)

    return x.cumsum(along), backward


def cumprod(x: Any, axis: int | None = None, dtype: DTypeLike | None = None) -> Tensor:
    """The running product along an axis; of the flattened values when there is none.

    Args:
        x: The values.
        axis: The axis.
        dtype: The element type of products, the values' own when None.
    """
    return _cumprod(x if dtype is None else cast(x, dtype), axis=axis)


@differentiable
def _cumprod(x: Array, *, axis: int | None) -> Result:
    along = None if axis is None else one_axis("cumprod", axis, x.ndim)
    y = x.cumprod(along, dtype=np.int32 if x.dtype.kind == "b" else x.dtype)
    moved = np.moveaxis(x.reshape(-1) if along is None else x, 0 if along is None else along, -1)

    def backward(dy: Array) -> Any:
        # With the slope of the running products at each value, from its place on: no division, so zeros are harmless.
        gradient = np.moveaxis(dy, 0 if along is None else along, -1)
        dx = np.zeros(moved.shape, dy.dtype)
        for place in range(moved.shape[-1]):
            rest = moved[..., place:].copy()
            rest[..., 0] = np.prod(moved[..., :place], axis=-1)
            dx[..., place] = (gradient[..., place:] * rest.cumprod(-1)).sum(-1)
        return np.moveaxis(dx, -1, 0 if along is None else along).reshape(x.shape)

    return y, backward


@not_differentiable
def argmax(x: Array, *, axis: int | None = None, keepdims: bool = False) -> Any:
    """The index of the first largest value along an axis; in the flattened values when there is none."""
    along = None if axis is None else one_axis("argmax", axis, x.ndim)
    return np.argmax(x, axis=along, keepdims=keepdims).astype(np.int32)


@not_differentiable
def argmin(x: Array, *, axis: int | None = None, keepdims: bool = False) -> Any:
    """The index of the first smallest value along an axis; in the flattened values when there is none."""
    along = None if axis is None else one_axis("argmin", axis, x.ndim)
    return np.argmin(x, axis=along, keepdims=keepdims).astype(np.int32)


@not_differentiable
def any(x: Array, *, axis: Any = None, keepdims: bool = False) -> Array:
    """Whether one value over the axes is true or not zero."""
    return np.asarray(x.any(axis=all_axes("any", axis, x.ndim), keepdims=keepdims))


@not_differentiable
def all(x: Array, *, axis: Any = None, keepdims: bool = False) -> Array:
    """Whether every value over the axes is true or not zero."""
    return np.asarray(x.all(axis=all_axes("all", axis, x.ndim), keepdims=keepdims))


def _count(shape: tuple[int, ...], axes: tuple[int, ...]) -> int:
    return math.prod(shape[axis] for axis in axes)


def _restored(dy: Array, axes: tuple[int, ...], keepdims: bool) -> Array:
    """The output's gradient with the reduced axes put back as length 1."""
    return dy if keepdims else np.expand_dims(dy, axes)


def _extreme(x: Array, y: Array, axes: tuple[int, ...], keepdims: bool) -> Result:
    def backward(dy: Array) -> Any:
        chosen = x == y
        return chosen * (_restored(dy, axes, keepdims) / chosen.sum(axis=axes, keepdims=True).astype(dy.dtype))

    return y if keepdims else y.squeeze(axes), backward


def _product_of_others(x: Array, axes: tuple[int, ...]) -> Array:
    """For every value, the product of the values that it is multiplied with, right where some are zero."""
    last = tuple(range(x.ndim - len(axes), x.ndim))
    moved = np.moveaxis(x, axes, last)
    flat = moved.reshape(*moved.shape[: last[0]], -1) if last else moved.reshape(1)
    before, after = np.ones_like(flat), np.ones_like(flat)
    np.cumprod(flat[..., :-1], axis=-1, out=before[..., 1:])
    after[..., :-1] = np.cumprod(flat[..., :0:-1], axis=-1)[..., ::-1]
    return np.moveaxis((before * after).reshape(moved.shape), last, axes)
