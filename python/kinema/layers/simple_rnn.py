"""The plain recurrent layer."""

from __future__ import annotations

from typing import Any

from kinema import ops
from kinema.layers.recurrent import RECURRENT_CONFIG, Recurrent
from kinema.layers.recurrent_weights import RecurrentWeights, thinned
from kinema.saving.registry import builtin


class SimpleRNNWeights(RecurrentWeights):
    """The weights of SimpleRNN and of its cell."""

    gates = 1

    def _step(self, projected: Any, states: list[Any], recurrent_mask: Any) -> list[Any]:
        return [self.activation(projected + thinned(states[0], recurrent_mask) @ self.recurrent_kernel)]

    def _walk(
        self, projected: Any, states: list[Any], mask: Any, recurrent_mask: Any, go_backwards: bool
    ) -> tuple[Any, list[Any]]:
        outputs = ops.simple_rnn(
            projected,
            self.recurrent_kernel,
            states[0],
            mask,
            recurrent_mask,
            activation=self._kernel_name("activation"),
            go_backwards=go_backwards,
        )
        return outputs, []


@builtin("keras.layers")
class SimpleRNN(SimpleRNNWeights, Recurrent):
    """Walks through time; each step sees its input and the output of the step before.

    Args:
        units: The length of the state and of the output.
        activation: The name of the activation: relu, sigmoid, tanh or another without parameters.
        use_bias: Whether to add a bias.
        kernel_initializer: How the input kernel starts.
        recurrent_initializer: How the recurrent kernel starts.
        bias_initializer: How the bias starts.
        kernel_regularizer: A penalty on the input kernel.
        recurrent_regularizer: A penalty on the recurrent kernel.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        kernel_constraint: Applied to the input kernel after each update.
        recurrent_constraint: Applied to the recurrent kernel after each update.
        bias_constraint: Applied to the bias after each update.
        dropout: The part of the inputs dropped while training, one draw a sample for all steps.
        recurrent_dropout: The part of the state dropped while training before it meets the recurrent kernel.
        return_sequences: Give the output of every step instead of the last.
        return_state: Give the last state too.
        go_backwards: Walk from the last step to the first, and give the outputs in that order.
        stateful: Begin each batch with the state in which the batch before ended.
        unroll: Accepted for Keras's sake; the kernel needs no unrolling.
        seed: A seed of its own for dropout; the training's when None.

    Input shape:
        (batch, time, features). The call also takes `initial_state`, and a `mask` (batch, time).

    Output shape:
        (batch, units), or (batch, time, units) with `return_sequences`.

    Raises:
        ShapeError: The input is not a batch of sequences.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.SimpleRNN(4)(np.ones((2, 5, 3), "float32")).shape
        (2, 4)
    """

    config_names = RECURRENT_CONFIG

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            units=units,
            activation=activation,
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
            **kwargs,
        )
