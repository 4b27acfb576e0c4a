"""Augmentations that change the size of frames."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from kinema.autograd import Array
from kinema.errors import ArgumentError
from kinema.layers.arguments import positive_int
from kinema.layers.augmentation.base import Augmentation, between
from kinema.layers.augmentation.geometry import resize
from kinema.layers.structure import Shape
from kinema.ops._contract import Result
from kinema.saving.registry import builtin

_Box = tuple[int, int, int, int]


class _SizedAugmentation(Augmentation):
    """An augmentation whose output has a size of its own, at rest too."""

    moves_places = True
    only_trains = False
    changes_bytes = True

    def __init__(self, height: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.height = positive_int(self._title, "height", height)
        self.width = positive_int(self._title, "width", width)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape with the new height and width."""
        self._require_frames(input_shape)
        return (*input_shape[:-3], self.height, self.width, input_shape[-1])

    def _changed_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (shape[0], self.height, self.width, shape[-1])

    def rest_batch(self, x: Array) -> Result:
        """The middle of every frame, in the new size."""
        clip = x.reshape(-1, *x.shape[-3:])
        top, left, height, width = self._rest_box(*clip.shape[1:3])
        y, back = _cut(clip, (top, left, height, width), self.height, self.width)
        return y.reshape(*x.shape[:-3], *y.shape[1:]), lambda dy: back(dy.reshape(y.shape)).reshape(x.shape)

    def _rest_box(self, height: int, width: int) -> _Box:
        """The largest box in the middle that has the output's proportions."""
        high = max(1, min(height, width * self.height // self.width))
        wide = max(1, min(width, height * self.width // self.height))
        return (height - high) // 2, (width - wide) // 2, high, wide


@builtin("keras.layers")
class RandomCrop(_SizedAugmentation):
    """While training, cuts the same random rectangle out of every frame of a clip; at rest, the one in the middle.

    Frames that are smaller than the rectangle are resized: of their middle, as much as has its proportions.

    Args:
        height: Rows of the output.
        width: Columns of the output.
        seed: A seed of its own; the training's when None.
        data_format: None or "channels_last".

    Input shape:
        (batch, height, width, channels), or (batch, time, height, width, channels).

    Output shape:
        The input's with the new height and width.

    Example:
        >>> import kinema, numpy as np
        >>> clips = np.zeros((2, 8, 32, 40, 3), "uint8")
        >>> kinema.layers.RandomCrop(24, 24)(clips).shape
        (2, 8, 24, 24, 3)
    """

    config_names = ("height", "width", "seed", "data_format")
    draws: ClassVar[int] = 2

    def __init__(
        self, height: int, width: int, seed: int | None = None, data_format: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(height, width, seed=seed, data_format=data_format, **kwargs)

    def change(self, clip: Array, drawn: Array) -> Result:
        """A rectangle of the clip."""
        height, width = clip.shape[1:3]
        if not self._fits(height, width):
            return _cut(clip, self._rest_box(height, width), self.height, self.width)
        top, left = int(drawn[0] * (height - self.height + 1)), int(drawn[1] * (width - self.width + 1))
        return _cut(clip, (top, left, self.height, self.width), self.height, self.width)

    def _fits(self, height: int, width: int) -> bool:
        return height >= self.height and width >= self.width

    def _rest_box(self, height: int, width: int) -> _Box:
        if self._fits(height, width):
            return (height - self.height) // 2, (width - self.width) // 2, self.height, self.width
        return super()._rest_box(height, width)


@builtin("kinema.layers")
class RandomResizedCrop(_SizedAugmentation):
    """While training, cuts a random rectangle of random size and shape, the same out of every frame of a clip, and
    resizes it; at rest, the largest one in the middle that has the output's proportions.

    Args:
        height: Rows of the output.
        width: Columns of the output.
        scale: The least and the largest part of the frame's area that the rectangle has.
        ratio: The least and the largest width-to-height ratio of the rectangle.
        seed: A seed of its own; the training's when None.
        data_format: None or "channels_last".

    Input shape:
        (batch, height, width, channels), or (batch, time, height, width, channels).

    Output shape:
        The input's with the new height and width.

    Example:
        >>> import kinema, numpy as np
        >>> clips = np.zeros((2, 8, 32, 40, 3), "uint8")
        >>> kinema.layers.RandomResizedCrop(24, 24)(clips).shape
        (2, 8, 24, 24, 3)
    """

    config_names = ("height", "width", "scale", "ratio", "seed", "data_format")
    draws: ClassVar[int] = 4

    def __init__(
        self,
        height: int,
        width: int,
        scale: tuple[float, float] = (0.3, 1.0),
        ratio: tuple[float, float] = (3 / 4, 4 / 3),
        seed: int | None = None,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(height, width, seed=seed, data_format=data_format, **kwargs)
        self.scale = _rising_pair(self._title, "scale", scale, most=1.0)
        self.ratio = _rising_pair(self._title, "ratio", ratio, most=math.inf)

    def change(self, clip: Array, drawn: Array) -> Result:
        """A rectangle of the clip in the new size."""
        height, width = clip.shape[1:3]
        area = between(self.scale, drawn[0]) * height * width
        ratio = math.exp(between((math.log(self.ratio[0]), math.log(self.ratio[1])), drawn[1]))
        high = min(height, max(1, round(math.sqrt(area / ratio))))
        wide = min(width, max(1, round(math.sqrt(area * ratio))))
        top, left = int(drawn[2] * (height - high + 1)), int(drawn[3] * (width - wide + 1))
        return _cut(clip, (top, left, high, wide), self.height, self.width)


def _cut(clip: Array, box: _Box, height: int, width: int) -> Result:
    """A box of every frame, in a new size."""
    top, left, high, wide = box
    within = (slice(None), slice(top, top + high), slice(left, left + wide))
    resized, back = resize(clip[within], height, width)

    def backward(dy: Array) -> Array:
        whole = np.zeros(clip.shape, dy.dtype)
        whole[within] = back(dy)
        return whole

    return resized, backward


def _rising_pair(owner: str, argument: str, value: Any, most: float) -> tuple[float, float]:
    pair = tuple(value) if isinstance(value, (tuple, list)) else ()
    if len(pair) != 2 or not all(isinstance(one, (int, float)) for one in pair) or not 0 < pair[0] <= pair[1] <= most:
        limit = "" if most == math.inf else f", up to {most:g}"
        raise ArgumentError(f"{owner}: {argument} is a pair of positive numbers (least, largest){limit}, not {value!r}")
    return float(pair[0]), float(pair[1])
