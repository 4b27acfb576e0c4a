"""What SimpleRNN, GRU and LSTM share: weights, states, masks, dropout.

The work is in two steps. `project_frames` multiplies every time step with the input kernel, all at once and each by
itself, so that a step which several clips share need be projected only once. `call_projected` then walks through time.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from kinema import activations, ops, random
from kinema.autograd import Tensor, Variable, as_array
from kinema.errors import ShapeError
from kinema.layers.arguments import drop_legacy, fraction, one_of, positive_int
from kinema.layers.configured import ConfiguredLayer, weight_settings
from kinema.layers.dropout import drop
from kinema.layers.fused import required_kernel_activation
from kinema.layers.structure import Shape

_OLD_ARGUMENTS = {"time_major": (None, False), "ragged": (None, False), "implementation": (None, 0, 1, 2)}
#: Tells the draw for the recurrent dropout from the one for the inputs, which has the layer's own stream.
_RECURRENT_STREAM = 0x8000_0000

RECURRENT_CONFIG = (
    "return_sequences", "return_state", "go_backwards", "stateful", "unroll", "zero_output_for_mask",
    "units", "activation", "use_bias", *weight_settings("kernel", "recurrent", "bias"),
    "dropout", "recurrent_dropout", "seed",
)  # fmt: skip


class Recurrent(ConfiguredLayer):
    """A layer that walks through time with a state. Subclasses say what one walk computes."""

    mixes_frames = True
    #: How many blocks of `units` columns the kernels have.
    gates: ClassVar[int]
    #: How many arrays (batch, units) make up the state.
    state_count: ClassVar[int] = 1
    #: The group that Keras's files put the weights in, and its name in older ones.
    cell_group: ClassVar[str] = "cell"
    cell_name: ClassVar[str]

    kernel: Variable
    recurrent_kernel: Variable
    bias: Variable | None
    kernel_initializer: Any

    def __init__(
        self,
        units: int,
        activation: Any,
        use_bias: bool,
        kernel: tuple[Any, Any, Any],
        recurrent: tuple[Any, Any, Any],
        bias: tuple[Any, Any, Any],
        dropout: float,
        recurrent_dropout: float,
        return_sequences: bool,
        return_state: bool,
        go_backwards: bool,
        stateful: bool,
        unroll: bool,
        seed: int | None,
        **kwargs: Any,
    ) -> None:
        drop_legacy(type(self).__name__, kwargs, _OLD_ARGUMENTS)
        use_cudnn = kwargs.pop("use_cudnn", "auto")
        zero_output_for_mask = kwargs.pop("zero_output_for_mask", False)
        super().__init__(**kwargs)
        one_of(self.title, "use_cudnn", use_cudnn, ("auto", True, False))
        self.units = positive_int(self.title, "units", units)
        self.activation = activations.get(activation)
        self._kernel_name("activation")  # refuses what kernels do not know
        self.use_bias = bool(use_bias)
        self._describe_weight("kernel", *kernel)
        self._describe_weight("recurrent", *recurrent)
        self._describe_weight("bias", *bias)
        self.dropout = fraction(self.title, "dropout", dropout)
        self.recurrent_dropout = fraction(self.title, "recurrent_dropout", recurrent_dropout)
        self.return_sequences = bool(return_sequences)
        self.return_state = bool(return_state)
        self.go_backwards = bool(go_backwards)
        self.stateful = bool(stateful)
        self.unroll = bool(unroll)
        self.zero_output_for_mask = bool(zero_output_for_mask)
        self.seed = seed
        self.is_random = self.dropout > 0 or self.recurrent_dropout > 0
        #: With `stateful`: the state that the next batch begins with; None for zeros.
        self.states: list[Tensor] | None = None

    def _kernel_name(self, argument: str) -> str:
        """The activation that an argument gave, as kernels know it."""
        return required_kernel_activation(self.title, argument, getattr(self, argument))

    def build(self, input_shape: Shape) -> None:
        """Creates the kernels and the bias."""
        self._require_sequences(input_shape)
        features = self._known_length(input_shape, -1, "features")
        self.kernel = self._add_described("kernel", (features, self.gates * self.units))
        self.recurrent_kernel = self._add_described(
            "recurrent", (self.units, self.gates * self.units), name="recurrent_kernel"
        )
        self.bias = self._add_described("bias", self._bias_shape()) if self.use_bias else None
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
        if training and self.dropout:
            key = random.current_key(self.stream, self.seed)
            inputs = drop(inputs, self.dropout, key, (None, 1, None))  # one draw a sample, the same at every step
        return self.call_projected(self._project(inputs), initial_state, mask, training)

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
        outputs, carried = self._walk(
            projected, self._first_states(initial_state, batch), mask, self._recurrent_mask(batch, training)
        )
        last = outputs[:, -1] if self.stateful or self.return_state or not self.return_sequences else None
        if self.stateful:
            self.states = [Tensor(np.array(as_array(state))) for state in (last, *carried)]
        if not self.return_sequences:
            answer = last
        elif self.zero_output_for_mask and mask is not None:
            walked = np.flip(mask, 1) if self.go_backwards else np.asarray(mask)
            answer = ops.where(walked[..., None], outputs, 0.0)
        else:
            answer = outputs
        return (answer, last, *carried) if self.return_state else answer

    def walk_on(self, projected: Any, states: Any = None) -> tuple[Tensor, list[Any]]:
        """The outputs for the next steps of projected sequences, and the state to go on with; it begins with zeros."""
        outputs, carried = self._walk(projected, self._first_states(states, projected.shape[0]), None, None)
        last = outputs[:, -1]
        after = [np.array(as_array(state)) for state in (last, *carried)]
        return (outputs if self.return_sequences else last), after

    def reset_state(self) -> None:
        """With `stateful`: begins the next batch with zeros."""
        self.states = None

    def reset_states(self) -> None:
        """The same as `reset_state`."""
        self.reset_state()

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """(batch, units), (batch, time, units) with `return_sequences`; with `return_state` followed by the states'."""
        self._require_sequences(input_shape)
        batch, time = input_shape[:2]
        outputs: Shape = (batch, time, self.units) if self.return_sequences else (batch, self.units)
        return (outputs, *((batch, self.units),) * self.state_count) if self.return_state else outputs

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The input's mask where all steps are returned, in the order in which they were walked."""
        outputs = previous_mask if self.return_sequences else None
        if outputs is not None and self.go_backwards:
            outputs = np.flip(np.asarray(outputs), 1)
        return [outputs, *(None,) * self.state_count] if self.return_state else outputs

    def get_build_config(self) -> dict[str, Any] | None:
        """What `build` was called with; nothing with `stateful`, which Keras builds for a batch of known size."""
        return None if self.stateful else super().get_build_config()

    def _walk(self, projected: Any, states: list[Any], mask: Any, recurrent_mask: Any) -> tuple[Any, list[Any]]:
        """All outputs in walking order (batch, time, units), and what the last state holds beside the last of them."""
        raise NotImplementedError(f"{type(self).__name__} needs _walk(self, projected, states, mask, recurrent_mask)")

    def _bias_shape(self) -> tuple[int, ...]:
        return (self.gates * self.units,)

    def _input_bias(self) -> Any:
        return self.bias

    def _project(self, inputs: Any) -> Tensor:
        projected: Tensor = ops.dense(inputs, self.kernel, self._input_bias())
        return projected

    def _recurrent_mask(self, batch: int, training: bool) -> Any:
        if not training or not self.recurrent_dropout:
            return None
        key = random.current_key(self.stream ^ _RECURRENT_STREAM, self.seed)
        return as_array(drop(Tensor(np.ones((batch, self.units), self.dtype)), self.recurrent_dropout, key))

    def _first_states(self, initial_state: Any, batch: int) -> list[Any]:
        states = initial_state
        if states is None:
            states = self.states if self.stateful else None
            if states is not None and states[0].shape[0] != batch:
                raise ShapeError(
                    f"stateful=True goes on with the state of {len(states[0])} samples, but this batch has {batch}: "
                    "feed batches of one size, or call reset_state() in between"
                )
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
