"""Clips one after the other to batches, padded where they differ in length."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kinema.tensor import Tensor
from kinema.video._loading import Frames
from kinema.video.padding import masked

Array = npt.NDArray[Any]


def batches(
    clips: Iterable[tuple[Frames, int]],
    targets: Sequence[Any],
    batch_size: int,
    length: int | None,
    frame: tuple[int, int, int],
    with_mask: bool,
    per_frame: bool,
) -> Iterator[tuple[Array | Tensor, Array]]:
    """Batches (x, y) of clips that come with their numbers.

    Args:
        clips: The frames of each clip and its number; the frames are copied before the next ones are asked for.
        targets: The target of every clip, by its number.
        batch_size: Clips in a batch; the last may have fewer.
        length: Frames in a clip; None is the longest of the batch.
        frame: (height, width, channels).
        with_mask: Fill up with zeros and a mask, instead of repeating the last frame.
        per_frame: Whether a target has an entry for each frame.
    """
    remaining = len(targets)
    filled: list[int] = []
    lengths: list[int] = []
    gathered: list[Frames] = []
    x: Array = np.empty((0,), np.uint8)
    for clip, number in clips:
        size = min(batch_size, remaining)
        if length is None:
            gathered.append(np.array(clip))
        else:
            if not filled:
                x = np.empty((size, length, *frame), np.uint8)
            _fill(x[len(filled)], clip, with_mask)
        filled.append(number)
        lengths.append(len(clip))
        if len(filled) < size:
            continue
        if length is None:
            x = np.empty((size, max(lengths), *frame), np.uint8)
            for row, one in zip(x, gathered, strict=True):
                _fill(row, one, with_mask)
        y = _stack([targets[one] for one in filled], x.shape[1] if per_frame else None, with_mask)
        yield (masked(x, np.array(lengths)) if with_mask else x), y
        remaining -= size
        filled, lengths, gathered = [], [], []


def _fill(row: Frames, clip: Frames, with_mask: bool) -> None:
    row[: len(clip)] = clip
    row[len(clip) :] = 0 if with_mask else clip[-1]


def _stack(targets: Sequence[Any], steps: int | None, with_mask: bool) -> Array:
    if steps is None:
        return np.array(targets)
    y = np.zeros((len(targets), steps), np.int64)
    for row, target in zip(y, targets, strict=True):
        row[: len(target)] = target
        row[len(target) :] = 0 if with_mask else target[-1]
    return y
