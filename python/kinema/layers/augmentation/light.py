"""Augmentations of light: brightness and contrast."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema.autograd import Array
from kinema.layers.augmentation.arguments import Range, drawn_range, value_range
from kinema.layers.augmentation.base import Augmentation, between
from kinema.ops._contract import Result
from kinema.saving.registry import builtin


@builtin("keras.layers")
class RandomBrightness(Augmentation):
    """While training, makes every clip brighter or darker by a random amount, all its frames by the same.

    Args:
        factor: The largest amount as a part of `value_range`, either way; or a pair (lower, upper).
        value_range: The values of black and white.
        seed: A seed of its own; the training's when None.

    Input shape:
        (batch, height, width, channels), or (batch, time, height, width, channels).

    Output shape:
        The input's.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.RandomBrightness((0.2, 0.2))(np.float32([[[[0, 100, 250]]]])).numpy().ravel()
        array([ 51., 151., 255.], dtype=float32)
    """

    config_names = ("factor", "value_range", "seed", "data_format")
    changes_in_place = True

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.factor = drawn_range(self._title, "factor", factor, -1, 1)
        self.value_range = _range(self._title, value_range)

    def change(self, clip: Array, drawn: Array) -> Result:
        """The clip with an amount added, within the range."""
        darkest, brightest = self.value_range
        clip += between(self.factor, drawn[0]) * (brightest - darkest)
        return clipped(clip, self.value_range)


@builtin("keras.layers")
class RandomContrast(Augmentation):
    """While training, raises or lowers the contrast of every clip by a random factor, the same for all its frames.

    Each channel of each frame keeps its mean.

    Args:
        factor: The largest change of the contrast, from 0 to 1: 0.2 draws from 0.8 to 1.2 times; or a pair of the
            changes down and up.
        value_range: The values of black and white.
        seed: A seed of its own; the training's when None.

    Input shape:
        (batch, height, width, channels), or (batch, time, height, width, channels).

    Output shape:
        The input's.

    Example:
        >>> import kinema, numpy as np
        >>> picture = np.float32([100, 120]).reshape(1, 1, 2, 1)
        >>> changed = kinema.layers.RandomContrast(0.5)(picture).numpy()
        >>> round(float(changed.mean()), 3)
        110.0
    """

    config_names = ("factor", "value_range", "seed", "data_format")
    changes_in_place = True

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.factor = drawn_range(self._title, "factor", factor, 0, 1, lowest=abs(factor) if _single(factor) else None)
        self.value_range = _range(self._title, value_range)

    def change(self, clip: Array, drawn: Array) -> Result:
        """The clip with its distance from the mean stretched, within the range."""
        stretch = between((1 - self.factor[0], 1 + self.factor[1]), drawn[0])
        changed, back = clipped(_about_mean(clip, stretch), self.value_range)
        # A symmetric map is its own way back.
        return changed, lambda dy: _about_mean(np.ascontiguousarray(back(dy)), stretch)


def _about_mean(clip: Array, stretch: float) -> Array:
    """Makes of a contiguous clip `stretch` times itself with the mean of each channel of each frame as it was.

    Rows of pixels are long axes, channels are a short one: NumPy's loops want the long ones.
    """
    frames, height, width, channels = clip.shape
    rows = clip.reshape(frames, height, width * channels)
    mean = rows.mean(axis=1).reshape(frames, width, channels).mean(axis=1)
    rows *= stretch
    rows += np.tile(mean * (1 - stretch), width)[:, np.newaxis]
    return clip


def clipped(values: Array, limits: Range) -> Result:
    """Values brought within limits, in place; no gradient flows where they were not."""
    np.clip(values, *limits, out=values)
    return values, lambda dy: dy * ((values > limits[0]) & (values < limits[1]))


_range = value_range


def _single(factor: Any) -> bool:
    return isinstance(factor, (int, float))
