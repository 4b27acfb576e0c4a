"""How much of a training's time goes by waiting for the next batch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


class WaitingTime:
    """The share of the time since `restart` that a loop over `watch(batches)` spent waiting for batches.

    Args:
        clock: Seconds, rising.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self.restart()

    def restart(self) -> None:
        """Counts from here on."""
        self._begun = self._end = self._clock()
        self._waited = 0.0

    def watch(self, batches: Iterable[Item]) -> Iterator[Item]:
        """The same batches."""
        source = iter(batches)
        while True:
            asked = self._clock()
            try:
                batch = next(source)
            except StopIteration:
                return
            self._waited += self._clock() - asked
            yield batch

    def step_done(self) -> None:
        """Counts what came before; what comes after the last step is no part of the share."""
        self._end = self._clock()

    @property
    def share(self) -> float:
        """The share, from 0 to 1, until the last step that was done."""
        passed = self._end - self._begun
        return min(1.0, self._waited / passed) if passed > 0 else 0.0
