"""Questions that have a yes or no for every element, and the choice by such an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kinema.autograd import Array, Tensor
from kinema.errors import ArgumentError
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
def logical_xor(x1: Array, x2: Array) -> Array:
    """Whether one of both is true and the other is not, element by element; numbers count as true unless zero."""
    check_broadcast("logical_xor", x1=x1, x2=x2)
    return np.logical_xor(x1, x2)


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


@not_differentiable
def isposinf(x: Array) -> Array:
    """Whether the value is infinite and positive."""
    return np.equal(x, np.inf)


@not_differentiable
def isneginf(x: Array) -> Array:
    """Whether the value is infinite and negative."""
    return np.equal(x, -np.inf)


@not_differentiable
def signbit(x: Array) -> Array:
    """Whether the value has a minus sign, which -0.0 has too."""
    return np.signbit(x)


@not_differentiable
def isclose(x1: Array, x2: Array, *, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Array:
    """Whether two values differ by at most `atol + rtol * abs(x2)`, element by element.

    Args:
        x1: The first values.
        x2: What they are compared with.
        rtol: The share of `x2` that they may differ by.
        atol: What they may differ by besides.
        equal_nan: Whether two values that are no numbers are close.
    """
    check_broadcast("isclose", x1=x1, x2=x2)
    return np.isclose(x1, x2, rtol, atol, equal_nan)


@not_differentiable
def allclose(x1: Array, x2: Array, *, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Array:
    """Whether all values are close; see `isclose`."""
    check_broadcast("allclose", x1=x1, x2=x2)
    return np.asarray(np.isclose(x1, x2, rtol, atol, equal_nan).all())


@not_differentiable
def isin(x1: Array, x2: Array, *, assume_unique: bool = False, invert: bool = False) -> Array:
    """Whether each value of `x1` is one of those of `x2`.

    Args:
        x1: The values.
        x2: What they may be.
        assume_unique: Whether no value comes twice in either, which makes no difference.
        invert: Ask for those that are not.
    """
    return np.isin(x1, x2, invert=invert)


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


def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Tensor:
    """Takes from the first choice whose condition holds, and the default where none does.

    Args:
        condlist: The conditions.
        choicelist: A choice for each of them.
        default: What is left.

    Example:
        >>> import kinema
        >>> x = kinema.ops.arange(4)
        >>> kinema.ops.select([x < 1, x < 3], [x + 10, x + 20], 0).numpy()
        array([10, 21, 22,  0], dtype=int32)
    """
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ArgumentError(
            f"ops.select: condlist has {len(condlist)} entries and choicelist {len(choicelist)}: "
            "give one choice for each condition, and one condition at least"
        )
    chosen = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        chosen = where(condition, choice, chosen)
    result: Tensor = chosen
    return result
