"""Vectors brought to length 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kinema import ops
from kinema.errors import ArgumentError, ShapeError
from kinema.layers.activation import ElementwiseLayer
from kinema.layers.structure import Shape
from kinema.saving.registry import builtin

#: The smallest sum of squares that is divided by the root of.
_SMALLEST_SQUARE = 1e-24


@builtin("keras.layers")
class UnitNormalization(ElementwiseLayer):
    """Brings each sample to a sum of squares of 1 along some axes.

    Args:
        axis: The axis, or several.

    Input shape:
        Any; where the axes include time, steps that a mask (batch, time) leaves out do not count and become zero.

    Output shape:
        The input's.

    Example:
        >>> import kinema
        >>> kinema.layers.UnitNormalization()([[3.0, 4.0]]).numpy()
        array([[0.6, 0.8]], dtype=float32)
    """

    config_names = ("axis",)

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        numbers: list[Any] = list(axis) if isinstance(axis, (tuple, list)) else [axis]
        if not numbers or not all(isinstance(number, (int, np.integer)) for number in numbers):
            raise ArgumentError(f"{self._title}: axis is the number of an axis or a list of them, not {axis!r}")
        plain = [int(number) for number in numbers]
        self.axis = plain if isinstance(axis, (tuple, list)) else plain[0]

    def build(self, input_shape: Shape) -> None:
        """Finds out whether the axes include time."""
        self.mixes_frames = len(input_shape) > 2 and 1 in self._axes(input_shape)
        self.built = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The input, divided by the root of its sum of squares."""
        if mask is not None and self.mixes_frames:
            steps = np.asarray(mask, bool)
            inputs = ops.where(steps.reshape(*steps.shape, *(1,) * (inputs.ndim - steps.ndim)), inputs, 0.0)
        squares = ops.sum(ops.square(inputs), axis=self._axes(inputs.shape), keepdims=True)
        return inputs * ops.rsqrt(ops.maximum(squares, _SMALLEST_SQUARE))

    def _axes(self, input_shape: Shape) -> tuple[int, ...]:
        named = self.axis if isinstance(self.axis, list) else [self.axis]
        rank = len(input_shape)
        if any(not -rank <= axis < rank for axis in named):
            raise ShapeError(f"axis={self.axis} does not name axes of an input of shape {tuple(input_shape)}")
        return tuple(axis % rank for axis in named)
