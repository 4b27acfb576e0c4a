"""Datasets of batches by number: Keras's `PyDataset`, once called `Sequence`."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any


class PyDataset:
    """Batches by their number, in an order that `fit` chooses: the base of datasets of your own.

    Subclasses define `__getitem__(index)`, which gives a batch `(x, y)` or `(x, y, sample_weight)`, and `__len__`, the
    number of batches. One without an end defines the property `num_batches` instead, which then gives None. `fit` draws
    a new order of the batches for each epoch unless it is told `shuffle=False`.

    Args:
        workers: How many threads prepare batches ahead of their use; with 0 or 1 a batch is made when it is needed.
        use_multiprocessing: Taken for Keras's sake: with it one worker is enough for batches to be prepared ahead, by
            a thread.
        max_queue_size: How many batches may wait for their use.

    Example:
        >>> import kinema, numpy as np
        >>> class Squares(kinema.utils.PyDataset):
        ...     def __len__(self):
        ...         return 3
        ...     def __getitem__(self, index):
        ...         x = np.arange(4 * index, 4 * index + 4, dtype="float32")[:, None]
        ...         return x, x**2
        >>> model = kinema.Sequential([kinema.layers.Input((1,)), kinema.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> model.predict(Squares(workers=2), verbose=0).shape
        (12, 1)
    """

    # What holds for a subclass that does not call __init__.
    workers: int = 1
    use_multiprocessing: bool = False
    max_queue_size: int = 10

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    def __getitem__(self, index: int) -> Any:
        """The batch of this number. Every dataset overrides it."""
        raise NotImplementedError(
            f"dataset class {type(self).__name__} has no batches: define __getitem__(self, index)"
        )

    @property
    def num_batches(self) -> int | None:
        """The number of batches; None for a dataset without an end, which overrides this."""
        if hasattr(self, "__len__"):
            return len(self)
        raise NotImplementedError(
            f"dataset class {type(self).__name__} does not say how many batches it has: define __len__(self), or the "
            "property num_batches"
        )

    def __iter__(self) -> Iterator[Any]:
        count = self.num_batches
        for index in itertools.count() if count is None else range(count):
            yield self[index]

    def on_epoch_begin(self) -> None:
        """Called before each epoch."""

    def on_epoch_end(self) -> None:
        """Called after each epoch."""

    def batches(self, order: Iterable[int]) -> Iterator[Any]:
        """The batches of these numbers in this order, the next ones prepared by `workers` threads."""
        if self.workers > 1 or (self.workers > 0 and self.use_multiprocessing):
            from kinema.video._stored import read_ahead

            yield from read_ahead(map(self._reading, order), self.workers, max(1, self.max_queue_size))
        else:
            yield from map(self._batch, order)

    def _reading(self, index: int) -> Callable[[threading.Event], Any]:
        return lambda stopping: self._batch(index)

    def _batch(self, index: int) -> Any:
        batch = self[index]
        return tuple(batch) if isinstance(batch, list) else batch
