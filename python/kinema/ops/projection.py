"""The product with weights, `activation(x @ kernel + bias)`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kinema import _rust
from kinema.autograd import Array, Tensor, Variable, as_array, is_recording
from kinema.errors import ShapeError
from kinema.ops._activation import activated, code_of
from kinema.ops._arrays import floating, native, rows
from kinema.ops._contract import Result, differentiable
from kinema.updates import SpendableGradient, Update

#: Weights whose gradient is worth spending on their update at once: smaller ones lie in the cache anyway.
_WORTH_SPENDING = 1 << 19
#: Weights that are worth keeping packed, and how many rows must read them: fewer read them where they lie.
_WORTH_PACKING, _ROWS_WORTH_PACKING = 1 << 16, 12
#: A leaf of the tree that sums a kernel's gradient over rows has at least so many, and at most.
_LEAF_ROWS, _MOST_LEAF_ROWS = 16, 256


def dense(x: Any, kernel: Any, bias: Any = None, activation: str | None = None) -> Tensor:
    """`activation(x @ kernel + bias)` over the last axis.

    Without a tape, a large variable that has been multiplied before and has not changed since is kept in the order in
    which products read it: predicting then takes its size in memory once more.

    Args:
        x: Vectors of n numbers, under any leading axes.
        kernel: The matrix, n x units.
        bias: What is added, one number a unit, or None.
        activation: The name of an activation, or None.

    Example:
        >>> import kinema
        >>> kinema.ops.dense([[1.0, 2.0]], [[3.0], [4.0]], activation="relu").numpy()
        array([[11.]], dtype=float32)
    """
    if not is_recording() and isinstance(kernel, Variable):
        y = _with_packed(as_array(x), kernel, bias, activation)
        if y is not None:
            return Tensor(y)
    return _dense(x, kernel, bias, activation=activation)


def _with_packed(x: Array, kernel: Variable, bias: Any, activation: str | None) -> Array | None:
    """The output by means of the packed kernel; None where there is none, or where it does not pay."""
    k, n = kernel.shape if len(kernel.shape) == 2 else (0, 0)
    offset = None if bias is None else as_array(bias)
    fits = x.ndim > 0 and x.shape[-1] == k and (offset is None or (offset.shape == (n,) and offset.dtype == np.float32))
    worth = k * n >= _WORTH_PACKING and x.size >= _ROWS_WORTH_PACKING * k
    if not (fits and worth and x.dtype == kernel.dtype == np.float32):
        return None
    packed = kernel.packed(_rust.PackedKernel)
    if packed is None:
        return None
    offset = None if offset is None else native(offset)
    y = _rust.dense_packed(rows(x), packed, offset, code_of("dense", activation))
    return y.reshape(*x.shape[:-1], n)


@differentiable
def _dense(x: Array, kernel: Array, bias: Array | None = None, *, activation: str | None = None) -> Result:
    x, kernel = floating(x), native(floating(kernel))
    if kernel.ndim != 2 or not x.ndim or x.shape[-1] != kernel.shape[0]:
        raise ShapeError(
            f"ops.dense: x has shape {x.shape} and kernel {kernel.shape}; expected (..., n) and (n, units) with one n"
        )
    if bias is not None and bias.shape != kernel.shape[1:]:
        raise ShapeError(
            f"ops.dense: bias has shape {bias.shape}, expected {kernel.shape[1:]} for kernel {kernel.shape}"
        )
    matrix = rows(x)
    offset = None if bias is None else native(bias)
    y, before = activated("dense", activation, lambda code: _rust.dense(matrix, kernel, offset, code))

    def backward(dy: Array) -> Any:
        dz = before(rows(dy))
        of_input: list[Array] = []

        def input_gradient() -> Array:
            dx = of_input.pop() if of_input else _rust.matmul(dz, kernel, False, True)
            return dx.reshape(x.shape)

        def kernel_gradient() -> Array:
            return _rust.matmul(matrix, dz, True, False, _leaf(x.shape))

        def spend(update: Update, wanted: Sequence[bool]) -> None:
            dx = _rust.dense_update(kernel, matrix, dz, update.rule, update.decay, wanted[0], _leaf(x.shape))
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
