"""Diagonals of matrices, and what lies on one side of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kinema.autograd import Array, Tensor
from kinema.errors import ShapeError
from kinema.ops._arrays import all_axes, dtype_of
from kinema.ops._contract import Result, differentiable
from kinema.ops.reductions import sum
from kinema.ops.shaping import reshape


@differentiable
def tril(x: Array, *, k: int = 0) -> Result:
    """Matrices (the last two axes) with zeros above a diagonal: the main one, or the k-th above it.

    Example:
        >>> import kinema
        >>> kinema.ops.tril([[1, 2], [3, 4]]).numpy()
        array([[1, 0],
               [3, 4]])
    """
    return _masked("tril", x, np.tri(x.shape[-2], x.shape[-1], k, dtype=bool) if x.ndim > 1 else None)


@differentiable
def triu(x: Array, *, k: int = 0) -> Result:
    """Matrices (the last two axes) with zeros below a diagonal: the main one, or the k-th above it."""
    return _masked("triu", x, ~np.tri(x.shape[-2], x.shape[-1], k - 1, dtype=bool) if x.ndim > 1 else None)


def tri(N: int, M: int | None = None, k: int = 0, dtype: DTypeLike | None = None) -> Tensor:
    """A matrix with ones up to a diagonal and zeros above it.

    Args:
        N: The number of rows.
        M: The number of columns; `N` when None.
        k: The diagonal: 0 for the main one, above it when positive.
        dtype: The element type, float32 when None.
    """
    return Tensor(np.tri(N, M, k, dtype_of(dtype)))


@differentiable
def diagonal(x: Array, *, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Result:
    """The values on a diagonal of two axes, which it replaces: it becomes the last axis.

    Args:
        x: The values.
        offset: The diagonal: 0 for the main one, above it when positive.
        axis1: The axis of the rows.
        axis2: The axis of the columns.
    """
    if x.ndim < 2:
        raise ShapeError(f"ops.diagonal: x has shape {x.shape}, but a diagonal needs two axes")
    rows, columns = all_axes("diagonal", (axis1, axis2), x.ndim)
    shape = x.shape

    def backward(dy: Array) -> Any:
        dx = np.zeros(shape, dy.dtype)
        places = np.arange(dy.shape[-1])
        np.moveaxis(dx, (rows, columns), (-2, -1))[..., places + max(-offset, 0), places + max(offset, 0)] = dy
        return dx

    return x.diagonal(offset, rows, columns), backward


@differentiable
def diag(x: Array, *, k: int = 0) -> Result:
    """The k-th diagonal of a matrix; of a vector, the matrix that has it there and zeros elsewhere."""
    if x.ndim not in (1, 2):
        raise ShapeError(f"ops.diag: x has shape {x.shape}, but it should be a vector or a matrix")
    shape = x.shape

    def backward(dy: Array) -> Any:
        gradient = np.diag(dy, k)
        if gradient.shape == shape:
            return gradient
        dx = np.zeros(shape, dy.dtype)
        places = np.arange(len(dy))
        dx[places + max(-k, 0), places + max(k, 0)] = dy
        return dx

    return np.diag(x, k), backward


def diagflat(x: Any, k: int = 0) -> Tensor:
    """The matrix that has the flattened values on its k-th diagonal and zeros elsewhere."""
    matrix: Tensor = diag(reshape(x, -1), k=k)
    return matrix


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum of a diagonal of two axes; see `diagonal` for the arguments."""
    total: Tensor = sum(diagonal(x, offset=offset, axis1=axis1, axis2=axis2), axis=-1)
    return total


def identity(n: int, dtype: DTypeLike | None = None) -> Tensor:
    """A square matrix with ones on its diagonal, float32 unless told otherwise."""
    return Tensor(np.eye(n, dtype=dtype_of(dtype)))


def _masked(op: str, x: Array, kept: Array | None) -> Result:
    if kept is None:
        raise ShapeError(f"ops.{op}: x has shape {x.shape}, but a triangle needs two axes at least")
    return np.where(kept, x, np.zeros((), x.dtype)), lambda dy: np.where(kept, dy, 0)
