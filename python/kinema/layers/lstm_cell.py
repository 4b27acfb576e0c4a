"""One step of LSTM."""

from __future__ import annotations

from typing import Any

from kinema.layers.lstm import LSTM_CONFIG, LSTMWeights
from kinema.layers.recurrent_cell import RecurrentCell
from kinema.layers.recurrent_weights import RECURRENT_WEIGHTS_CONFIG
from kinema.saving.registry import builtin


@builtin("keras.layers")
class LSTMCell(LSTMWeights, RecurrentCell):
    """One step of a walk with a cell state that three gates guard, with `use_peepholes` gates that look at it.

    Args:
        units: The length of the state and of the output.
        activation: The candidate's and output's activation. One that `LSTM` takes runs inside the kernel; any other
            goes step by step.
        recurrent_activation: The gates' activation.
        use_bias: Whether to add a bias.
        kernel_initializer: How the input kernel and the peephole weights start.
        recurrent_initializer: How the recurrent kernel starts.
        bias_initializer: How the bias starts.
        unit_forget_bias: Start the forget gate's bias at 1.
        kernel_regularizer: A penalty on the input kernel.
        recurrent_regularizer: A penalty on the recurrent kernel.
        bias_regularizer: A penalty on the bias.
        kernel_constraint: Applied to the input kernel after each update.
        recurrent_constraint: Applied to the recurrent kernel after each update.
        bias_constraint: Applied to the bias after each update.
        dropout: The part of the inputs dropped while training, one draw a sample for all steps.
        recurrent_dropout: The part of the state dropped while training before it meets the recurrent kernel.
        seed: A seed of its own for dropout; the training's when None.
        use_peepholes: Let the gates look at the cell state. Keras has no such layer: its files cannot hold the weights.

    Input shape:
        (batch, features), followed by the state: the output before and the cell state, each (batch, units).

    Output shape:
        (batch, units), followed by the new state.

    Raises:
        ShapeError: The input is not one step of sequences, or the state is not of this cell.

    Example:
        >>> import kinema, numpy as np
        >>> cell = kinema.layers.LSTMCell(4)
        >>> output, states = cell(np.ones((2, 3), "float32"), cell.get_initial_state(2))
        >>> output.shape, [state.shape for state in states]
        ((2, 4), [(2, 4), (2, 4)])
        >>> kinema.layers.RNN(cell, return_sequences=True)(np.ones((2, 5, 3), "float32")).shape
        (2, 5, 4)
    """

    config_names = (*RECURRENT_WEIGHTS_CONFIG, *LSTM_CONFIG)

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
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
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
            seed=seed,
            unit_forget_bias=unit_forget_bias,
            use_peepholes=use_peepholes,
            **kwargs,
        )
