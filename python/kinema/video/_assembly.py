"""Clips one after the other to batches, padded where they differ in length."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kinema.tensor import Tensor
from kinema.video._tracks import Track
from kinema.video.padding import masked

Array = npt.NDArray[Any]


def batches(
    clips: Iterable[tuple[Sequence[Array], int]],
    targets: Sequence[Any],
    batch_size: int,
    length: int | None,
    tracks: Sequence[Track],
    with_mask: bool,
    per_frame: bool,
) -> Iterator[tuple[list[Array | Tensor], Array]]:
    """Batches (an x for each track, y) of clips that come with their numbers.

    Args:
        clips: The arrays of each clip and its number; the arrays are copied before the next ones are asked for.
        targets: The target of every clip, by its number.
        batch_size: Clips in a batch; the last may have fewer.
        length: Frames in a clip; None is the longest of the batch.
        tracks: What the arrays of a clip hold.
        with_mask: Fill up with zeros and a mask, instead of repeating the last frame.
        per_frame: Whether a target has an entry for each frame.
    """
    remaining = len(targets)
    filled: list[int] = []
    lengths: list[int] = []
    gathered: list[list[Array]] = []
    xs: list[Array] = []
    for clip, number in clips:
        size = min(batch_size, remaining)
        if length is None:
            gathered.append([np.array(part) for part in clip])
        else:
            if not filled:
                xs = _room(tracks, size, length)
            _fill(xs, len(filled), clip, with_mask)
        filled.append(number)
        lengths.append(len(clip[0]))
        if len(filled) < size:
            continue
        if length is None:
            xs = _room(tracks, size, max(lengths))
            for row, one in enumerate(gathered):
                _fill(xs, row, one, with_mask)
        y = _stack([targets[one] for one in filled], xs[0].shape[1] if per_frame else None, with_mask)
        yield [masked(x, np.array(lengths)) if with_mask else x for x in xs], y
        remaining -= size
        filled, lengths, gathered = [], [], []


def _room(tracks: Sequence[Track], size: int, length: int) -> list[Array]:
    return [np.empty((size, length, *track.step), track.dtype) for track in tracks]


def _fill(xs: Sequence[Array], row: int, clip: Sequence[Array], with_mask: bool) -> None:
    for x, part in zip(xs, clip, strict=True):
        x[row, : len(part)] = part
        x[row, len(part) :] = 0 if with_mask else part[-1]


def _stack(targets: Sequence[Any], steps: int | None, with_mask: bool) -> Array:
    if steps is None:
        return np.array(targets)
    y = np.zeros((len(targets), steps), np.int64)
    for row, target in zip(y, targets, strict=True):
        row[: len(target)] = target
        row[len(target) :] = 0 if with_mask else target[-1]
    return y
