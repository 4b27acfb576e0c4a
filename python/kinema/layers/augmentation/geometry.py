"""Moving pixels: affine warps by OpenCV, and maps that act on rows and columns apart.

Single precision and bytes take OpenCV's kernels. Double precision and gradients take the sums written out: they are
for tests and for models that learn what comes before the augmentation, where speed matters less than exactness.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from kinema.autograd import Array
from kinema.ops._contract import Result
from kinema.preprocessing._transforms import Sampling
from kinema.video._cv2 import load_cv2


def warp(clip: Array, to_source: Array, sampling: Sampling) -> Result:
    """Every frame with each pixel taken from where a (row, column) matrix of two rows sends it."""
    height, width = clip.shape[1:3]
    taps = list(_taps(to_source, height, width, sampling)) if clip.dtype == np.float64 else None
    if taps is None:
        moved = np.empty_like(clip)
        for index, frame in enumerate(clip):
            moved[index] = sampling.warp(frame, to_source)
    else:
        moved = _gathered(clip, taps, sampling.cval)

    def backward(dy: Array) -> Array:
        by_pixel = np.moveaxis(dy.reshape(len(dy), height * width, dy.shape[3]), 1, 0)
        back = np.zeros(by_pixel.shape, dy.dtype)
        for pixels, weights, inside in taps or _taps(to_source, height, width, sampling):
            np.add.at(back, pixels, by_pixel * (weights * inside)[:, np.newaxis, np.newaxis].astype(dy.dtype))
        return np.moveaxis(back, 0, 1).reshape(dy.shape)

    return moved, backward


def resize(clip: Array, height: int, width: int) -> Result:
    """Every frame in another size: averaged where both sides shrink, interpolated otherwise."""
    cv2 = load_cv2()
    if clip.shape[1:3] == (height, width):
        return clip, lambda dy: dy
    shrinks = height <= clip.shape[1] and width <= clip.shape[2]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR

    def matrices() -> tuple[Array, Array]:
        rows, columns = (
            cv2.resize(np.eye(before), (before, after), interpolation=how)
            for before, after in ((clip.shape[1], height), (clip.shape[2], width))
        )
        return rows, columns

    if clip.dtype == np.float64:
        resized = _separably(clip, *matrices())
    else:
        resized = np.empty((len(clip), height, width, clip.shape[3]), clip.dtype)
        _fill(resized, clip, lambda frame: cv2.resize(frame, (width, height), interpolation=how))
    return resized, lambda dy: _separably(dy, *(matrix.T for matrix in matrices()))


def blur(clip: Array, kernel_size: tuple[int, int], sigma: tuple[float, float]) -> Result:
    """Every frame under a Gaussian of (height, width); beyond the border lies the mirrored frame."""
    cv2 = load_cv2()
    kernels = [cv2.getGaussianKernel(size, spread) for size, spread in zip(kernel_size, sigma, strict=True)]

    def filtered(picture: Array, rows: Array, columns: Array) -> Array:
        blurred: Array = cv2.sepFilter2D(picture, -1, columns, rows, borderType=cv2.BORDER_REFLECT)
        return blurred

    def matrices() -> list[Array]:
        sides = zip(clip.shape[1:3], kernels, strict=True)
        return [filtered(np.eye(side), kernel, np.ones((1, 1))) for side, kernel in sides]

    if clip.dtype == np.float64:
        blurred = _separably(clip, *matrices())
    else:
        blurred = np.empty_like(clip)
        _fill(blurred, clip, lambda frame: filtered(frame, *kernels))
    return blurred, lambda dy: _separably(dy, *(matrix.T for matrix in matrices()))


def _fill(target: Array, clip: Array, function: Callable[[Array], Array]) -> None:
    """Writes what OpenCV makes of every frame, which it takes with up to four channels at a time."""
    for into, frame in zip(target, clip, strict=True):
        for first in range(0, clip.shape[3], 4):
            plane = into[..., first : first + 4]
            plane[...] = function(np.ascontiguousarray(frame[..., first : first + 4])).reshape(plane.shape)


def _separably(clip: Array, rows: Array, columns: Array) -> Array:
    """`rows @ frame @ columns.T` for every frame and channel."""
    rows, columns = rows.astype(clip.dtype, copy=False), columns.astype(clip.dtype, copy=False)
    high = np.moveaxis(np.tensordot(rows, clip, (1, 1)), 0, 1)
    return np.ascontiguousarray(np.moveaxis(np.tensordot(columns, high, (1, 2)), 0, 2))


def _gathered(clip: Array, taps: list[tuple[Array, Array, Array]], outside: float) -> Array:
    flat = clip.reshape(len(clip), clip.shape[1] * clip.shape[2], clip.shape[3])
    moved = np.zeros_like(flat)
    for pixels, weights, inside in taps:
        values = np.where(inside[:, np.newaxis], flat[:, pixels], outside)
        moved += values * weights[:, np.newaxis]
    return moved.reshape(clip.shape)


def _taps(to_source: Array, height: int, width: int, sampling: Sampling) -> Iterator[tuple[Array, Array, Array]]:
    """For each of the neighbours that a pixel is interpolated from: where it is, its weight, whether it is inside."""
    grid = np.indices((height, width)).reshape(2, -1)
    row, column = to_source[:, :2] @ grid + to_source[:, 2:]
    if sampling.interpolation_order == 0:
        row, column = np.floor(row + 0.5), np.floor(column + 0.5)
    above, left = np.floor(row), np.floor(column)
    for down in (0, 1):
        for right in (0, 1):
            weights = np.abs(1 - down - (row - above)) * np.abs(1 - right - (column - left))
            rows, rows_inside = _folded(above.astype(int) + down, height, sampling.fill_mode)
            columns, columns_inside = _folded(left.astype(int) + right, width, sampling.fill_mode)
            yield rows * width + columns, weights, rows_inside & columns_inside


def _folded(place: Array, length: int, fill_mode: str) -> tuple[Array, Array]:
    """Places beyond the border as places within, and whether they count."""
    if fill_mode == "reflect":
        place = place % (2 * length)
        return np.minimum(place, 2 * length - 1 - place), np.ones(place.shape, bool)
    if fill_mode == "wrap":
        return place % length, np.ones(place.shape, bool)
    within = np.clip(place, 0, length - 1)
    return within, (place == within) | (fill_mode == "nearest")
