"""Values brought to a common mean and variance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kinema import _rust, config
from kinema.autograd import Array, Tensor, as_array
from kinema.errors import ArgumentError, ShapeError
from kinema.ops._arrays import all_axes, floating, native, one_axis, rows
from kinema.ops._contract import Result, differentiable
from kinema.ops.elementwise import add, multiply, rsqrt, square, subtract
from kinema.ops.reductions import mean
from kinema.ops.shaping import moveaxis, reshape


def batch_norm(
    x: Any, gamma: Any = None, beta: Any = None, *, axis: int = -1, epsilon: float = 1e-3, relu: bool = False
) -> tuple[Tensor, Tensor, Tensor]:
    """Normalises each feature by its mean and variance over all other axes.

    Args:
        x: The values.
        gamma: What normalised values are multiplied with, one number a feature, or None.
        beta: What is added to them, one number a feature, or None.
        axis: The axis of the features.
        epsilon: What is added to the variance.
        relu: Whether what comes out negative becomes 0, in the same pass.

    Returns:
        The normalised values, and the mean and the variance of each feature.
    """
    ndim = as_array(x).ndim
    along = one_axis("batch_norm", axis, ndim)
    if along == ndim - 1:
        y, mean, variance = _batch_norm(x, gamma, beta, epsilon=epsilon, relu=relu)
        return y, mean, variance
    y, mean, variance = _batch_norm(moveaxis(x, along, -1), gamma, beta, epsilon=epsilon, relu=relu)
    return moveaxis(y, -1, along), mean, variance


def batch_normalization(
    x: Any, mean: Any, variance: Any, axis: int, offset: Any = None, scale: Any = None, epsilon: float = 1e-3
) -> Tensor:
    """Normalises each feature by a given mean and variance.

    Args:
        x: The values.
        mean: The mean of each feature.
        variance: The variance of each feature.
        axis: The axis of the features.
        offset: What is added at the end, one number a feature, or None.
        scale: What normalised values are multiplied with, one number a feature, or None.
        epsilon: What is added to the variance.
    """
    factor = rsqrt(add(variance, epsilon))
    if scale is not None:
        factor = multiply(factor, scale)
    term = multiply(subtract(0, mean), factor)
    if offset is not None:
        term = add(term, offset)
    ndim = as_array(x).ndim
    along = one_axis("batch_normalization", axis, ndim)
    if along == ndim - 1:
        affine: Tensor = _channel_affine(x, factor, term)
        return affine
    shape = tuple(-1 if i == along else 1 for i in range(ndim))
    result: Tensor = add(multiply(x, reshape(factor, shape)), reshape(term, shape))
    return result


def layer_norm(x: Any, gamma: Any = None, beta: Any = None, *, axis: Any = -1, epsilon: float = 1e-3) -> Tensor:
    """Normalises each sample by its own mean and variance over the given axes.

    Args:
        x: The values.
        gamma: What normalised values are multiplied with, in the shape of those axes, or None.
        beta: What is added to them, in the shape of those axes, or None.
        axis: An axis or several.
        epsilon: What is added to the variance.
    """
    array = as_array(x)
    axes = tuple(sorted(all_axes("layer_norm", axis, array.ndim)))
    last = tuple(range(array.ndim - len(axes), array.ndim))
    moved = x if axes == last else moveaxis(x, axes, last)
    y: Tensor = _layer_norm(moved, gamma, beta, axes=len(axes), epsilon=epsilon)
    return y if axes == last else moveaxis(y, last, axes)


def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Any = -1, epsilon: float | None = None, **kwargs: Any
) -> Tensor:
    """`layer_norm` with Keras's arguments.

    Args:
        x: The values.
        gamma: See `layer_norm`.
        beta: See `layer_norm`.
        axis: An axis or several.
        epsilon: What is added to the variance, `kinema.config.epsilon()` when None.
        **kwargs: `rms_scaling`: divide by the root of the mean square instead, without `beta`.
    """
    if kwargs.keys() - {"rms_scaling"}:
        raise ArgumentError(f"ops.layer_normalization takes rms_scaling besides its arguments, not {sorted(kwargs)}")
    if kwargs.get("rms_scaling"):
        return rms_normalization(x, gamma, axis, epsilon)
    return layer_norm(x, gamma, beta, axis=axis, epsilon=config.epsilon() if epsilon is None else epsilon)


def rms_normalization(x: Any, scale: Any = None, axis: Any = -1, epsilon: float | None = None) -> Tensor:
    """Divides each sample by the root of the mean of its squares over the given axes.

    Args:
        x: The values.
        scale: What the result is multiplied with, broadcast from the last axis, or None.
        axis: An axis or several.
        epsilon: What is added to the mean of squares, `kinema.config.epsilon()` when None.
    """
    squares = mean(square(x), axis=axis, keepdims=True)
    y: Tensor = multiply(x, rsqrt(add(squares, config.epsilon() if epsilon is None else epsilon)))
    return y if scale is None else multiply(y, scale)


@differentiable
def _batch_norm(
    x: Array, gamma: Array | None = None, beta: Array | None = None, *, epsilon: float, relu: bool
) -> Result:
    x = floating(x)
    _check_weights("batch_norm", gamma, beta, x.shape[-1:])
    matrix, scale, offset = rows(x), _native(gamma), _native(beta)
    y, mean, variance = _rust.batch_norm(matrix, scale, offset, epsilon, relu)

    def backward(gradients: tuple[Array | None, ...]) -> Any:
        dy, dmean, dvariance = gradients
        if dy is None:
            dx, dgamma, dbeta = np.zeros_like(matrix), None, None
        else:
            dx, dgamma, dbeta = _rust.batch_norm_grad(rows(dy), matrix, scale, offset, mean, variance, epsilon, relu)
        if dmean is not None:
            dx = dx + dmean / len(matrix)
        if dvariance is not None:
            dx = dx + (matrix - mean) * (dvariance * (2 / len(matrix)))
        return dx.reshape(x.shape), dgamma, dbeta

    return (y.reshape(x.shape), mean, variance), backward


@differentiable
def _layer_norm(
    x: Array, gamma: Array | None = None, beta: Array | None = None, *, axes: int, epsilon: float
) -> Result:
    x = floating(x)
    inner = x.shape[x.ndim - axes :]
    _check_weights("layer_norm", gamma, beta, inner)
    matrix = native(x).reshape(-1, math.prod(inner))
    scale = None if gamma is None else native(gamma).reshape(-1)
    offset = None if beta is None else native(beta).reshape(-1)
    y, mean, rstd = _rust.layer_norm(matrix, scale, offset, epsilon)

    def backward(dy: Array) -> Any:
        dx, dgamma, dbeta = _rust.layer_norm_grad(native(dy).reshape(matrix.shape), matrix, scale, mean, rstd)
        return (
            dx.reshape(x.shape),
            None if gamma is None else dgamma.reshape(inner),
            None if beta is None else dbeta.reshape(inner),
        )

    return y.reshape(x.shape), backward


@differentiable
def _channel_affine(x: Array, scale: Array, offset: Array) -> Result:
    x, scale, offset = floating(x), native(floating(scale)), native(floating(offset))
    _check_weights("batch_normalization", scale, offset, x.shape[-1:])
    matrix = rows(x)
    y = _rust.channel_affine(matrix, scale, offset)

    def backward(dy: Array) -> Any:
        d = rows(dy)
        return (
            lambda: (d * scale).reshape(x.shape),
            lambda: _rust.column_sums(d * matrix),
            lambda: _rust.column_sums(d),
        )

    return y.reshape(x.shape), backward


def _native(weights: Array | None) -> Array | None:
    return None if weights is None else native(floating(weights))


def _check_weights(op: str, scale: Array | None, offset: Array | None, shape: tuple[int, ...]) -> None:
    for name, weights in (("scale (gamma)", scale), ("offset (beta)", offset)):
        if weights is not None and weights.shape != shape:
            raise ShapeError(f"ops.{op}: {name} has shape {weights.shape}, expected {shape}, one number a feature")
