"""Equal frames among clips that a program copied out of a video, found by comparing bytes.

A sample of a frame's bytes says which frames may be equal, so that frames that all differ cost next to nothing. Those
that may be equal are compared, and only equal ones count as one. Where many agree in the sample but differ, a checksum
of all bytes says which to compare.
"""

from __future__ import annotations

from functools import cached_property, lru_cache

import numpy as np

from kinema.autograd import Array
from kinema.models.frames import Rows, SharedFrames, distinct_frames, with_mask

#: Bytes a second that a checksum and a comparison together get through, on the safe side.
BYTES_PER_SECOND = 4e9
#: Products a second of the kernels that a shared frame saves, on the fast side.
PRODUCTS_PER_SECOND = 100e9
#: How much of the work that equal frames save may go into finding them.
SHARE = 0.02

#: Words of a frame in its sample.
SAMPLED_WORDS = 64

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
        self._sampled = _sampled_words(self._words.shape[2])
        #: The first frame with a sample, and the first frame with a checksum.
        self._by_sample: dict[bytes, int] = {}
        self._by_checksum: dict[int, int] = {}

    @staticmethod
    def can_look_at(array: Array) -> bool:
        """Whether frames lie in memory as one run of bytes each."""
        return array.ndim >= 4 and len(array) > 0 and bool(array[0].flags.c_contiguous)

    def keys(self, index: Array) -> Array:
        """For each frame (batch, time) of these clips: the number of the first frame seen that equals it."""
        time = self._words.shape[1]
        keys: Array = index[:, None] * time + np.arange(time)
        for row, clip in enumerate(index.tolist()):
            for moment, sample in enumerate(self._words[clip][:, self._sampled]):
                here = clip * time + moment
                first = self._by_sample.setdefault(sample.tobytes(), here)
                if first != here:
                    keys[row, moment] = first if self._equal(first, here) else self._by_all_bytes(first, here)
        return keys

    def _by_all_bytes(self, other: int, here: int) -> int:
        """The first frame that equals this one, whose sample is that of another one."""
        self._by_checksum.setdefault(self._checksum(other), other)
        first = self._by_checksum.setdefault(self._checksum(here), here)
        return first if self._equal(first, here) else here

    def _frame(self, number: int) -> Array:
        frame: Array = self._words[divmod(number, self._words.shape[1])]
        return frame

    def _checksum(self, number: int) -> int:
        return int((self._frame(number) * self._factors).sum())

    @cached_property
    def _factors(self) -> Array:
        words = self._words.shape[2]
        factors: Array = _random(words).integers(1 << 63, size=words, dtype=np.uint64) * 2 + 1
        return factors

    def _equal(self, one: int, other: int) -> bool:
        return bool((self._frame(one) == self._frame(other)).all())


def _random(words: int) -> np.random.Generator:
    """Always the same numbers for frames of so many words."""
    return np.random.Generator(np.random.Philox(key=words))


@lru_cache(maxsize=64)
def _sampled_words(words: int) -> Array:
    """Where a frame's sample lies. Kept, because every call of a model on a batch asks anew."""
    return np.unique(_random(words).integers(words, size=SAMPLED_WORDS)) if words else np.arange(0)


def copied_frames(rows: Rows) -> SharedFrames | None:
    """The distinct frames of these clips by their bytes; None where all differ or the bytes do not lie in runs."""
    if not CopiedFrames.can_look_at(rows.array):
        return None
    if rows.memory is None:
        return distinct_frames(rows, CopiedFrames(rows.array).keys(rows.index)) if len(rows) > 1 else None
    if rows.memory.copies is None:
        rows.memory.copies = CopiedFrames(rows.array)
    return distinct_frames(rows, rows.memory.copies.keys(rows.index))
