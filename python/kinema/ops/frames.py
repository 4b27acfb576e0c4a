"""Arithmetic on frames as they come from a video."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

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


@dataclass(frozen=True)
class ByteScaling:
    """What makes numbers of bytes: `x * scale + offset`, then `(that - mean) / deviation` where both are given.

    Args:
        scale: What to multiply with, of the type that the numbers get; it fits the last axes of the frames, as do all.
        offset: What to add.
        mean: What to subtract.
        deviation: What to divide by.
    """

    scale: Array
    offset: Array
    mean: Array | None = None
    deviation: Array | None = None

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether the constants repeat from frame to frame in frames of this (height, width, channels)."""
        shapes = {constants.shape for constants in self._constants()}
        try:
            return shapes == {()} or np.broadcast_shapes(shape, *shapes) == shape
        except ValueError:
            return False

    def spread(self, shape: tuple[int, ...]) -> tuple[Array, Array, tuple[Array, Array] | None]:
        """The constants for every position of a row of frames of this shape, or of a frame where rows differ."""
        given = self._constants()
        if not any(constants.ndim == 3 and constants.shape[0] > 1 for constants in given):
            given = [constants[0] if constants.ndim == 3 else constants for constants in given]
            shape = shape[1:]
        spread = [_flat(constants, shape) for constants in given]
        return spread[0], spread[1], (spread[2], spread[3]) if len(spread) > 2 else None

    def _constants(self) -> list[Array]:
        every = (self.scale, self.offset, self.mean, self.deviation)
        return [constants for constants in every if constants is not None]


@dataclass(frozen=True)
class ByteFrames:
    """Frames of bytes, which a convolution makes numbers of as it reads them.

    Args:
        frames: (batch, height, width, channels), uint8.
        scaling: How.
    """

    frames: Array
    scaling: ByteScaling

    @property
    def shape(self) -> tuple[int, ...]:
        """The frames' shape."""
        return cast(tuple[int, ...], self.frames.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers."""
        return self.scaling.scale.dtype

    def native(self) -> Any:
        """What kernels take."""
        return (native(self.frames), *self.scaling.spread(self.shape[1:]))


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
    return np.full(inner, constants, constants.dtype).reshape(-1)
