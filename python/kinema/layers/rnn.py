"""A walk through time with any cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kinema.errors import ShapeError
from kinema.layers import cells
from kinema.layers.layer import Layer
from kinema.layers.over_time import OVER_TIME_CONFIG, OverTime
from kinema.layers.stacked_rnn_cells import StackedRNNCells
from kinema.layers.structure import Shape, map_leaves
from kinema.layers.walking import walk
from kinema.saving.registry import builtin, deserialize_keras_object, serialize_keras_object


@builtin("keras.layers")
class RNN(OverTime):
    """Walks through time with a cell: a built-in one, several on top of each other, or one of your own.

    A cell has `call(inputs, states)`, which gives the output of a step and the new states, and `state_size`, the length
    of its state or a list of lengths. It may have `output_size`, else the first length of the state, and
    `get_initial_state(batch_size)`, else zeros. Built-in cells walk in one kernel, as fast as the layer of their name.

    Args:
        cell: The cell, or a list of cells on top of each other.
        return_sequences: Give the output of every step instead of the last.
        return_state: Give the last state too, one entry for each length in `state_size`.
        go_backwards: Walk from the last step to the first, and give the outputs in that order.
        stateful: Begin each batch with the state in which the batch before ended.
        unroll: Accepted for Keras's sake; nothing needs unrolling.
        zero_output_for_mask: With `return_sequences`: give zeros for masked steps instead of the output before them.

    Input shape:
        (batch, time, ...), steps as the cell takes them. The call also takes `initial_state`, a list with an entry for
        each length in `state_size`, and a `mask` (batch, time).

    Output shape:
        (batch, output size), or (batch, time, output size) with `return_sequences`.

    Raises:
        ArgumentError: `cell` is no cell.
        ShapeError: The input is not a batch of sequences, or the state is not of this cell.

    Example:
        >>> import kinema, numpy as np
        >>> class Sum(kinema.layers.Layer):
        ...     state_size = 3
        ...     def call(self, inputs, states):
        ...         total = inputs + states[0]
        ...         return total, [total]
        >>> kinema.layers.RNN(Sum())(np.ones((1, 4, 3), "float32")).numpy()
        array([[4., 4., 4.]], dtype=float32)
    """

    config_names = OVER_TIME_CONFIG

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            zero_output_for_mask=zero_output_for_mask,
            **kwargs,
        )
        stacked = isinstance(cell, (list, tuple))
        self.cell = (
            StackedRNNCells(cell, dtype=self.dtype) if stacked else cells.require_cell(self._title, "cell", cell)
        )

    @property
    def state_size(self) -> list[Any]:
        """The length of each entry of the state."""
        return cells.state_sizes(self.cell)

    @property
    def state_count(self) -> int:  # type: ignore[override]
        """How many entries the state has."""
        return len(self.state_size)

    @property
    def is_random(self) -> bool:  # type: ignore[override]
        """Whether the cell draws random numbers."""
        return isinstance(self.cell, Layer) and any(layer.is_random for layer in self.cell.flatten_layers())

    def build(self, input_shape: Shape) -> None:
        """Builds the cell for one time step."""
        self._require_steps(input_shape)
        if isinstance(self.cell, Layer):
            self.cell.ensure_built((input_shape[0], *input_shape[2:]))
            self._place_inside(self.cell)
        self.built = True

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        """The outputs for sequences; with `return_state` followed by the last state.

        Args:
            sequences: (batch, time, ...).
            initial_state: An entry for each length in `state_size`; what the cell begins with when None.
            mask: (batch, time), False for steps to skip.
            training: Whether dropout is active.
        """
        self._require_steps(sequences.shape)
        states = self._first_states(initial_state, sequences.shape[0])
        outputs, states = walk(self.cell, sequences, states, mask, self.go_backwards, training)
        last = outputs[:, -1] if self._needs_last() else None
        return self._answer(outputs, last, states, mask)

    def get_initial_state(self, batch_size: int) -> list[Any]:
        """The state that the cell begins with, as a list."""
        states = cells.initial_state(self.cell, batch_size, self.dtype)
        return list(states) if isinstance(states, (list, tuple)) else [states]

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """(batch, output size), with time as second axis where all are returned; then the shapes of the state."""
        self._require_steps(input_shape)
        batch, time = input_shape[:2]
        size = cells.output_size(self.cell)
        outputs: Shape = (batch, time, size) if self.return_sequences else (batch, size)
        return (outputs, *_state_shapes(self.state_size, batch)) if self.return_state else outputs

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again, as Keras 3 writes them."""
        return {**super().get_config(), "cell": serialize_keras_object(self.cell)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Makes the layer that `get_config` described, with the cell inside."""
        return cls(**{name: deserialize_keras_object(value) for name, value in config.items()})

    def _first_states(self, initial_state: Any, batch: int) -> list[Any]:
        states = self._carried_on(batch) if initial_state is None else initial_state
        if states is None:
            states = self.get_initial_state(batch)
        states = list(states) if isinstance(states, (list, tuple)) else [states]
        if len(states) != self.state_count:
            raise ShapeError(
                f"initial_state has an entry for each length in the cell's state_size {self.state_size}, "
                f"got {len(states)}"
            )
        return [map_leaves(state, self._convert) for state in states]

    def _require_steps(self, input_shape: Any) -> None:
        if len(input_shape) < 3 or isinstance(input_shape[0], (tuple, list)):
            raise ShapeError(
                f"expected sequences of shape (batch, time, features), got an input of shape {input_shape}"
                + (": add a feature axis, as x[..., None] does for one number a step" if len(input_shape) == 2 else "")
            )


def _state_shapes(sizes: Sequence[Any], batch: Any) -> list[Any]:
    return [_state_shapes(size, batch) if isinstance(size, (list, tuple)) else (batch, size) for size in sizes]
