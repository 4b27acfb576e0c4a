"""The learning rate as optimisers show it: a number, which scripts also treat as the variable that Keras has there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


class LearningRate(float):
    """A learning rate of now, which can be assigned to.

    Args:
        rate: The number.
        assign: Sets the optimiser's rate.
    """

    _assign: Callable[[Any], None]

    def __new__(cls, rate: float, assign: Callable[[Any], None]) -> LearningRate:
        shown = super().__new__(cls, rate)
        shown._assign = assign
        return shown

    @property
    def value(self) -> LearningRate:
        """The number."""
        return self

    def numpy(self) -> Any:
        """The number as NumPy's."""
        return np.float32(self)

    def assign(self, value: Any) -> None:
        """Sets the optimiser's learning rate."""
        self._assign(value)

    def __reduce__(self) -> Any:
        return float, (float(self),)
