"""Mathematical functions of single values: trigonometric, hyperbolic, logarithms, the error function."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from kinema import _rust
from kinema.autograd import Array
from kinema.ops._activation import code_of
from kinema.ops._arrays import check_broadcast, floating, native, unbroadcast, where_asked
from kinema.ops._contract import Op, Result, differentiable

_LN2, _LN10 = math.log(2), math.log(10)
_DEGREE = math.pi / 180
_SLOPE_OF_ERF = 2 / math.sqrt(math.pi)
#: Below this size the error function is its power series, whose terms fall off fast; above, the kernel's.
_SMALL = 1.0
_SERIES = [_SLOPE_OF_ERF * (-1) ** n / (math.factorial(n) * (2 * n + 1)) for n in range(20)]


def _function(
    name: str, value: Callable[[Array], Array], slope: Callable[[Array, Array], Array | float], description: str
) -> Op:
    """An op out of a function of single values and its derivative at x, where the value is y."""

    def function(x: Array) -> Result:
        x = floating(x)
        y = value(x)
        return y, lambda dy: where_asked(dy, dy * slope(x, y))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = description
    return differentiable(function)


def _function_of_two(
    name: str,
    value: Callable[[Array, Array], Array],
    slopes: Callable[[Array, Array, Array], tuple[Array, Array]],
    description: str,
) -> Op:
    """An op out of a function of two values and its two derivatives at x1 and x2, where the value is y."""

    def function(x1: Array, x2: Array) -> Result:
        check_broadcast(name, x1=x1, x2=x2)
        x1, x2 = floating(x1), floating(x2)
        y = value(x1, x2)

        def backward(dy: Array) -> Any:
            slope1, slope2 = slopes(x1, x2, y)
            return (
                lambda: unbroadcast(where_asked(dy, dy * slope1), x1.shape),
                lambda: unbroadcast(where_asked(dy, dy * slope2), x2.shape),
            )

        return y, backward

    function.__name__ = function.__qualname__ = name
    function.__doc__ = description
    return differentiable(function)


tan = _function("tan", np.tan, lambda x, y: 1 + y * y, "The tangent of an angle in radians.")
arcsin = _function("arcsin", np.arcsin, lambda x, y: 1 / np.sqrt(1 - x * x), "The angle in radians with that sine.")
arccos = _function("arccos", np.arccos, lambda x, y: -1 / np.sqrt(1 - x * x), "The angle in radians with that cosine.")
arctan = _function("arctan", np.arctan, lambda x, y: 1 / (1 + x * x), "The angle in radians with that tangent.")
sinh = _function("sinh", np.sinh, lambda x, y: np.cosh(x), "The hyperbolic sine.")
cosh = _function("cosh", np.cosh, lambda x, y: np.sinh(x), "The hyperbolic cosine.")
arcsinh = _function("arcsinh", np.arcsinh, lambda x, y: 1 / np.hypot(x, 1), "What has that hyperbolic sine.")
arccosh = _function(
    "arccosh",
    np.arccosh,
    lambda x, y: 1 / np.sqrt((x - 1) * (x + 1)),
    "The positive number with that hyperbolic cosine.",
)
arctanh = _function("arctanh", np.arctanh, lambda x, y: 1 / (1 - x * x), "What has that hyperbolic tangent.")
deg2rad = _function("deg2rad", np.deg2rad, lambda x, y: _DEGREE, "An angle in degrees as one in radians.")
rad2deg = _function("rad2deg", np.rad2deg, lambda x, y: 1 / _DEGREE, "An angle in radians as one in degrees.")

log2 = _function("log2", np.log2, lambda x, y: 1 / (x * _LN2), "The logarithm to base 2.")
log10 = _function("log10", np.log10, lambda x, y: 1 / (x * _LN10), "The logarithm to base 10.")
exp2 = _function("exp2", np.exp2, lambda x, y: y * _LN2, "2 to the power of the value.")
cbrt = _function("cbrt", np.cbrt, lambda x, y: 1 / (3 * y * y), "The cube root, negative for negative values.")

arctan2 = _function_of_two(
    "arctan2",
    np.arctan2,
    lambda x1, x2, y: (x2 / (x1 * x1 + x2 * x2), -x1 / (x1 * x1 + x2 * x2)),
    "The angle in radians, from -pi to pi, of the point with height `x1` and width `x2`.",
)
hypot = _function_of_two(
    "hypot", np.hypot, lambda x1, x2, y: (x1 / y, x2 / y), "The length of the vector (x1, x2), without overflow."
)
logaddexp = _function_of_two(
    "logaddexp",
    np.logaddexp,
    lambda x1, x2, y: (np.exp(x1 - y), np.exp(x2 - y)),
    "`log(exp(x1) + exp(x2))` without overflow.",
)
logaddexp2 = _function_of_two(
    "logaddexp2",
    np.logaddexp2,
    lambda x1, x2, y: (np.exp2(x1 - y), np.exp2(x2 - y)),
    "`log2(2**x1 + 2**x2)` without overflow.",
)


def _error_function(x: Array) -> Array:
    size = np.abs(x)
    squared = np.square(np.minimum(size, _SMALL))
    near = x * np.polynomial.polynomial.polyval(squared, np.asarray(_SERIES, x.dtype))
    # gelu(z) is z times the normal distribution's probability of a smaller value, (1 + erf(z / sqrt(2))) / 2.
    z = native(np.maximum(size, _SMALL) * x.dtype.type(math.sqrt(2)))
    far = 2 * (_rust.activate(z, code_of("erf", "gelu")) / z) - 1
    return np.where(np.isinf(x), np.sign(x), np.where(size < _SMALL, near, np.copysign(far, x)))


def _inverse_error_function(x: Array) -> Array:
    """Winitzki's closed form, made exact by Halley's method, which triples the number of right digits each time."""
    exact = x.astype(np.float64)
    tail = np.log1p(-exact * exact)
    middle = 2 / (math.pi * 0.147) + tail / 2
    y = np.copysign(np.sqrt(np.sqrt(middle * middle - tail / 0.147) - middle), exact)
    for _ in range(2):
        step = (_error_function(y) - exact) / (_SLOPE_OF_ERF * np.exp(-y * y))
        y = y - step / (1 + y * step)
    y = np.where(np.abs(exact) == 1, np.copysign(np.inf, exact), np.where(exact == 0, exact, y))
    return y.astype(x.dtype)


erf = _function(
    "erf", _error_function, lambda x, y: _SLOPE_OF_ERF * np.exp(-x * x), "The error function, from -1 to 1."
)
erfinv = _function(
    "erfinv",
    _inverse_error_function,
    lambda x, y: np.exp(y * y) / _SLOPE_OF_ERF,
    "The value whose error function it is; infinite at -1 and 1.",
)
