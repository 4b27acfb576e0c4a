"""Frames of bytes to numbers of a good size."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema import ops
from kinema.errors import ArgumentError, ShapeError
from kinema.layers.activation import ElementwiseLayer
from kinema.saving.registry import builtin


@builtin("keras.layers")
class Rescaling(ElementwiseLayer):
    """`inputs * scale + offset`. Frames of uint8 are converted on the way.

    Args:
        scale: A number, or a list with one number a channel.
        offset: A number, or a list with one number a channel.

    Input shape:
        Any.

    Output shape:
        The input's.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.Rescaling(1 / 255)(np.uint8([[0, 255]])).numpy()
        array([[0., 1.]], dtype=float32)
    """

    accepts_integers = True
    config_names = ("scale", "offset")

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = _plain(self._title, "scale", scale)
        self.offset = _plain(self._title, "offset", offset)

    def call(self, inputs: Any) -> Any:
        """`inputs * scale + offset`."""
        scale, offset = np.asarray(self.scale, self.dtype), np.asarray(self.offset, self.dtype)
        try:
            np.broadcast_to(scale + offset, inputs.shape)
        except ValueError:
            raise ShapeError(
                f"scale of shape {scale.shape} and offset of shape {offset.shape} do not fit an input of shape "
                f"{inputs.shape}: give one number, or one a channel"
            ) from None
        return ops.normalize_frames(inputs, scale=scale, offset=offset)

    def byte_scaling(self) -> ops.ByteScaling:
        """What the layer makes of bytes."""
        return ops.ByteScaling(np.asarray(self.scale, self.dtype), np.asarray(self.offset, self.dtype))


def _plain(owner: str, argument: str, value: Any) -> Any:
    """A number, or a nested list of numbers, as files keep it."""
    array = np.asarray(value)
    if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        raise ArgumentError(f"{owner}: {argument} is a finite number, or a list with one a channel, not {value!r}")
    array = array.astype(np.float64)
    return array.tolist() if array.ndim else float(array)
