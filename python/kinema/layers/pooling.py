"""Pooling over windows of frames and sequences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from kinema import ops
from kinema.layers.arguments import channels_last, one_of, positive_ints
from kinema.layers.configured import ConfiguredLayer
from kinema.layers.structure import Shape
from kinema.layers.windows import require_frames, require_sequences, slide
from kinema.saving.registry import builtin


class Pooling(ConfiguredLayer):
    """A layer that keeps one number of each window of a frame or a sequence, channel by channel.

    A sequence is a frame of one row.
    """

    #: How many axes its windows have: 1 in sequences, 2 in frames.
    rank: ClassVar[int]
    config_names = ("pool_size", "padding", "strides", "data_format")

    def __init__(
        self, pool_size: Any, strides: Any, padding: str, data_format: str | None, name: str | None, **kwargs: Any
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.pool_size = positive_ints(self._title, "pool_size", pool_size, self.rank)
        self.strides = self.pool_size if strides is None else positive_ints(self._title, "strides", strides, self.rank)
        self.padding = one_of(self._title, "padding", padding, ("valid", "same"))
        self.data_format = channels_last(self._title, data_format)

    def build(self, input_shape: Shape) -> None:
        """Checks the input's rank."""
        self._require_rank(input_shape)
        self.built = True

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, new length of each axis, channels)."""
        self._require_rank(input_shape)
        return (input_shape[0], *slide(input_shape, self.pool_size, self.strides, self.padding), input_shape[-1])

    def _pooled(self, pool: Callable[..., Any], inputs: Any) -> Any:
        self._require_rank(inputs.shape)
        flat = (1,) * (2 - self.rank)
        frames = inputs if self.rank == 2 else ops.expand_dims(inputs, 1)
        window, steps = (*flat, *self.pool_size), (*flat, *self.strides)
        outputs = pool(frames, pool_size=window, strides=steps, padding=self.padding)
        return outputs if self.rank == 2 else ops.squeeze(outputs, 1)

    def _require_rank(self, input_shape: Any) -> None:
        (require_frames if self.rank == 2 else require_sequences)(input_shape)


@builtin("keras.layers", "MaxPool2D")
class MaxPooling2D(Pooling):
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

    rank = 2
    frame_rank = 4

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
        return self._pooled(ops.max_pool, inputs)


@builtin("keras.layers", "AvgPool2D")
class AveragePooling2D(Pooling):
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

    rank = 2
    frame_rank = 4

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
        return self._pooled(ops.average_pool, inputs)


@builtin("keras.layers", "MaxPool1D")
class MaxPooling1D(Pooling):
    """Keeps the largest number of each window along the steps of a sequence.

    Args:
        pool_size: How many steps the window spans.
        strides: By how many steps it moves; the window's length when None.
        padding: "valid" for windows that lie within the sequence, "same" to let them stand out.
        data_format: "channels_last", the only order of axes.
        name: The layer's name.

    Input shape:
        (batch, steps, channels).

    Output shape:
        (batch, new steps, channels).

    Raises:
        ShapeError: The input is not a batch of sequences, or the window does not fit.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.MaxPooling1D(2)(np.float32([[[1.0], [3.0], [2.0], [8.0]]])).numpy().ravel()
        array([3., 8.], dtype=float32)
    """

    rank = 1
    mixes_frames = True

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)

    def call(self, inputs: Any) -> Any:
        """The largest number of each window."""
        return self._pooled(ops.max_pool, inputs)


@builtin("keras.layers", "AvgPool1D")
class AveragePooling1D(Pooling):
    """Keeps the mean of each window along the steps of a sequence; what stands out of it is not counted.

    Args:
        pool_size: How many steps the window spans.
        strides: By how many steps it moves; the window's length when None.
        padding: "valid" for windows that lie within the sequence, "same" to let them stand out.
        data_format: "channels_last", the only order of axes.
        name: The layer's name.

    Input shape:
        (batch, steps, channels).

    Output shape:
        (batch, new steps, channels).

    Raises:
        ShapeError: The input is not a batch of sequences, or the window does not fit.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.AveragePooling1D(2)(np.float32([[[1.0], [3.0], [2.0], [8.0]]])).numpy().ravel()
        array([2., 5.], dtype=float32)
    """

    rank = 1
    mixes_frames = True

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
        return self._pooled(ops.average_pool, inputs)


MaxPool1D = MaxPooling1D
AvgPool1D = AveragePooling1D
MaxPool2D = MaxPooling2D
AvgPool2D = AveragePooling2D
