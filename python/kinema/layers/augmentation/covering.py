"""Augmentations that take detail away: blur and cutout."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from kinema import random
from kinema.autograd import Array
from kinema.errors import ArgumentError
from kinema.layers.arguments import positive_pair
from kinema.layers.augmentation.arguments import drawn_range, value_range
from kinema.layers.augmentation.base import Augmentation, between, same, to_bytes
from kinema.layers.augmentation.geometry import blur
from kinema.ops._contract import Result
from kinema.random import RandomKey
from kinema.saving.registry import builtin

_range = value_range


@builtin("keras.layers")
class RandomGaussianBlur(Augmentation):
    """While training, blurs some clips, all their frames alike.

    Args:
        factor: The chance that a clip is blurred is drawn from this range: a pair (lower, upper), or the upper end of a
            range from 0. (1, 1) blurs every clip.
        kernel_size: The odd size of the blur's window, or a pair (height, width).
        sigma: The blur's standard deviation in pixels is drawn from this range: a pair (lower, upper) up to 1, or the
            upper end of a range from 0.
        value_range: The values of black and white.
        data_format: None or "channels_last".
        seed: A seed of its own; the training's when None.

    Input shape:
        (batch, height, width, channels), or (batch, time, height, width, channels).

    Output shape:
        The input's.

    Example:
        >>> import kinema, numpy as np
        >>> point = np.zeros((1, 3, 3, 1), "float32")
        >>> point[0, 1, 1] = 200
        >>> blurred = kinema.layers.RandomGaussianBlur((1, 1), sigma=(1, 1))(point).numpy()
        >>> blurred[0, :, :, 0].round().tolist()
        [[15.0, 25.0, 15.0], [25.0, 41.0, 25.0], [15.0, 25.0, 15.0]]
    """

    config_names = ("factor", "kernel_size", "sigma", "value_range", "seed", "data_format")
    draws: ClassVar[int] = 4
    changes_bytes = True

    def __init__(
        self,
        factor: Any = 1.0,
        kernel_size: Any = 3,
        sigma: Any = 1.0,
        value_range: Any = (0, 255),
        data_format: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor = drawn_range(self._title, "factor", factor, 0, 1)
        self.kernel_size = positive_pair(self._title, "kernel_size", kernel_size)
        if not all(size % 2 for size in self.kernel_size):
            raise ArgumentError(f"{self._title}: kernel_size is odd, so that it has a middle, not {kernel_size!r}")
        self.sigma = drawn_range(self._title, "sigma", sigma, 0, 1)
        self.value_range = _range(self._title, value_range)

    def change(self, clip: Array, drawn: Array) -> Result:
        """The clip, sharp or blurred."""
        if drawn[0] >= between(self.factor, drawn[1]):
            return clip, same
        high, wide = (between(self.sigma, one) + 1e-6 for one in drawn[2:])
        return blur(clip, self.kernel_size, (high, wide))


@builtin("keras.layers")
class RandomErasing(Augmentation):
    """While training, covers a random rectangle of some clips (cutout), the same one in all their frames.

    Args:
        factor: The chance that a clip is covered is drawn from this range: a pair (lower, upper), or the upper end of a
            range from 0. (1, 1) covers every clip.
        scale: The rectangle's sides are the roots of parts drawn from this range: a pair (lower, upper), or the upper
            end of a range from 0.
        fill_value: What covers it: a number, or one a channel; None is noise, the same in all frames.
        value_range: The values of black and white.
        seed: A seed of its own; the training's when None.
        data_format: None or "channels_last".

    Input shape:
        (batch, height, width, channels), or (batch, time, height, width, channels).

    Output shape:
        The input's.

    Example:
        >>> import kinema, numpy as np
        >>> clip = np.ones((1, 2, 8, 8, 1), "float32")
        >>> covered = kinema.layers.RandomErasing((1, 1), (0.25, 0.25), fill_value=0)(clip).numpy()
        >>> float(covered[0, 0].sum()), float(covered[0, 1].sum())
        (48.0, 48.0)
    """

    config_names = ("factor", "scale", "fill_value", "value_range", "seed", "data_format")
    draws: ClassVar[int] = 7
    changes_bytes = True

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = (0.02, 0.33),
        fill_value: Any = None,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor = drawn_range(self._title, "factor", factor, 0, 1)
        self.scale = drawn_range(self._title, "scale", scale, 0, 1)
        self.fill_value = _fill(self._title, fill_value)
        self.value_range = _range(self._title, value_range)

    def change(self, clip: Array, drawn: Array) -> Result:
        """The clip, whole or covered."""
        if drawn[0] >= between(self.factor, drawn[1]):
            return clip, same
        rows = _side(clip.shape[1], between(self.scale, drawn[2]), drawn[3])
        columns = _side(clip.shape[2], between(self.scale, drawn[4]), drawn[5])
        changed = clip.copy()
        covered = changed[:, rows, columns]
        cover = self._cover(covered.shape[1:], drawn[6])
        covered[...] = to_bytes(cover) if clip.dtype == np.uint8 else cover

        def backward(dy: Array) -> Array:
            back: Array = dy.copy()
            back[:, rows, columns] = 0
            return back

        return changed, backward

    def _cover(self, shape: tuple[int, ...], uniform: Any) -> Array:
        if self.fill_value is None:
            noise = random.draw_normal(shape, RandomKey(int(uniform * 2**53)))
            cover = noise * self.value_range[1]
        else:
            cover = np.broadcast_to(self.fill_value, shape)
        return np.clip(np.asarray(cover, np.float64), *self.value_range)


def _side(length: int, part: float, uniform: Any) -> slice:
    """The pixels of a stretch that is a root of a part of the side long."""
    size = np.sqrt(part) * length
    first = float(uniform) * (length - size)
    return slice(int(np.ceil(first)), int(np.ceil(first + size)))


def _fill(owner: str, value: Any) -> Any:
    if value is None:
        return None
    given = np.asarray(value)
    if given.dtype.kind not in "iuf" or given.ndim > 1:
        raise ArgumentError(f"{owner}: fill_value is a number, one a channel, or None for noise, not {value!r}")
    return given.tolist()
