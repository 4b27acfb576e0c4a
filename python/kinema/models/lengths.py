"""Batches of sequences that differ in length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kinema.autograd import Array, Tensor


def counted_steps(target: Array, outputs: Tensor, sample_weight: Array | None) -> tuple[Array, Tensor, Array | None]:
    """Targets, outputs and weights of the steps that the outputs' mask counts, one row a step; all without a mask.

    The outputs that count come with their logits, where these are known.
    """
    mask = outputs.mask
    if mask is None or target.shape[:2] != mask.shape:
        return target, _part(outputs, ...), sample_weight
    if sample_weight is not None:
        per_step = sample_weight.reshape(*sample_weight.shape, *(1,) * max(0, 2 - sample_weight.ndim))
        sample_weight = np.broadcast_to(per_step, (*mask.shape, *per_step.shape[2:]))[mask]
    return target[mask], _part(outputs, mask), sample_weight


def _part(outputs: Tensor, chosen: Any) -> Tensor:
    part = Tensor(outputs.numpy()[chosen])
    if outputs.logits is not None:
        part.logits = outputs.logits._replace(values=Tensor(outputs.logits.values.numpy()[chosen]))
    return part


def finite_where_masked(target: Array, mask: Array | None) -> Array:
    """The targets with 0 in place of what is no number where the mask does not count: it would spoil sums of zeros."""
    if mask is None or target.dtype.kind != "f" or target.shape[:2] != mask.shape:
        return target
    left_out = ~mask.reshape(mask.shape + (1,) * (target.ndim - 2)) & ~np.isfinite(target)
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
