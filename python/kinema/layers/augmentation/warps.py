"""Augmentations that move what is in the frames: flips, rotation, zoom, translation."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from kinema.autograd import Array
from kinema.errors import ArgumentError
from kinema.layers.arguments import one_of
from kinema.layers.augmentation.arguments import drawn_range
from kinema.layers.augmentation.base import Augmentation, between
from kinema.layers.augmentation.geometry import warp
from kinema.ops._contract import Result
from kinema.preprocessing._transforms import FILL_MODES, Sampling
from kinema.saving.registry import builtin

_MODES = ("horizontal", "vertical", "horizontal_and_vertical")


@builtin("keras.layers")
class RandomFlip(Augmentation):
    """While training, mirrors every second clip on average, all frames of it or none.

    With both directions, each is drawn for itself.

    Args:
        mode: "horizontal", "vertical" or "horizontal_and_vertical".
        seed: A seed of its own; the training's when None.
        data_format: None or "channels_last".

    Input shape:
        (batch, height, width, channels), or (batch, time, height, width, channels).

    Output shape:
        The input's.

    Example:
        >>> import kinema, numpy as np
        >>> clips = np.arange(2.0).reshape(1, 1, 1, 2, 1)
        >>> flip = kinema.layers.RandomFlip("horizontal", seed=1)
        >>> sorted({tuple(flip(clips).numpy().ravel().tolist()) for _ in range(20)})
        [(0.0, 1.0), (1.0, 0.0)]
    """

    moves_places = True
    config_names = ("mode", "seed", "data_format")
    draws: ClassVar[int] = 2
    changes_bytes = True

    def __init__(
        self, mode: str = "horizontal_and_vertical", seed: int | None = None, data_format: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.mode = one_of(self._title, "mode", mode, _MODES)

    def change(self, clip: Array, drawn: Array) -> Result:
        """The clip or its mirror image."""
        rows = -1 if "vertical" in self.mode and drawn[0] < 0.5 else 1
        columns = -1 if "horizontal" in self.mode and drawn[1] < 0.5 else 1
        return clip[:, ::rows, ::columns], lambda dy: dy[:, ::rows, ::columns]


class _Warp(Augmentation):
    """An augmentation that takes each pixel from another place."""

    moves_places = True
    changes_bytes = True

    def __init__(self, *, fill_mode: str, interpolation: str, fill_value: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fill_mode = one_of(self._title, "fill_mode", fill_mode, FILL_MODES)
        self.interpolation = one_of(self._title, "interpolation", interpolation, ("nearest", "bilinear"))
        if isinstance(fill_value, bool) or not isinstance(fill_value, (int, float, np.number)):
            raise ArgumentError(f"{self._title}: fill_value is a number, not {fill_value!r}")
        self.fill_value = float(fill_value)

    def to_source(self, drawn: Array, height: int, width: int) -> Array:
        """From (row, column) in the output to (row, column) in the input: two rows of a matrix."""
        raise NotImplementedError(f"{type(self).__name__} needs to_source(self, drawn, height, width)")

    def change(self, clip: Array, drawn: Array) -> Result:
        """The clip, moved."""
        sampling = Sampling(self.fill_mode, self.fill_value, 1 if self.interpolation == "bilinear" else 0)
        return warp(clip, self.to_source(drawn, *clip.shape[1:3]), sampling)


@builtin("keras.layers")
class RandomRotation(_Warp):
    """While training, turns every clip by a random angle, all its frames by the same.

    Args:
        factor: The largest angle as a part of a full turn, either way; or a pair (lower, upper), where positive turns
            counter-clockwise.
        fill_mode: What lies beyond the border: "reflect", "wrap", "constant" or "nearest".
        interpolation: "nearest" or "bilinear".
        seed: A seed of its own; the training's when None.
        fill_value: The value beyond the border with fill_mode="constant".
        data_format: None or "channels_last".

    Input shape:
        (batch, height, width, channels), or (batch, time, height, width, channels).

    Output shape:
        The input's.

    Example:
        >>> import kinema, numpy as np
        >>> clip = np.arange(4.0).reshape(1, 1, 2, 2, 1)
        >>> quarter = kinema.layers.RandomRotation((0.25, 0.25))(clip).numpy().reshape(2, 2)
        >>> np.rint(quarter).tolist()
        [[1.0, 3.0], [0.0, 2.0]]
    """

    config_names = ("factor", "fill_mode", "interpolation", "seed", "fill_value", "data_format")

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None:
        kwargs |= {"fill_mode": fill_mode, "interpolation": interpolation, "fill_value": fill_value}
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor = drawn_range(self._title, "factor", factor, -1, 1)

    def to_source(self, drawn: Array, height: int, width: int) -> Array:
        """A turn about the middle."""
        angle = 2 * math.pi * between(self.factor, drawn[0])
        sine, cosine = math.sin(angle), math.cos(angle)
        return _about_middle(np.array([[cosine, sine], [-sine, cosine]]), height, width)


@builtin("keras.layers")
class RandomZoom(_Warp):
    """While training, zooms every clip by a random factor, all its frames by the same.

    Args:
        height_factor: How much more of the height the frame shows, as a part of it: 0.2 draws from -0.2 (zoomed in) to
            0.2 (zoomed out); or a pair (lower, upper).
        width_factor: The same for the width; None keeps the proportions.
        fill_mode: What lies beyond the border: "reflect", "wrap", "constant" or "nearest".
        interpolation: "nearest" or "bilinear".
        seed: A seed of its own; the training's when None.
        fill_value: The value beyond the border with fill_mode="constant".
        data_format: None or "channels_last".

    Input shape:
        (batch, height, width, channels), or (batch, time, height, width, channels).

    Output shape:
        The input's.

    Example:
        >>> import kinema, numpy as np
        >>> clips = np.zeros((2, 8, 32, 32, 3), "uint8")
        >>> kinema.layers.RandomZoom(0.2)(clips).shape
        (2, 8, 32, 32, 3)
    """

    config_names = (
        "height_factor", "width_factor", "fill_mode", "interpolation", "seed", "fill_value", "data_format",
    )  # fmt: skip
    draws: ClassVar[int] = 2

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None:
        kwargs |= {"fill_mode": fill_mode, "interpolation": interpolation, "fill_value": fill_value}
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.height_factor = drawn_range(self._title, "height_factor", height_factor, -0.999, 1)
        self.width_factor = (
            None if width_factor is None else drawn_range(self._title, "width_factor", width_factor, -0.999, 1)
        )

    def to_source(self, drawn: Array, height: int, width: int) -> Array:
        """Larger or smaller about the middle."""
        high = 1 + between(self.height_factor, drawn[0])
        wide = high if self.width_factor is None else 1 + between(self.width_factor, drawn[1])
        return _about_middle(np.diag([high, wide]), height, width)


@builtin("keras.layers")
class RandomTranslation(_Warp):
    """While training, shifts every clip by a random distance, all its frames by the same.

    Args:
        height_factor: The largest shift as a part of the height, either way; or a pair (lower, upper), where positive
            is down.
        width_factor: The same for the width, where positive is to the right.
        fill_mode: What lies beyond the border: "reflect", "wrap", "constant" or "nearest".
        interpolation: "nearest" or "bilinear".
        seed: A seed of its own; the training's when None.
        fill_value: The value beyond the border with fill_mode="constant".
        data_format: None or "channels_last".

    Input shape:
        (batch, height, width, channels), or (batch, time, height, width, channels).

    Output shape:
        The input's.

    Example:
        >>> import kinema, numpy as np
        >>> clip = np.arange(4.0).reshape(1, 1, 1, 4, 1)
        >>> shift = kinema.layers.RandomTranslation(0, (0.25, 0.25), fill_mode="wrap")
        >>> np.rint(shift(clip).numpy().ravel()).tolist()
        [3.0, 0.0, 1.0, 2.0]
    """

    config_names = (
        "height_factor", "width_factor", "fill_mode", "interpolation", "seed", "fill_value", "data_format",
    )  # fmt: skip
    draws: ClassVar[int] = 2

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None:
        kwargs |= {"fill_mode": fill_mode, "interpolation": interpolation, "fill_value": fill_value}
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.height_factor = drawn_range(self._title, "height_factor", height_factor, -1, 1)
        self.width_factor = drawn_range(self._title, "width_factor", width_factor, -1, 1)

    def to_source(self, drawn: Array, height: int, width: int) -> Array:
        """Back by the shift."""
        down = between(self.height_factor, drawn[0]) * height
        right = between(self.width_factor, drawn[1]) * width
        return np.array([[1, 0, -down], [0, 1, -right]])


def _about_middle(linear: Array, height: int, width: int) -> Array:
    """A linear map of (row, column) that leaves the middle of the frame where it is."""
    middle = np.array([[(height - 1) / 2], [(width - 1) / 2]])
    return np.hstack([linear, middle - linear @ middle])
