"""Equal frames among clips that a program copied out of a video, found by comparing bytes.

A checksum of all bytes says which frames may be equal; only those are compared, and only equal ones count as one.
"""

from __future__ import annotations

import numpy as np

from kinema.autograd import Array
from kinema.models.frames import Rows, SharedFrames, distinct_frames, with_mask

#: Bytes a second that a checksum and a comparison together get through, on the safe side.
BYTES_PER_SECOND = 4e9
#: Products a second of the kernels that a shared frame saves, on the fast side.
PRODUCTS_PER_SECOND = 100e9
#: How much of the work that equal frames save may go into finding them.
SHARE = 0.02

#: Batches in which equal frames are looked for before the question is whether that pays.
PATIENCE = 4


def is_worth_comparing(frame_bytes: int, products: float) -> bool:
    """Whether looking at a frame's bytes costs at most 2 % of computing it.

    Args:
        frame_bytes: The size of one frame.
        products: Multiplications that a frame costs.
    """
    return frame_bytes / BYTES_PER_SECOND <= SHARE * products / PRODUCTS_PER_SECOND


class CopySearch:
    """Whether to go on looking for equal frames in one pass over the data: where few are found it ends early.

    It begins anew with each epoch, so that a training that goes on computes what an uninterrupted one would.
    """

    def __init__(self) -> None:
        self._batches = 0
        self._looked_at = 0
        self._saved = 0

    def goes_on(self, frame_bytes: int, products: float) -> bool:
        """Whether looking at a frame's bytes costs at most 2 % of what that has saved so far."""
        share = 1.0 if self._batches < PATIENCE else self._saved / self._looked_at
        return is_worth_comparing(frame_bytes, products * share)

    def find(self, rows: Rows) -> SharedFrames | None:
        """The distinct frames of a batch by their bytes, counted for the question above."""
        shared = copied_frames(rows)
        time = rows.shape[1]
        self._batches += 1
        self._looked_at += len(rows) * time
        if shared is not None:
            here = rows.index[:, None] * time + np.arange(time)
            if rows.mask is not None:
                here = with_mask(here, rows.mask[rows.index])
            self._saved += len(rows) * time - int(np.isin(shared.keys, here).sum())
        return shared


class CopiedFrames:
    """Tells which frames of an array of clips are equal; a frame is called by where it was first seen.

    Args:
        array: Clips (clips, time, ...), whose bytes lie one after the other within a clip.
    """

    def __init__(self, array: Array) -> None:
        frames = array.reshape(*array.shape[:2], -1)
        size = frames.shape[2] * array.itemsize
        self._words = frames.view(np.uint64 if size % 8 == 0 else np.uint8)
        generator = np.random.Generator(np.random.Philox(key=size))
        self._factors = generator.integers(1 << 63, size=self._words.shape[2], dtype=np.uint64) * 2 + 1
        self._seen: dict[int, int] = {}

    @staticmethod
    def can_look_at(array: Array) -> bool:
        """Whether frames lie in memory as one run of bytes each."""
        return array.ndim >= 4 and len(array) > 0 and bool(array[0].flags.c_contiguous)

    def keys(self, index: Array) -> Array:
        """For each frame (batch, time) of these clips: the number of the first frame seen that equals it."""
        time = self._words.shape[1]
        keys: Array = index[:, None] * time + np.arange(time)
        for row, clip in enumerate(index.tolist()):
            sums = (self._words[clip] * self._factors).sum(axis=1).tolist()
            for moment, checksum in enumerate(sums):
                here = clip * time + moment
                first = self._seen.setdefault(checksum, here)
                if first != here and self._equal(first, here):
                    keys[row, moment] = first
        return keys

    def _equal(self, one: int, other: int) -> bool:
        time = self._words.shape[1]
        first, second = self._words[divmod(one, time)], self._words[divmod(other, time)]
        return bool((first == second).all())


def copied_frames(rows: Rows) -> SharedFrames | None:
    """The distinct frames of these clips by their bytes; None where all differ or the bytes do not lie in runs."""
    if not CopiedFrames.can_look_at(rows.array):
        return None
    if rows.memory is None:
        return distinct_frames(rows, CopiedFrames(rows.array).keys(rows.index)) if len(rows) > 1 else None
    if rows.memory.copies is None:
        rows.memory.copies = CopiedFrames(rows.array)
    return distinct_frames(rows, rows.memory.copies.keys(rows.index))
