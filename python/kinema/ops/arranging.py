"""Arrays side by side, turned, and laid out on grids: what `shaping` has, under NumPy's handier names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kinema.autograd import Tensor, as_array
from kinema.errors import ArgumentError, ShapeError
from kinema.ops._arrays import all_axes, one_axis
from kinema.ops.creation import convert_to_tensor
from kinema.ops.elementwise import subtract
from kinema.ops.indexing import getitem
from kinema.ops.shaping import broadcast_to, concatenate, flip, reshape, split, swapaxes, transpose


def ravel(x: Any) -> Tensor:
    """The values in order, on one axis."""
    flat: Tensor = reshape(x, -1)
    return flat


def append(x1: Any, x2: Any, axis: int | None = None) -> Tensor:
    """Two arrays joined along an axis; both flattened when there is none."""
    return concatenate([x1, x2], axis) if axis is not None else concatenate([ravel(x1), ravel(x2)])


def hstack(xs: Sequence[Any]) -> Tensor:
    """Arrays joined along their second axis, vectors along their only one.

    Example:
        >>> import kinema
        >>> kinema.ops.hstack([[1, 2], [3]]).numpy()
        array([1, 2, 3])
    """
    arrays = [_with_axes(x, 1) for x in xs]
    return concatenate(arrays, 0 if all(array.ndim == 1 for array in arrays) else 1)


def vstack(xs: Sequence[Any]) -> Tensor:
    """Arrays joined along their first axis; vectors are rows."""
    return concatenate([_with_axes(x, 2) for x in xs], 0)


def dstack(xs: Sequence[Any]) -> Tensor:
    """Arrays joined along their third axis; vectors are rows, and matrices have a third axis of length 1."""
    return concatenate([_with_axes(x, 3) for x in xs], 2)


def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """`split`, whose first parts are longer by one where equal ones cannot be made."""
    if not isinstance(indices_or_sections, (int, np.integer)):
        return split(x, indices_or_sections, axis)
    shape = as_array(x).shape
    parts = np.array_split(np.arange(shape[one_axis("array_split", axis, len(shape))]), indices_or_sections)
    return split(x, np.cumsum([len(part) for part in parts])[:-1].tolist(), axis)


def vsplit(x: Any, indices_or_sections: Any) -> list[Tensor]:
    """`split` along the first axis."""
    return split(x, indices_or_sections, 0)


def hsplit(x: Any, indices_or_sections: Any) -> list[Tensor]:
    """`split` along the second axis, along the only one of a vector."""
    return split(x, indices_or_sections, 0 if as_array(x).ndim == 1 else 1)


def dsplit(x: Any, indices_or_sections: Any) -> list[Tensor]:
    """`split` along the third axis."""
    return split(x, indices_or_sections, 2)


def fliplr(x: Any) -> Tensor:
    """The order along the second axis reversed."""
    mirrored: Tensor = flip(x, axis=1)
    return mirrored


def flipud(x: Any) -> Tensor:
    """The order along the first axis reversed."""
    mirrored: Tensor = flip(x, axis=0)
    return mirrored


def rot90(array: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Tensor:
    """An array turned by quarters of a circle, from the first axis towards the second.

    Args:
        array: The array.
        k: How many quarters.
        axes: The two axes.

    Example:
        >>> import kinema
        >>> kinema.ops.rot90([[1, 2], [3, 4]]).numpy()
        array([[2, 4],
               [1, 3]])
    """
    values = convert_to_tensor(array)
    plane = all_axes("rot90", tuple(axes), values.ndim)
    if len(plane) != 2:
        raise ShapeError(f"ops.rot90: axes are the two axes of the plane, not {axes!r}")
    turned: Tensor = values
    if k % 4 >= 2:
        turned = flip(turned, axis=plane)
    return swapaxes(flip(turned, axis=plane[1]), *plane) if k % 2 else turned


def meshgrid(*x: Any, indexing: str = "xy") -> list[Tensor]:
    """The coordinates of a grid: for each axis an array in the grid's shape.

    Args:
        *x: The places along each axis.
        indexing: "xy": the first axis goes along columns; "ij": along rows.

    Example:
        >>> import kinema
        >>> [grid.numpy().tolist() for grid in kinema.ops.meshgrid([1, 2], [3, 4])]
        [[[1, 2], [1, 2]], [[3, 3], [4, 4]]]
    """
    if indexing not in ("xy", "ij"):
        raise ArgumentError(f"ops.meshgrid: indexing is 'xy' or 'ij', not {indexing!r}")
    places = [ravel(one) for one in x]
    shape = [len(one) for one in places]
    grids: list[Tensor] = []
    for axis, one in enumerate(places):
        spread = [-1 if i == axis else 1 for i in range(len(places))]
        grids.append(broadcast_to(reshape(one, spread), shape))
    return [swapaxes(grid, 0, 1) for grid in grids] if indexing == "xy" and len(grids) > 1 else grids


def diff(a: Any, n: int = 1, axis: int = -1) -> Tensor:
    """What each value is more than the one before it along an axis.

    Args:
        a: The values.
        n: How often differences are taken.
        axis: The axis, which becomes shorter by one each time.
    """
    if n < 0:
        raise ArgumentError(f"ops.diff: n is a whole number from 0 on, not {n!r}")
    values = convert_to_tensor(a)
    before = (slice(None),) * one_axis("diff", axis, values.ndim)
    for _ in range(n):
        values = subtract(getitem(values, (*before, slice(1, None))), getitem(values, (*before, slice(None, -1))))
    return values


def depth_to_space(x: Any, block_size: int, data_format: str = "channels_last") -> Tensor:
    """Channels brought into blocks of pixels: (batch, h, w, c * n * n) to (batch, h * n, w * n, c).

    Args:
        x: Frames (batch, height, width, channels).
        block_size: How many pixels a block is high and wide.
        data_format: "channels_last".
    """
    batch, height, width, channels = _frames("depth_to_space", x, block_size, data_format)
    if channels % block_size**2:
        raise ShapeError(f"ops.depth_to_space: {channels} channels do not make blocks of {block_size} x {block_size}")
    depth = channels // block_size**2
    blocks = reshape(x, (batch, height, width, block_size, block_size, depth))
    frames: Tensor = reshape(
        transpose(blocks, (0, 1, 3, 2, 4, 5)), (batch, height * block_size, width * block_size, depth)
    )
    return frames


def space_to_depth(x: Any, block_size: int, data_format: str = "channels_last") -> Tensor:
    """Blocks of pixels brought into channels, the way back of `depth_to_space`."""
    batch, height, width, channels = _frames("space_to_depth", x, block_size, data_format)
    if height % block_size or width % block_size:
        raise ShapeError(
            f"ops.space_to_depth: frames of {height} x {width} do not consist of blocks of {block_size} x {block_size}"
        )
    rows, columns = height // block_size, width // block_size
    blocks = reshape(x, (batch, rows, block_size, columns, block_size, channels))
    frames: Tensor = reshape(transpose(blocks, (0, 1, 3, 2, 4, 5)), (batch, rows, columns, channels * block_size**2))
    return frames


def _frames(op: str, x: Any, block_size: int, data_format: str) -> tuple[int, ...]:
    shape = as_array(x).shape
    if data_format not in (None, "channels_last"):
        raise ArgumentError(f"ops.{op}: data_format={data_format!r} is not supported: move the channel axis to the end")
    if len(shape) != 4:
        raise ShapeError(f"ops.{op}: x has shape {shape}, expected 4 axes (batch, height, width, channels)")
    if block_size < 1:
        raise ArgumentError(f"ops.{op}: block_size is a whole number from 1 on, not {block_size!r}")
    return shape


def _with_axes(x: Any, count: int) -> Tensor:
    """An array with so many axes at least, as NumPy adds them: in front, a third one behind."""
    tensor = convert_to_tensor(x)
    if tensor.ndim < 2 <= count or tensor.ndim < 1:
        tensor = reshape(tensor, (1,) * (min(count, 2) - tensor.ndim) + tensor.shape)
    return reshape(tensor, (*tensor.shape, 1)) if count == 3 and tensor.ndim == 2 else tensor
