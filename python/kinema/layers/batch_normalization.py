"""Normalising with statistics of the batch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kinema import ops
from kinema.autograd import Variable, as_array
from kinema.errors import ArgumentError, ShapeError
from kinema.layers.activation import ElementwiseLayer
from kinema.layers.arguments import drop_legacy
from kinema.layers.configured import weight_settings
from kinema.layers.structure import Shape
from kinema.saving.registry import builtin


@builtin("keras.layers", "BatchNormalizationV1")
class BatchNormalization(ElementwiseLayer):
    """Brings each feature to mean 0 and variance 1, then scales and shifts it by learnt numbers.

    While training the statistics are the batch's own, and moving averages follow them; these serve otherwise, and while
    the layer is frozen with `trainable = False`.

    Args:
        axis: The axis of the features.
        momentum: How much of the moving averages stays at each step. (Other frameworks call what is replaced so.)
        epsilon: Added to the variance.
        center: Whether to learn a shift, `beta`.
        scale: Whether to learn a scale, `gamma`.
        beta_initializer: How the shift starts.
        gamma_initializer: How the scale starts.
        moving_mean_initializer: How the moving mean starts.
        moving_variance_initializer: How the moving variance starts.
        beta_regularizer: A penalty on the shift.
        gamma_regularizer: A penalty on the scale.
        beta_constraint: Applied to the shift after each update.
        gamma_constraint: Applied to the scale after each update.

    Input shape:
        Any; steps that a mask leaves out do not count in the statistics.

    Output shape:
        The input's.

    Example:
        >>> import kinema, numpy as np
        >>> layer = kinema.layers.BatchNormalization(epsilon=0.0)
        >>> layer(np.float32([[1.0], [3.0]]), training=True).numpy()
        array([[-1.],
               [ 1.]], dtype=float32)
    """

    uses_batch_statistics = True
    config_names = (
        "axis", "momentum", "epsilon", "center", "scale", *weight_settings("beta", "gamma"),
        "moving_mean_initializer", "moving_variance_initializer",
    )  # fmt: skip
    gamma: Variable | None
    beta: Variable | None
    moving_mean: Variable
    moving_variance: Variable
    moving_mean_initializer: Any
    moving_variance_initializer: Any

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        drop_legacy(
            "BatchNormalization",
            kwargs,
            {
                "renorm": (None, False), "renorm_clipping": (None, {}), "renorm_momentum": (None, 0.99),
                "synchronized": (None, False), "fused": (None, True, False), "virtual_batch_size": (None,),
                "adjustment": (None,),
            },
        )  # fmt: skip
        super().__init__(**kwargs)
        self.axis = _one_axis(self._title, axis)
        self.momentum = float(momentum)
        self.epsilon = float(epsilon)
        self.center = bool(center)
        self.scale = bool(scale)
        self._describe_weight("beta", beta_initializer, beta_regularizer, beta_constraint)
        self._describe_weight("gamma", gamma_initializer, gamma_regularizer, gamma_constraint)
        self._describe_weight("moving_mean", moving_mean_initializer)
        self._describe_weight("moving_variance", moving_variance_initializer)

    def build(self, input_shape: Shape) -> None:
        """Creates scale, shift and moving averages."""
        if not -len(input_shape) <= self.axis < len(input_shape) or self.axis % len(input_shape) == 0:
            raise ShapeError(f"axis={self.axis} is not an axis of features in an input of shape {input_shape}")
        shape = (self._known_length(input_shape, self.axis, "features"),)
        self.mixes_frames = len(input_shape) > 2 and self.axis % len(input_shape) == 1
        self.gamma = self._add_described("gamma", shape) if self.scale else None
        self.beta = self._add_described("beta", shape) if self.center else None
        self.moving_mean = self.add_weight(
            shape, initializer=self.moving_mean_initializer, trainable=False, name="moving_mean"
        )
        self.moving_variance = self.add_weight(
            shape, initializer=self.moving_variance_initializer, trainable=False, name="moving_variance"
        )
        self.built = True

    def call(self, inputs: Any, training: bool = False, mask: Any = None, frame_counts: Any = None) -> Any:
        """The normalised input.

        Args:
            inputs: Any, with the features on their axis.
            training: Whether to take the statistics of the batch.
            mask: False for steps that do not count in the statistics.
            frame_counts: How often each sample counts in them; None for once.
        """
        return self.normalise(inputs, training, mask, frame_counts)

    def normalise(self, inputs: Any, training: bool, mask: Any, frame_counts: Any, relu: bool = False) -> Any:
        """The normalised input, with ReLU on top if asked for."""
        features = self.moving_mean.shape[0]
        if inputs.shape[self.axis] != features:
            raise ShapeError(
                f"expected {features} features on axis {self.axis}, as when it was built, but got an input of shape "
                f"{inputs.shape}"
            )
        if not training or not self.trainable:
            return self._normalised(inputs, self.moving_mean, self.moving_variance, relu)
        if frame_counts is not None:
            mean, variance = self._counted_moments(inputs, np.asarray(frame_counts))
            outputs = self._normalised(inputs, mean, variance, relu)
        elif mask is None:
            outputs, mean, variance = ops.batch_norm(
                inputs, self.gamma, self.beta, axis=self.axis, epsilon=self.epsilon, relu=relu
            )
        else:
            mean, variance = self._masked_moments(inputs, np.asarray(mask, bool))
            outputs = self._normalised(inputs, mean, variance, relu)
        counted = mask if frame_counts is None else frame_counts
        if counted is None or np.any(counted):
            self._follow(self.moving_mean, as_array(mean))
            self._follow(self.moving_variance, as_array(variance))
        return outputs

    def _normalised(self, inputs: Any, mean: Any, variance: Any, relu: bool) -> Any:
        outputs = ops.batch_normalization(
            inputs, mean, variance, axis=self.axis, offset=self.beta, scale=self.gamma, epsilon=self.epsilon
        )
        return ops.relu(outputs) if relu else outputs

    def _follow(self, average: Variable, current: Any) -> None:
        average.assign(average.array * self.momentum + current * (1.0 - self.momentum))

    def _counted_moments(self, inputs: Any, counts: Any) -> tuple[Any, Any]:
        """Mean and variance of samples that stand for several each."""
        feature_axis = self.axis % inputs.ndim
        inner = tuple(axis for axis in range(1, inputs.ndim) if axis != feature_axis)
        values = max(counts.sum(), 1) * math.prod(inputs.shape[axis] for axis in inner)
        share = (counts / values).astype(self.dtype)[:, None]

        def mean_of(numbers: Any) -> Any:
            sums = ops.reshape(ops.sum(numbers, axis=inner), (len(counts), -1))
            return ops.sum(sums * share, axis=0)

        mean = mean_of(inputs)
        distance = inputs - ops.reshape(mean, [-1 if axis == feature_axis else 1 for axis in range(inputs.ndim)])
        return mean, mean_of(distance * distance)

    def _masked_moments(self, inputs: Any, mask: Any) -> tuple[Any, Any]:
        """Mean and variance over the steps that count."""
        if mask.ndim >= inputs.ndim or mask.shape != inputs.shape[: mask.ndim]:
            raise ShapeError(f"a mask of shape {mask.shape} does not fit the leading axes of an input {inputs.shape}")
        counts = np.broadcast_to(mask.reshape(*mask.shape, *(1,) * (inputs.ndim - mask.ndim)), inputs.shape)
        axes = tuple(axis for axis in range(inputs.ndim) if axis != self.axis % inputs.ndim)
        number = np.maximum(counts.sum(axis=axes, keepdims=True), 1).astype(self.dtype)
        mean = ops.sum(ops.where(counts, inputs, 0.0), axis=axes, keepdims=True) / number
        distance = ops.where(counts, inputs - mean, 0.0)
        variance = ops.sum(distance * distance, axis=axes, keepdims=True) / number
        return ops.reshape(mean, (-1,)), ops.reshape(variance, (-1,))


def _one_axis(owner: str, axis: Any) -> int:
    # Keras 2's files hold a list of one axis.
    number = axis[0] if isinstance(axis, (tuple, list)) and len(axis) == 1 else axis
    if isinstance(number, bool) or not isinstance(number, (int, np.integer)):
        raise ArgumentError(f"{owner}: axis is the number of one axis, not {axis!r}")
    return int(number)
