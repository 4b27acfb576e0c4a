"""How far a model has been trained: what shuffling and dropout are keyed by."""

from __future__ import annotations

import numpy as np

from kinema import random


class TrainingRun:
    """The seed of a model, and its epochs and steps over all calls of `fit`; kept in the model's file."""

    def __init__(self) -> None:
        self.epochs = 0
        self.steps = 0
        self._seed: int | None = None

    def count(self) -> None:
        """Notes that a step was taken."""
        self.steps += 1

    @property
    def seed(self) -> int:
        """The seed of shuffling and dropout; drawn the first time it is needed."""
        if self._seed is None:
            words = np.random.SeedSequence([random.global_seed(), random.next_stream()]).generate_state(1, np.uint64)
            self._seed = int(words[0] >> np.uint64(1))
        return self._seed

    @seed.setter
    def seed(self, value: int) -> None:
        self._seed = value
