"""The plan: how a line of layers runs. The layers stay the user's: lifting, fusion, folding, shared frames are here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kinema import ops
from kinema.autograd import Tensor
from kinema.layers import TimeDistributed
from kinema.layers.layer import Layer, Shape
from kinema.models.byte_frames import read_bytes
from kinema.models.chaining import chain
from kinema.models.folding import fold
from kinema.models.frames import SharedFrames
from kinema.models.fusion import fuse
from kinema.models.lifting import lift


class Plan:
    """Runs a line of layers.

    Args:
        layers: The user's layers in order.
        input_shape: The model's input shape, batch axis None.
        wrappers: Wrappers that lifting made before, by the id of the layer inside.
    """

    def __init__(self, layers: Sequence[Layer], input_shape: Shape, wrappers: dict[int, TimeDistributed]) -> None:
        self.input_shape = input_shape
        self.lifted = lift(layers, input_shape, wrappers)
        #: The steps of training, and of prediction.
        self.steps = {True: fuse(self.lifted.layers), False: chain(fuse(fold(self.lifted.layers)))}
        #: The same where the input is bytes.
        self.byte_steps = {training: read_bytes(steps) for training, steps in self.steps.items()}
        self._prefix = {training: _frame_wise_prefix(steps, training) for training, steps in self.steps.items()}

    @property
    def output_shape(self) -> Shape:
        """The shape of the last layer's output."""
        return self.lifted.shapes[-1] if self.lifted.shapes else self.input_shape

    def shares_frames(self, training: bool) -> bool:
        """Whether something can be computed once per distinct frame of a batch of overlapping clips."""
        return self._prefix[training] > 0 or _projects(self.steps[training][:1], training)

    def run(self, inputs: Any, training: bool, mask: Any = None) -> Any:
        """The output for a batch."""
        return _run(self._steps_for(inputs, training), inputs, training, mask)

    def run_shared(self, shared: SharedFrames, training: bool) -> Any:
        """The output for a batch of overlapping clips: the frame-wise steps run once per distinct frame."""
        steps = self._steps_for(shared.frames, training)
        prefix = _frame_wise_prefix(steps, training)
        features = _run(steps[:prefix], shared.frames, training)
        rest = steps[prefix:]
        if _projects(rest, training):
            recurrent: Any = rest[0]
            projected = _gather(recurrent.project_frames(features), shared)
            return _run(rest[1:], recurrent.call_projected(projected, training=training), training)
        return _run(rest, _gather(features, shared), training)

    def _steps_for(self, inputs: Any, training: bool) -> Sequence[Layer]:
        return (self.byte_steps if inputs.dtype == np.uint8 else self.steps)[training]


def _run(steps: Sequence[Layer], inputs: Any, training: bool, mask: Any = None) -> Any:
    outputs = inputs
    for index, step in enumerate(steps):
        outputs = step(outputs, training=training, mask=mask if index == 0 else None)
    return outputs


def _gather(features: Any, shared: SharedFrames) -> Tensor:
    """(frames, 1, ...) features to the (batch, time, ...) that the clips show."""
    features = ops.convert_to_tensor(features)
    flat = ops.reshape(features, (features.shape[0], -1))
    rows = ops.take_rows(flat, shared.index.ravel())
    gathered: Tensor = ops.reshape(rows, (*shared.index.shape, *features.shape[2:]))
    return gathered


def _frame_wise_prefix(steps: Sequence[Layer], training: bool) -> int:
    """How many leading steps give each frame the same output in every clip, whatever the clip's other frames."""
    count = 0
    for step in steps:
        if step.mixes_frames or not all(_is_pure(layer, training) for layer in step.flatten_layers()):
            break
        count += 1
    return count


def _is_pure(layer: Layer, training: bool) -> bool:
    known = type(layer).__module__.startswith("kinema.")
    varies = training and (layer.is_random or layer.uses_batch_statistics)
    return known and not varies and layer.activity_regularizer is None


def _projects(steps: Sequence[Layer], training: bool) -> bool:
    """Whether the next step is a recurrent layer whose input product can be taken frame by frame."""
    return bool(steps) and getattr(steps[0], "projects_frames", lambda _: False)(training)
