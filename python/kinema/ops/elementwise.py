"""Arithmetic element by element, with NumPy's broadcasting."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema.autograd import Array, Tensor, Variable, as_array
from kinema.ops._arrays import check_broadcast, floating, unbroadcast, where_asked
from kinema.ops._contract import Result, differentiable, not_differentiable
from kinema.ops.creation import convert_to_tensor


@differentiable
def add(x1: Array, x2: Array) -> Result:
    """The sum, element by element.

    Example:
        >>> import kinema
        >>> kinema.ops.add([1.0, 2.0], 10).numpy()
        array([11., 12.], dtype=float32)
    """
    check_broadcast("add", x1=x1, x2=x2)
    shape1, shape2 = x1.shape, x2.shape

    def backward(dy: Array) -> Any:
        return lambda: unbroadcast(dy, shape1), lambda: unbroadcast(dy, shape2)

    return x1 + x2, backward


@differentiable
def subtract(x1: Array, x2: Array) -> Result:
    """The difference, element by element."""
    check_broadcast("subtract", x1=x1, x2=x2)
    shape1, shape2 = x1.shape, x2.shape

    def backward(dy: Array) -> Any:
        return lambda: unbroadcast(dy, shape1), lambda: -unbroadcast(dy, shape2)

    return np.subtract(x1, x2), backward


@differentiable
def multiply(x1: Array, x2: Array) -> Result:
    """The product, element by element."""
    check_broadcast("multiply", x1=x1, x2=x2)

    def backward(dy: Array) -> Any:
        return lambda: unbroadcast(dy * x2, x1.shape), lambda: unbroadcast(dy * x1, x2.shape)

    return x1 * x2, backward


@differentiable
def divide(x1: Array, x2: Array) -> Result:
    """The quotient, element by element; integers divide to float32."""
    check_broadcast("divide", x1=x1, x2=x2)
    x1, x2 = floating(x1), floating(x2)
    y = x1 / x2

    def backward(dy: Array) -> Any:
        return lambda: unbroadcast(dy / x2, x1.shape), lambda: unbroadcast(-dy * y / x2, x2.shape)

    return y, backward


@differentiable
def divide_no_nan(x1: Array, x2: Array) -> Result:
    """The quotient, element by element, and 0 where the divisor is 0; integers divide to float32."""
    check_broadcast("divide_no_nan", x1=x1, x2=x2)
    x1, x2 = floating(x1), floating(x2)
    possible = x2 != 0
    divisor = np.where(possible, x2, 1)
    y = np.where(possible, x1 / divisor, 0)

    def backward(dy: Array) -> Any:
        slope = np.where(possible, dy / divisor, 0)
        return lambda: unbroadcast(slope, x1.shape), lambda: unbroadcast(-slope * y, x2.shape)

    return y, backward


@not_differentiable
def floor_divide(x1: Array, x2: Array) -> Array:
    """The quotient rounded down, element by element."""
    check_broadcast("floor_divide", x1=x1, x2=x2)
    return np.asarray(x1 // x2)


@differentiable
def mod(x1: Array, x2: Array) -> Result:
    """The remainder of the division rounded down, element by element; it has the sign of `x2`."""
    check_broadcast("mod", x1=x1, x2=x2)

    def backward(dy: Array) -> Any:
        return lambda: unbroadcast(dy, x1.shape), lambda: unbroadcast(-dy * np.floor_divide(x1, x2), x2.shape)

    return np.mod(x1, x2), backward


@differentiable
def power(x1: Array, x2: Array) -> Result:
    """`x1` to the power of `x2`, element by element."""
    check_broadcast("power", x1=x1, x2=x2)
    y = np.square(x1) if x2.ndim == 0 and x2 == 2 else np.power(x1, x2)

    def gradient_of_base() -> Any:
        return x2 * (x1 if x2.ndim == 0 and x2 == 2 else np.power(x1, x2 - 1))

    def gradient_of_exponent() -> Any:
        return y * np.log(np.where(x1 > 0, x1, 1))

    def backward(dy: Array) -> Any:
        return (
            lambda: unbroadcast(dy * gradient_of_base(), x1.shape),
            lambda: unbroadcast(dy * gradient_of_exponent(), x2.shape),
        )

    return y, backward


@differentiable
def negative(x: Array) -> Result:
    """The value with its sign turned."""
    return np.negative(x), np.negative


@differentiable
def absolute(x: Array) -> Result:
    """The value without its sign."""
    return np.abs(x), lambda dy: dy * np.sign(x)


@differentiable
def square(x: Array) -> Result:
    """The value times itself."""
    return np.square(x), lambda dy: dy * (2 * x)


@differentiable
def sqrt(x: Array) -> Result:
    """The square root."""
    y = np.sqrt(floating(x))
    return y, lambda dy: where_asked(dy, dy / (2 * y))


@differentiable
def rsqrt(x: Array) -> Result:
    """One over the square root."""
    y = 1 / np.sqrt(floating(x))
    return y, lambda dy: where_asked(dy, dy * (-0.5 * y * y * y))


@differentiable
def reciprocal(x: Array) -> Result:
    """One over the value."""
    y = 1 / floating(x)
    return y, lambda dy: where_asked(dy, -dy * y * y)


@differentiable
def exp(x: Array) -> Result:
    """Euler's number to the power of the value."""
    y = np.exp(floating(x))
    return y, lambda dy: dy * y


