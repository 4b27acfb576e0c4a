"""Cutting the ends off sequences and the borders off frames."""

from __future__ import annotations

from typing import Any

from kinema import ops
from kinema.layers.arguments import channels_last
from kinema.layers.edges import EdgeLayer, edge_of_steps, edges_of_frames
from kinema.saving.registry import builtin


class Cropping(EdgeLayer):
    """A layer that cuts off the ends of axes."""

    amounts = "cropping"
    sign = -1

    def call(self, inputs: Any) -> Any:
        """What lies between the ends."""
        self.compute_output_shape(inputs.shape)
        kept = tuple(
            slice(before, length - after)
            for length, (before, after) in zip(inputs.shape[1:-1], self._edges(), strict=True)
        )
        return ops.getitem(inputs, (slice(None), *kept))


@builtin("keras.layers")
class Cropping1D(Cropping):
    """Cuts steps off the beginning and the end of each sequence.

    Args:
        cropping: How many: one number for both ends, or a pair (at the beginning, at the end).

    Input shape:
        (batch, time, features).

    Output shape:
        (batch, time - beginning - end, features).

    Raises:
        ShapeError: Nothing would be left.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.Cropping1D((2, 1))(np.ones((2, 7, 3), "float32")).shape
        (2, 4, 3)
    """

    mixes_frames = True
    config_names = ("cropping",)

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cropping = edge_of_steps(self._title, "cropping", cropping)


@builtin("keras.layers")
class Cropping2D(Cropping):
    """Cuts rows and columns off the borders of each frame.

    Args:
        cropping: How many: one number for all sides, a pair (top and bottom, left and right), or
            ((top, bottom), (left, right)).
        data_format: "channels_last", the only order of axes.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, height - top - bottom, width - left - right, channels).

    Raises:
        ShapeError: Nothing would be left.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.Cropping2D((1, 2))(np.ones((2, 6, 8, 3), "float32")).shape
        (2, 4, 4, 3)
    """

    frame_rank = 4
    config_names = ("cropping", "data_format")

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cropping = edges_of_frames(self._title, "cropping", cropping)
        self.data_format = channels_last(self._title, data_format)
