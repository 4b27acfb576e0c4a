"""Questions that have a yes or no for every element, and the choice by such an answer."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema.autograd import Array
from kinema.ops._arrays import check_broadcast, unbroadcast
from kinema.ops._contract import Result, differentiable, not_differentiable


@not_differentiable
def equal(x1: Array, x2: Array) -> Array:
    """Whether two values are equal, element by element."""
    check_broadcast("equal", x1=x1, x2=x2)
    return np.equal(x1, x2)


@not_differentiable
def not_equal(x1: Array, x2: Array) -> Array:
    """Whether two values differ, element by element."""
    check_broadcast("not_equal", x1=x1, x2=x2)
    return np.not_equal(x1, x2)


@not_differentiable
def greater(x1: Array, x2: Array) -> Array:
    """Whether `x1` is larger, element by element."""
    check_broadcast("greater", x1=x1, x2=x2)
    return np.greater(x1, x2)


@not_differentiable
def greater_equal(x1: Array, x2: Array) -> Array:
    """Whether `x1` is larger or equal, element by element."""
    check_broadcast("greater_equal", x1=x1, x2=x2)
    return np.greater_equal(x1, x2)


@not_differentiable
def less(x1: Array, x2: Array) -> Array:
    """Whether `x1` is smaller, element by element."""
    check_broadcast("less", x1=x1, x2=x2)
    return np.less(x1, x2)


@not_differentiable
def less_equal(x1: Array, x2: Array) -> Array:
    """Whether `x1` is smaller or equal, element by element."""
    check_broadcast("less_equal", x1=x1, x2=x2)
    return np.less_equal(x1, x2)


@not_differentiable
def logical_and(x1: Array, x2: Array) -> Array:
    """Whether both are true, element by element; numbers count as true unless zero."""
    check_broadcast("logical_and", x1=x1, x2=x2)
    return np.logical_and(x1, x2)


@not_differentiable
def logical_or(x1: Array, x2: Array) -> Array:
    """Whether one or both are true, element by element; numbers count as true unless zero."""
    check_broadcast("logical_or", x1=x1, x2=x2)
    return np.logical_or(x1, x2)


@not_differentiable
def logical_not(x: Array) -> Array:
    """Whether the value is false or zero."""
    return np.logical_not(x)


@not_differentiable
def isnan(x: Array) -> Array:
    """Whether the value is not a number."""
    return np.isnan(x)


@not_differentiable
def isinf(x: Array) -> Array:
    """Whether the value is infinite."""
    return np.isinf(x)


@not_differentiable
def isfinite(x: Array) -> Array:
    """Whether the value is neither infinite nor not a number."""
    return np.isfinite(x)


@differentiable
def where(condition: Array, x1: Array, x2: Array) -> Result:
    """Takes from `x1` where the condition holds, else from `x2`; the three are broadcast against each other.

    Example:
        >>> import kinema
        >>> kinema.ops.where([True, False], [1.0, 2.0], 0).numpy()
        array([1., 0.], dtype=float32)
    """
    check_broadcast("where", condition=condition, x1=x1, x2=x2)
    chosen = condition.astype(bool, copy=False)
    shape1, shape2 = x1.shape, x2.shape

    def backward(dy: Array) -> Any:
        return (
            None,
            lambda: unbroadcast(np.where(chosen, dy, 0), shape1),
            lambda: unbroadcast(np.where(chosen, 0, dy), shape2),
        )

    return np.where(chosen, x1, x2), backward
