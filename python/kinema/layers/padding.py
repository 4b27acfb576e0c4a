"""Padding of frames."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema import ops
from kinema.errors import ArgumentError
from kinema.layers.arguments import channels_last
from kinema.layers.configured import ConfiguredLayer
from kinema.layers.structure import Shape
from kinema.layers.windows import require_frames
from kinema.saving.registry import builtin

Edges = tuple[tuple[int, int], tuple[int, int]]


@builtin("keras.layers")
class ZeroPadding2D(ConfiguredLayer):
    """Adds rows and columns of zeros around each frame.

    Args:
        padding: How many: one number for all sides, a pair (top and bottom, left and right), or
            ((top, bottom), (left, right)).
        data_format: "channels_last", the only order of axes.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, height + top + bottom, width + left + right, channels).

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.ZeroPadding2D((1, 2))(np.ones((2, 4, 4, 3), "float32")).shape
        (2, 6, 8, 3)
    """

    frame_rank = 4
    config_names = ("padding", "data_format")

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding = _edges(self.title, padding)
        self.data_format = channels_last(self.title, data_format)

    def build(self, input_shape: Shape) -> None:
        """Checks the input's rank."""
        require_frames(input_shape)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The padded frames."""
        require_frames(inputs.shape)
        return ops.pad(inputs, ((0, 0), *self.padding, (0, 0)))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, height + top + bottom, width + left + right, channels)."""
        require_frames(input_shape)
        batch, height, width, channels = input_shape
        rows, columns = (sum(edge) for edge in self.padding)
        return (batch, None if height is None else height + rows, None if width is None else width + columns, channels)


def _edges(owner: str, padding: Any) -> Edges:
    numbers = [side for axis in _pair(padding) for side in _pair(axis)]
    if len(numbers) == 4 and all(isinstance(n, (int, np.integer)) and n >= 0 for n in numbers):
        top, bottom, left, right = (int(n) for n in numbers)
        return (top, bottom), (left, right)
    raise ArgumentError(
        f"{owner}: padding is a number of rows and columns, a pair of numbers, or ((top, bottom), (left, right)), "
        f"none of them negative, not {padding!r}"
    )


def _pair(value: Any) -> tuple[Any, ...]:
    """Two of a number; a tuple or list as it is."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)
