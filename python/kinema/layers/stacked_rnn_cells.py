"""Cells on top of each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kinema.errors import ArgumentError, ShapeError
from kinema.layers.cells import call_cell, initial_state, output_size, require_cell
from kinema.layers.layer import Layer
from kinema.layers.structure import Shape
from kinema.saving.registry import builtin, deserialize_keras_object, serialize_keras_object


@builtin("keras.layers")
class StackedRNNCells(Layer):
    """A cell that hands its input through several cells, each with a state of its own.

    Args:
        cells: The cells, the first one nearest to the input.

    Input shape:
        (batch, features), followed by the states: an entry for each cell, a list where its state has several arrays.

    Output shape:
        (batch, units of the last cell), followed by the new states.

    Raises:
        ArgumentError: One of them is no cell.

    Example:
        >>> import kinema, numpy as np
        >>> cells = kinema.layers.StackedRNNCells([kinema.layers.LSTMCell(4), kinema.layers.GRUCell(2)])
        >>> kinema.layers.RNN(cells)(np.ones((2, 5, 3), "float32")).shape
        (2, 2)
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(cells, (list, tuple)) or not cells:
            raise ArgumentError(f"{self._title}: cells is a list of at least one cell, not {cells!r}")
        self.cells = [require_cell(self._title, f"cells[{index}]", cell) for index, cell in enumerate(cells)]

    @property
    def state_size(self) -> list[Any]:
        """What each cell says of its state."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> int:
        """The length of the last cell's output."""
        return output_size(self.cells[-1])

    @property
    def is_random(self) -> bool:  # type: ignore[override]
        """Whether one of the cells draws random numbers."""
        return any(getattr(cell, "is_random", False) for cell in self.cells)

    @property
    def walks_cell_by_cell(self) -> bool:
        """Whether each cell may walk through all steps before the next one: unless a subclass changed a step."""
        return type(self).call is StackedRNNCells.call and self.activity_regularizer is None

    def build(self, input_shape: Shape) -> None:
        """Builds the cells, each for the output of the one below it."""
        shape = input_shape
        for cell in self.cells:
            if isinstance(cell, Layer):
                cell.ensure_built(shape)
                self._place_inside(cell)
            shape = (shape[0], output_size(cell))
        self.built = True

    def call(self, inputs: Any, states: Any) -> tuple[Any, list[Any]]:
        """The output of a step of the last cell, and the states of all after it."""
        if len(states) != len(self.cells):
            raise ShapeError(f"the state has an entry for each of {len(self.cells)} cells, got {len(states)}")
        output, after = inputs, []
        for cell, before in zip(self.cells, states, strict=True):
            several = isinstance(before, (list, tuple))
            output, new = call_cell(cell, output, list(before) if several else [before])
            after.append(new if several else new[0])
        return output, after

    def get_initial_state(self, batch_size: int) -> list[Any]:
        """The state that each cell begins with."""
        return [initial_state(cell, batch_size, self.dtype) for cell in self.cells]

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again, as Keras 3 writes them."""
        return {**super().get_config(), "cells": [serialize_keras_object(cell) for cell in self.cells]}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Makes the cell that `get_config` described, with those inside."""
        return cls(**{name: deserialize_keras_object(value) for name, value in config.items()})
