"""What describes many values: quantiles, weighted means, moments, counts."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from kinema.autograd import Array, Tensor, as_array
from kinema.errors import ArgumentError, ShapeError
from kinema.ops._arrays import all_axes
from kinema.ops._contract import not_differentiable
from kinema.ops.comparison import isnan, where
from kinema.ops.creation import as_floating, convert_to_tensor
from kinema.ops.elementwise import add, divide, multiply, subtract
from kinema.ops.indexing import take
from kinema.ops.reductions import any, max, mean, min, sum, var
from kinema.ops.shaping import broadcast_to, moveaxis, reshape
from kinema.ops.sorting import sort

_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def quantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """The values that given shares of all values are not above.

    Args:
        x: The values.
        q: The shares, from 0 to 1: one, or several, which become the first axis.
        axis: An axis, several, or None for all.
        method: What lies between two values: "linear" for what is in proportion, "lower", "higher", "midpoint" or
            "nearest" for one of them or their mean.
        keepdims: Keep the axes with length 1.

    Example:
        >>> import kinema
        >>> kinema.ops.quantile([1.0, 2.0, 4.0], [0.5, 0.75]).numpy()
        array([2., 3.], dtype=float32)
    """
    if method not in _METHODS:
        raise ArgumentError(f"ops.quantile: method is one of {', '.join(map(repr, _METHODS))}, not {method!r}")
    shares = np.asarray(as_array(q), np.float64)
    if shares.ndim > 1 or (shares < 0).any() or (shares > 1).any():
        raise ArgumentError(f"ops.quantile: q is a number from 0 to 1, or a list of them, not {q!r}")
    values = as_floating(x)
    axes = all_axes("quantile", axis, values.ndim)
    kept = [length for i, length in enumerate(values.shape) if i not in axes]
    count = math.prod(values.shape[i] for i in axes)
    if not count:
        raise ShapeError(f"ops.quantile: x has shape {values.shape}, which has no values over axis {axis}")
    last = tuple(range(values.ndim - len(axes), values.ndim))
    together = reshape(moveaxis(values, axes, last), (*kept, count))
    found = moveaxis(_between(sort(together), shares.reshape(-1) * (count - 1), method), -1, 0)
    found = where(any(isnan(together), axis=-1), np.asarray(np.nan, values.dtype), found)
    shape = [1 if i in axes else length for i, length in enumerate(values.shape)] if keepdims else kept
    result: Tensor = reshape(found, (*shares.shape, *shape))
    return result


def percentile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """`quantile` of shares in percent, from 0 to 100."""
    return quantile(x, np.asarray(as_array(q), np.float64) / 100, axis, method, keepdims)


def median(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The value in the middle, or the mean of the two there; see `quantile` for the arguments."""
    return quantile(x, 0.5, axis, keepdims=keepdims)


def average(x: Any, axis: Any = None, weights: Any = None) -> Tensor:
    """The mean over axes, in which each value may have a weight.

    Args:
        x: The values.
        axis: An axis, several, or None for all.
        weights: A weight for each value, or for each place along the one axis.
    """
    if weights is None:
        plain: Tensor = mean(x, axis=axis)
        return plain
    values, given = convert_to_tensor(x), convert_to_tensor(weights)
    if given.shape != values.shape:
        axes = all_axes("average", axis, values.ndim)
        if len(axes) != 1 or given.shape != (values.shape[axes[0]],):
            raise ShapeError(
                f"ops.average: weights has shape {given.shape}, but x has shape {values.shape}: "
                "give a weight for each value, or one axis and a weight for each place along it"
            )
        given = reshape(given, [-1 if i in axes else 1 for i in range(values.ndim)])
    given = broadcast_to(given, values.shape)
    weighted: Tensor = divide(sum(multiply(values, given), axis=axis), sum(given, axis=axis))
    return weighted


def moments(x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False) -> tuple[Tensor, Tensor]:
    """The mean and the variance over axes.

    Args:
        x: The values.
        axes: An axis, or several.
        keepdims: Keep the axes with length 1.
        synchronized: False: there is one process.
    """
    if synchronized:
        raise ArgumentError("ops.moments: synchronized=True needs several processes, but there is one: leave it out")
    over = tuple(axes) if isinstance(axes, (tuple, list)) else axes
    return mean(x, axis=over, keepdims=keepdims), var(x, axis=over, keepdims=keepdims)


@not_differentiable
def count_nonzero(x: Array, *, axis: Any = None) -> Array:
    """How many values over axes are not zero."""
    return np.asarray(np.count_nonzero(x, axis=all_axes("count_nonzero", axis, x.ndim))).astype(np.int32)


def ptp(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """How far the smallest value over axes is from the largest."""
    distance: Tensor = subtract(max(x, axis=axis, keepdims=keepdims), min(x, axis=axis, keepdims=keepdims))
    return distance


def _between(ordered: Tensor, places: Array, method: str) -> Tensor:
    """The values at places of the last axis, which may lie between two."""
    if method == "nearest":
        return take(ordered, np.round(places).astype(np.int64), axis=-1)
    below, above = (rounded(places).astype(np.int64) for rounded in (np.floor, np.ceil))
    lower, higher = take(ordered, below, axis=-1), take(ordered, above, axis=-1)
    if method in ("lower", "higher"):
        return lower if method == "lower" else higher
    share = np.full(places.shape, 0.5) if method == "midpoint" else places - below
    result: Tensor = add(lower, multiply(subtract(higher, lower), share.astype(ordered.dtype)))
    return result


# Keras has both names.
amax: Callable[..., Tensor] = max
amin: Callable[..., Tensor] = min
