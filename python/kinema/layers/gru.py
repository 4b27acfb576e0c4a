"""The gated recurrent unit."""

from __future__ import annotations

from typing import Any

from kinema import ops
from kinema.layers.recurrent import RECURRENT_CONFIG, Recurrent
from kinema.layers.recurrent_weights import RecurrentWeights, thinned
from kinema.saving.registry import builtin

GRU_CONFIG = ("recurrent_activation", "reset_after")


class GRUWeights(RecurrentWeights):
    """The weights of GRU and of its cell."""

    gates = 3
    activation_arguments = ("activation", "recurrent_activation")
    recurrent_activation: Any

    def __init__(self, *, recurrent_activation: Any, reset_after: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._set_activation("recurrent_activation", recurrent_activation)
        self.reset_after = bool(reset_after)

    def _bias_shape(self) -> tuple[int, ...]:
        """With `reset_after` the first row goes to the inputs, the second to the recurrent product."""
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def _input_bias(self) -> Any:
        return self.bias[0] if self.bias is not None and self.reset_after else self.bias

    def _recurrent_bias(self) -> Any:
        return self.bias[1] if self.bias is not None and self.reset_after else None

    def _step(self, projected: Any, states: list[Any], recurrent_mask: Any) -> list[Any]:
        (state,) = states
        seen, kernel, bias = thinned(state, recurrent_mask), self.recurrent_kernel, self._recurrent_bias()
        update_in, reset_in, candidate_in = ops.split(projected, 3, axis=-1)
        if self.reset_after:
            product = seen @ kernel if bias is None else seen @ kernel + bias
            update_back, reset_back, candidate_back = ops.split(product, 3, axis=-1)
        else:
            update_back, reset_back = ops.split(seen @ kernel[:, : 2 * self.units], 2, axis=-1)
        update = self.recurrent_activation(update_in + update_back)
        reset = self.recurrent_activation(reset_in + reset_back)
        recalled = reset * candidate_back if self.reset_after else (reset * seen) @ kernel[:, 2 * self.units :]
        return [update * state + (1.0 - update) * self.activation(candidate_in + recalled)]

    def _walk(
        self, projected: Any, states: list[Any], mask: Any, recurrent_mask: Any, go_backwards: bool
    ) -> tuple[Any, list[Any]]:
        outputs = ops.gru(
            projected,
            self.recurrent_kernel,
            self._recurrent_bias(),
            states[0],
            mask,
            recurrent_mask,
            activation=self._kernel_name("activation"),
            recurrent_activation=self._kernel_name("recurrent_activation"),
            reset_after=self.reset_after,
            go_backwards=go_backwards,
        )
        return outputs, []


@builtin("keras.layers")
class GRU(GRUWeights, Recurrent):
    """Walks through time with a state that an update gate and a reset gate guard.

    Args:
        units: The length of the state and of the output.
        activation: The name of the candidate's activation: relu, sigmoid, tanh or another without parameters.
        recurrent_activation: The name of the gates' activation.
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
        seed: A seed of its own for dropout; the training's when None.
        return_sequences: Give the output of every step instead of the last.
        return_state: Give the last state too.
        go_backwards: Walk from the last step to the first, and give the outputs in that order.
        stateful: Begin each batch with the state in which the batch before ended.
        unroll: Accepted for Keras's sake; the kernel needs no unrolling.
        reset_after: Apply the reset gate after the recurrent product, with a bias of its own, instead of before it.
        use_cudnn: Accepted for Keras's sake.

    Input shape:
        (batch, time, features). The call also takes `initial_state`, and a `mask` (batch, time).

    Output shape:
        (batch, units), or (batch, time, units) with `return_sequences`.

    Raises:
        ShapeError: The input is not a batch of sequences.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.GRU(4, return_sequences=True)(np.ones((2, 5, 3), "float32")).shape
        (2, 5, 4)
    """

    config_names = (*RECURRENT_CONFIG, *GRU_CONFIG)

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
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
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: Any = "auto",
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
            reset_after=reset_after,
            **kwargs,
        )
