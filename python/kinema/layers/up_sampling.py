"""Longer sequences and larger frames, by a whole factor."""

from __future__ import annotations

from typing import Any

from kinema import ops
from kinema.layers.arguments import channels_last, one_of, positive_int, positive_pair
from kinema.layers.configured import ConfiguredLayer
from kinema.layers.structure import Shape
from kinema.layers.windows import require_frames, require_sequences
from kinema.ops._resampling import INTERPOLATIONS
from kinema.saving.registry import builtin


@builtin("keras.layers")
class UpSampling1D(ConfiguredLayer):
    """Repeats each step of a sequence.

    Args:
        size: How often.

    Input shape:
        (batch, time, features).

    Output shape:
        (batch, time * size, features).

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.UpSampling1D(2)(np.float32([[[1], [2]]])).numpy().ravel().tolist()
        [1.0, 1.0, 2.0, 2.0]
    """

    mixes_frames = True
    config_names = ("size",)

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = positive_int(self._title, "size", size)

    def build(self, input_shape: Shape) -> None:
        """Checks the input's rank."""
        require_sequences(input_shape)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Every step, as often as `size` says."""
        require_sequences(inputs.shape)
        return ops.repeat(inputs, self.size, axis=1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, time * size, features)."""
        require_sequences(input_shape)
        return (input_shape[0], _times(input_shape[1], self.size), input_shape[2])


@builtin("keras.layers")
class UpSampling2D(ConfiguredLayer):
    """Makes frames larger by whole factors.

    Args:
        size: The factor, one number for both sides or a pair (height, width).
        data_format: "channels_last", the only order of axes.
        interpolation: "nearest" repeats each pixel; "bilinear" and the others that `Resizing` knows go smoothly from
            one to the next.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, height * size[0], width * size[1], channels).

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.UpSampling2D((2, 3))(np.ones((2, 4, 4, 3), "float32")).shape
        (2, 8, 12, 3)
    """

    frame_rank = 4
    config_names = ("size", "data_format", "interpolation")

    def __init__(
        self, size: Any = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.size = positive_pair(self._title, "size", size)
        self.data_format = channels_last(self._title, data_format)
        self.interpolation = one_of(self._title, "interpolation", interpolation, INTERPOLATIONS)

    def build(self, input_shape: Shape) -> None:
        """Checks the input's rank."""
        require_frames(input_shape)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The larger frames."""
        _, height, width, _ = self.compute_output_shape(inputs.shape)
        return ops.image.resize(inputs, (height, width), self.interpolation)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, height * size[0], width * size[1], channels)."""
        require_frames(input_shape)
        batch, height, width, channels = input_shape
        return (batch, _times(height, self.size[0]), _times(width, self.size[1]), channels)


def _times(length: int | None, factor: int) -> int | None:
    return None if length is None else length * factor
