"""The one contract of everything differentiable: a function that returns `(output, backward)`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from kinema.autograd import Array, Tensor, Variable, record

_NUMBERS = (bool, int, float, np.number, np.bool_)


def differentiable(function: Callable[..., tuple[Any, Callable[..., Any]]]) -> Callable[..., Any]:
    """Makes an op of a function over raw arrays.

    The function's positional parameters are tensors: it gets arrays (or None) there, settings come by keyword. It returns the
    output, an array or a tuple of arrays, and `backward`, which maps the output's gradient to one gradient per positional
    argument, in order: an array, None, or a function that computes the array if somebody wants it. The op takes arrays,
    tensors, variables, numbers and lists, gives tensors, and notes itself on the active tapes.
    """
    name = function.__name__

    @functools.wraps(function)
    def op(*inputs: Any, **settings: Any) -> Any:
        output, backward = function(*to_arrays(inputs), **settings)
        if isinstance(output, tuple):
            outputs = tuple(Tensor(array) for array in output)
            record(name, inputs, outputs, backward)
            return outputs
        tensor = Tensor(output)
        record(name, inputs, (tensor,), backward)
        return tensor

    return op


def to_arrays(inputs: tuple[Any, ...]) -> list[Array | None]:
    """The raw arrays of an op's inputs; numbers adopt the floating-point type of the tensors beside them."""
    arrays = [None if value is None else _raw(value) for value in inputs]
    dtype = next((a.dtype for a, v in zip(arrays, inputs, strict=True) if a is not None and not _is_number(v)), None)
    if dtype is None or dtype.kind != "f":
        return arrays
    return [
        array.astype(dtype) if array is not None and _is_number(value) else array
        for array, value in zip(arrays, inputs, strict=True)
    ]


def unbroadcast(gradient: Array, shape: tuple[int, ...]) -> Array:
    """Sums a gradient over the axes along which an input of that shape was broadcast."""
    if gradient.shape == shape:
        return gradient
    extra = gradient.ndim - len(shape)
    summed = gradient.sum(axis=tuple(range(extra))) if extra else gradient
    axes = tuple(i for i, length in enumerate(shape) if length == 1 and summed.shape[i] != 1)
    return summed.sum(axis=axes, keepdims=True) if axes else summed


def _raw(value: Any) -> Array:
    if isinstance(value, (Tensor, Variable)):
        return value._array
    array = np.asarray(value)
    # Python lists of numbers mean what they mean in Keras: single precision.
    if array.dtype == np.float64 and not isinstance(value, (np.ndarray, np.generic)):
        return array.astype(np.float32)
    return array


def _is_number(value: Any) -> bool:
    return isinstance(value, _NUMBERS)
