"""Activations that are composed of other ops."""

from __future__ import annotations

from typing import Any

from kinema.autograd import Tensor
from kinema.ops import activations
from kinema.ops.comparison import greater, where
from kinema.ops.creation import convert_to_tensor
from kinema.ops.elementwise import absolute, clip, sqrt, square
from kinema.ops.shaping import split


def celu(x: Any, alpha: float = 1.0) -> Tensor:
    """`x` where it is positive, else `alpha * (exp(x / alpha) - 1)`."""
    y: Tensor = activations.elu(convert_to_tensor(x) / alpha) * alpha
    return y


def glu(x: Any, axis: int = -1) -> Tensor:
    """The first half of `x` along an axis, times `sigmoid` of the second half.

    Example:
        >>> import kinema
        >>> kinema.ops.glu([[2.0, 4.0, 0.0, 0.0]]).numpy()
        array([[1., 2.]], dtype=float32)
    """
    values, gates = split(x, 2, axis)
    y: Tensor = values * activations.sigmoid(gates)
    return y


def hard_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """`x` where its magnitude is above the threshold, else 0."""
    x = convert_to_tensor(x)
    y: Tensor = where(greater(absolute(x), threshold), x, 0.0)
    return y


def hard_silu(x: Any) -> Tensor:
    """`x * hard_sigmoid(x)`, also called hard swish."""
    x = convert_to_tensor(x)
    y: Tensor = x * activations.hard_sigmoid(x)
    return y


def hard_tanh(x: Any) -> Tensor:
    """`x`, limited to -1 and 1."""
    y: Tensor = clip(x, x_min=-1.0, x_max=1.0)
    return y


def log_sigmoid(x: Any) -> Tensor:
    """The logarithm of `sigmoid`, without overflow."""
    y: Tensor = -activations.softplus(-convert_to_tensor(x))
    return y


def mish(x: Any) -> Tensor:
    """`x * tanh(softplus(x))`."""
    x = convert_to_tensor(x)
    y: Tensor = x * activations.tanh(activations.softplus(x))
    return y


def soft_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """`x` nearer to 0 by the threshold, and 0 where it is nearer than that."""
    x = convert_to_tensor(x)
    y: Tensor = x - clip(x, x_min=-threshold, x_max=threshold)
    return y


def squareplus(x: Any, b: float = 4) -> Tensor:
    """`(x + sqrt(x^2 + b)) / 2`, a smooth `relu`."""
    x = convert_to_tensor(x)
    y: Tensor = (x + sqrt(square(x) + b)) / 2.0
    return y


def tanh_shrink(x: Any) -> Tensor:
    """`x - tanh(x)`."""
    x = convert_to_tensor(x)
    y: Tensor = x - activations.tanh(x)
    return y


def threshold(x: Any, threshold: float, default_value: float) -> Tensor:
    """`x` where it is above the threshold, else the default value."""
    x = convert_to_tensor(x)
    y: Tensor = where(greater(x, threshold), x, default_value)
    return y


hard_swish = hard_silu
