"""From a decoder's BGR picture to the frame that was asked for: size and colour."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kinema.errors import ArgumentError
from kinema.video._cv2 import load_cv2

Frame = npt.NDArray[np.uint8]

CHANNELS = {"rgb": 3, "bgr": 3, "gray": 1}


@dataclass(frozen=True)
class FrameFormat:
    """The (height, width) and colour of the frames that leave a reader."""

    height: int
    width: int
    color: str

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.height, self.width, CHANNELS[self.color]

    def convert(self, picture: Frame, out: Frame | None = None) -> Frame:
        """`picture` (height, width, 3) in BGR, as a frame of this format, written to `out` where given."""
        cv2 = load_cv2()
        frame = np.empty(self.shape, np.uint8) if out is None else out
        height, width = picture.shape[:2]
        if (height, width) != (self.height, self.width):
            shrinks = self.height * self.width < height * width
            interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
            picture = cv2.resize(picture, (self.width, self.height), interpolation=interpolation)
        if self.color == "bgr":
            frame[...] = picture
        elif self.color == "rgb":
            cv2.cvtColor(picture, cv2.COLOR_BGR2RGB, dst=frame)
        else:
            frame[..., 0] = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        return frame


def check_color(color: str) -> str:
    if color not in CHANNELS:
        raise ArgumentError(f"color={color!r} is unknown: use one of {', '.join(map(repr, CHANNELS))}.")
    return color


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
