"""Pictures of another size, one axis after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from kinema.errors import ArgumentError, ShapeError
from kinema.ops._resampling import taps_between

Pixels = npt.NDArray[Any]

_OF_SMART_RESIZE = ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5")


def resample(picture: Pixels, size: tuple[int, int], method: str, antialias: bool = False) -> Pixels:
    """A picture (height, width, channels) as float32 of the (height, width) `size`.

    Args:
        picture: The picture.
        size: The new (height, width).
        method: One of `kinema.ops._resampling.METHODS`.
        antialias: Where the picture shrinks, widen the kernel by as much, so that every pixel counts.
    """
    resized = picture.astype(np.float32)
    for axis, length in enumerate(size):
        resized = taps_between(resized.shape[axis], length, method, antialias).gather(resized, axis - resized.ndim)
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
