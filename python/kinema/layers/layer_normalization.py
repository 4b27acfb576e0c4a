"""Normalising each sample by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kinema import ops
from kinema.autograd import Variable
from kinema.errors import ShapeError
from kinema.layers.activation import ElementwiseLayer
from kinema.layers.arguments import drop_legacy
from kinema.layers.configured import weight_settings
from kinema.layers.structure import Shape
from kinema.saving.registry import builtin


@builtin("keras.layers")
class LayerNormalization(ElementwiseLayer):
    """Brings each sample to mean 0 and variance 1 along some axes, then scales and shifts it by learnt numbers.

    Args:
        axis: The axis, or several.
        epsilon: Added to the variance.
        center: Whether to learn a shift, `beta`.
        scale: Whether to learn a scale, `gamma`.
        beta_initializer: How the shift starts.
        gamma_initializer: How the scale starts.
        beta_regularizer: A penalty on the shift.
        gamma_regularizer: A penalty on the scale.
        beta_constraint: Applied to the shift after each update.
        gamma_constraint: Applied to the scale after each update.

    Input shape:
        Any; where the axes include time, steps that a mask (batch, time) leaves out do not count in the statistics.

    Output shape:
        The input's.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.LayerNormalization(epsilon=0.0)(np.float32([[1.0, 3.0]])).numpy()
        array([[-1.,  1.]], dtype=float32)
    """

    config_names = ("axis", "epsilon", "center", "scale", *weight_settings("beta", "gamma"))
    gamma: Variable | None
    beta: Variable | None

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        drop_legacy("LayerNormalization", kwargs, {"rms_scaling": (None, False)})
        super().__init__(**kwargs)
        self.axis = int(axis) if isinstance(axis, (int, np.integer)) else [int(one) for one in axis]
        self.epsilon = float(epsilon)
        self.center = bool(center)
        self.scale = bool(scale)
        self._describe_weight("beta", beta_initializer, beta_regularizer, beta_constraint)
        self._describe_weight("gamma", gamma_initializer, gamma_regularizer, gamma_constraint)

    def build(self, input_shape: Shape) -> None:
        """Creates scale and shift."""
        axes = self._axes(input_shape)
        shape = tuple(self._known_length(input_shape, axis, "features") for axis in axes)
        self.gamma = self._add_described("gamma", shape) if self.scale else None
        self.beta = self._add_described("beta", shape) if self.center else None
        self.mixes_frames = len(input_shape) > 2 and 1 in axes
        self.built = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The normalised input."""
        axes = self._axes(inputs.shape)
        if mask is not None and self.mixes_frames:
            return self._normalised_steps(inputs, np.asarray(mask, bool), axes)
        return ops.layer_norm(inputs, self.gamma, self.beta, axis=axes, epsilon=self.epsilon)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again, as Keras 3 writes them: once it is built, a list of axes."""
        axis = [self.axis] if self.built and isinstance(self.axis, int) else self.axis
        return {**super().get_config(), "axis": axis}

    def _normalised_steps(self, inputs: Any, mask: Any, axes: tuple[int, ...]) -> Any:
        """The input normalised over the steps that count."""
        outputs = normalised_steps(inputs, mask, axes, self.epsilon)
        shape = tuple(inputs.shape[axis] if axis in axes else 1 for axis in range(inputs.ndim))
        if self.gamma is not None:
            outputs = outputs * ops.reshape(self.gamma, shape)
        return outputs if self.beta is None else outputs + ops.reshape(self.beta, shape)

    def _axes(self, input_shape: Shape) -> tuple[int, ...]:
        named = (self.axis,) if isinstance(self.axis, int) else self.axis
        rank = len(input_shape)
        if any(not -rank <= axis < rank or axis % rank == 0 for axis in named):
            raise ShapeError(f"axis={self.axis} does not name axes of features in an input of shape {input_shape}")
        return tuple(sorted(axis % rank for axis in named))


def normalised_steps(inputs: Any, mask: Any, axes: tuple[int, ...], epsilon: float) -> Any:
    """The input brought to mean 0 and variance 1 over the steps that a mask (batch, time) counts; the others are 0."""
    if mask.shape != inputs.shape[:2]:
        raise ShapeError(f"a mask of shape {mask.shape} is not (batch, time) of an input of shape {inputs.shape}")
    counts = np.broadcast_to(mask.reshape(*mask.shape, *(1,) * (inputs.ndim - 2)), inputs.shape)
    number = np.maximum(counts.sum(axis=axes, keepdims=True), 1).astype(inputs.dtype)
    mean = ops.sum(ops.where(counts, inputs, 0.0), axis=axes, keepdims=True) / number
    distance = ops.where(counts, inputs - mean, 0.0)
    variance = ops.sum(distance * distance, axis=axes, keepdims=True) / number
    return distance / ops.sqrt(variance + epsilon)
