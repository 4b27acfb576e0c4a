"""Frames that several clips of a batch share.

Windows cut from one video are views over the same frames: two frames are the same when their byte addresses are equal
(within one array the inner strides are equal anyway). Where a program copied its windows, `copies.py` finds the frames
that are equal byte by byte.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kinema.autograd import Array, Tensor


@dataclass(frozen=True)
class Rows:
    """Some samples of an array, not gathered yet.

    Args:
        array: The whole array, of any strides.
        index: The samples' positions on axis 0.
        mask: (samples, time) of the whole array: which steps count; None for all.
        memory: A `FrameMemory` of the frames computed before in one call of `predict` or `evaluate`, or None.
        search: A `CopySearch` that knows whether looking for equal frames has paid so far, or None.
    """

    array: Array
    index: Array
    mask: Array | None = None
    memory: Any = None
    search: Any = None

    def __len__(self) -> int:
        return len(self.index)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape after gathering."""
        return (len(self.index), *self.array.shape[1:])

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """The shape that models are built for: any number of these samples."""
        return (None, *self.array.shape[1:])

    def take(self, positions: Array) -> Rows:
        """Some of these samples."""
        return replace(self, index=self.index[positions])

    def gather(self) -> Array:
        """The samples as one array: a view where they follow each other, else a copy of this batch alone."""
        index, count = self.index, len(self.index)
        if count and index[-1] - index[0] == count - 1 and (count < 3 or (index[1:] > index[:-1]).all()):
            first = int(index[0])
            return self.array[first : first + count]
        return self.array[index]

    def gather_masked(self) -> Array | Tensor:
        """The samples, as a tensor with their mask where there is one."""
        if self.mask is None:
            return self.gather()
        tensor = Tensor(self.gather())
        tensor.mask = self.mask[self.index]
        return tensor


@dataclass(frozen=True)
class SharedFrames:
    """The distinct frames of a batch of clips.

    Args:
        frames: (frames, 1, height, width, channels): each distinct frame once, as a clip of one frame.
        index: (batch, time): which of them stands where.
        keys: (frames): what tells each from all other frames of the array.
        mask: (frames): which of them count; None for all. A frame that counts here and not there stands twice.
    """

    frames: Array
    index: Array
    keys: Array
    mask: Array | None = None

    @property
    def counts(self) -> Array:
        """How often the clips show each frame, 0 for one that does not count."""
        shown = np.bincount(self.index.ravel(), minlength=len(self.keys))
        return shown if self.mask is None else shown * self.mask

    def clips_of_one(self, positions: Any = slice(None)) -> Array | Tensor:
        """The frames, or some of them, as a tensor with their mask where there is one."""
        frames: Array = self.frames[positions]
        if self.mask is None:
            return frames
        tensor = Tensor(frames)
        tensor.mask = self.mask[positions, None]
        return tensor


def shared_frames(rows: Rows) -> SharedFrames | None:
    """The distinct frames of these clips; None where the clips share no frame."""
    array, index = rows.array, rows.index
    if array.ndim < 3 or not _overlaps(array) or (len(index) < 2 and rows.memory is None):
        return None
    addresses = index[:, None] * array.strides[0] + np.arange(array.shape[1]) * array.strides[1]
    return distinct_frames(rows, addresses)


def distinct_frames(rows: Rows, keys: Array) -> SharedFrames | None:
    """The frames of these clips, each once, by their keys (batch, time); None where nothing is saved so."""
    mask = None if rows.mask is None else rows.mask[rows.index]
    if mask is not None:
        keys = with_mask(keys, mask)
    if rows.memory is None and len(set(keys.ravel().tolist())) == keys.size:
        return None
    distinct, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    clip, moment = np.divmod(first, keys.shape[1])
    frames = rows.array[rows.index[clip], moment]
    counting = None if mask is None else mask[clip, moment]
    return SharedFrames(frames[:, None], inverse.reshape(keys.shape).astype(np.int64), distinct, counting)


def with_mask(keys: Array, mask: Any) -> Array:
    """Keys that also tell frames that count from those that do not."""
    marked: Array = 2 * keys + mask
    return marked


def _overlaps(array: Array) -> bool:
    """Whether clips of this array can share frames: it is a view whose next clip begins within this one."""
    step, frame = abs(array.strides[0]), abs(array.strides[1])
    return frame > 0 and step < frame * array.shape[1]
