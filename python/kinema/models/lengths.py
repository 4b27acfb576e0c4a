"""Batches of sequences that differ in length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kinema.autograd import Array


def finite_where_masked(target: Array, mask: Array | None) -> Array:
    """The targets with 0 for what is no number, or has none as its square, where the mask does not count it."""
    if mask is None or target.dtype.kind != "f" or target.shape[:2] != mask.shape:
        return target
    left_out = ~mask.reshape(mask.shape + (1,) * (target.ndim - 2)) & ~np.isfinite(np.square(target))
    return np.where(left_out, target.dtype.type(0), target) if left_out.any() else target


def joined(batches: Sequence[Array]) -> Array:
    """The outputs of several batches as one array; where their times differ, shorter ones are filled up with zeros."""
    if len(batches) == 1:
        return batches[0]
    times = {batch.shape[1] for batch in batches if batch.ndim > 2}
    if len(times) < 2:
        return np.concatenate(batches)
    longest = max(times)
    return np.concatenate(
        [np.pad(batch, [(0, 0), (0, longest - batch.shape[1]), *[(0, 0)] * (batch.ndim - 2)]) for batch in batches]
    )
