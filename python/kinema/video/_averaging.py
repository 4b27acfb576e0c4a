"""Predictions of several clips as one for each video."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kinema.errors import DataError

Array = npt.NDArray[Any]


class VideoPredictions(NamedTuple):
    """What a model says of whole videos.

    Args:
        paths: The file of each video or segment.
        y: Its target, as `evaluate` takes them.
        predictions: The mean of the predictions for its clips.
    """

    paths: list[Path]
    y: Array
    predictions: Array


def averaged(predictions: Any, origins: Sequence[int], paths: Sequence[Path], targets: Array) -> VideoPredictions:
    """The mean over the clips of each origin; `paths` and `targets` are those of the clips."""
    array = np.asarray(predictions)
    if array.ndim == 0 or len(array) != len(origins):
        raise DataError(
            f"There are {len(origins)} clips and {len(array) if array.ndim else 'no'} predictions: give what "
            "model.predict(folder) returns for this very folder."
        )
    found, first, clips, counts = np.unique(origins, return_index=True, return_inverse=True, return_counts=True)
    sums = np.zeros((len(found), *array.shape[1:]), np.float64)
    np.add.at(sums, clips, array)
    means = sums / counts.reshape(-1, *(1,) * (array.ndim - 1))
    return VideoPredictions([paths[clip] for clip in first], targets[first], means.astype(array.dtype))
