"""The plan: how a line of layers runs. The layers stay the user's: lifting, fusion, folding, shared frames are here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kinema import config, ops
from kinema.autograd import Array, Tensor, as_array
from kinema.layers import BatchNormalization, Masking, TimeDistributed
from kinema.layers.layer import Layer, Shape
from kinema.models.byte_frames import read_bytes
from kinema.models.chaining import chain
from kinema.models.copies import CopySearch
from kinema.models.folding import fold
from kinema.models.frame_memory import FrameMemory
from kinema.models.frames import Rows, SharedFrames, shared_frames
from kinema.models.fusion import NormalizationRelu, fuse
from kinema.models.lifting import lift
from kinema.models.work import frame_products

#: Steps whose statistics can count a frame as often as the clips show it.
_COUNTING = (BatchNormalization, NormalizationRelu)


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
        self.steps = {True: fuse(self.lifted.layers), False: chain(fuse(fold(_acting(self.lifted.layers))))}
        #: The same where the input is bytes.
        self.byte_steps = {training: read_bytes(steps) for training, steps in self.steps.items()}
        self._frame_products = frame_products(self.lifted.layers, self.lifted.shapes)
        self._prefix = {training: _frame_wise_prefix(steps, training) for training, steps in self.steps.items()}

    @property
    def output_shape(self) -> Shape:
        """The shape of the last layer's output."""
        return self.lifted.shapes[-1] if self.lifted.shapes else self.input_shape

    def shares_frames(self, training: bool) -> bool:
        """Whether something can be computed once per distinct frame of a batch of overlapping clips."""
        return self._prefix[training] > 0 or self.projects_frames(training)

    def projects_frames(self, training: bool) -> bool:
        """Whether the first step behind the frame-wise ones takes its input product frame by frame."""
        return _projects(self.clip_steps(training), training)

    def find_shared(self, rows: Rows, training: bool) -> SharedFrames | None:
        """The distinct frames of a batch, where computing each once gives the same result and saves something."""
        if not self.shares_frames(training) or not config.frame_sharing():
            return None
        shared = shared_frames(rows)
        if shared is None and rows.array.ndim >= 4:
            frame_bytes = math.prod(rows.array.shape[2:]) * rows.array.itemsize
            search = rows.search or CopySearch()
            # The way back costs about twice the way there.
            if search.goes_on(frame_bytes, self._frame_products * (3 if training else 1)):
                shared = search.find(rows)
        return shared

    def run(self, inputs: Any, training: bool, mask: Any = None) -> Any:
        """The output for a batch."""
        return _run(self._steps_for(inputs, training), inputs, training, mask)

    def run_shared(self, shared: SharedFrames, training: bool, memory: FrameMemory | None = None) -> Any:
        """The output for a batch of overlapping clips: the frame-wise steps run once per distinct frame.

        Args:
            shared: The batch.
            training: Whether this is a training step.
            memory: Where features of frames are kept between batches, in prediction.
        """
        if memory is None:
            counts = shared.counts if training else None
            features, index = self.frame_features(shared.frames, training, counts), shared.index
        else:
            kept, rows = memory.features(shared, lambda frames: as_array(self.frame_features(frames, False)))
            features, index = Tensor(kept), rows[shared.index]
        return self.run_features(_gather(features, index), training)

    def frame_features(self, frames: Any, training: bool, counts: Any = None) -> Tensor:
        """What the frame-wise steps make of single frames, with the input product of a recurrent layer behind them.

        Args:
            frames: (frames, 1, ...).
            training: Whether this is a training step.
            counts: In training, how often the batch shows each frame.
        """
        steps = self._steps_for(frames, training)
        prefix = _frame_wise_prefix(steps, training)
        features = frames
        for step in steps[:prefix]:
            counted = {"frame_counts": counts} if counts is not None and type(step) in _COUNTING else {}
            features = step(features, training=training, **counted)
        if self.projects_frames(training):
            recurrent: Any = steps[prefix]
            features = recurrent.project_frames(features)
        return ops.convert_to_tensor(features)

    def clip_steps(self, training: bool) -> tuple[Layer, ...]:
        """The steps behind the frame-wise ones."""
        return tuple(self.steps[training][self._prefix[training] :])

    def run_features(self, features: Any, training: bool) -> Any:
        """The output for clips (batch, time, ...) of what `frame_features` gives for their frames."""
        rest = self.clip_steps(training)
        if self.projects_frames(training):
            recurrent: Any = rest[0]
            return _run(rest[1:], recurrent.call_projected(features, training=training), training)
        return _run(rest, features, training)

    def _steps_for(self, inputs: Any, training: bool) -> Sequence[Layer]:
        return (self.byte_steps if inputs.dtype == np.uint8 else self.steps)[training]


def _acting(layers: Sequence[Layer]) -> Sequence[Layer]:
    """The layers that do something when the model predicts, so that augmentation costs nothing then."""
    acting = [
        layer for layer in layers if not (layer.layer if isinstance(layer, TimeDistributed) else layer).only_trains
    ]
    return acting or layers


def _run(steps: Sequence[Layer], inputs: Any, training: bool, mask: Any = None) -> Any:
    outputs = inputs
    for index, step in enumerate(steps):
        outputs = step(outputs, training=training, mask=mask if index == 0 else None)
    return outputs


def _gather(features: Tensor, index: Array) -> Tensor:
    """(frames, 1, ...) features to the (batch, time, ...) that the clips show."""
    flat = ops.reshape(features, (features.shape[0], -1))
    rows = ops.take_rows(flat, index.ravel())
    gathered: Tensor = ops.reshape(rows, (*index.shape, *features.shape[2:]))
    return gathered


def _frame_wise_prefix(steps: Sequence[Layer], training: bool) -> int:
    """How many leading steps give each frame the same output in every clip, whatever the clip's other frames."""
    count = 0
    for step in steps:
        if step.mixes_frames or not all(_is_pure(layer) for layer in step.flatten_layers()):
            break
        if training and not (_draws_per_frame(step) and _counts_frames(step)):
            break
        count += 1
    return count


def _is_pure(layer: Layer) -> bool:
    """Whether nothing is known to look beyond the output of a single frame."""
    known = type(layer).__module__.startswith("kinema.") and not isinstance(layer, Masking)
    return known and layer.activity_regularizer is None


def _draws_per_frame(step: Layer) -> bool:
    return step.draws_per_frame or not any(layer.is_random for layer in step.flatten_layers())


def _counts_frames(step: Layer) -> bool:
    """Whether statistics of the batch, if any are taken, can count a frame as often as the clips show it."""
    if type(step) in _COUNTING:
        return True
    return not any(layer.uses_batch_statistics for layer in step.flatten_layers())


def _projects(steps: Sequence[Layer], training: bool) -> bool:
    """Whether the next step is a recurrent layer whose input product can be taken frame by frame."""
    return bool(steps) and getattr(steps[0], "projects_frames", lambda _: False)(training)
