"""Padding of sequences and frames."""

from __future__ import annotations

from typing import Any

from kinema import ops
from kinema.layers.arguments import channels_last
from kinema.layers.edges import EdgeLayer, edge_of_steps, edges_of_frames
from kinema.saving.registry import builtin


class ZeroPadding(EdgeLayer):
    """A layer that adds zeros at the ends of axes."""

    amounts = "padding"
    sign = 1
    config_names = ("padding", "data_format")

    def call(self, inputs: Any) -> Any:
        """The inputs between zeros."""
        self.compute_output_shape(inputs.shape)
        return ops.pad(inputs, ((0, 0), *self._edges(), (0, 0)))


@builtin("keras.layers")
class ZeroPadding1D(ZeroPadding):
    """Adds steps of zeros before and after each sequence.

    Args:
        padding: How many: one number for both ends, or a pair (at the beginning, at the end).
        data_format: "channels_last", the only order of axes.

    Input shape:
        (batch, time, features).

    Output shape:
        (batch, time + beginning + end, features).

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.ZeroPadding1D((2, 1))(np.ones((2, 4, 3), "float32")).shape
        (2, 7, 3)
    """

    mixes_frames = True

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding = edge_of_steps(self._title, "padding", padding)
        self.data_format = channels_last(self._title, data_format)


@builtin("keras.layers")
class ZeroPadding2D(ZeroPadding):
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

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding = edges_of_frames(self._title, "padding", padding)
        self.data_format = channels_last(self._title, data_format)
