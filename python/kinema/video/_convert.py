"""From a decoder's BGR picture to the frame that was asked for: crop, size, colour and number type in one pass."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kinema import _rust
from kinema.errors import ArgumentError

Frame = npt.NDArray[np.uint8]
Frames = npt.NDArray[Any]

CHANNELS = {"rgb": 3, "bgr": 3, "gray": 1}
INTERPOLATIONS = ("area", "bilinear")
DTYPES = ("uint8", "float32")


@dataclass(frozen=True)
class FrameFormat:
    """What leaves a reader: the (height, width), colour and numbers of the frames, and how their size is changed.

    `crop` is the part (top, left, height, width) of a picture that becomes the frame; None takes all of it. `"area"`
    gives the mean of the pixels that each new one covers where the picture shrinks, and is bilinear where it grows.
    Levels are 0 to 255; float32 ones are not rounded, and multiplied by `scale`.
    """

    height: int
    width: int
    color: str
    interpolation: str = "area"
    dtype: str = "uint8"
    scale: float = 1.0
    crop: tuple[int, int, int, int] | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.height, self.width, CHANNELS[self.color]

    def empty(self, *leading: int) -> Frames:
        """Room for frames of this format."""
        return np.empty((*leading, *self.shape), self.dtype)

    def convert(self, picture: Frame, out: Frames | None = None, *, source: str = "bgr") -> Frames:
        """`picture` (height, width, 3), or a part of one, as a frame of this format, written to `out` where given."""
        frame = self.empty() if out is None else out
        picture = cut_out(picture, self.crop)
        rows, columns = picture.shape[:2]
        if picture.strides[0] < 0 or picture.strides[1:] != (3, 1):
            picture = np.ascontiguousarray(picture)
        shrinks = self.height * self.width < rows * columns
        interpolation = "area" if self.interpolation == "area" and shrinks else "bilinear"
        _rust.convert_picture(picture, source, frame, self.color, interpolation, self.scale)
        return frame


def cut_out(picture: Frame, crop: tuple[int, int, int, int] | None) -> Frame:
    """The part of a picture that `crop` (top, left, height, width) says, without copying it."""
    if crop is None:
        return picture
    top, left, height, width = crop
    part = picture[top : top + height, left : left + width]
    if part.shape[:2] != (height, width):
        raise ArgumentError(
            f"crop={crop} (top, left, height, width) reaches beyond a frame of {picture.shape[1]} x {picture.shape[0]} "
            "pixels: top + height and left + width must lie within it."
        )
    return part


def check_crop(crop: Any) -> tuple[int, int, int, int] | None:
    """`crop` as (top, left, height, width); None stays None."""
    if crop is None:
        return None
    good = isinstance(crop, (tuple, list)) and len(crop) == 4
    if not (good and all(_is_positive_int(side, least) for side, least in zip(crop, (0, 0, 1, 1), strict=True))):
        raise ArgumentError(
            "crop must be (top, left, height, width), whole numbers of pixels with height and width at least 1, "
            f"or None; got {crop!r}."
        )
    top, left, height, width = crop
    return int(top), int(left), int(height), int(width)


def check_color(color: str) -> str:
    if color not in CHANNELS:
        raise ArgumentError(f"color={color!r} is unknown: use one of {', '.join(map(repr, CHANNELS))}.")
    return color


def check_interpolation(interpolation: str) -> str:
    if interpolation not in INTERPOLATIONS:
        raise ArgumentError(
            f"interpolation={interpolation!r} is unknown: use one of {', '.join(map(repr, INTERPOLATIONS))}."
        )
    return interpolation


def check_dtype(dtype: Any) -> str:
    try:
        name = str(np.dtype(dtype).name)
    except TypeError:
        name = ""
    if name not in DTYPES:
        raise ArgumentError(f"dtype={dtype!r} is not for frames: use one of {', '.join(map(repr, DTYPES))}.")
    return name


def check_size(size: Any) -> tuple[int, int] | None:
    """`size` as (height, width), both at least 1; None stays None."""
    if size is None:
        return None
    if isinstance(size, (int, np.integer)) and not isinstance(size, bool):
        size = (size, size)
    good = isinstance(size, (tuple, list)) and len(size) == 2 and all(_is_positive_int(side) for side in size)
    if not good:
        raise ArgumentError(f"size must be (height, width), two whole numbers of at least 1, or None; got {size!r}.")
    return int(size[0]), int(size[1])


def check_count(value: Any, name: str, *, least: int = 1) -> int:
    if not _is_positive_int(value, least):
        raise ArgumentError(f"{name} must be a whole number of at least {least}; got {value!r}.")
    return int(value)


def _is_positive_int(value: Any, least: int = 1) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and bool(value >= least)
