"""Products of vectors and matrices, and how long vectors are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kinema import _rust, config
from kinema.autograd import Array, Tensor, as_array
from kinema.errors import ArgumentError, ShapeError
from kinema.ops._arrays import all_axes, floating, native, rows, unbroadcast
from kinema.ops._contract import Result, differentiable, not_differentiable
from kinema.ops.comparison import not_equal
from kinema.ops.creation import as_floating, cast, convert_to_tensor
from kinema.ops.elementwise import absolute, divide, maximum, multiply, power, sqrt, square
from kinema.ops.reductions import max, min, sum
from kinema.ops.shaping import reshape, transpose


@differentiable
def matmul(x1: Array, x2: Array) -> Result:
    """The matrix product over the last two axes; leading axes are broadcast.

    Example:
        >>> import kinema
        >>> kinema.ops.matmul([[1.0, 2.0]], [[3.0], [4.0]]).numpy()
        array([[11.]], dtype=float32)
    """
    x1, x2 = floating(x1), floating(x2)
    if not x1.ndim or not x2.ndim:
        raise ShapeError(f"ops.matmul: arrays with at least one axis are needed, got shapes {x1.shape} and {x2.shape}")
    a = x1[None] if x1.ndim == 1 else x1
    b = x2[:, None] if x2.ndim == 1 else x2
    if a.shape[-1] != b.shape[-2]:
        raise ShapeError(
            f"ops.matmul: x1 of shape {x1.shape} has {a.shape[-1]} columns, "
            f"but x2 of shape {x2.shape} has {b.shape[-2]} rows"
        )
    product, gradients = _matrix(a, b) if b.ndim == 2 else _batched(a, b)
    shape = (x1.shape[:-1] if x1.ndim == 1 else product.shape[:-1]) + (() if x2.ndim == 1 else product.shape[-1:])
    if x1.ndim == 1 and b.ndim > 2:
        shape = product.shape[:-2] + shape[-1:]

    def backward(dy: Array) -> Any:
        da, db = gradients(dy.reshape(product.shape))
        return lambda: da().reshape(x1.shape), lambda: db().reshape(x2.shape)

    return product.reshape(shape), backward


def dot(x1: Any, x2: Any) -> Tensor:
    """The sum of products over the last axis of `x1` and the last but one of `x2`, the only one of a vector.

    Example:
        >>> import kinema
        >>> kinema.ops.dot([1.0, 2.0], [3.0, 4.0]).item()
        11.0
    """
    ndim = as_array(x2).ndim
    if not as_array(x1).ndim or not ndim:
        product: Tensor = multiply(x1, x2)
        return product
    return tensordot(x1, x2, ((-1,), (-2 if ndim > 1 else -1,)))


def inner(x1: Any, x2: Any) -> Tensor:
    """The sum of products over the last axes of both."""
    if not as_array(x1).ndim or not as_array(x2).ndim:
        product: Tensor = multiply(x1, x2)
        return product
    return tensordot(x1, x2, ((-1,), (-1,)))


def outer(x1: Any, x2: Any) -> Tensor:
    """Every value of `x1` (rows) times every value of `x2` (columns)."""
    product: Tensor = multiply(reshape(x1, (-1, 1)), reshape(x2, (1, -1)))
    return product


def vdot(x1: Any, x2: Any) -> Tensor:
    """The sum of products of all values, in order."""
    return dot(reshape(x1, -1), reshape(x2, -1))


def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Tensor:
    """The sum of products over pairs of axes; the other axes of `x1`, then those of `x2` remain.

    Args:
        x1: The first array.
        x2: The second one.
        axes: The axes of `x1` and those of `x2`, two of one length or two lists; or a number: so many last axes of `x1`
            with so many first ones of `x2`.

    Example:
        >>> import kinema
        >>> kinema.ops.tensordot(kinema.ops.ones((2, 3, 4)), kinema.ops.ones((4, 3)), axes=((1, 2), (1, 0))).numpy()
        array([12., 12.], dtype=float32)
    """
    shape1, shape2 = as_array(x1).shape, as_array(x2).shape
    if isinstance(axes, (int, np.integer)):
        axes = (tuple(range(-int(axes), 0)), tuple(range(int(axes))))
    first, second = (
        all_axes("tensordot", axis, len(shape)) for axis, shape in zip(axes, (shape1, shape2), strict=True)
    )
    summed = [shape1[axis] for axis in first]
    if summed != [shape2[axis] for axis in second]:
        raise ShapeError(
            f"ops.tensordot: axes {first} of x1, which has shape {shape1}, and axes {second} of x2, "
            f"which has shape {shape2}, differ in length: they are summed over together"
        )
    kept1 = [axis for axis in range(len(shape1)) if axis not in first]
    kept2 = [axis for axis in range(len(shape2)) if axis not in second]
    count = math.prod(summed)
    outer_shape = [shape1[axis] for axis in kept1], [shape2[axis] for axis in kept2]
    left = reshape(transpose(x1, (*kept1, *first)), (math.prod(outer_shape[0]), count))
    right = reshape(transpose(x2, (*second, *kept2)), (count, math.prod(outer_shape[1])))
    whole = left.dtype.kind not in "f" and right.dtype.kind not in "f"
    product: Tensor = reshape((_whole_product if whole else matmul)(left, right), (*outer_shape[0], *outer_shape[1]))
    return product


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Tensor:
    """How long vectors are, or how large matrices.

    Args:
        x: The values.
        ord: For vectors: the power that the values are summed in, 2 when None; `inf` and `-inf` for the largest and
            the smallest value without its sign, 0 for how many are not zero. For matrices: None or "fro" for
            the root of the sum of squares, 1 and `inf` for the largest column or row sum, -1 and `-inf` for the
            smallest one.
        axis: The axis of the vectors, or the two axes of the matrices. None: all axes.
        keepdims: Keep the axes with length 1.

    Raises:
        ArgumentError: The order is none of these. Singular values are not computed.

    Example:
        >>> import kinema
        >>> kinema.ops.norm([[3.0, 4.0], [0.0, 2.0]], axis=-1).numpy()
        array([5., 2.], dtype=float32)
    """
    values = as_floating(x)
    axes = all_axes("norm", axis, values.ndim)
    if ord is None or (ord == 2 and len(axes) == 1) or (ord == "fro" and len(axes) == 2):
        length: Tensor = sqrt(sum(square(values), axis=axes, keepdims=keepdims))
        return length
    if len(axes) == 1 and isinstance(ord, (int, float)):
        return _vector_norm(values, float(ord), axes, keepdims)
    if len(axes) == 2 and ord in (1, -1, math.inf, -math.inf):
        along, across = axes if abs(ord) == 1 else axes[::-1]
        sums = sum(absolute(values), axis=along, keepdims=True)
        extreme = (max if ord > 0 else min)(sums, axis=across, keepdims=True)
        shape = [n for i, n in enumerate(extreme.shape) if keepdims or i not in axes]
        size: Tensor = reshape(extreme, shape)
        return size
    raise ArgumentError(
        f"ops.norm: ord is {ord!r} for {len(axes)} axes: "
        "give a number for one axis, 'fro', 1, -1, inf or -inf for two, or None"
    )


def normalize(x: Any, axis: Any = -1, order: int = 2, epsilon: float | None = None) -> Tensor:
    """Vectors of length 1 in the same directions.

    Args:
        x: The values.
        axis: The axis of the vectors, or several.
        order: The power that the values are summed in, a whole number from 1 on.
        epsilon: The least length to divide by, `kinema.config.epsilon()` when None.

    Example:
        >>> import kinema
        >>> kinema.ops.normalize([3.0, 4.0]).numpy()
        array([0.6, 0.8], dtype=float32)
    """
    if not isinstance(order, int) or order < 1:
        raise ArgumentError(f"ops.normalize: order is a whole number from 1 on, not {order!r}")
    vectors = convert_to_tensor(x)
    vectors = vectors if vectors.ndim else reshape(vectors, (1,))
    length = norm(vectors, None if order == 2 else order, axis, keepdims=True)
    unit: Tensor = divide(vectors, maximum(length, config.epsilon() if epsilon is None else epsilon))
    return unit


@not_differentiable
def _whole_product(x1: Array, x2: Array) -> Array:
    """NumPy multiplies matrices of whole numbers itself."""
    return np.asarray(np.matmul(x1, x2))


def _vector_norm(x: Tensor, order: float, axes: tuple[int, ...], keepdims: bool) -> Tensor:
    result: Tensor
    if order == 0:
        return cast(sum(not_equal(x, 0), axis=axes, keepdims=keepdims), x.dtype)
    if math.isinf(order):
        result = (max if order > 0 else min)(absolute(x), axis=axes, keepdims=keepdims)
        return result
    if order == 1:
        result = sum(absolute(x), axis=axes, keepdims=keepdims)
        return result
    result = power(sum(power(absolute(x), order), axis=axes, keepdims=keepdims), 1 / order)
    return result


def _matrix(a: Array, b: Array) -> tuple[Array, Any]:
    """(..., m, k) x (k, n): the leading axes are rows too."""
    left, right = rows(a), native(b)
    product = _rust.matmul(left, right, False, False)

    def gradients(dy: Array) -> Any:
        d = rows(dy)
        return lambda: _rust.matmul(d, right, False, True), lambda: _rust.matmul(left, d, True, False)

    return product.reshape(*a.shape[:-1], b.shape[1]), gradients


def _batched(a: Array, b: Array) -> tuple[Array, Any]:
    """(..., m, k) x (..., k, n), one product for each index of the leading axes."""
    try:
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        raise ShapeError(f"ops.matmul: leading axes of {a.shape} and {b.shape} do not fit together") from None
    left, right = _stacked(a, batch), _stacked(b, batch)
    product = _rust.matmul(left, right, False, False)

    def gradients(dy: Array) -> Any:
        d = _stacked(dy, batch)
        return (
            lambda: unbroadcast(_rust.matmul(d, right, False, True).reshape((*batch, *a.shape[-2:])), a.shape),
            lambda: unbroadcast(_rust.matmul(left, d, True, False).reshape((*batch, *b.shape[-2:])), b.shape),
        )

    return product.reshape(*batch, a.shape[-2], b.shape[-1]), gradients


def _stacked(x: Array, batch: tuple[int, ...]) -> Array:
    return native(np.broadcast_to(x, batch + x.shape[-2:])).reshape(math.prod(batch), *x.shape[-2:])
