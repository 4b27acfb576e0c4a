"""Drawing a random picture transformation and applying it; the same one to every frame of a clip."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kinema.errors import ArgumentError
from kinema.video._cv2 import load_cv2

Pixels = npt.NDArray[Any]

DRAWS = 12
"""Random numbers that one transformation takes, whatever is switched on, so that options do not disturb each other."""

FILL_MODES = ("nearest", "constant", "reflect", "wrap")
_INTERPOLATIONS = {0: "INTER_NEAREST", 1: "INTER_LINEAR", 3: "INTER_CUBIC"}


@dataclass(frozen=True)
class Ranges:
    """What may be drawn, as given to `ImageDataGenerator`."""

    rotation: float
    width_shift: float | Sequence[float]
    height_shift: float | Sequence[float]
    brightness: tuple[float, float] | None
    shear: float
    zoom: tuple[float, float]
    channel_shift: float
    horizontal_flip: bool
    vertical_flip: bool

    def draw(self, uniform: npt.NDArray[np.float64], height: int, width: int) -> dict[str, Any]:
        """One transformation, from `DRAWS` numbers in [0, 1), with Keras's names."""

        def between(index: int, low: float, high: float) -> float:
            return low + (high - low) * float(uniform[index])

        same_size = self.zoom == (1.0, 1.0)
        return {
            "theta": between(0, -self.rotation, self.rotation),
            "tx": _draw_shift(self.height_shift, uniform[1], uniform[10], height),
            "ty": _draw_shift(self.width_shift, uniform[2], uniform[11], width),
            "shear": between(3, -self.shear, self.shear),
            "zx": 1.0 if same_size else between(4, *self.zoom),
            "zy": 1.0 if same_size else between(5, *self.zoom),
            "channel_shift_intensity": between(6, -self.channel_shift, self.channel_shift)
            if self.channel_shift
            else None,
            "flip_horizontal": self.horizontal_flip and bool(uniform[7] < 0.5),
            "flip_vertical": self.vertical_flip and bool(uniform[8] < 0.5),
            "brightness": None if self.brightness is None else between(9, *self.brightness),
        }


@dataclass(frozen=True)
class Sampling:
    """How pixels are found between pixels and beyond the border."""

    fill_mode: str
    cval: float
    interpolation_order: int

    def __post_init__(self) -> None:
        if self.fill_mode not in FILL_MODES:
            raise ArgumentError(
                f"fill_mode={self.fill_mode!r} is unknown: use one of {', '.join(map(repr, FILL_MODES))}."
            )
        if self.interpolation_order not in _INTERPOLATIONS:
            raise ArgumentError(
                f"interpolation_order must be 0 (nearest), 1 (linear) or 3 (cubic); got {self.interpolation_order!r}."
            )

    def warp(self, picture: Pixels, to_source: npt.NDArray[np.float64]) -> Pixels:
        """`picture` (height, width, channels) with each pixel taken from where the (row, column) matrix sends it."""
        cv2 = load_cv2()
        borders = {
            "nearest": cv2.BORDER_REPLICATE,
            "constant": cv2.BORDER_CONSTANT,
            "reflect": cv2.BORDER_REFLECT,
            "wrap": cv2.BORDER_WRAP,
        }
        flags = getattr(cv2, _INTERPOLATIONS[self.interpolation_order]) | cv2.WARP_INVERSE_MAP
        in_x_and_y = to_source[[1, 0]][:, [1, 0, 2]]
        height, width = picture.shape[:2]
        planes = [
            cv2.warpAffine(
                np.ascontiguousarray(picture[..., start : start + 4]),
                in_x_and_y,
                (width, height),
                flags=flags,
                borderMode=borders[self.fill_mode],
                borderValue=(self.cval,) * 4,
            ).reshape(height, width, -1)
            for start in range(0, picture.shape[2], 4)
        ]
        return planes[0] if len(planes) == 1 else np.concatenate(planes, axis=2)


def transform(pixels: Pixels, parameters: dict[str, Any], sampling: Sampling) -> Pixels:
    """A picture (height, width, channels) or clip (time, height, width, channels), float, under one transformation."""
    height, width = pixels.shape[-3:-1]
    to_source = _matrix(parameters, height, width)
    if to_source is not None:
        frames = pixels.reshape(-1, *pixels.shape[-3:])
        pixels = np.stack([sampling.warp(frame, to_source) for frame in frames]).reshape(pixels.shape)
    shift = parameters.get("channel_shift_intensity")
    if shift is not None:
        pixels = np.clip(pixels + np.asarray(shift, pixels.dtype), pixels.min(), pixels.max())
    if parameters.get("flip_horizontal", False):
        pixels = pixels[..., ::-1, :]
    if parameters.get("flip_vertical", False):
        pixels = pixels[..., ::-1, :, :]
    brightness = parameters.get("brightness")
    if brightness is not None:
        pixels = np.clip(pixels * np.asarray(brightness, pixels.dtype), 0, 255)
    return pixels


def _matrix(parameters: dict[str, Any], height: int, width: int) -> npt.NDArray[np.float64] | None:
    """From (row, column) in the result to (row, column) in the source, about the centre; None where nothing moves."""
    theta = math.radians(parameters.get("theta", 0.0))
    tx, ty = parameters.get("tx", 0.0), parameters.get("ty", 0.0)
    shear = math.radians(parameters.get("shear", 0.0))
    zx, zy = parameters.get("zx", 1.0), parameters.get("zy", 1.0)
    if (theta, tx, ty, shear, zx, zy) == (0, 0, 0, 0, 1, 1):
        return None
    rotate = np.array([[math.cos(theta), -math.sin(theta), 0], [math.sin(theta), math.cos(theta), 0], [0, 0, 1]])
    move = np.array([[1, 0, tx], [0, 1, ty], [0, 0, 1.0]])
    slant = np.array([[1, -math.sin(shear), 0], [0, math.cos(shear), 0], [0, 0, 1]])
    zoom = np.diag([zx, zy, 1.0])
    row, column = height / 2 - 0.5, width / 2 - 0.5
    to_centre = np.array([[1, 0, row], [0, 1, column], [0, 0, 1]])
    from_centre = np.array([[1, 0, -row], [0, 1, -column], [0, 0, 1]])
    steps = [to_centre, rotate, move, slant, zoom, from_centre]
    product = np.eye(3)
    for step in steps:
        product = (product[:, :, np.newaxis] * step[np.newaxis]).sum(axis=1)
    return product[:2]


def _draw_shift(range_: float | Sequence[float], uniform: float, sign: float, side: int) -> float:
    """In pixels: of a list, one member with either sign; of a whole number, whole pixels; of a float, a fraction."""
    if isinstance(range_, (list, tuple, np.ndarray)):
        chosen = float(range_[int(uniform * len(range_))]) * (1 if sign < 0.5 else -1)
        return chosen * side if max(range_) < 1 else chosen
    if isinstance(range_, (int, np.integer)):
        whole = int(uniform * max(int(range_), 1))
        return float(whole if sign < 0.5 else -whole)
    assert isinstance(range_, float)
    drawn = range_ * (2 * uniform - 1)
    return drawn * side if range_ < 1 else drawn
