"""Matrix products."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kinema import _rust
from kinema.autograd import Array
from kinema.errors import ShapeError
from kinema.ops._arrays import floating, native, rows, unbroadcast
from kinema.ops._contract import Result, differentiable


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
