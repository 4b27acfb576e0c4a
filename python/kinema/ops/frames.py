"""Arithmetic on frames as they come from a video."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema import _rust
from kinema.autograd import Array, as_array
from kinema.errors import ShapeError
from kinema.ops._arrays import native
from kinema.ops._contract import Result, differentiable


@differentiable(promote=False)
def normalize_frames(x: Array, *, scale: Any, offset: Any) -> Result:
    """`x * scale + offset` with constants per channel or per pixel; bytes become floating-point numbers on the way.

    Args:
        x: Frames of bytes, or numbers of any other type; floating-point types stay as they are.
        scale: What to multiply with: a number, or an array that fits the last axes of `x`. Bytes take its type.
        offset: What to add, likewise.

    Example:
        >>> import kinema, numpy
        >>> kinema.ops.normalize_frames(numpy.uint8([[0, 255]]), 2 / 255, -1).numpy()
        array([[-1.,  1.]], dtype=float32)
    """
    double = x.dtype == np.float64 or (x.dtype != np.float32 and np.float64 in (_dtype(scale), _dtype(offset)))
    dtype = np.float64 if double else np.float32
    factor, term = as_array(scale).astype(dtype, copy=False), as_array(offset).astype(dtype, copy=False)
    inner = _inner_shape(x.shape, factor, term)
    if x.dtype != np.uint8:
        return x.astype(dtype, copy=False) * factor + term, lambda dy: dy * factor
    y = _rust.frames_to_float(native(x), _flat(factor, inner), _flat(term, inner))
    return y, lambda dy: None


def _dtype(constant: Any) -> Any:
    """The type of an array of constants; Python's numbers have none."""
    return getattr(constant, "dtype", None)


def _inner_shape(shape: tuple[int, ...], scale: Array, offset: Array) -> tuple[int, ...]:
    """The last axes of the frames, as many as the constants have."""
    axes = max(scale.ndim, offset.ndim)
    inner = shape[len(shape) - axes :] if axes <= len(shape) else ()
    try:
        if np.broadcast_shapes(scale.shape, offset.shape, inner) == inner:
            return inner
    except ValueError:
        pass
    raise ShapeError(
        f"ops.normalize_frames: scale of shape {scale.shape} and offset of shape {offset.shape} do not fit "
        f"the last axes of x, which has shape {shape}"
    )


def _flat(constants: Array, inner: tuple[int, ...]) -> Array:
    return np.ascontiguousarray(np.broadcast_to(constants, inner)).reshape(-1)
