"""Clips of different lengths in one array, with the mask that says which steps are real."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kinema.errors import ArgumentError, DataError
from kinema.tensor import Tensor
from kinema.video._convert import check_count


def pad_clips(clips: Any, length: int | None = None, lengths: Sequence[int] | None = None) -> Tensor:
    """Clips of different lengths as one tensor, filled up with zeros, that carries a mask (batch, time).

    Give it to `fit`, `evaluate`, `predict` or a layer as it is: layers, losses and metrics leave out the steps that
    were filled up, so that each clip gives what it would give alone.

    Args:
        clips: A list of clips `(time, ...)` of equal frames; or, with `lengths`, an array `(batch, time, ...)` that has
            been filled up already.
        length: Steps of the result; `None` is the longest clip's.
        lengths: How many steps of each clip of the array are real.

    Output shape:
        (batch, length, ...), with `mask` (batch, length).

    Raises:
        DataError: No clips, frames of different shapes, a clip longer than `length`, lengths that do not fit.

    Example:

    >>> import kinema, numpy as np
    >>> x = kinema.video.pad_clips([np.ones((3, 8, 8, 3)), np.ones((2, 8, 8, 3))])
    >>> x.shape
    (2, 3, 8, 8, 3)
    >>> x.mask
    array([[ True,  True,  True],
           [ True,  True, False]])
    """
    if lengths is not None:
        if length is not None:
            raise ArgumentError("pad_clips takes length= with a list of clips, lengths= with an array; not both.")
        return _with_lengths(np.asarray(clips), lengths)
    listed = [np.asarray(clip) for clip in clips]
    if not listed:
        raise DataError("pad_clips got no clips.")
    for index, clip in enumerate(listed):
        if clip.ndim == 0 or clip.shape[1:] != listed[0].shape[1:]:
            raise DataError(
                f"All frames must have one shape: those of clip 0 are {listed[0].shape[1:]}, those of clip {index} are "
                f"{clip.shape[1:]}. Resize them, or read the videos with size=(height, width)."
            )
    longest = max(len(clip) for clip in listed)
    steps = longest if length is None else check_count(length, "length")
    if longest > steps:
        raise DataError(
            f"length={steps} is less than the longest clip, which has {longest} steps: cut it, or raise it."
        )
    array = np.zeros((len(listed), steps, *listed[0].shape[1:]), np.result_type(*listed))
    for row, clip in zip(array, listed, strict=True):
        row[: len(clip)] = clip
    return masked(array, np.array([len(clip) for clip in listed]))


def masked(array: npt.NDArray[Any], lengths: npt.NDArray[Any]) -> Tensor:
    """The array (batch, time, ...) with the mask that counts so many steps of each clip."""
    tensor = Tensor(array)
    tensor.mask = np.arange(array.shape[1]) < lengths[:, np.newaxis]
    return tensor


def _with_lengths(array: npt.NDArray[Any], lengths: Sequence[int]) -> Tensor:
    counts = np.asarray(lengths)
    if array.ndim < 2 or counts.shape != array.shape[:1] or counts.dtype.kind not in "iu":
        raise DataError(
            f"lengths is one whole number for each clip of an array (batch, time, ...): got {counts.shape} lengths of "
            f"type {counts.dtype} for an array of shape {array.shape}."
        )
    if (counts < 0).any() or (counts > array.shape[1]).any():
        raise DataError(f"lengths are between 0 and the array's {array.shape[1]} steps: got {counts.tolist()}.")
    return masked(array, counts)
