"""Matrix products."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kinema import _rust
from kinema.autograd import Array
from kinema.errors import ShapeError
from kinema.ops._activation import activated
from kinema.ops._arrays import floating, native, rows, unbroadcast
from kinema.ops._contract import Result, differentiable
from kinema.updates import SpendableGradient, Update

#: Weights whose gradient is worth spending on their update at once: smaller ones lie in the cache anyway.
_WORTH_SPENDING = 1 << 19
#: A leaf of the tree that sums a kernel's gradient over rows has at least so many, and at most.
_LEAF_ROWS, _MOST_LEAF_ROWS = 16, 256


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


@differentiable
def dense(x: Array, kernel: Array, bias: Array | None = None, *, activation: str | None = None) -> Result:
    """`activation(x @ kernel + bias)` over the last axis.

    Args:
        x: Vectors of n numbers, under any leading axes.
        kernel: The matrix, n x units.
        bias: What is added, one number a unit, or None.
        activation: The name of an activation, or None.
    """
    x, kernel = floating(x), native(floating(kernel))
    if kernel.ndim != 2 or not x.ndim or x.shape[-1] != kernel.shape[0]:
        raise ShapeError(
            f"ops.dense: x has shape {x.shape} and kernel {kernel.shape}; expected (..., n) and (n, units) with one n"
        )
    if bias is not None and bias.shape != kernel.shape[1:]:
        raise ShapeError(
            f"ops.dense: bias has shape {bias.shape}, expected {kernel.shape[1:]} for kernel {kernel.shape}"
        )
    matrix, leaf = rows(x), _leaf(x.shape)
    offset = None if bias is None else native(bias)
    y, before = activated("dense", activation, lambda code: _rust.dense(matrix, kernel, offset, code))

    def backward(dy: Array) -> Any:
        dz = before(rows(dy))
        of_input: list[Array] = []

        def input_gradient() -> Array:
            dx = of_input.pop() if of_input else _rust.matmul(dz, kernel, False, True)
            return dx.reshape(x.shape)

        def kernel_gradient() -> Array:
            return _rust.matmul(matrix, dz, True, False, leaf)

        def spend(update: Update, wanted: Sequence[bool]) -> None:
            dx = _rust.dense_update(kernel, matrix, dz, update.rule, update.decay, wanted[0], leaf)
            if dx is not None:
                of_input.append(dx)

        large = kernel.size >= _WORTH_SPENDING and kernel.flags.writeable
        spendable = SpendableGradient(kernel, kernel_gradient, spend) if large else kernel_gradient
        return input_gradient, spendable, lambda: _rust.column_sums(dz)

    return y.reshape(*x.shape[:-1], kernel.shape[1]), backward


def _leaf(shape: tuple[int, ...]) -> int:
    """Rows that the sum of a kernel's gradient takes in one chain: whole samples where they have few rows."""
    steps = max(1, math.prod(shape[1:-1]))
    leaf = steps * -(-_LEAF_ROWS // steps)
    return leaf if leaf <= _MOST_LEAF_ROWS else _LEAF_ROWS


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
