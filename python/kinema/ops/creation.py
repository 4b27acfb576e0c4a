"""Tensors out of nothing or out of arrays, and the types they have."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kinema.autograd import Array, Tensor, Variable, as_array
from kinema.ops._arrays import dtype_of
from kinema.ops._contract import Result, differentiable
from kinema.ops._symbolic import Symbolic


def convert_to_tensor(x: Any, dtype: DTypeLike | None = None) -> Tensor:
    """A tensor with the values of an array, a list, a number, a variable or a tensor.

    The values of an array are copied: it may change afterwards.

    Args:
        x: The values. Python's floating-point numbers become float32.
        dtype: The element type; the value's own when None.

    Example:
        >>> import kinema
        >>> kinema.ops.convert_to_tensor([1, 2], dtype="float32").numpy()
        array([1., 2.], dtype=float32)
    """
    if isinstance(x, (Tensor, Variable)):
        if dtype is not None and np.dtype(dtype) != x.dtype:
            return cast(x, dtype)
        return x if isinstance(x, Tensor) else _identity(x)
    if isinstance(x, np.ndarray):
        return Tensor(x.astype(x.dtype if dtype is None else dtype_of(dtype)))
    return Tensor(x if dtype is None else as_array(x).astype(dtype_of(dtype), copy=False))


def convert_to_numpy(x: Any) -> Array:
    """The values as an array of their own, which may be written to."""
    return np.array(as_array(x))


def cast(x: Any, dtype: DTypeLike) -> Tensor:
    """The values with another element type. Gradients flow between floating-point types."""
    return _cast(x, dtype=dtype_of(dtype))


def stop_gradient(variable: Any) -> Tensor:
    """The same values, as a constant that gradients do not flow through."""
    array = as_array(variable)
    return Tensor(array.copy() if isinstance(variable, Variable) else array)


def shape(x: Any) -> Any:
    """The length of every axis; None where it varies in a graph."""
    return x.shape if isinstance(x, Symbolic) else as_array(x).shape


def zeros(shape: Any, dtype: DTypeLike | None = None) -> Tensor:
    """A tensor full of zeros, float32 unless told otherwise."""
    return Tensor(np.zeros(shape, dtype_of(dtype)))


def ones(shape: Any, dtype: DTypeLike | None = None) -> Tensor:
    """A tensor full of ones, float32 unless told otherwise."""
    return Tensor(np.ones(shape, dtype_of(dtype)))


def full(shape: Any, fill_value: Any, dtype: DTypeLike | None = None) -> Tensor:
    """A tensor full of one value, float32 unless told otherwise."""
    return Tensor(np.full(shape, as_array(fill_value), dtype_of(dtype)))


def zeros_like(x: Any, dtype: DTypeLike | None = None) -> Tensor:
    """Zeros in the shape and, unless told otherwise, the type of another tensor."""
    return zeros(as_array(x).shape, dtype_of(dtype, as_array(x).dtype))


def ones_like(x: Any, dtype: DTypeLike | None = None) -> Tensor:
    """Ones in the shape and, unless told otherwise, the type of another tensor."""
    return ones(as_array(x).shape, dtype_of(dtype, as_array(x).dtype))


def full_like(x: Any, fill_value: Any, dtype: DTypeLike | None = None) -> Tensor:
    """One value in the shape and, unless told otherwise, the type of another tensor."""
    return full(as_array(x).shape, fill_value, dtype_of(dtype, as_array(x).dtype))


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: DTypeLike | None = None) -> Tensor:
    """Numbers from `start` up to and without `stop`; from zero up to `start` when there is no `stop`."""
    low, high = (0, start) if stop is None else (start, stop)
    kind: Any = np.int32 if all(isinstance(value, (int, np.integer)) for value in (low, high, step)) else np.float32
    return Tensor(np.arange(low, high, step).astype(dtype_of(dtype, kind)))


def eye(N: int, M: int | None = None, k: int = 0, dtype: DTypeLike | None = None) -> Tensor:
    """A matrix with ones on one diagonal.

    Args:
        N: The number of rows.
        M: The number of columns; `N` when None.
        k: The diagonal: 0 for the main one, above it when positive.
        dtype: The element type, float32 when None.
    """
    return Tensor(np.eye(N, M, k, dtype_of(dtype)))


@differentiable(promote=False)
def _cast(x: Array, *, dtype: np.dtype[Any]) -> Result:
    source = x.dtype
    if dtype.kind != "f" or source.kind != "f":
        return x.astype(dtype), lambda dy: None
    return x.astype(dtype, copy=False), lambda dy: dy.astype(source, copy=False)


@differentiable(promote=False)
def _identity(x: Array) -> Result:
    return x, lambda dy: dy
