"""What SimpleRNN, GRU and LSTM share: weights, states, masks, dropout.

The work is in two steps. `project_frames` multiplies every time step with the input kernel, all at once and each by
itself, so that a step which several clips share need be projected only once. `call_projected` then walks through time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema import ops
from kinema.autograd import Tensor, as_array
from kinema.errors import ShapeError
from kinema.layers.arguments import drop_legacy, one_of
from kinema.layers.over_time import OVER_TIME_CONFIG, OverTime
from kinema.layers.recurrent_weights import RECURRENT_WEIGHTS_CONFIG, RecurrentWeights
from kinema.layers.structure import Shape
from kinema.layers.walking import step_by_step

_OLD_ARGUMENTS = {"time_major": (None, False), "ragged": (None, False), "implementation": (None, 0, 1, 2)}

RECURRENT_CONFIG = (*OVER_TIME_CONFIG, *RECURRENT_WEIGHTS_CONFIG, "activity_regularizer")


class Recurrent(RecurrentWeights, OverTime):
    """A layer whose walk through time is one kernel."""

    def __init__(self, *, use_cudnn: Any = "auto", **kwargs: Any) -> None:
        drop_legacy(type(self).__name__, kwargs, _OLD_ARGUMENTS)
        super().__init__(**kwargs)
        one_of(self._title, "use_cudnn", use_cudnn, ("auto", True, False))

    def build(self, input_shape: Shape) -> None:
        """Creates the weights."""
        self._require_sequences(input_shape)
        self._build_weights(self._known_length(input_shape, -1, "features"))
        self.built = True

    def call(self, inputs: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        """The outputs for sequences; with `return_state` followed by the last state.

        Args:
            inputs: (batch, time, features).
            initial_state: An array (batch, units) for each part of the state; zeros when None.
            mask: (batch, time), False for steps to skip.
            training: Whether dropout is active.
        """
        self._require_sequences(inputs.shape)
        self._require_features(inputs.shape, self.kernel.shape[0])
        return self.call_projected(self._project(self._dropped(inputs, training)), initial_state, mask, training)

    def projects_frames(self, training: bool) -> bool:
        """Whether projecting frames and walking over the gathered projections gives what a call gives."""
        return not (training and self.dropout) and self.activity_regularizer is None

    def project_frames(self, inputs: Any) -> Tensor:
        """The product of each time step with the input kernel, plus bias: (..., features) to (..., gates * units)."""
        inputs = self._convert(inputs)
        self._require_features(inputs.shape, self.kernel.shape[0])
        return self._project(inputs)

    def call_projected(
        self, projected: Any, initial_state: Any = None, mask: Any = None, training: bool = False
    ) -> Any:
        """What `call` gives, from the projection of its inputs."""
        batch = projected.shape[0]
        states, recurrent_mask = self._first_states(initial_state, batch), self._recurrent_mask(batch, training)
        outputs, carried = self._walked(projected, states, mask, recurrent_mask)
        last = outputs[:, -1] if self._needs_last() else None
        return self._answer(outputs, last, [last, *carried], mask)

    def walk_on(self, projected: Any, states: Any = None) -> tuple[Tensor, list[Any]]:
        """The outputs for the next steps of projected sequences, and the state to go on with; it begins with zeros."""
        first = self._first_states(states, projected.shape[0])
        outputs, carried = self._walked(projected, first, None, None)
        last = outputs[:, -1]
        after = [np.array(as_array(state)) for state in (last, *carried)]
        return (outputs if self.return_sequences else last), after

    def _walked(self, projected: Any, states: list[Any], mask: Any, recurrent_mask: Any) -> tuple[Any, list[Any]]:
        """What `_walk` gives; where no kernel knows the activations, step by step."""
        batch, time = projected.shape[:2]
        if self._kernels_know or not time:
            return self._walk(projected, states, mask, recurrent_mask, self.go_backwards)
        zeros = ops.zeros((batch, self.units), dtype=self.dtype)
        first = [zeros if state is None else state for state in states]

        def step(frame: Any, before: list[Any]) -> tuple[Any, list[Any]]:
            after = self._step(frame, before, recurrent_mask)
            return after[0], after

        counts = None if mask is None else np.asarray(mask, bool)
        outputs, after = step_by_step(step, projected, first, counts, self.go_backwards, before=first[0])
        return outputs, after[1:]

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """(batch, units), (batch, time, units) with `return_sequences`; with `return_state` followed by the states'."""
        self._require_sequences(input_shape)
        batch, time = input_shape[:2]
        outputs: Shape = (batch, time, self.units) if self.return_sequences else (batch, self.units)
        return (outputs, *((batch, self.units),) * self.state_count) if self.return_state else outputs

    def _first_states(self, initial_state: Any, batch: int) -> list[Any]:
        states = self._carried_on(batch) if initial_state is None else initial_state
        if states is None:
            return [None] * self.state_count
        states = list(states) if isinstance(states, (list, tuple)) else [states]
        expected = (batch, self.units)
        if len(states) != self.state_count or any(np.shape(as_array(state)) != expected for state in states):
            raise ShapeError(
                f"initial_state is {self.state_count} array(s) of shape (batch, units) = {expected}, "
                f"got {[np.shape(as_array(state)) for state in states]}"
            )
        return [self._convert(state) for state in states]

    def _require_sequences(self, input_shape: Any) -> None:
        if len(input_shape) == 3 and not isinstance(input_shape[0], (tuple, list)):
            return
        message = f"expected sequences of shape (batch, time, features), got an input of shape {input_shape}"
        if len(input_shape) > 3:
            message += ": put TimeDistributed(Flatten()) before it, so that each frame becomes one row of features"
        elif len(input_shape) == 2:
            message += ": add a feature axis, as x[..., None] does for one number a step"
        raise ShapeError(message)
