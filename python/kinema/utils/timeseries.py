"""Windows over a series and what follows them, as batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema.autograd import Array
from kinema.errors import ArgumentError, DataError
from kinema.utils.sample_dataset import SampleDataset


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str = "tf",
) -> SampleDataset:
    """A dataset of windows over consecutive time steps, and of the target of each window.

    Args:
        data: (time, ...).
        targets: One for each window, by the number of the step where the window begins; None for windows alone.
        sequence_length: Steps in a window.
        sequence_stride: Steps from the start of a window to the start of the next.
        sampling_rate: Steps from one of a window's steps to the next.
        batch_size: Windows in a batch; None gives them one by one.
        shuffle: Draw a new order of the windows every epoch.
        seed: What the orders depend on.
        start_index: The first step to use; the first of all when None.
        end_index: The step before which to stop; None for all.
        format: Taken for Keras's sake.

    Returns:
        Iterating gives batches (windows, targets), or windows alone, as arrays.

    Raises:
        ArgumentError: An index, the stride or the rate does not fit the data.
        DataError: There is no window.

    Example:
        >>> import kinema, numpy as np
        >>> series = np.arange(10)
        >>> following = kinema.utils.timeseries_dataset_from_array(series, series[3:], sequence_length=3, batch_size=4)
        >>> x, y = next(iter(following))
        >>> x[0], y
        (array([0, 1, 2]), array([3, 4, 5, 6]))
    """
    series = np.asarray(data)
    count = len(series)
    for name, value in (("start_index", start_index), ("end_index", end_index)):
        if value and not 0 < value < count:
            raise ArgumentError(f"{name} is a step between the ends of the data, which has {count}, not {value}")
    if start_index and end_index and end_index <= start_index:
        raise ArgumentError(f"end_index {end_index} must be behind start_index {start_index}")
    for name, value in (("sampling_rate", sampling_rate), ("sequence_stride", sequence_stride)):
        if not 0 < value < count:
            raise ArgumentError(f"{name} is at least 1 and below {count}, the steps of the data, not {value}")
    if format not in ("tf", "grain"):
        raise ArgumentError(f"format is 'tf' or 'grain', and changes nothing here, not {format!r}")
    used = slice(start_index or 0, end_index or count)
    windows = _Windows(
        series[used], None if targets is None else np.asarray(targets)[used], sequence_length, sampling_rate
    )
    return SampleDataset(windows, batch_size, shuffle, seed, order=np.arange(0, len(windows), sequence_stride))


class _Windows:
    """The window that begins at each step, with its target."""

    def __init__(self, series: Array, targets: Array | None, length: int, rate: int) -> None:
        self._series, self._targets = series, targets
        self._steps = np.arange(length) * rate
        count = len(series) - (length - 1) * rate
        self._count = count if targets is None else min(count, len(targets))
        if length < 1 or self._count < 1:
            raise DataError(
                f"a window of {length} steps, {rate} apart, needs {(length - 1) * rate + 1} steps and its target, and "
                f"there are {len(series)} steps"
                + ("" if targets is None else f" and {len(targets)} targets")
                + ": use a shorter sequence_length or more data"
            )

    def __len__(self) -> int:
        return self._count

    def take(self, index: Array) -> Any:
        windows = self._series[index[:, np.newaxis] + self._steps]
        return windows if self._targets is None else (windows, self._targets[index])
