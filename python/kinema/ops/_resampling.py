"""Which elements along an axis, times what, make each element of an axis of another length.

Interpolation is linear in the pixels and acts on rows and columns apart. So an axis is a matrix with few entries in a
row, kept as these entries alone; its transpose, which takes gradients back, is kept the same way.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kinema.autograd import Array

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "area", "lanczos3", "lanczos5")
#: TensorFlow, and so Keras, takes the weights of cubic interpolation from a table with so many places in a pixel.
_CUBIC_PLACES = 1024


@dataclass(frozen=True)
class Taps:
    """A matrix of few entries in a row.

    Args:
        matrix: (after, before).
    """

    matrix: Array

    @functools.cached_property
    def entries(self) -> tuple[Array, Array]:
        """Where the entries of each row are, and what they are: (after, most entries in a row)."""
        present = self.matrix != 0
        most = max(1, int(present.sum(1).max(initial=0)))
        places = np.argsort(~present, axis=1, kind="stable")[:, :most]
        # Shorter rows point at their first entry again, with weight 0: no other pixel can get in, whatever it holds.
        counts = np.take_along_axis(present, places, 1)
        places = np.where(counts, places, places[:, :1])
        return places, np.where(counts, np.take_along_axis(self.matrix, places, 1), 0.0)

    @functools.cached_property
    def transposed(self) -> Taps:
        """The way back."""
        return Taps(self.matrix.T)

    def gather(self, x: Array, axis: int) -> Array:
        """The product with the matrix along an axis, counted from the end."""
        places, weights = self.entries
        if places.shape[1] == 1 and (weights == 1).all():
            return x.take(places[:, 0], axis)
        weights = weights.astype(x.dtype).reshape(*weights.shape, *(1,) * (-axis - 1))
        total = x.take(places[:, 0], axis) * weights[:, 0]
        for tap in range(1, places.shape[1]):
            total += x.take(places[:, tap], axis) * weights[:, tap]
        return total


@functools.lru_cache(maxsize=64)
def taps_between(before: int, after: int, interpolation: str, antialias: bool) -> Taps:
    """The matrix of an interpolation from one length to another."""
    ratio = before / after
    centers = (np.arange(after) + 0.5) * ratio
    if interpolation == "nearest":
        # In single precision, where rounding decides which of two pixels is nearer.
        nearest = np.floor((np.arange(after, dtype=np.float32) + np.float32(0.5)) * np.float32(ratio)).astype(int)
        return Taps(np.eye(before)[np.minimum(nearest, before - 1)])
    if interpolation == "area":
        begin = np.arange(before)
        lower, upper = (np.arange(after)[:, np.newaxis] + step for step in (0, 1))
        overlap = np.minimum(begin + 1, upper * ratio) - np.maximum(begin, lower * ratio)
        return Taps(_without_specks(np.maximum(overlap, 0) / ratio))
    if interpolation == "bilinear" and not antialias:
        centers = np.clip(centers, 0.5, before - 0.5)
    width = max(ratio, 1.0) if antialias else 1.0
    distances = (np.arange(before) + 0.5 - centers[:, np.newaxis]) / width
    if interpolation == "bicubic" and not antialias:
        distances = np.rint(distances * _CUBIC_PLACES) / _CUBIC_PLACES
    weights = _without_specks(_KERNELS[interpolation](distances))
    return Taps(weights / weights.sum(1, keepdims=True))


def _without_specks(weights: Array) -> Array:
    """Zeros where only rounding left something."""
    cleaned: Array = np.where(np.abs(weights) < 1e-12, 0.0, weights)
    return cleaned


def _box(distance: Array) -> Array:
    inside: Array = ((distance >= -0.5) & (distance < 0.5)).astype(float)
    return inside


def _triangle(distance: Array) -> Array:
    height: Array = np.maximum(1 - np.abs(distance), 0.0)
    return height


def _hamming(distance: Array) -> Array:
    return np.where(np.abs(distance) < 1, np.sinc(distance) * (0.54 + 0.46 * np.cos(np.pi * distance)), 0.0)


def _gaussian(distance: Array) -> Array:
    return np.where(np.abs(distance) < 1.5, np.exp(-2 * distance**2), 0.0)


def _cubic(b: float, c: float) -> Callable[[Array], Array]:
    """The family of cubic kernels of Mitchell and Netravali; b = 0 and c = 1/2 give Keys's."""

    def kernel(distance: Array) -> Array:
        x = np.abs(distance)
        near = ((12 - 9 * b - 6 * c) * x**3 + (-18 + 12 * b + 6 * c) * x**2 + 6 - 2 * b) / 6
        far = ((-b - 6 * c) * x**3 + (6 * b + 30 * c) * x**2 + (-12 * b - 48 * c) * x + 8 * b + 24 * c) / 6
        return np.where(x < 1, near, np.where(x < 2, far, 0.0))

    return kernel


def _lanczos(radius: int) -> Callable[[Array], Array]:
    def kernel(distance: Array) -> Array:
        return np.where(np.abs(distance) <= radius, np.sinc(distance) * np.sinc(distance / radius), 0.0)

    return kernel


_KERNELS = {
    "bilinear": _triangle,
    "bicubic": _cubic(0, 1 / 2),
    "mitchellcubic": _cubic(1 / 3, 1 / 3),
    "lanczos3": _lanczos(3),
    "lanczos5": _lanczos(5),
    "box": _box,
    "hamming": _hamming,
    "gaussian": _gaussian,
}
#: All ways there are; layers and ops know those in `INTERPOLATIONS`.
METHODS = ("nearest", "area", *_KERNELS)
