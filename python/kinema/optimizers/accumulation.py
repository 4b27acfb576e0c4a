"""Gradients that several steps add up before one of them changes the weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kinema.tensor import Array, Variable


class GradientAccumulation:
    """The sums of the gradients since the last step that changed the weights.

    Args:
        steps: How many steps make one change.
        sums: A slot of zeros for each variable.
    """

    def __init__(self, steps: int, sums: Sequence[Variable]) -> None:
        self._steps = steps
        self._sums = sums

    def completes(self, step: int) -> bool:
        """Whether a step, counted from 0, is the last of those that make one change."""
        return (step + 1) % self._steps == 0

    def add(self, index: int, gradient: Array) -> None:
        """Adds a gradient to its variable's sum."""
        total = self._sums[index]
        np.add(total.array, gradient, out=total.array)
        total.bump()

    def mean(self, index: int, gradient: Array) -> Array:
        """The mean of the gradients up to this one."""
        mean: Array = (self._sums[index].array + gradient) / gradient.dtype.type(self._steps)
        return mean

    def clear(self) -> None:
        """Begins anew."""
        for total in self._sums:
            total.array.fill(0)
            total.bump()
