"""More elements around an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema.autograd import Array, Tensor, as_array
from kinema.errors import ArgumentError, ShapeError
from kinema.ops._contract import Result, differentiable
from kinema.ops.creation import convert_to_tensor
from kinema.ops.indexing import take

_Widths = tuple[tuple[int, int], ...]


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Tensor:
    """More elements before and after along each axis.

    Args:
        x: The array.
        pad_width: How many: one number, one pair, or a pair for every axis.
        mode: `"constant"`, `"reflect"` or `"symmetric"`.
        constant_values: The value to pad with, 0 when None.
    """
    widths = _widths(pad_width, as_array(x).ndim)
    if mode == "constant":
        return _pad_constant(x, widths=widths, value=0 if constant_values is None else constant_values)
    if mode not in ("reflect", "symmetric"):
        raise ArgumentError(f"ops.pad: mode is 'constant', 'reflect' or 'symmetric', not {mode!r}")
    for axis, width in enumerate(widths):
        if any(width):
            x = take(x, _padded_indices(as_array(x).shape[axis], width, mode), axis=axis)
    return convert_to_tensor(x)


@differentiable
def _pad_constant(x: Array, *, widths: _Widths, value: Any) -> Result:
    inner = tuple(slice(before, before + n) for n, (before, _) in zip(x.shape, widths, strict=True))
    shape = tuple(before + n + after for n, (before, after) in zip(x.shape, widths, strict=True))
    y = np.zeros(shape, x.dtype) if value == 0 else np.full(shape, value, x.dtype)
    y[inner] = x
    return y, lambda dy: dy[inner]


def _padded_indices(length: int, width: tuple[int, int], mode: str) -> Array:
    """Which elements a reflected axis shows, edge and all."""
    indices = np.arange(length)
    return np.pad(indices, width, "reflect") if mode == "reflect" else np.pad(indices, width, "symmetric")


def _widths(pad_width: Any, ndim: int) -> _Widths:
    try:
        widths = np.broadcast_to(np.asarray(pad_width, np.int64), (ndim, 2))
    except ValueError:
        raise ShapeError(
            f"ops.pad: pad_width {pad_width!r} does not fit {ndim} axes: "
            "give one number, one pair, or a pair for every axis"
        ) from None
    if (widths < 0).any():
        raise ArgumentError(f"ops.pad: pad_width {pad_width!r} is negative; cut with indexing instead")
    return tuple((int(before), int(after)) for before, after in widths)
