"""Tensors out of nothing or out of arrays, and the types they have."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kinema.autograd import Array, Tensor, Variable, as_array
from kinema.ops._arrays import dtype_of, floating
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
        if dtype is not None:
            return cast(x, dtype)
        return x if isinstance(x, Tensor) else _identity(x)
    if isinstance(x, np.ndarray):
        return Tensor(x.astype(x.dtype if dtype is None else dtype_of(dtype)))
    return Tensor(x if dtype is None else as_array(x).astype(dtype_of(dtype), copy=False))


def array(x: Any, dtype: DTypeLike | None = None) -> Tensor:
    """`convert_to_tensor`, under NumPy's name."""
    return convert_to_tensor(x, dtype)


def convert_to_numpy(x: Any) -> Array:
    """The values as an array of their own, which may be written to."""
    return np.array(as_array(x))


def cast(x: Any, dtype: DTypeLike) -> Tensor:
    """The values with another element type. Gradients flow between floating-point types.

    A tensor that has the type already keeps its mask, and what its probabilities were made of.
    """
    wanted = dtype_of(dtype)
    y = _cast(x, dtype=wanted)
    if isinstance(x, Tensor) and x.dtype == wanted:
        y.mask, y.logits = x.mask, x.logits
    return y


def saturate_cast(x: Any, dtype: DTypeLike) -> Tensor:
    """The values with another element type, those outside its range at the range's ends."""
    target, array = dtype_of(dtype), as_array(x)
    if target.kind not in "iu" or array.dtype.kind == "b":
        return cast(x, target)
    limits = np.iinfo(target)
    above, below = array >= limits.max, array <= limits.min
    inside = np.where(above | below | (array != array), 0, array).astype(target)
    return Tensor(np.where(above, target.type(limits.max), np.where(below, target.type(limits.min), inside)))


def as_floating(x: Any) -> Tensor:
    """A tensor of floating-point numbers, float32 where they are whole."""
    values = convert_to_tensor(x)
    return values if values.dtype.kind == "f" else cast(values, floating(values.numpy()).dtype)


def stop_gradient(variable: Any) -> Tensor:
    """The same values, as a constant that gradients do not flow through."""
    array = as_array(variable)
    return Tensor(array.copy() if isinstance(variable, Variable) else array)


def copy(x: Any) -> Tensor:
    """The same values, in a tensor of their own."""
    return _identity(x)


def shape(x: Any) -> Any:
    """The length of every axis; None where it varies in a graph."""
    return x.shape if isinstance(x, Symbolic) else as_array(x).shape


def ndim(x: Any) -> int:
    """The number of axes."""
    return len(shape(x))


def size(x: Any) -> int:
    """The number of values."""
    return as_array(x).size


def is_tensor(x: Any) -> bool:
    """Whether it is a tensor or a variable, which an array is not."""
    return isinstance(x, (Tensor, Variable))


def dtype(x: Any) -> str:
    """The name of the element type."""
    return str(convert_to_tensor(x).dtype)


def empty(shape: Any, dtype: DTypeLike | None = None) -> Tensor:
    """A tensor whose values do not matter, float32 unless told otherwise."""
    return zeros(shape, dtype)


def empty_like(x: Any, dtype: DTypeLike | None = None) -> Tensor:
    """A tensor whose values do not matter, in the shape and, unless told otherwise, the type of another."""
    return zeros_like(x, dtype)


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


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: DTypeLike | None = None,
    axis: int = 0,
) -> Any:
    """Numbers at equal distances from `start` to `stop`.

    Args:
        start: The first number, or an array of them.
        stop: The last one.
        num: How many.
        endpoint: Whether `stop` itself is the last one; otherwise it would be the next.
        retstep: Also give the distance.
        dtype: The element type; that of `start` and `stop` when None, float32 for Python's numbers.
        axis: The new axis along which they lie.

    Example:
        >>> import kinema
        >>> kinema.ops.linspace(0, 1, 5).numpy()
        array([0.  , 0.25, 0.5 , 0.75, 1.  ], dtype=float32)
    """
    kind = dtype_of(dtype, _floating_type(start, stop))
    numbers, step = np.linspace(as_array(start), as_array(stop), num, endpoint, retstep=True, axis=axis)
    tensor = Tensor(numbers.astype(kind))
    return (tensor, Tensor(np.asarray(step, kind))) if retstep else tensor


def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10,
    dtype: DTypeLike | None = None,
    axis: int = 0,
) -> Tensor:
    """Numbers at equal ratios from `base ** start` to `base ** stop`; see `linspace` for the arguments."""
    numbers = np.logspace(as_array(start), as_array(stop), num, endpoint, as_array(base), axis=axis)
    return Tensor(numbers.astype(dtype_of(dtype, _floating_type(start, stop))))


def eye(N: int, M: int | None = None, k: int = 0, dtype: DTypeLike | None = None) -> Tensor:
    """A matrix with ones on one diagonal.

    Args:
        N: The number of rows.
        M: The number of columns; `N` when None.
        k: The diagonal: 0 for the main one, above it when positive.
        dtype: The element type, float32 when None.
    """
    return Tensor(np.eye(N, M, k, dtype_of(dtype)))


def _floating_type(*limits: Any) -> np.dtype[Any]:
    """The type of limits that have a floating-point type of their own, else single precision."""
    floats = [x.dtype for x in limits if isinstance(x, (Tensor, Variable, np.ndarray)) and x.dtype.kind == "f"]
    return np.result_type(*floats) if floats else np.dtype(np.float32)


@differentiable(promote=False)
def _cast(x: Array, *, dtype: np.dtype[Any]) -> Result:
    source = x.dtype
    if dtype.kind != "f" or source.kind != "f":
        return x.astype(dtype), lambda dy: None
    return x.astype(dtype, copy=False), lambda dy: dy.astype(source, copy=False)


@differentiable(promote=False)
def _identity(x: Array) -> Result:
    return x, lambda dy: dy
