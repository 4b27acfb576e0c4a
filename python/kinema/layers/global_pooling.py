"""Pooling over whole frames."""

from __future__ import annotations

from typing import Any

from kinema import ops
from kinema.layers.arguments import channels_last
from kinema.layers.configured import ConfiguredLayer
from kinema.layers.structure import Shape
from kinema.layers.windows import require_frames
from kinema.saving.registry import builtin


class GlobalPooling2D(ConfiguredLayer):
    """A layer that keeps one number of each channel of a frame."""

    frame_rank = 4
    config_names = ("data_format", "keepdims")

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = channels_last(self._title, data_format)
        self.keepdims = bool(keepdims)

    def build(self, input_shape: Shape) -> None:
        """Checks the input's rank."""
        require_frames(input_shape)
        self.built = True

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, channels), or (batch, 1, 1, channels) with `keepdims`."""
        require_frames(input_shape)
        return (input_shape[0], 1, 1, input_shape[3]) if self.keepdims else (input_shape[0], input_shape[3])


@builtin("keras.layers", "GlobalMaxPool2D")
class GlobalMaxPooling2D(GlobalPooling2D):
    """Keeps the largest number of each channel of a frame.

    Args:
        data_format: "channels_last", the only order of axes.
        keepdims: Keep height and width as axes of length 1.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, channels).

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.GlobalMaxPooling2D()(np.ones((2, 4, 4, 3), "float32")).shape
        (2, 3)
    """

    def call(self, inputs: Any) -> Any:
        """The largest number of each channel."""
        require_frames(inputs.shape)
        return ops.global_max_pool(inputs, keepdims=self.keepdims)


@builtin("keras.layers", "GlobalAvgPool2D")
class GlobalAveragePooling2D(GlobalPooling2D):
    """Keeps the mean of each channel of a frame.

    Args:
        data_format: "channels_last", the only order of axes.
        keepdims: Keep height and width as axes of length 1.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, channels).

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.GlobalAveragePooling2D()(np.ones((2, 4, 4, 3), "float32")).shape
        (2, 3)
    """

    def call(self, inputs: Any) -> Any:
        """The mean of each channel."""
        require_frames(inputs.shape)
        return ops.global_average_pool(inputs, keepdims=self.keepdims)


GlobalMaxPool2D = GlobalMaxPooling2D
GlobalAvgPool2D = GlobalAveragePooling2D
