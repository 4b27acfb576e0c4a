"""What a recurrent layer and its cell share: the weights of one step, and what a walk computes with them."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from kinema import activations, ops
from kinema.autograd import Tensor, Variable, as_array
from kinema.layers.arguments import fraction, positive_int
from kinema.layers.configured import ConfiguredLayer, weight_settings
from kinema.layers.dropout import drop
from kinema.layers.fused import kernel_activation, required_kernel_activation

#: Tells the draw for the recurrent dropout from the one for the inputs, which has the owner's own stream.
_RECURRENT_STREAM = 0x8000_0000

RECURRENT_WEIGHTS_CONFIG = (
    "units", "activation", "use_bias", *weight_settings("kernel", "recurrent", "bias"),
    "dropout", "recurrent_dropout", "seed",
)  # fmt: skip


class RecurrentWeights(ConfiguredLayer):
    """The weights of SimpleRNN, GRU or LSTM. Subclasses say how many there are and what a walk computes.

    Inputs are multiplied with the input kernel before the walk, all time steps at once.
    """

    #: How many blocks of `units` columns the kernels have.
    gates: ClassVar[int]
    #: How many arrays (batch, units) make up the state.
    state_count: int = 1
    #: The arguments that name an activation.
    activation_arguments: ClassVar[tuple[str, ...]] = ("activation",)

    kernel: Variable
    recurrent_kernel: Variable
    bias: Variable | None
    kernel_initializer: Any
    activation: Any

    def __init__(
        self,
        *,
        units: int,
        activation: Any,
        use_bias: bool,
        kernel: tuple[Any, Any, Any],
        recurrent: tuple[Any, Any, Any],
        bias: tuple[Any, Any, Any],
        dropout: float,
        recurrent_dropout: float,
        seed: int | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = positive_int(self._title, "units", units)
        self._set_activation("activation", activation)
        self.use_bias = bool(use_bias)
        self._describe_weight("kernel", *kernel)
        self._describe_weight("recurrent", *recurrent)
        self._describe_weight("bias", *bias)
        self.dropout = fraction(self._title, "dropout", dropout)
        self.recurrent_dropout = fraction(self._title, "recurrent_dropout", recurrent_dropout)
        self.seed = seed
        self.is_random = self.dropout > 0 or self.recurrent_dropout > 0

    def _set_activation(self, argument: str, identifier: Any) -> None:
        setattr(self, argument, activations.get(identifier))

    def _kernel_name(self, argument: str) -> str:
        """The activation that an argument gave, as kernels know it."""
        return required_kernel_activation(self._title, argument, getattr(self, argument))

    @property
    def _kernels_know(self) -> bool:
        """Whether there is a kernel for these activations."""
        return all(kernel_activation(getattr(self, argument)) for argument in self.activation_arguments)

    def _step(self, projected: Any, states: list[Any], recurrent_mask: Any) -> list[Any]:
        """The state after a step, its first array the output, for activations that no kernel knows."""
        raise NotImplementedError(f"{type(self).__name__} does not say what one step computes: it needs a _step")

    def _build_weights(self, features: int) -> None:
        self.kernel = self._add_described("kernel", (features, self.gates * self.units))
        self.recurrent_kernel = self._add_described(
            "recurrent", (self.units, self.gates * self.units), name="recurrent_kernel"
        )
        self.bias = self._add_described("bias", self._bias_shape()) if self.use_bias else None

    def _walk(
        self, projected: Any, states: list[Any], mask: Any, recurrent_mask: Any, go_backwards: bool
    ) -> tuple[Any, list[Any]]:
        """All outputs in walking order (batch, time, units), and what the last state holds beside the last of them."""
        raise NotImplementedError(f"{type(self).__name__} does not say what one walk computes: it needs a _walk")

    def _bias_shape(self) -> tuple[int, ...]:
        return (self.gates * self.units,)

    def _input_bias(self) -> Any:
        return self.bias

    def _project(self, inputs: Any) -> Tensor:
        projected: Tensor = ops.dense(inputs, self.kernel, self._input_bias())
        return projected

    def _dropped(self, inputs: Any, training: bool) -> Any:
        """Inputs (batch, ..., features) after dropout, with one draw a sample, the same at every step."""
        if not training or not self.dropout:
            return inputs
        key = self.draw_key(self.seed)
        return drop(inputs, self.dropout, key, (None, *(1,) * (inputs.ndim - 2), None))

    def _recurrent_mask(self, batch: int, training: bool) -> Any:
        if not training or not self.recurrent_dropout:
            return None
        key = self.draw_key(self.seed, _RECURRENT_STREAM)
        return as_array(drop(Tensor(np.ones((batch, self.units), self.dtype)), self.recurrent_dropout, key))


def thinned(state: Any, recurrent_mask: Any) -> Any:
    """The state as it meets the recurrent kernel."""
    return state if recurrent_mask is None else state * recurrent_mask
