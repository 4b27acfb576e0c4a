"""Normalising groups of channels of each sample."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema import ops
from kinema.autograd import Variable
from kinema.errors import ArgumentError, ShapeError
from kinema.layers.activation import ElementwiseLayer
from kinema.layers.configured import weight_settings
from kinema.layers.layer_normalization import normalised_steps
from kinema.layers.structure import Shape
from kinema.saving.registry import builtin


@builtin("keras.layers")
class GroupNormalization(ElementwiseLayer):
    """Brings each group of channels of each sample to mean 0 and variance 1, then scales and shifts every channel.

    Statistics are taken over all other axes, so over time too: in `TimeDistributed`, of each frame by itself.

    Args:
        groups: The number of groups, which divides that of channels; -1 for one channel each.
        axis: The axis of channels.
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
        Any; steps that a mask (batch, time) leaves out do not count in the statistics.

    Output shape:
        The input's.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.GroupNormalization(2, epsilon=0.0)(np.float32([[1, 3, 20, 40]])).numpy()
        array([[-1.,  1., -1.,  1.]], dtype=float32)
    """

    config_names = ("groups", "axis", "epsilon", "center", "scale", *weight_settings("beta", "gamma"))
    gamma: Variable | None
    beta: Variable | None

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
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
        super().__init__(**kwargs)
        if isinstance(groups, bool) or not isinstance(groups, (int, np.integer)) or (groups < 1 and groups != -1):
            raise ArgumentError(f"{self._title}: groups is a positive integer, or -1 for one a channel, not {groups!r}")
        if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)) or axis == 0:
            raise ArgumentError(f"{self._title}: axis is the number of an axis behind the batch's, not {axis!r}")
        self.groups = int(groups)
        self.axis = int(axis)
        self.epsilon = epsilon
        self.center = bool(center)
        self.scale = bool(scale)
        self._describe_weight("beta", beta_initializer, beta_regularizer, beta_constraint)
        self._describe_weight("gamma", gamma_initializer, gamma_regularizer, gamma_constraint)

    def build(self, input_shape: Shape) -> None:
        """Creates the scale and the shift of every channel."""
        rank = len(input_shape)
        if not -rank < self.axis < rank:
            raise ShapeError(f"axis={self.axis} is not an axis behind the batch's of an input of shape {input_shape}")
        channels = self._known_length(input_shape, self.axis, "channels")
        if channels % self.groups:
            raise ShapeError(
                f"{channels} channels cannot be divided into {self.groups} groups: choose a number that divides them"
            )
        self.gamma = self._add_described("gamma", (channels,)) if self.scale else None
        self.beta = self._add_described("beta", (channels,)) if self.center else None
        self.mixes_frames = rank > 2
        self.built = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The normalised input."""
        axis = self.axis % inputs.ndim
        channels = inputs.shape[axis]
        groups = channels if self.groups == -1 else self.groups
        grouped = ops.reshape(inputs, (*inputs.shape[:axis], groups, channels // groups, *inputs.shape[axis + 1 :]))
        others = tuple(place for place in range(1, grouped.ndim) if place != axis)
        if mask is not None and axis > 1:
            outputs = normalised_steps(grouped, np.asarray(mask, bool), others, self.epsilon)
        else:
            outputs = ops.layer_norm(grouped, axis=others, epsilon=self.epsilon)
        outputs = ops.reshape(outputs, inputs.shape)
        shape = tuple(channels if place == axis else 1 for place in range(inputs.ndim))
        if self.gamma is not None:
            outputs = outputs * ops.reshape(self.gamma, shape)
        return outputs if self.beta is None else outputs + ops.reshape(self.beta, shape)
