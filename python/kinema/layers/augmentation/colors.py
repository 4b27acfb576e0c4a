"""Augmentations of colour: saturation and hue.

Single precision goes over the HSV space by OpenCV. Gradients, double precision and values below black take formulas
in the largest, the smallest and the middle one of red, green and blue, which is what the detour amounts to.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from kinema.autograd import Array
from kinema.errors import ShapeError
from kinema.layers.augmentation.arguments import drawn_range, value_range
from kinema.layers.augmentation.base import Augmentation, between
from kinema.layers.augmentation.light import clipped
from kinema.layers.structure import Shape
from kinema.ops._contract import Result
from kinema.saving.registry import builtin
from kinema.video._cv2 import load_cv2

_EPSILON = 1e-7
_range = value_range


class _Color(Augmentation):
    """An augmentation of red, green and blue."""

    config_names = ("factor", "value_range", "seed", "data_format")

    def __init__(self, value_range: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value_range = _range(self._title, value_range)

    def _require_frames(self, shape: Shape) -> None:
        super()._require_frames(shape)
        if shape[-1] != 3:
            raise ShapeError(
                f"expected the 3 channels red, green and blue, got an input of shape {tuple(shape)}: "
                "leave this layer out for frames without colours"
            )

    def change(self, clip: Array, drawn: Array) -> Result:
        """The clip in other colours, within the range."""
        darkest = self.value_range[0]
        recolored, recolor_back = self.recolor(clip - darkest if darkest else clip, drawn)
        changed, clip_back = clipped(recolored + darkest if darkest else recolored, self.value_range)
        return changed, lambda dy: recolor_back(clip_back(dy))

    def recolor(self, clip: Array, drawn: Array) -> Result:
        """The clip, whose black is 0, in other colours."""
        raise NotImplementedError(f"{type(self).__name__} needs recolor(self, clip, drawn)")


@builtin("keras.layers")
class RandomSaturation(_Color):
    """While training, makes the colours of every clip stronger or weaker by a random factor, the same for all frames.

    Args:
        factor: From 0 (grey) over 0.5 (as it is) to 1 (as strong as can be): a pair (lower, upper), or the upper end of
            a range from 0.
        value_range: The values of black and white.
        data_format: None or "channels_last".
        seed: A seed of its own; the training's when None.

    Input shape:
        (batch, height, width, 3), or (batch, time, height, width, 3).

    Output shape:
        The input's.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.RandomSaturation((0.0, 0.0))(np.float32([[[[200, 100, 50]]]])).numpy().ravel().round()
        array([200., 200., 200.], dtype=float32)
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed=seed, data_format=data_format, **kwargs)
        # Keras itself writes ranges that begin below 0, which is as grey as 0.
        self.factor = drawn_range(self._title, "factor", factor, -1, 1, lowest=0.0)

    def recolor(self, clip: Array, drawn: Array) -> Result:
        """Every colour's distance from the brightest, stretched; the darkest stays at 0 or above."""
        part = max(0.0, between(self.factor, drawn[0]))
        stretch = part / (1 - part + _EPSILON)
        if _fits_opencv(clip):
            return _through_hsv(clip, 0.0, stretch), lambda dy: self._saturated(clip, stretch)[1](dy)
        return self._saturated(clip, stretch)

    def _saturated(self, clip: Array, stretch: float) -> Result:
        most, span = _most_and_span(clip)
        full = most / np.where(span > 0, span, 1)
        limited = (span > 0) & (full < stretch)
        factor = np.where(limited, full, clip.dtype.type(stretch))[..., np.newaxis]
        colored = most[..., np.newaxis] - (most[..., np.newaxis] - clip) * factor

        def backward(dy: Array) -> Array:
            pull = -(dy * (most[..., np.newaxis] - clip)).sum(-1) * limited / np.where(span > 0, span, 1)
            to_most = (dy * (1 - factor)).sum(-1) + pull * (1 - full)
            return _spread(dy * factor, clip, to_most, pull * full)

        return colored, backward