@differentiable
def expm1(x: Array) -> Result:
    """`exp(x) - 1`, exact near zero."""
    y = np.expm1(floating(x))
    return y, lambda dy: dy * (y + 1)


@differentiable
def log(x: Array) -> Result:
    """The natural logarithm."""
    x = floating(x)
    return np.log(x), lambda dy: dy / x


@differentiable
def log1p(x: Array) -> Result:
    """`log(1 + x)`, exact near zero."""
    x = floating(x)
    return np.log1p(x), lambda dy: dy / (1 + x)


@differentiable
def sin(x: Array) -> Result:
    """The sine of an angle in radians."""
    x = floating(x)
    return np.sin(x), lambda dy: dy * np.cos(x)


@differentiable
def cos(x: Array) -> Result:
    """The cosine of an angle in radians."""
    x = floating(x)
    return np.cos(x), lambda dy: dy * -np.sin(x)


@differentiable
def maximum(x1: Array, x2: Array) -> Result:
    """The larger of two values, element by element; where they are equal the gradient goes to `x1`."""
    check_broadcast("maximum", x1=x1, x2=x2)

    def backward(dy: Array) -> Any:
        first = x1 >= x2
        return lambda: unbroadcast(dy * first, x1.shape), lambda: unbroadcast(dy * ~first, x2.shape)

    return np.maximum(x1, x2), backward


@differentiable
def minimum(x1: Array, x2: Array) -> Result:
    """The smaller of two values, element by element; where they are equal the gradient goes to `x1`."""
    check_broadcast("minimum", x1=x1, x2=x2)

    def backward(dy: Array) -> Any:
        first = x1 <= x2
        return lambda: unbroadcast(dy * first, x1.shape), lambda: unbroadcast(dy * ~first, x2.shape)

    return np.minimum(x1, x2), backward


def clip(x: Any, x_min: Any, x_max: Any) -> Tensor:
    """The value, or the nearer of two limits when it lies outside them, whose gradient goes to that limit then.

    Args:
        x: The values.
        x_min: The lower limit, or None.
        x_max: The upper limit, or None.

    Example:
        >>> import kinema
        >>> kinema.ops.clip([-1.0, 0.5, 3.0], 0.0, 1.0).numpy()
        array([0. , 0.5, 1. ], dtype=float32)
    """
    x = x if isinstance(x, (Tensor, Variable, np.ndarray)) else convert_to_tensor(x)
    upper = x if x_max is None else minimum(x, _limit(x, x_max))
    return convert_to_tensor(upper if x_min is None else maximum(upper, _limit(x, x_min)))


def _limit(x: Any, limit: Any) -> Any:
    """A limit in the values' type, which decides; followed by tapes where it is more than a number."""
    return limit if isinstance(limit, (Tensor, Variable)) else as_array(limit).astype(as_array(x).dtype)


@differentiable
def nan_to_num(x: Array, *, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Result:
    """The value where it is finite.

    Args:
        x: The values.
        nan: What stands for values that are no numbers.
        posinf: What stands for infinity, the type's largest number when None.
        neginf: What stands for minus infinity, the type's least number when None.
    """
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf), lambda dy: np.where(np.isfinite(x), dy, 0)


@not_differentiable
def sign(x: Array) -> Array:
    """-1, 0 or 1."""
    return np.sign(x)


@not_differentiable
def floor(x: Array) -> Array:
    """The next whole number below."""
    return np.floor(floating(x))


@not_differentiable
def ceil(x: Array) -> Array:
    """The next whole number above."""
    return np.ceil(floating(x))


@not_differentiable
def trunc(x: Array) -> Array:
    """The next whole number towards zero."""
    return np.trunc(x).astype(x.dtype, copy=False)


@not_differentiable
def round(x: Array, *, decimals: int = 0) -> Array:
    """The nearest number with that many decimals; halves go to the even one."""
    return np.round(x, decimals)


# Keras has both names.
abs = absolute
true_divide = divide
