"""Long short-term memory."""

from __future__ import annotations

from typing import Any

from kinema import ops
from kinema.autograd import Variable
from kinema.layers.recurrent import RECURRENT_CONFIG, Recurrent
from kinema.layers.recurrent_weights import RecurrentWeights, thinned
from kinema.saving.registry import builtin

LSTM_CONFIG = ("recurrent_activation", "unit_forget_bias")


class LSTMWeights(RecurrentWeights):
    """The weights of LSTM and of its cell."""

    gates = 4
    state_count = 2
    activation_arguments = ("activation", "recurrent_activation")
    recurrent_activation: Any
    peephole_weights: Variable | None

    def __init__(
        self, *, recurrent_activation: Any, unit_forget_bias: bool, use_peepholes: bool, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._set_activation("recurrent_activation", recurrent_activation)
        self.unit_forget_bias = bool(unit_forget_bias)
        self.use_peepholes = bool(use_peepholes)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again; peepholes are named only where there are any, for Keras's sake."""
        config = super().get_config()
        return {**config, "use_peepholes": True} if self.use_peepholes else config

    def _build_weights(self, features: int) -> None:
        super()._build_weights(features)
        if self.bias is not None and self.unit_forget_bias:
            start = self.bias.numpy()
            start[self.units : 2 * self.units] = 1
            self.bias.assign(start)
        self.peephole_weights = None
        if self.use_peepholes:
            self.peephole_weights = self.add_weight(
                (3, self.units), initializer=self.kernel_initializer, name="peephole_weights"
            )

    def _step(self, projected: Any, states: list[Any], recurrent_mask: Any) -> list[Any]:
        state, carry = states
        sums = projected + thinned(state, recurrent_mask) @ self.recurrent_kernel
        keep_in, keep_old, candidate, show = ops.split(sums, 4, axis=-1)
        looks = self.peephole_weights
        if looks is not None:
            keep_in, keep_old = keep_in + looks[0] * carry, keep_old + looks[1] * carry
        kept = self.recurrent_activation(keep_old) * carry
        carry = kept + self.recurrent_activation(keep_in) * self.activation(candidate)
        if looks is not None:
            show = show + looks[2] * carry
        return [self.recurrent_activation(show) * self.activation(carry), carry]

    def _walk(
        self, projected: Any, states: list[Any], mask: Any, recurrent_mask: Any, go_backwards: bool
    ) -> tuple[Any, list[Any]]:
        outputs, carry = ops.lstm(
            projected,
            self.recurrent_kernel,
            self.peephole_weights,
            *states,
            mask,
            recurrent_mask,
            activation=self._kernel_name("activation"),
            recurrent_activation=self._kernel_name("recurrent_activation"),
            go_backwards=go_backwards,
        )
        return outputs, [carry]


@builtin("keras.layers")
class LSTM(LSTMWeights, Recurrent):
    """Walks through time with a cell state that three gates guard.

    With `use_peepholes` the gates also look at the cell state, through one weight a unit and gate: input and forget
    gate at the old state, the output gate at the new one. These weights are one array of shape (3, units), its rows in
    the order input, forget, output; it is the layer's last weight, so that the others lie where Keras has them.

    Args:
        units: The length of the state and of the output.
        activation: The name of the candidate's and output's activation: relu, sigmoid, tanh or another without
            parameters.
        recurrent_activation: The name of the gates' activation.
        use_bias: Whether to add a bias.
        kernel_initializer: How the input kernel and the peephole weights start.
        recurrent_initializer: How the recurrent kernel starts.
        bias_initializer: How the bias starts.
        unit_forget_bias: Start the forget gate's bias at 1.
        kernel_regularizer: A penalty on the input kernel.
        recurrent_regularizer: A penalty on the recurrent kernel.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        kernel_constraint: Applied to the input kernel after each update.
        recurrent_constraint: Applied to the recurrent kernel after each update.
        bias_constraint: Applied to the bias after each update.
        dropout: The part of the inputs dropped while training, one draw a sample for all steps.
        recurrent_dropout: The part of the state dropped while training before it meets the recurrent kernel.
        seed: A seed of its own for dropout; the training's when None.
        return_sequences: Give the output of every step instead of the last.
        return_state: Give the last state and cell state too.
        go_backwards: Walk from the last step to the first, and give the outputs in that order.
        stateful: Begin each batch with the state in which the batch before ended.
        unroll: Accepted for Keras's sake; the kernel needs no unrolling.
        use_cudnn: Accepted for Keras's sake.
        use_peepholes: Let the gates look at the cell state. Keras has no such layer: its files cannot hold the weights.

    Input shape:
        (batch, time, features). The call also takes `initial_state`, and a `mask` (batch, time).

    Output shape:
        (batch, units), or (batch, time, units) with `return_sequences`.

    Raises:
        ShapeError: The input is not a batch of sequences.

    Example:
        >>> import kinema, numpy as np
        >>> layer = kinema.layers.LSTM(4, return_state=True, use_peepholes=True)
        >>> [output.shape for output in layer(np.ones((2, 5, 3), "float32"))]
        [(2, 4), (2, 4), (2, 4)]
    """

    config_names = (*RECURRENT_CONFIG, *LSTM_CONFIG)

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        use_cudnn: Any = "auto",
        use_peepholes: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            units=units,
            activation=activation,
            recurrent_activation=recurrent_activation,
            use_bias=use_bias,
            kernel=(kernel_initializer, kernel_regularizer, kernel_constraint),
            recurrent=(recurrent_initializer, recurrent_regularizer, recurrent_constraint),
            bias=(bias_initializer, bias_regularizer, bias_constraint),
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            seed=seed,
            activity_regularizer=activity_regularizer,
            use_cudnn=use_cudnn,
            unit_forget_bias=unit_forget_bias,
            use_peepholes=use_peepholes,
            **kwargs,
        )
