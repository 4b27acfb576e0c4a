"""What clips are labelled with, as the arrays that losses take."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kinema.errors import DataError
from kinema.video._catalogue import Video
from kinema.video._labelling import Segments
from kinema.video._loading import Surveyed

Array = npt.NDArray[Any]


def target_of(video: Video, surveyed: Surveyed, frame_stride: int, mode: str | None, class_names: Sequence[str]) -> Any:
    """A video's target: an array of numbers, or of one class number a kept frame where the frames have labels."""
    if mode == "number":
        numbers = np.array(video.target, np.float32)
        return numbers[0] if len(numbers) == 1 else numbers
    if mode == "multi":
        return np.isin(np.arange(len(class_names)), video.target).astype(np.float32)
    if mode == "frame":
        return _frame_labels(video, surveyed, frame_stride)
    return video.label


def encode(labels: Array, mode: str | None, classes: int) -> Array:
    """The targets of a batch in the form of the label mode."""
    if mode == "categorical":
        return np.eye(classes, dtype=np.float32)[labels]
    if mode == "binary":
        return labels.astype(np.float32)[:, np.newaxis]
    return labels


def _frame_labels(video: Video, surveyed: Surveyed, frame_stride: int) -> Array:
    if not isinstance(video.target, Segments):
        labels = np.array(video.target[::frame_stride], np.int64)
        if len(labels) != surveyed.count:
            raise DataError(
                f"{str(video.path)!r} has {len(video.target)} labels of frames, which make {len(labels)} with "
                f"frame_stride={frame_stride}, and {surveyed.count} frames: give one for each frame of the file."
            )
        return labels
    labels = np.full(surveyed.count, video.target.background, np.int64)
    for start, end, label in video.target.spans:
        first, last = np.searchsorted(surveyed.seconds, np.array([start, end]) - 1e-4)
        labels[first:last] = label
    if (labels < 0).any():
        second = float(surveyed.seconds[int(np.argmax(labels < 0))])
        raise DataError(
            f"The frame of {str(video.path)!r} at {second:g} s lies in no segment: name the class of such frames with "
            "background=."
        )
    return labels
