"""Pictures of another size by the kernels that Keras's helpers name, one axis after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from kinema.errors import ArgumentError, ShapeError

Pixels = npt.NDArray[Any]

_OF_SMART_RESIZE = ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5")


def resample(picture: Pixels, size: tuple[int, int], method: str, antialias: bool = False) -> Pixels:
    """A picture (height, width, channels) as float32 of the (height, width) `size`.

    Args:
        picture: The picture.
        size: The new (height, width).
        method: One of `METHODS`.
        antialias: Where the picture shrinks, widen the kernel by as much, so that every pixel counts.
    """
    resized = picture.astype(np.float32)
    for axis, length in enumerate(size):
        resized = _resample_axis(resized, axis, length, method, antialias)
    return resized


def middle(picture: Pixels, size: tuple[int, int]) -> Pixels:
    """The largest part in the middle of a picture (height, width, ...) that has the proportions of `size`."""
    height, width = picture.shape[:2]
    rows = max(1, min(height, width * size[0] // size[1]))
    columns = max(1, min(width, height * size[1] // size[0]))
    top, left = (height - rows) // 2, (width - columns) // 2
    return picture[top : top + rows, left : left + columns]


def smart_resize(
    x: Any, size: tuple[int, int], interpolation: str = "bilinear", data_format: str = "channels_last"
) -> Pixels:
    """Pictures of another size with their proportions: of each the largest middle part that has those of `size`.

    Args:
        x: A picture (height, width, channels), or pictures with a batch axis before.
        size: The new (height, width).
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3" or "lanczos5".
        data_format: "channels_last", or "channels_first" for pictures (channels, height, width).

    Returns:
        float32 array as `x`, with the new height and width.

    Raises:
        ShapeError: `x` has neither 3 nor 4 axes.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.preprocessing.image.smart_resize(np.zeros((34, 50, 3)), (20, 20)).shape
        (20, 20, 3)
    """
    if interpolation not in _OF_SMART_RESIZE:
        raise ArgumentError(
            f"interpolation={interpolation!r} is unknown: use one of {', '.join(map(repr, _OF_SMART_RESIZE))}"
        )
    pictures = np.asarray(x)
    if pictures.ndim not in (3, 4):
        raise ShapeError(
            f"smart_resize takes a picture with 3 axes or a batch of them with 4, not shape {pictures.shape}"
        )
    first = data_format == "channels_first"
    if first:
        pictures = np.moveaxis(pictures, -3, -1)
    batch = pictures if pictures.ndim == 4 else pictures[np.newaxis]
    resized = np.stack([resample(middle(picture, size), size, interpolation) for picture in batch])
    resized = resized if pictures.ndim == 4 else resized[0]
    return np.moveaxis(resized, -1, -3) if first else resized


def _resample_axis(picture: Pixels, axis: int, length: int, method: str, antialias: bool) -> Pixels:
    before = picture.shape[axis]
    scale = before / length
    centres = (np.arange(length) + 0.5) * scale
    if method == "nearest":
        nearest: Pixels = picture.take(np.minimum(centres.astype(int), before - 1), axis)
        return nearest
    radius, kernel = METHODS[method]
    if method == "area":
        radius, kernel = (scale + 1) / 2, _overlap(scale)
        width = 1.0
    else:
        width = max(scale, 1.0) if antialias else 1.0
    first = np.ceil(centres - radius * width - 0.5).astype(int)
    taps = first[:, np.newaxis] + np.arange(int(np.ceil(2 * radius * width)) + 1)
    weights = kernel((taps + 0.5 - centres[:, np.newaxis]) / width) * ((taps >= 0) & (taps < before))
    weights = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    taps = taps.clip(0, before - 1)
    shape = [length if number == axis else 1 for number in range(picture.ndim)]
    resized = np.zeros([length if number == axis else side for number, side in enumerate(picture.shape)], np.float32)
    for index, weight in zip(taps.T, weights.T, strict=True):
        resized += picture.take(index, axis) * weight.reshape(shape)
    return resized


def _box(x: Pixels) -> Pixels:
    inside: Pixels = ((x >= -0.5) & (x < 0.5)).astype(float)
    return inside


def _triangle(x: Pixels) -> Pixels:
    weight: Pixels = np.maximum(1 - np.abs(x), 0)
    return weight


def _overlap(scale: float) -> Callable[[Pixels], Pixels]:
    """How much of a pixel at a distance lies in one that is `scale` wide."""
    return lambda x: np.clip((scale + 1) / 2 - np.abs(x), 0, min(scale, 1.0))


def _hamming(x: Pixels) -> Pixels:
    return np.where(np.abs(x) < 1, np.sinc(x) * (0.54 + 0.46 * np.cos(np.pi * x)), 0)


def _cubic(b: float, c: float) -> Callable[[Pixels], Pixels]:
    """The family of cubic kernels of Mitchell and Netravali."""

    def kernel(x: Pixels) -> Pixels:
        x = np.abs(x)
        near = ((12 - 9 * b - 6 * c) * x**3 + (-18 + 12 * b + 6 * c) * x**2 + 6 - 2 * b) / 6
        far = ((-b - 6 * c) * x**3 + (6 * b + 30 * c) * x**2 + (-12 * b - 48 * c) * x + 8 * b + 24 * c) / 6
        return np.where(x < 1, near, np.where(x < 2, far, 0))

    return kernel


def _lanczos(radius: int) -> Callable[[Pixels], Pixels]:
    return lambda x: np.where(np.abs(x) < radius, np.sinc(x) * np.sinc(x / radius), 0)


def _gaussian(x: Pixels) -> Pixels:
    return np.where(np.abs(x) < 1.5, np.exp(-2 * x**2), 0)


#: Method -> how far its kernel reaches, in pixels, and the kernel. Those of "nearest" and "area" follow from the sizes.
METHODS: dict[str, tuple[float, Callable[[Pixels], Pixels]]] = {
    "nearest": (0.5, _box),
    "area": (0.5, _box),
    "box": (0.5, _box),
    "bilinear": (1.0, _triangle),
    "hamming": (1.0, _hamming),
    "bicubic": (2.0, _cubic(0, 0.5)),
    "mitchellcubic": (2.0, _cubic(1 / 3, 1 / 3)),
    "gaussian": (1.5, _gaussian),
    "lanczos3": (3.0, _lanczos(3)),
    "lanczos5": (5.0, _lanczos(5)),
}
