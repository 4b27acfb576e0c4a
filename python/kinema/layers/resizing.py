"""Frames of another size."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema import ops
from kinema.errors import ArgumentError
from kinema.layers.arguments import channels_last, one_of, positive_int
from kinema.layers.configured import ConfiguredLayer
from kinema.layers.structure import Shape
from kinema.layers.windows import require_frames
from kinema.ops._resampling import INTERPOLATIONS
from kinema.saving.registry import builtin


class SizedLayer(ConfiguredLayer):
    """A layer whose output frames have a size of its own."""

    frame_rank = 4

    def __init__(self, height: int, width: int, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.height = positive_int(self._title, "height", height)
        self.width = positive_int(self._title, "width", width)
        self.data_format = channels_last(self._title, data_format)

    def build(self, input_shape: Shape) -> None:
        """Checks the input's rank."""
        require_frames(input_shape)
        self.built = True

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, height, width, channels) with the new height and width."""
        require_frames(input_shape)
        return (input_shape[0], self.height, self.width, input_shape[3])


@builtin("keras.layers")
class Resizing(SizedLayer):
    """Brings frames to a size, in training and prediction. `VideoReader(size=...)` does it once, while reading.

    Args:
        height: Rows of the output.
        width: Columns of the output.
        interpolation: "bilinear", "nearest", "bicubic", "area", "lanczos3" or "lanczos5".
        crop_to_aspect_ratio: Keep proportions: cut off what is too much, the same on both sides.
        pad_to_aspect_ratio: Keep proportions: fill up what is missing, the same on both sides.
        fill_mode: "constant", the only way to fill up.
        fill_value: The value to fill up with.
        antialias: Let every pixel count where frames shrink, which takes longer.
        data_format: "channels_last", the only order of axes.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, height, width, channels) with the new height and width.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.Resizing(2, 3)(np.ones((2, 8, 8, 3), "float32")).shape
        (2, 2, 3, 3)
    """

    config_names = (
        "height", "width", "interpolation", "crop_to_aspect_ratio", "pad_to_aspect_ratio", "fill_mode", "fill_value",
        "antialias", "data_format",
    )  # fmt: skip

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(height, width, data_format, **kwargs)
        self.interpolation = one_of(self._title, "interpolation", interpolation, INTERPOLATIONS)
        self.crop_to_aspect_ratio = bool(crop_to_aspect_ratio)
        self.pad_to_aspect_ratio = bool(pad_to_aspect_ratio)
        if self.crop_to_aspect_ratio and self.pad_to_aspect_ratio:
            raise ArgumentError(
                f"{self._title}: crop_to_aspect_ratio and pad_to_aspect_ratio exclude each other: choose one"
            )
        self.fill_mode = one_of(self._title, "fill_mode", fill_mode, ("constant",))
        if isinstance(fill_value, bool) or not isinstance(fill_value, (int, float, np.number)):
            raise ArgumentError(f"{self._title}: fill_value is a number, not {fill_value!r}")
        self.fill_value = float(fill_value)
        self.antialias = bool(antialias)

    def call(self, inputs: Any) -> Any:
        """The frames in their new size."""
        require_frames(inputs.shape)
        return ops.image.resize(
            inputs,
            (self.height, self.width),
            self.interpolation,
            antialias=self.antialias,
            crop_to_aspect_ratio=self.crop_to_aspect_ratio,
            pad_to_aspect_ratio=self.pad_to_aspect_ratio,
            fill_value=self.fill_value,
        )


@builtin("keras.layers")
class CenterCrop(SizedLayer):
    """Cuts the middle out of each frame, in training and prediction.

    Frames that are smaller than the rectangle are resized: of their middle, as much as has its proportions.

    Args:
        height: Rows of the output.
        width: Columns of the output.
        data_format: "channels_last", the only order of axes.

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, height, width, channels) with the new height and width.

    Example:
        >>> import kinema, numpy as np
        >>> frames = np.arange(16.0).reshape(1, 4, 4, 1)
        >>> kinema.layers.CenterCrop(2, 2)(frames).numpy().ravel().tolist()
        [5.0, 6.0, 9.0, 10.0]
    """

    config_names = ("height", "width", "data_format")

    def call(self, inputs: Any) -> Any:
        """The middle of the frames."""
        require_frames(inputs.shape)
        rows, columns = inputs.shape[1] - self.height, inputs.shape[2] - self.width
        if rows < 0 or columns < 0:
            return ops.image.resize(inputs, (self.height, self.width), crop_to_aspect_ratio=True)
        top, left = rows // 2, columns // 2
        return inputs[:, top : top + self.height, left : left + self.width]
