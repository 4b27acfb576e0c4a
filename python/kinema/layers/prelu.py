"""A rectifier that learns its slopes."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema import ops
from kinema.errors import ArgumentError, ShapeError
from kinema.layers.activation import ElementwiseLayer
from kinema.layers.configured import weight_settings
from kinema.layers.structure import Shape
from kinema.saving.registry import builtin


@builtin("keras.layers")
class PReLU(ElementwiseLayer):
    """Keeps what is positive, and a learned part of what is negative.

    Args:
        alpha_initializer: How the parts start.
        alpha_regularizer: A penalty on them for the loss.
        alpha_constraint: What bounds them.
        shared_axes: Axes along which one part holds for all: (1, 2) for one a channel of frames, (1, 2, 3) of clips.

    Input shape:
        Any, with all lengths known along axes that are not shared.

    Output shape:
        The input's.

    Example:
        >>> import kinema
        >>> kinema.layers.PReLU(alpha_initializer=kinema.initializers.Constant(0.5))([[-1.0, 2.0]]).numpy()
        array([[-0.5,  2. ]], dtype=float32)
    """

    config_names = (*weight_settings("alpha"), "shared_axes")

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._describe_weight("alpha", alpha_initializer, alpha_regularizer, alpha_constraint)
        self.shared_axes = None if shared_axes is None else _checked_axes(self._title, shared_axes)

    def build(self, input_shape: Shape) -> None:
        """Creates the parts."""
        shared = self.shared_axes or []
        if any(axis >= len(input_shape) for axis in shared):
            raise ShapeError(f"shared_axes={shared} are not all axes of an input of shape {input_shape}")
        axes = range(1, len(input_shape))
        self.alpha = self._add_described(
            "alpha", tuple(1 if axis in shared else self._known_length(input_shape, axis, "parts") for axis in axes)
        )
        # Where steps differ in their parts, what a frame becomes depends on its place in the clip.
        self.mixes_frames = len(input_shape) > 2 and 1 not in shared
        self.built = True

    def call(self, inputs: Any) -> Any:
        """`inputs` where positive, else `alpha * inputs`."""
        try:
            np.broadcast_to(self.alpha.array, inputs.shape[1:])
        except ValueError:
            raise ShapeError(
                f"alpha of shape {self.alpha.shape} does not fit an input of shape {inputs.shape}: share the axes "
                "whose lengths vary"
            ) from None
        return ops.relu(inputs) - self.alpha * ops.relu(-inputs)


def _checked_axes(owner: str, shared_axes: Any) -> list[int]:
    axes = list(shared_axes) if isinstance(shared_axes, (tuple, list)) else [shared_axes]
    if not all(isinstance(axis, (int, np.integer)) and axis > 0 for axis in axes):
        raise ArgumentError(f"{owner}: shared_axes are numbers of axes behind the batch's, from 1, not {shared_axes!r}")
    return [int(axis) for axis in axes]
