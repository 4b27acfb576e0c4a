"""Pooling over windows of frames."""

from __future__ import annotations

from typing import Any

from kinema import ops
from kinema.layers.arguments import channels_last, one_of, positive_pair
from kinema.layers.configured import ConfiguredLayer
from kinema.layers.structure import Shape
from kinema.layers.windows import require_frames, slide
from kinema.saving.registry import builtin


class Pooling2D(ConfiguredLayer):
    """A layer that keeps one number of each window of a frame, channel by channel."""

    frame_rank = 4
    config_names = ("pool_size", "padding", "strides", "data_format")

    def __init__(
        self, pool_size: Any, strides: Any, padding: str, data_format: str | None, name: str | None, **kwargs: Any
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.pool_size = positive_pair(self.title, "pool_size", pool_size)
        self.strides = self.pool_size if strides is None else positive_pair(self.title, "strides", strides)
        self.padding = one_of(self.title, "padding", padding, ("valid", "same"))
        self.data_format = channels_last(self.title, data_format)

    def build(self, input_shape: Shape) -> None:
        """Checks the input's rank."""
        require_frames(input_shape)
        self.built = True

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, new height, new width, channels)."""
        return (input_shape[0], *slide(input_shape, self.pool_size, self.strides, self.padding), input_shape[3])


@builtin("keras.layers", "MaxPool2D")
class MaxPooling2D(Pooling2D):
    """Keeps the largest number of each window.

    Args:
        pool_size: Height and width of the window, one number for both or a pair.
        strides: The window's steps; the window's size when None.
        padding: "valid" for windows that lie within the frame, "same" to let them stand out.
        data_format: "channels_last", the only order of axes.
        name: The layer's name.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, new height, new width, channels).

    Raises:
        ShapeError: The input is not a batch of frames, or the window does not fit.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.MaxPooling2D()(np.arange(4.0, dtype="float32").reshape(1, 2, 2, 1)).numpy().item()
        3.0
    """

    def __init__(
        self,
        pool_size: Any = (2, 2),
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)

    def call(self, inputs: Any) -> Any:
        """The largest number of each window."""
        require_frames(inputs.shape)
        return ops.max_pool(inputs, pool_size=self.pool_size, strides=self.strides, padding=self.padding)


@builtin("keras.layers", "AvgPool2D")
class AveragePooling2D(Pooling2D):
    """Keeps the mean of each window; what stands out of the frame is not counted.

    Args:
        pool_size: Height and width of the window, one number for both or a pair.
        strides: The window's steps; the window's size when None.
        padding: "valid" for windows that lie within the frame, "same" to let them stand out.
        data_format: "channels_last", the only order of axes.
        name: The layer's name.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, new height, new width, channels).

    Raises:
        ShapeError: The input is not a batch of frames, or the window does not fit.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.AveragePooling2D(2)(np.arange(4.0, dtype="float32").reshape(1, 2, 2, 1)).numpy().item()
        1.5
    """

    def __init__(
        self,
        pool_size: Any,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)

    def call(self, inputs: Any) -> Any:
        """The mean of each window."""
        require_frames(inputs.shape)
        return ops.average_pool(inputs, pool_size=self.pool_size, strides=self.strides, padding=self.padding)


MaxPool2D = MaxPooling2D
AvgPool2D = AveragePooling2D
