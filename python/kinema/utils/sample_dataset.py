"""Samples by their number, made into batches: what Keras's functions that make datasets give."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np

from kinema.autograd import Array
from kinema.random import global_seed, permutation
from kinema.video._convert import check_count


class Samples(Protocol):
    """Where samples come from."""

    def __len__(self) -> int: ...

    def take(self, index: Array) -> Any:
        """The samples of these numbers as one batch, x or (x, y)."""
        ...


class SampleDataset:
    """Batches of samples, for `fit`, `evaluate`, `predict` and loops of your own.

    Iterating gives the batches of one epoch, and with `shuffle` those of the next one in another order. `fit` chooses
    the epoch with `set_epoch`.

    Args:
        samples: Where they come from.
        batch_size: Samples in a batch; None gives them one by one, without a batch axis.
        shuffle: Draw a new order every epoch.
        seed: What the orders depend on; that of `kinema.utils.set_random_seed` when None.
        workers: How many threads make batches ahead of their use; 0 for none.
        order: Which of the samples, in which order; all when None.
    """

    def __init__(
        self,
        samples: Samples,
        batch_size: int | None,
        shuffle: bool = False,
        seed: int | None = None,
        workers: int = 0,
        order: Array | None = None,
    ) -> None:
        self.batch_size = None if batch_size is None else check_count(batch_size, "batch_size")
        self.shuffle = bool(shuffle)
        self.seed = global_seed() if seed is None else int(seed)
        #: The epoch whose batches iterating gives next.
        self.epoch = 0
        self._samples = samples
        self._workers = workers
        self._order = np.arange(len(samples)) if order is None else order

    @property
    def num_samples(self) -> int:
        """Samples in an epoch."""
        return len(self._order)

    def set_epoch(self, epoch: int) -> None:
        """Chooses which epoch's order iterating gives."""
        self.epoch = int(epoch)

    def batch(self, batch_size: int) -> SampleDataset:
        """The same samples in batches of another size."""
        batched = copy.copy(self)
        batched.batch_size = check_count(batch_size, "batch_size")
        return batched

    def part(self, positions: Array) -> SampleDataset:
        """Some of the samples, in the order of an epoch that is not shuffled."""
        part = copy.copy(self)
        part._order = self._order[positions]
        return part

    def __len__(self) -> int:
        return -(-len(self._order) // (self.batch_size or 1))

    def __iter__(self) -> Iterator[Any]:
        from kinema.video._stored import read_ahead

        order = self._order[permutation(len(self._order), self.seed, self.epoch)] if self.shuffle else self._order
        self.epoch += 1
        size = self.batch_size or 1
        parts = (order[start : start + size] for start in range(0, len(order), size))
        if not self._workers:
            yield from map(self._batch, parts)
        else:
            yield from read_ahead(map(self._reading, parts), self._workers, self._workers)

    def _reading(self, index: Array) -> Callable[[threading.Event], Any]:
        return lambda stopping: self._batch(index)

    def _batch(self, index: Array) -> Any:
        batch = self._samples.take(index)
        if self.batch_size is not None:
            return batch
        return tuple(part[0] for part in batch) if isinstance(batch, tuple) else batch[0]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.num_samples} samples, batch_size={self.batch_size}>"
