"""Activation functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kinema import _rust
from kinema.autograd import Array, Tensor
from kinema.ops._activation import code_of
from kinema.ops._arrays import floating, native, one_axis, rows
from kinema.ops._contract import Result, differentiable
from kinema.tensor import Logits


@differentiable
def relu(x: Array) -> Result:
    """`max(x, 0)`.

    Example:
        >>> import kinema
        >>> kinema.ops.relu([-1.0, 2.0]).numpy()
        array([0., 2.], dtype=float32)
    """
    return _apply("relu", x)


@differentiable
def relu6(x: Array) -> Result:
    """`min(max(x, 0), 6)`."""
    x = floating(x)
    return np.clip(x, 0, 6), lambda dy: dy * ((x > 0) & (x < 6))


@differentiable
def leaky_relu(x: Array, *, negative_slope: float = 0.2) -> Result:
    """`x` where it is positive, else `negative_slope * x`."""
    x = floating(x)
    slope = x.dtype.type(negative_slope)
    positive = x > 0
    return np.where(positive, x, slope * x), lambda dy: np.where(positive, dy, slope * dy)


@differentiable
def elu(x: Array, *, alpha: float = 1.0) -> Result:
    """`x` where it is positive, else `alpha * (exp(x) - 1)`."""
    if alpha == 1:
        return _apply("elu", x)
    x = floating(x)
    scale = x.dtype.type(alpha)
    below = scale * np.expm1(np.minimum(x, 0))
    return np.where(x > 0, x, below), lambda dy: np.where(x > 0, dy, dy * (below + scale))


@differentiable
def selu(x: Array) -> Result:
    """`elu` scaled so that activations keep mean 0 and variance 1 through many layers."""
    return _apply("selu", x)


@differentiable
def gelu(x: Array, *, approximate: bool = True) -> Result:
    """`x` times the normal distribution's probability of a smaller value.

    Args:
        x: The values.
        approximate: Use the usual approximation by `tanh`.
    """
    if not approximate:
        return _apply("gelu", x)
    x = floating(x)
    factor = x.dtype.type(math.sqrt(2 / math.pi))
    cubic = x.dtype.type(0.044715)
    t = np.tanh(factor * (x + cubic * x * x * x))

    def backward(dy: Array) -> Any:
        inner = factor * (1 + 3 * cubic * x * x)
        return dy * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner)

    return 0.5 * x * (1 + t), backward


@differentiable
def silu(x: Array) -> Result:
    """`x * sigmoid(x)`, also called swish."""
    return _apply("silu", x)


def sigmoid(x: Any) -> Tensor:
    """`1 / (1 + exp(-x))`."""
    return _with_logits(_sigmoid(x), x, "sigmoid")


@differentiable
def hard_sigmoid(x: Array) -> Result:
    """`x / 6 + 0.5`, limited to 0 and 1."""
    return _apply("hard_sigmoid", x)


@differentiable
def hard_sigmoid_legacy(x: Array) -> Result:
    """`0.2 * x + 0.5`, limited to 0 and 1: what Keras up to version 2 called hard_sigmoid."""
    return _apply("hard_sigmoid_legacy", x)


@differentiable
def tanh(x: Array) -> Result:
    """The hyperbolic tangent."""
    return _apply("tanh", x)


@differentiable
def softplus(x: Array) -> Result:
    """`log(1 + exp(x))`."""
    return _apply("softplus", x)


@differentiable
def softsign(x: Array) -> Result:
    """`x / (1 + abs(x))`."""
    return _apply("softsign", x)


@differentiable
def exponential(x: Array) -> Result:
    """`exp(x)`, as an activation."""
    return _apply("exponential", x)


def softmax(x: Any, axis: int = -1) -> Tensor:
    """Positive values that sum to 1 along an axis, in the proportions of `exp(x)`.

    Example:
        >>> import kinema
        >>> kinema.ops.softmax([0.0, 0.0]).numpy()
        array([0.5, 0.5], dtype=float32)
    """
    y = _softmax(x, axis=axis)
    return _with_logits(y, x, "softmax") if axis in (-1, y.ndim - 1) else y


@differentiable
def log_softmax(x: Array, *, axis: int = -1) -> Result:
    """The logarithm of `softmax`, without overflow."""
    x = floating(x)
    along = one_axis("log_softmax", axis, x.ndim)
    y = _rust.log_softmax(_vectors(x, along))

    def backward(dy: Array) -> Any:
        return _from_vectors(_rust.log_softmax_grad(_vectors(dy, along), y), x.shape, along)

    return _from_vectors(y, x.shape, along), backward


@differentiable
def _sigmoid(x: Array) -> Result:
    return _apply("sigmoid", x)


@differentiable
def _softmax(x: Array, *, axis: int) -> Result:
    x = floating(x)
    along = one_axis("softmax", axis, x.ndim)
    y = _rust.softmax(_vectors(x, along))

    def backward(dy: Array) -> Any:
        return _from_vectors(_rust.softmax_grad(_vectors(dy, along), y), x.shape, along)

    return _from_vectors(y, x.shape, along), backward


def _with_logits(y: Tensor, x: Any, activation: str) -> Tensor:
    """Remembers what probabilities were made of; cross-entropies of logits are exact where probabilities saturate."""
    if isinstance(x, Tensor):
        y.logits = Logits(x, activation)
    return y


def _apply(activation: str, x: Array) -> Result:
    code = code_of(activation, activation)
    z = native(floating(x))
    y = _rust.activate(z, code)
    return y, lambda dy: _rust.activate_grad(native(dy), z, y, code)


def _vectors(x: Array, axis: int) -> Array:
    """The matrix of the vectors along an axis."""
    return rows(x if axis == x.ndim - 1 else np.moveaxis(x, axis, -1))


def _from_vectors(matrix: Array, shape: tuple[int, ...], axis: int) -> Array:
    if axis == len(shape) - 1:
        return matrix.reshape(shape)
    moved = shape[:axis] + shape[axis + 1 :] + (shape[axis],)
    return np.moveaxis(matrix.reshape(moved), -1, axis)
