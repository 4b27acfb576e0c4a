"""Computing each distinct frame of a batch once, and putting what comes out where the clips show it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kinema import config, ops
from kinema.autograd import Array, Tensor, as_array
from kinema.models.copies import CopySearch
from kinema.models.frame_memory import FrameMemory
from kinema.models.frames import Rows, SharedFrames, shared_frames

#: What some layers make of frames (frames, 1, ...), given with how often a batch being trained on shows each.
Compute = Callable[[Any, Array | None], Sequence[Tensor]]


def find_shared(rows: Rows, frame_products: float, training: bool) -> SharedFrames | None:
    """The distinct frames of a batch, where computing each once saves something.

    Args:
        rows: The batch.
        frame_products: Multiplications that one frame costs.
        training: Whether this is a training step.
    """
    if not config.frame_sharing():
        return None
    shared = shared_frames(rows)
    if shared is None and rows.array.ndim >= 4:
        frame_bytes = math.prod(rows.array.shape[2:]) * rows.array.itemsize
        search = rows.search or CopySearch()
        # The way back costs about twice the way there.
        if search.goes_on(frame_bytes, frame_products * (3 if training else 1)):
            shared = search.find(rows)
    return shared


def gathered_features(
    compute: Compute, shared: SharedFrames, training: bool, memory: FrameMemory | None = None
) -> list[Tensor]:
    """What `compute` makes of the frames, for the clips (batch, time, ...): it sees each distinct frame once.

    Args:
        compute: The frame-wise part of a model.
        shared: The distinct frames of a batch of clips.
        training: Whether this is a training step.
        memory: What is known of frames from the batches before, in prediction.
    """
    if memory is None:
        features = compute(shared.clips_of_one(), shared.counts if training else None)
        return [_gather(feature, shared.index) for feature in features]
    columns, rows = memory.columns(shared.keys, lambda new: _to_columns(compute(shared.clips_of_one(new), None)))
    return [_gather(feature, rows[shared.index]) for feature in _from_columns(columns)]


def _to_columns(features: Sequence[Tensor]) -> list[Array]:
    """Arrays with a row for each frame: every feature, and its mask; one without entries where it has none."""
    columns: list[Array] = []
    for feature in features:
        array = as_array(feature)
        columns += [array, np.empty((len(array), 0), bool) if feature.mask is None else np.asarray(feature.mask)]
    return columns


def _from_columns(columns: Sequence[Array]) -> list[Tensor]:
    features = [Tensor(column) for column in columns[::2]]
    for feature, mask in zip(features, columns[1::2], strict=True):
        feature.mask = mask if mask.size else None
    return features


def _gather(feature: Tensor, index: Array) -> Tensor:
    """(frames, 1, ...) to the (batch, time, ...) that the clips show, with the mask of their frames."""
    flat = ops.reshape(feature, (feature.shape[0], -1))
    rows = ops.take_rows(flat, index.ravel())
    gathered: Tensor = ops.reshape(rows, (*index.shape, *feature.shape[2:]))
    if feature.mask is not None:
        gathered.mask = np.asarray(feature.mask)[:, 0][index]
    return gathered
