"""One layer for every time step."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema import ops
from kinema.errors import ArgumentError, ShapeError
from kinema.layers.structure import Shape
from kinema.layers.wrapper import Wrapper
from kinema.random import one_step, scaled_samples
from kinema.saving.registry import builtin


@builtin("keras.layers")
class TimeDistributed(Wrapper):
    """Applies a layer, or a whole `Sequential`, to every time step.

    The steps of all samples are folded into one batch, so that the layer runs once. Only a layer that normalises with
    statistics of its batch, such as `BatchNormalization`, trains on one step after the other, as in Keras.
    An augmentation, also one inside a model, draws once for all steps of a sample.

    Args:
        layer: The layer.

    Input shape:
        (batch, time, ...).

    Output shape:
        (batch, time, ...), as the layer makes it of (batch, ...).

    Raises:
        ShapeError: The input has no time axis.

    Example:
        >>> import kinema, numpy as np
        >>> clips = np.ones((2, 5, 8, 8, 3), "float32")
        >>> kinema.layers.TimeDistributed(kinema.layers.Conv2D(4, 3))(clips).shape
        (2, 5, 6, 6, 4)
    """

    accepts_integers = True

    @property
    def draws_per_frame(self) -> bool:  # type: ignore[override]
        """Whether every step has a draw of its own: so it is, but for augmentations."""
        return not any(layer.takes_clips for layer in self.layer.flatten_layers())

    @property
    def is_random(self) -> bool:  # type: ignore[override]
        """Whether the layer inside draws random numbers."""
        return any(layer.is_random for layer in self.layer.flatten_layers())

    @property
    def uses_batch_statistics(self) -> bool:  # type: ignore[override]
        """Whether the layer inside normalises with statistics of its batch."""
        return any(layer.uses_batch_statistics for layer in self.layer.flatten_layers())

    def build(self, input_shape: Shape) -> None:
        """Builds the layer inside for one time step."""
        self.layer.ensure_built(_step_shape(input_shape))
        self.built = True

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        """The layer's output for every step."""
        _step_shape(inputs.shape)
        if self.layer.takes_clips:
            return self.layer(inputs, training=training, mask=mask)
        steps = None if mask is None else np.asarray(mask, bool)
        if steps is not None and (steps.ndim < 2 or steps.shape[:2] != inputs.shape[:2]):
            raise ShapeError(
                f"a mask of shape {steps.shape} does not fit an input of shape {inputs.shape}: "
                "its first two axes are batch and time"
            )
        if training and self.uses_batch_statistics:
            return self._step_by_step(inputs, steps)
        batch, time = inputs.shape[:2]
        # A mask of whole steps says nothing about what is inside a step.
        inner = steps.reshape(batch * time, *steps.shape[2:]) if steps is not None and steps.ndim > 2 else None
        with scaled_samples(time):
            outputs = self.layer(ops.reshape(inputs, (batch * time, *inputs.shape[2:])), training=training, mask=inner)
        if isinstance(outputs, (list, tuple)):
            raise ArgumentError(
                f"{self.layer._title} gives {len(outputs)} outputs, but TimeDistributed takes layers with one: "
                "set return_state=False"
            )
        return ops.reshape(outputs, (batch, time, *outputs.shape[1:]))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, time, ...), as the layer makes it of (batch, ...)."""
        inner = self.layer.compute_output_shape(_step_shape(input_shape))
        return (input_shape[0], input_shape[1], *inner[1:])

    def _step_by_step(self, inputs: Any, mask: Any) -> Any:
        with one_step():
            outputs = [
                self.layer(frames, training=True, mask=None if mask is None else mask[:, step])
                for step, frames in enumerate(ops.unstack(inputs, axis=1))
            ]
        return ops.stack(outputs, axis=1)


def _step_shape(input_shape: Shape) -> Shape:
    if len(input_shape) < 3:
        raise ShapeError(f"expected (batch, time, ...), at least three axes, got an input of shape {input_shape}")
    return (input_shape[0], *input_shape[2:])
