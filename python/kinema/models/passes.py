"""Passes over the training data that are longer than an epoch: `steps_per_epoch` with more batches than that."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from kinema.models.data import Batch, Data


class Passes:
    """The batches of one epoch after the other.

    With `steps` an epoch goes on where the one before it stopped, so that all batches have their turn, and ends early
    where the data ends.

    Args:
        data: The data.
        steps: Batches an epoch, at most; None for one pass each.
    """

    def __init__(self, data: Data, steps: int | None) -> None:
        self._data, self._steps = data, steps
        self._begun: Iterator[Batch] | None = None

    def epoch(self, seed: int, number: int) -> Iterator[Batch]:
        """The batches of an epoch; a pass that begins in it has its order."""
        if self._steps is None:
            yield from self._data.epoch(seed, number)
            return
        left = self._steps
        while left == self._steps:  # a pass that ended together with the last epoch gives nothing more
            begun = self._begun
            self._begun = self._data.epoch(seed, number) if begun is None else begun
            for batch in itertools.islice(self._begun, left):
                yield batch
                left -= 1
            if left:
                self._begun = None
            if begun is None:
                return
