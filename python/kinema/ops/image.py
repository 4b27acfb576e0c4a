"""Pictures and frames in other sizes, under the names of `keras.ops.image`."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema.autograd import Array, Tensor, as_array
from kinema.errors import ArgumentError, ShapeError
from kinema.ops._arrays import floating
from kinema.ops._contract import Result, differentiable
from kinema.ops._resampling import INTERPOLATIONS, taps_between
from kinema.ops.indexing import getitem
from kinema.ops.padding import pad


def resize(
    images: Any,
    size: Any,
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Tensor:
    """Images in another size. The centres of pixels are half a pixel from the border, as in Keras.

    Args:
        images: (..., height, width, channels). Whole numbers become float32, except with "nearest".
        size: (height, width) of the result.
        interpolation: "nearest", "bilinear", "bicubic", "area", "lanczos3" or "lanczos5".
        antialias: Widen "bilinear", "bicubic" and "lanczos" where the image shrinks, so that every pixel counts.
        crop_to_aspect_ratio: Keep proportions: cut off what is too much, the same on both sides.
        pad_to_aspect_ratio: Keep proportions: fill up what is missing, the same on both sides.
        fill_mode: "constant", the only way to fill up.
        fill_value: The value to fill up with.
        data_format: None or "channels_last".

    Example:
        >>> import kinema
        >>> kinema.ops.image.resize([[[0.0], [1.0]]], (1, 4)).numpy().ravel()
        array([0.  , 0.25, 0.75, 1.  ], dtype=float32)
    """
    height, width = _checked(as_array(images).ndim, size, interpolation, fill_mode, data_format)
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ArgumentError("ops.image.resize: crop_to_aspect_ratio and pad_to_aspect_ratio exclude each other")
    if crop_to_aspect_ratio:
        images = _cropped(images, height, width)
    elif pad_to_aspect_ratio:
        images = _padded(images, height, width, fill_value)
    return _resize(images, size=(height, width), interpolation=interpolation, antialias=bool(antialias))


@differentiable
def _resize(x: Array, *, size: tuple[int, int], interpolation: str, antialias: bool) -> Result:
    if 0 in x.shape[-3:-1]:
        raise ShapeError(f"ops.image.resize: images of shape {x.shape} have no pixels to resize")
    x = x if interpolation == "nearest" else floating(x)
    rows, columns = (
        taps_between(before, after, interpolation, antialias)
        for before, after in zip(x.shape[-3:-1], size, strict=True)
    )

    def backward(dy: Array) -> Array:
        return rows.transposed.gather(columns.transposed.gather(dy, -2), -3)

    return columns.gather(rows.gather(x, -3), -2), backward


def _cropped(images: Any, height: int, width: int) -> Any:
    """The largest part in the middle that has the proportions of the new size."""
    high, wide = as_array(images).shape[-3:-1]
    fitting_high = max(min(high, _scaled(wide, height, width)), 1)
    fitting_wide = max(min(wide, _scaled(high, width, height)), 1)
    top, left = (high - fitting_high) // 2, (wide - fitting_wide) // 2
    return getitem(images, (..., slice(top, top + fitting_high), slice(left, left + fitting_wide), slice(None)))


def _padded(images: Any, height: int, width: int, value: float) -> Any:
    """The image with as much on each side as brings it to the proportions of the new size."""
    shape = as_array(images).shape
    high, wide = shape[-3:-1]
    above, beside = (
        max(_scaled(wide, height, width) - high, 0) // 2,
        max(_scaled(high, width, height) - wide, 0) // 2,
    )
    edges = (*((0, 0),) * (len(shape) - 3), (above, above), (beside, beside), (0, 0))
    return pad(images, edges, constant_values=value)


def _scaled(length: int, numerator: int, denominator: int) -> int:
    """`length * numerator / denominator` without its fraction, in Keras's single precision."""
    return int(np.float32(length * numerator) / np.float32(denominator))


def _checked(ndim: int, size: Any, interpolation: str, fill_mode: str, data_format: Any) -> tuple[int, int]:
    if interpolation not in INTERPOLATIONS:
        raise ArgumentError(
            f"ops.image.resize: interpolation is one of {', '.join(map(repr, INTERPOLATIONS))}, not {interpolation!r}"
        )
    if fill_mode != "constant":
        raise ArgumentError(f"ops.image.resize: fill_mode is 'constant', not {fill_mode!r}")
    if data_format not in (None, "channels_last"):
        raise ArgumentError(
            f"ops.image.resize: data_format={data_format!r} is not supported: move the channel axis to the end"
        )
    if ndim < 3:
        raise ShapeError(f"ops.image.resize: images are (..., height, width, channels), got {ndim} axes")
    lengths = tuple(size) if isinstance(size, (tuple, list)) else ()
    if len(lengths) != 2 or not all(isinstance(n, (int, np.integer)) and n > 0 for n in lengths):
        raise ArgumentError(f"ops.image.resize: size is a pair of positive integers (height, width), not {size!r}")
    return int(lengths[0]), int(lengths[1])
