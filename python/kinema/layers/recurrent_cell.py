"""What SimpleRNNCell, GRUCell and LSTMCell share: one step with the weights of the layer of that name."""

from __future__ import annotations

from typing import Any

from kinema import ops
from kinema.autograd import as_array
from kinema.errors import ShapeError
from kinema.layers.arguments import drop_legacy
from kinema.layers.recurrent_weights import RecurrentWeights
from kinema.layers.structure import Shape


class RecurrentCell(RecurrentWeights):
    """One step of a recurrent layer, or with `walk` all of them in one kernel. Subclasses say what a step computes."""

    def __init__(self, **kwargs: Any) -> None:
        drop_legacy(type(self).__name__, kwargs, {"implementation": (None, 0, 1, 2)})
        super().__init__(**kwargs)

    @property
    def state_size(self) -> int | list[int]:
        """The length of the state, or of each of its arrays where there are several."""
        return self.units if self.state_count == 1 else [self.units] * self.state_count

    @property
    def output_size(self) -> int:
        """The length of the output."""
        return self.units

    @property
    def walks_in_one_kernel(self) -> bool:
        """Whether `walk` can stand for calls: the kernel knows the activations, and no subclass changed a step."""
        own_call = type(self).call is not RecurrentCell.call
        return self._kernels_know and not own_call and self.activity_regularizer is None

    def build(self, input_shape: Shape) -> None:
        """Creates the weights."""
        self._build_weights(self._known_length(input_shape, -1, "features"))
        self.built = True

    def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, Any]:
        """The output of a step, and the state after it.

        Args:
            inputs: (batch, features).
            states: The arrays (batch, units) of the state before, in a list; one alone may come as it is.
            training: Whether dropout is active.
        """
        if len(inputs.shape) != 2:
            raise ShapeError(
                f"expected one time step (batch, features), got an input of shape {tuple(inputs.shape)}: "
                "wrap the cell in RNN to walk through sequences"
            )
        self._require_features(inputs.shape, self.kernel.shape[0])
        given = self._state_list(states)
        projected = self._project(self._dropped(inputs, training))
        recurrent_mask = self._recurrent_mask(inputs.shape[0], training)
        if self.walks_in_one_kernel:
            outputs, carried = self._walk(ops.expand_dims(projected, 1), given, None, recurrent_mask, False)
            after = [outputs[:, 0], *carried]
        else:
            after = self._step(projected, given, recurrent_mask)
        return after[0], after if isinstance(states, (list, tuple)) else after[0]

    def walk(
        self, inputs: Any, states: list[Any], mask: Any, go_backwards: bool, training: bool
    ) -> tuple[Any, list[Any]]:
        """All outputs for sequences (batch, time, features), in walking order, and the state at the end."""
        self._require_features(inputs.shape, self.kernel.shape[0])
        projected = self._project(self._dropped(inputs, training))
        recurrent_mask = self._recurrent_mask(inputs.shape[0], training)
        outputs, carried = self._walk(projected, self._state_list(states), mask, recurrent_mask, go_backwards)
        return outputs, [outputs[:, -1], *carried]

    def get_initial_state(self, batch_size: int) -> list[Any]:
        """Zeros (batch, units) for each array of the state."""
        return [ops.zeros((batch_size, self.units), dtype=self.dtype) for _ in range(self.state_count)]

    def _state_list(self, states: Any) -> list[Any]:
        given = list(states) if isinstance(states, (list, tuple)) else [states]
        if len(given) != self.state_count:
            raise ShapeError(
                f"the state is {self.state_count} array(s) of shape (batch, {self.units}), "
                f"got {len(given)} of shapes {[tuple(as_array(state).shape) for state in given]}"
            )
        return [self._convert(state) for state in given]
