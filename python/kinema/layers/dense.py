"""The fully connected layer."""

from __future__ import annotations

import functools
from typing import Any

from kinema import activations, ops
from kinema.autograd import Variable
from kinema.errors import ShapeError
from kinema.layers.arguments import drop_legacy, positive_int
from kinema.layers.configured import ConfiguredLayer, weight_settings
from kinema.layers.fused import apply_fused
from kinema.layers.structure import Shape
from kinema.saving.registry import builtin


@builtin("keras.layers")
class Dense(ConfiguredLayer):
    """Multiplies the last axis with a matrix of weights, adds a bias and applies an activation.

    `activation(inputs @ kernel + bias)`. All axes before the last are batch axes, so clips of features keep their time.

    Args:
        units: The length of the output's last axis.
        activation: A name or function applied to the output; None for none.
        use_bias: Whether to add a bias.
        kernel_initializer: How the matrix starts.
        bias_initializer: How the bias starts.
        kernel_regularizer: A penalty on the matrix.
        bias_regularizer: A penalty on the bias.
        activity_regularizer: A penalty on the output.
        kernel_constraint: Applied to the matrix after each update.
        bias_constraint: Applied to the bias after each update.

    Input shape:
        (batch, ..., features).

    Output shape:
        (batch, ..., units).

    Raises:
        ShapeError: The last axis differs from the one the layer was built for.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.Dense(4, activation="relu")(np.ones((2, 3), "float32")).shape
        (2, 4)
    """

    supports_masking = True
    config_names = ("units", "activation", "use_bias", *weight_settings("kernel", "bias"))
    kernel: Variable
    bias: Variable | None

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        drop_legacy("Dense", kwargs, {"lora_rank": (None,), "lora_alpha": (None,), "quantization_config": (None,)})
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = positive_int(self._title, "units", units)
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self._describe_weight("kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        self._describe_weight("bias", bias_initializer, bias_regularizer, bias_constraint)

    def build(self, input_shape: Shape) -> None:
        """Creates the matrix and the bias."""
        if len(input_shape) < 2:
            raise ShapeError(f"expected (batch, ..., features), got an input of shape {input_shape}")
        features = self._known_length(input_shape, -1, "features")
        self.kernel = self._add_described("kernel", (features, self.units))
        self.bias = self._add_described("bias", (self.units,)) if self.use_bias else None
        self.built = True

    def call(self, inputs: Any) -> Any:
        """`activation(inputs @ kernel + bias)`."""
        self._require_features(inputs.shape, self.kernel.shape[0])
        return apply_fused(functools.partial(ops.dense, inputs, self.kernel, self.bias), self.activation)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, ..., units)."""
        return (*input_shape[:-1], self.units)
