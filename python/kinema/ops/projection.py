"""The product with weights, `activation(x @ kernel + bias)`, and several in a row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias, cast

import numpy as np

from kinema import _rust
from kinema.autograd import Array, Tensor, Variable, as_array, is_recording
from kinema.errors import ArgumentError, ShapeError
from kinema.ops._activation import activated, code_of
from kinema.ops._arrays import floating, native, rows
from kinema.ops._contract import Result, differentiable
from kinema.updates import SpendableGradient, Update

#: A product of `dense_chain`: kernel, bias or None, the name of an activation or None.
DenseLink: TypeAlias = tuple[Any, Any, str | None]

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
    return dense_chain(x, [(kernel, bias, activation)])


def dense_chain(x: Any, links: Sequence[DenseLink]) -> Tensor:
    """`dense` after `dense`, each a kernel, a bias and an activation as `dense` takes them.

    Without a tape they are computed in one call, and nothing in between becomes a tensor.

    Args:
        x: Vectors of n numbers, under any leading axes.
        links: The products in their order, one at least.

    Raises:
        ArgumentError: There is no link.

    Example:
        >>> import kinema
        >>> kinema.ops.dense_chain([[1.0, 2.0]], [([[3.0], [4.0]], None, "relu"), ([[2.0]], [1.0], None)]).numpy()
        array([[23.]], dtype=float32)
    """
    if not links:
        raise ArgumentError("ops.dense_chain: links must hold one product at least")
    if not is_recording():
        y = _in_one_call(as_array(x), links)
        if y is not None:
            return Tensor(y)
    for kernel, bias, activation in links:
        x = _dense(x, kernel, bias, activation=activation)
    return cast(Tensor, x)


def _in_one_call(x: Array, links: Sequence[DenseLink]) -> Array | None:
    """The output of a chain; None where the kernel does not take it, or where something does not fit."""
    if not x.ndim or x.dtype != np.float32:
        return None
    width = x.shape[-1]
    count = x.size // max(1, width)
    arguments = []
    for kernel, bias, activation in links:
        matrix, offset = as_array(kernel), None if bias is None else as_array(bias)
        if matrix.ndim != 2 or matrix.shape[0] != width or matrix.dtype != np.float32:
            return None
        width = matrix.shape[1]
        if offset is not None and (offset.shape != (width,) or offset.dtype != np.float32):
            return None
        worth = matrix.size >= _WORTH_PACKING and count >= _ROWS_WORTH_PACKING and isinstance(kernel, Variable)
        packed = kernel.packed(_rust.PackedKernel) if worth else None
        weights = native(matrix) if packed is None else packed
        arguments.append((weights, None if offset is None else native(offset), code_of("dense", activation)))
    return _rust.dense_chain(rows(x), arguments).reshape(*x.shape[:-1], width)


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
