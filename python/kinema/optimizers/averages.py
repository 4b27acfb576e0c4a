"""Weights averaged over the steps of training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kinema import _rust
from kinema.tensor import Variable


class WeightAverages:
    """An exponential moving average of every variable: less noisy than the weights themselves, which still jump about.

    Polyak's and Ruppert's averaging (1992), with recent weights counting more.

    Args:
        momentum: How slowly an average forgets, from 0 to 1.
        variables: What is averaged.
        averages: A slot for each of them.
    """

    def __init__(self, momentum: float, variables: Sequence[Variable], averages: Sequence[Variable]) -> None:
        self._momentum = momentum
        self._pairs = list(zip(variables, averages, strict=True))
        self._shown = False

    def follow(self, first: bool) -> None:
        """Takes the weights of a step into account; those of the first step are the average."""
        momentum = 0.0 if first else self._momentum
        for variable, average in self._pairs:
            _rust.move_average(average.array, variable.array, momentum)
            average.bump()

    def overwrite(self, variables: Sequence[Variable]) -> None:
        """Gives variables their averages, as far as they have one."""
        self.show(False)
        wanted = {id(variable) for variable in variables}
        for variable, average in self._pairs:
            if id(variable) in wanted:
                variable.assign(average.array)

    def show(self, averages: bool) -> None:
        """Puts the averages in the place of the weights, or the weights back."""
        if averages == self._shown:
            return
        self._shown = averages
        for variable, average in self._pairs:
            weights = np.array(variable.array)
            variable.assign(average.array)
            average.assign(weights)
