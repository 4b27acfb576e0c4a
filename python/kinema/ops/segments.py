"""Rows that belong together, made one: sums, products and extremes of segments."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema.autograd import Array, Tensor, as_array
from kinema.errors import ArgumentError, ShapeError
from kinema.ops._contract import Result, differentiable
from kinema.ops.creation import convert_to_tensor
from kinema.ops.reductions import prod
from kinema.ops.shaping import stack
from kinema.ops.updating import scatter_update


def segment_sum(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """The sums of the rows (first axis) with the same number.

    Args:
        data: The rows.
        segment_ids: The segment of each row, a whole number from 0 on; rows with a negative one are left out.
        num_segments: How many segments there are; as many as the largest number says when None.
        sorted: Whether the numbers come in order, which makes no difference.

    Example:
        >>> import kinema
        >>> kinema.ops.segment_sum([1.0, 2.0, 4.0], [0, 1, 1]).numpy()
        array([1., 6.], dtype=float32)
    """
    rows, ids, count = _grouped("segment_sum", data, segment_ids, num_segments)
    return scatter_update(np.zeros((count, *rows.shape[1:]), rows.dtype), ids[:, None], rows, "add")


def segment_max(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """The largest values of the rows with the same number, the type's least where there are none; see `segment_sum`.

    Equal largest values share the gradient.
    """
    rows, ids, count = _grouped("segment_max", data, segment_ids, num_segments)
    return _extreme(rows, ids=ids, count=count, best=np.maximum, start=_limits(rows.dtype).min)


def segment_min(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """The smallest values of the rows with the same number, the type's largest where there are none.

    See `segment_max`.
    """
    rows, ids, count = _grouped("segment_min", data, segment_ids, num_segments)
    return _extreme(rows, ids=ids, count=count, best=np.minimum, start=_limits(rows.dtype).max)


def segment_prod(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """The products of the rows with the same number, 1 where there are none; see `segment_sum`."""
    rows, ids, count = _grouped("segment_prod", data, segment_ids, num_segments)
    return stack([prod(rows[ids == segment], axis=0) for segment in range(count)])


@differentiable(promote=False)
def _extreme(rows: Array, *, ids: Array, count: int, best: Any, start: Any) -> Result:
    y = np.full((count, *rows.shape[1:]), start, rows.dtype)
    best.at(y, ids, rows)

    def backward(dy: Array) -> Any:
        chosen = rows == y[ids]
        sharing = np.zeros(y.shape, dy.dtype)
        np.add.at(sharing, ids, chosen)
        return np.where(chosen, dy[ids] / sharing[ids], 0)

    return y, backward


def _limits(dtype: np.dtype[Any]) -> Any:
    return np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)


def _grouped(op: str, data: Any, segment_ids: Any, num_segments: int | None) -> tuple[Tensor, Array, int]:
    """The rows that have a segment, their segments and how many of these there are."""
    rows, ids = convert_to_tensor(data), as_array(segment_ids)
    if ids.ndim != 1 or ids.dtype.kind not in "iu" or not rows.ndim or len(rows) != len(ids):
        raise ShapeError(
            f"ops.{op}: segment_ids ({ids.dtype}, shape {ids.shape}) should hold one whole number "
            f"for each row of data, which has shape {rows.shape}"
        )
    count = (int(ids.max()) + 1 if ids.size else 0) if num_segments is None else num_segments
    if ids.size and ids.max() >= count:
        raise ArgumentError(f"ops.{op}: segment_ids go up to {ids.max()}, but num_segments is {count}")
    present = ids >= 0
    return (rows, ids, count) if present.all() else (rows[present], ids[present], count)
