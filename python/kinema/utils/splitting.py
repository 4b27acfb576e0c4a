"""Two datasets out of one."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema.autograd import Array
from kinema.errors import ArgumentError, DataError, DTypeError
from kinema.random import global_seed, permutation
from kinema.utils.sample_dataset import SampleDataset


def split_dataset(
    dataset: Any,
    left_size: float | int | None = None,
    right_size: float | int | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[SampleDataset, SampleDataset]:
    """Parts a dataset in two, for instance for training and testing.

    Args:
        dataset: An array, a list or tuple of arrays with as many rows, or a dataset that
            `image_dataset_from_directory` or `timeseries_dataset_from_array` made. Batches stay batches; of arrays come
            single samples, which `.batch(batch_size)` makes batches of.
        left_size: How many samples go to the first part, as a number of them or a fraction; the rest when None.
        right_size: How many samples go to the second part.
        shuffle: Draw which samples go where.
        seed: What that depends on; that of `kinema.utils.set_random_seed` when None.
        preferred_backend: Taken for Keras's sake.

    Returns:
        The first samples and the last ones.

    Raises:
        ArgumentError: No size is given, or a part would be empty.

    Example:
        >>> import kinema, numpy as np
        >>> x, y = np.zeros((10, 4)), np.arange(10)
        >>> train, test = kinema.utils.split_dataset((x, y), left_size=0.8)
        >>> train.num_samples, test.num_samples
        (8, 2)
    """
    whole = _as_dataset(dataset)
    total = whole.num_samples
    left, right = _counts(left_size, right_size, total)
    order = permutation(total, global_seed() if seed is None else seed, 0) if shuffle else np.arange(total)
    return whole.part(order[:left]), whole.part(order[total - right :])


def _as_dataset(dataset: Any) -> SampleDataset:
    if isinstance(dataset, SampleDataset):
        return dataset
    if isinstance(dataset, np.ndarray):
        return SampleDataset(_Arrays((dataset,), several=False), batch_size=None)
    if isinstance(dataset, (list, tuple)) and dataset and all(isinstance(array, np.ndarray) for array in dataset):
        if len({len(array) for array in dataset}) > 1:
            raise DataError(
                f"the arrays to split have {', '.join(str(len(array)) for array in dataset)} rows: give as many"
            )
        return SampleDataset(_Arrays(tuple(dataset), several=True), batch_size=None)
    raise DTypeError(
        "split_dataset takes an array, a list of arrays, or a dataset that image_dataset_from_directory or "
        f"timeseries_dataset_from_array made, not {type(dataset).__name__}"
    )


def _counts(left: float | int | None, right: float | int | None, total: int) -> tuple[int, int]:
    if left is None and right is None:
        raise ArgumentError("split_dataset needs left_size or right_size: a number of samples or a fraction of them")
    found: list[int | None] = []
    for name, size in (("left_size", left), ("right_size", right)):
        if isinstance(size, float) and 0 < size < 1:
            found.append(round(size * total))
        elif size is None or (isinstance(size, int) and not isinstance(size, bool) and 0 < size < total):
            found.append(size)
        else:
            raise ArgumentError(
                f"{name} is a number of samples from 1 to {total - 1} or a fraction between 0 and 1, not {size!r}"
            )
    first, last = found
    if first is None:
        first = total - (last or 0)
    if last is None:
        last = total - first
    if first < 1 or last < 1 or first + last > total:
        raise ArgumentError(
            f"{total} samples cannot be split into {first} and {last}: both parts need some, and no sample is in both"
        )
    return first, last


class _Arrays:
    """The rows of arrays."""

    def __init__(self, arrays: tuple[Array, ...], several: bool) -> None:
        self._arrays, self._several = arrays, several

    def __len__(self) -> int:
        return len(self._arrays[0])

    def take(self, index: Array) -> Any:
        rows = tuple(array[index] for array in self._arrays)
        return rows if self._several else rows[0]
