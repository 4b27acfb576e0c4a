"""Activations as layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kinema import activations, ops
from kinema.errors import ArgumentError, ShapeError
from kinema.layers.configured import ConfiguredLayer
from kinema.layers.structure import Shape
from kinema.saving.registry import builtin


class ElementwiseLayer(ConfiguredLayer):
    """A layer whose output has its input's shape and mask."""

    supports_masking = True

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape."""
        return tuple(input_shape)


@builtin("keras.layers")
class Activation(ElementwiseLayer):
    """Applies an activation function.

    Args:
        activation: Its name, such as "relu", or a function of a tensor.

    Input shape:
        Any.

    Output shape:
        The input's.

    Example:
        >>> import kinema
        >>> kinema.layers.Activation("relu")([-1.0, 2.0]).numpy()
        array([0., 2.], dtype=float32)
    """

    config_names = ("activation",)

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def call(self, inputs: Any) -> Any:
        """`activation(inputs)`."""
        return self.activation(inputs)


@builtin("keras.layers")
class ReLU(ElementwiseLayer):
    """Keeps what lies above a threshold.

    `inputs` where they reach `threshold`, else `negative_slope * (inputs - threshold)`; nothing above `max_value`.

    Args:
        max_value: Where the output is cut off; None for nowhere.
        negative_slope: The slope below the threshold.
        threshold: Where the input starts to count.

    Input shape:
        Any.

    Output shape:
        The input's.

    Example:
        >>> import kinema
        >>> kinema.layers.ReLU(max_value=6.0)([-1.0, 2.0, 8.0]).numpy()
        array([0., 2., 6.], dtype=float32)
    """

    config_names = ("max_value", "negative_slope", "threshold")

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else _not_negative(self._title, "max_value", max_value)
        self.negative_slope = _not_negative(self._title, "negative_slope", negative_slope)
        self.threshold = _not_negative(self._title, "threshold", threshold)

    def call(self, inputs: Any) -> Any:
        """What lies above the threshold."""
        return activations.relu(
            inputs, negative_slope=self.negative_slope, max_value=self.max_value, threshold=self.threshold
        )


@builtin("keras.layers")
class LeakyReLU(ElementwiseLayer):
    """Keeps what is positive, and a part of what is negative.

    Args:
        negative_slope: The part of negative inputs that is kept. Earlier Keras versions called it `alpha`.

    Input shape:
        Any.

    Output shape:
        The input's.

    Example:
        >>> import kinema
        >>> kinema.layers.LeakyReLU(negative_slope=0.5)([-1.0, 2.0]).numpy()
        array([-0.5,  2. ], dtype=float32)
    """

    config_names = ("negative_slope",)

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        negative_slope = kwargs.pop("alpha", negative_slope)
        super().__init__(**kwargs)
        self.negative_slope = _not_negative(self._title, "negative_slope", negative_slope)

    def call(self, inputs: Any) -> Any:
        """`inputs` where positive, else `negative_slope * inputs`."""
        return activations.leaky_relu(inputs, negative_slope=self.negative_slope)


@builtin("keras.layers")
class ELU(ElementwiseLayer):
    """Keeps what is positive, and lets what is negative go down to a limit.

    Args:
        alpha: How far below 0 the output goes.

    Input shape:
        Any.

    Output shape:
        The input's.

    Example:
        >>> import kinema
        >>> kinema.layers.ELU(alpha=0.5)([-100.0, 2.0]).numpy()
        array([-0.5,  2. ], dtype=float32)
    """

    config_names = ("alpha",)

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(alpha, bool) or not isinstance(alpha, (int, float, np.number)):
            raise ArgumentError(f"{self._title}: alpha is a number, not {alpha!r}")
        self.alpha = float(alpha)

    def call(self, inputs: Any) -> Any:
        """`inputs` where positive, else `alpha * (exp(inputs) - 1)`."""
        return activations.elu(inputs, alpha=self.alpha)


@builtin("keras.layers")
class Softmax(ElementwiseLayer):
    """Makes positive numbers that sum to 1 along an axis.

    Args:
        axis: The axis, or several that are normalised together.

    Input shape:
        Any; a mask (batch, time), or of a shape that broadcasts to the input, leaves out what is False.

    Output shape:
        The input's.

    Example:
        >>> import kinema
        >>> kinema.layers.Softmax()([[0.0, 0.0]]).numpy()
        array([[0.5, 0.5]], dtype=float32)
    """

    config_names = ("axis",)

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis if isinstance(axis, (int, np.integer)) else tuple(axis)

    def build(self, input_shape: Shape) -> None:
        """Finds out whether the axes include time."""
        axes = (self.axis,) if isinstance(self.axis, (int, np.integer)) else self.axis
        if any(not -len(input_shape) <= axis < len(input_shape) for axis in axes):
            raise ShapeError(f"axis={self.axis} is not an axis of an input of shape {input_shape}")
        self.mixes_frames = len(input_shape) > 2 and 1 in {axis % len(input_shape) for axis in axes}
        self.built = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The normalised exponentials; zero where the mask is False."""
        if mask is None:
            return self._normalised(inputs)
        keep = np.asarray(mask, bool)
        if 1 < keep.ndim < inputs.ndim and keep.shape == inputs.shape[: keep.ndim]:  # (batch, time)
            if not self.mixes_frames:  # nothing is left out within a step
                return self._normalised(inputs)
            keep = keep.reshape(*keep.shape, *(1,) * (inputs.ndim - keep.ndim))
        if not _broadcasts(keep.shape, inputs.shape):
            raise ShapeError(f"a mask of shape {keep.shape} does not broadcast to the input's {inputs.shape}")
        lowest = float(np.finfo(inputs.dtype).min) / 2
        return ops.where(keep, self._normalised(ops.where(keep, inputs, lowest)), 0.0)

    def _normalised(self, inputs: Any) -> Any:
        if isinstance(self.axis, (int, np.integer)):
            return ops.softmax(inputs, axis=self.axis)
        return ops.exp(inputs - ops.logsumexp(inputs, axis=self.axis, keepdims=True))


def _broadcasts(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    aligned = zip(reversed(shape), reversed(target), strict=False)
    return len(shape) <= len(target) and all(length in (1, wanted) for length, wanted in aligned)


def _not_negative(owner: str, argument: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not value >= 0:
        raise ArgumentError(f"{owner}: {argument} is a number of at least 0, not {value!r}")
    return float(value)
