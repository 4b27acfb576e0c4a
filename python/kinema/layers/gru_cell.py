"""One step of GRU."""

from __future__ import annotations

from typing import Any

from kinema.layers.gru import GRU_CONFIG, GRUWeights
from kinema.layers.recurrent_cell import RecurrentCell
from kinema.layers.recurrent_weights import RECURRENT_WEIGHTS_CONFIG
from kinema.saving.registry import builtin


@builtin("keras.layers")
class GRUCell(GRUWeights, RecurrentCell):
    """One step of a walk with a state that an update gate and a reset gate guard.

    Args:
        units: The length of the state and of the output.
        activation: The candidate's activation. One that `GRU` takes runs inside the kernel; any other goes step by
            step.
        recurrent_activation: The gates' activation.
        use_bias: Whether to add a bias.
        kernel_initializer: How the input kernel starts.
        recurrent_initializer: How the recurrent kernel starts.
        bias_initializer: How the bias starts.
        kernel_regularizer: A penalty on the input kernel.
        recurrent_regularizer: A penalty on the recurrent kernel.
        bias_regularizer: A penalty on the bias.
        kernel_constraint: Applied to the input kernel after each update.
        recurrent_constraint: Applied to the recurrent kernel after each update.
        bias_constraint: Applied to the bias after each update.
        dropout: The part of the inputs dropped while training, one draw a sample for all steps.
        recurrent_dropout: The part of the state dropped while training before it meets the recurrent kernel.
        reset_after: Apply the reset gate after the recurrent product, with a bias of its own, instead of before it.
        seed: A seed of its own for dropout; the training's when None.

    Input shape:
        (batch, features), followed by the state: an array (batch, units).

    Output shape:
        (batch, units), followed by the new state.

    Raises:
        ShapeError: The input is not one step of sequences, or the state is not of this cell.

    Example:
        >>> import kinema, numpy as np
        >>> cell = kinema.layers.GRUCell(4)
        >>> output, states = cell(np.ones((2, 3), "float32"), cell.get_initial_state(2))
        >>> output.shape, [state.shape for state in states]
        ((2, 4), [(2, 4)])
        >>> kinema.layers.RNN(cell, return_sequences=True)(np.ones((2, 5, 3), "float32")).shape
        (2, 5, 4)
    """

    config_names = (*RECURRENT_WEIGHTS_CONFIG, *GRU_CONFIG)

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
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
        seed: int | None = None,
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
            reset_after=reset_after,
            seed=seed,
            **kwargs,
        )