@builtin("keras.layers")
class RandomHue(_Color):
    """While training, turns the colours of every clip around the colour wheel, all its frames by the same angle.

    Args:
        factor: The largest turn, from 0 to 1, where 1 is half a turn; or a pair (lower, upper). It goes either way.
        value_range: The values of black and white.
        data_format: None or "channels_last".
        seed: A seed of its own; the training's when None.

    Input shape:
        (batch, height, width, 3), or (batch, time, height, width, 3).

    Output shape:
        The input's.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.RandomHue((1.0, 1.0))(np.float32([[[[200, 50, 50]]]])).numpy().ravel().round()
        array([ 50., 200., 200.], dtype=float32)
    """

    draws: ClassVar[int] = 2

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed=seed, data_format=data_format, **kwargs)
        self.factor = drawn_range(self._title, "factor", factor, 0, 1)

    def recolor(self, clip: Array, drawn: Array) -> Result:
        """Every colour at another place of the wheel, as bright and as strong as before."""
        turn = between(self.factor, drawn[1]) * (-3 if drawn[0] > 0.5 else 3)
        if _fits_opencv(clip):
            return _through_hsv(clip, 60 * turn, 1.0), lambda dy: self._turned(clip, turn)[1](dy)
        return self._turned(clip, turn)

    def _turned(self, clip: Array, turn: float) -> Result:
        most, span = _most_and_span(clip)
        place, within = _place_on_wheel(clip, most, span)
        place += turn
        colored = np.empty_like(clip)
        for channel in range(3):
            colored[..., channel] = most - span * _darkening(place, channel)[0]

        def backward(dy: Array) -> Array:
            to_most, to_least, pull = (np.zeros_like(most) for _ in range(3))
            for channel in range(3):
                part, slope = _darkening(place, channel)
                to_most += dy[..., channel] * (1 - part)
                to_least += dy[..., channel] * part
                pull -= dy[..., channel] * slope
            colors = np.zeros_like(clip)
            for channel, strongest in enumerate(_strongest(clip, most)):
                colors[..., (channel + 1) % 3] += pull * strongest
                colors[..., (channel + 2) % 3] -= pull * strongest
            return _spread(colors, clip, to_most - pull * within, to_least + pull * within)

        return colored, backward


def _fits_opencv(clip: Array) -> bool:
    """Whether OpenCV's conversions take the clip: no double precision, nothing darker than black."""
    return clip.dtype == np.float32 and clip.size > 0 and float(clip.min()) >= 0


def _through_hsv(clip: Array, degrees: float, stretch: float) -> Array:
    """The clip with its hue turned and its saturation stretched, by OpenCV."""
    cv2 = load_cv2()
    hsv = cv2.cvtColor(np.ascontiguousarray(clip).reshape(-1, *clip.shape[2:]), cv2.COLOR_RGB2HSV)
    if degrees:
        hue = hsv[..., 0] + np.float32(degrees % 360)
        hsv[..., 0] = np.where(hue >= 360, hue - 360, hue)
    if stretch != 1:
        hsv[..., 1] = np.minimum(hsv[..., 1] * np.float32(stretch), 1)
    recolored: Array = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB, dst=hsv)
    return recolored.reshape(clip.shape)


def _most_and_span(clip: Array) -> tuple[Array, Array]:
    """The largest of red, green and blue, and how far the smallest is below it."""
    red, green, blue = np.moveaxis(clip, -1, 0)
    most = np.maximum(np.maximum(red, green), blue)
    return most, most - np.minimum(np.minimum(red, green), blue)


def _strongest(clip: Array, most: Array) -> tuple[Array, Array, Array]:
    """Where red, where green and where blue is the strongest colour; the first of equal ones."""
    red = clip[..., 0] == most
    green = (clip[..., 1] == most) & ~red
    return red, green, ~(red | green)


def _place_on_wheel(clip: Array, most: Array, span: Array) -> tuple[Array, Array]:
    """The hue, from 0 to 6 with red at 0, and its part that is counted from the strongest colour."""
    red, green, blue = np.moveaxis(clip, -1, 0)
    is_red, is_green, _ = _strongest(clip, most)
    differences = np.where(is_red, green - blue, np.where(is_green, blue - red, red - green))
    within = differences / np.where(span > 0, span, 1)
    return within + np.where(is_red, 0, np.where(is_green, 2, 4)).astype(clip.dtype), within


def _darkening(place: Array, channel: int) -> tuple[Array, Array]:
    """How far below the brightest a channel is at this place of the wheel, as a part of the span, and its slope."""
    away = place + (5, 3, 1)[channel]
    away -= 6 * np.floor(away / 6)
    part = np.clip(np.minimum(away, 4 - away), 0, 1)
    slope = np.where((away > 0) & (away < 1), 1, np.where((away > 3) & (away < 4), -1, 0))
    return part, slope


def _spread(colors: Array, clip: Array, to_most: Array, to_least: Array) -> Array:
    """Adds gradients of the largest and the smallest of red, green and blue to the channels that they are."""
    rows = colors.reshape(-1, 3)
    flat = clip.reshape(-1, 3)
    index = np.arange(len(flat))
    rows[index, flat.argmax(-1)] += to_most.ravel()
    rows[index, flat.argmin(-1)] += to_least.ravel()
    return rows.reshape(clip.shape)
