"""The plan: how a line of layers runs. The layers stay the user's: lifting, fusion, folding, shared frames are here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kinema import ops
from kinema.autograd import Tensor
from kinema.layers import Dropout
from kinema.layers.layer import Layer, Shape
from kinema.layers.settings import Snapshot
from kinema.models.byte_frames import read_bytes
from kinema.models.chaining import chain, on_frames
from kinema.models.dense_chaining import chain_dense
from kinema.models.folding import fold
from kinema.models.frame_memory import FrameMemory
from kinema.models.frame_wise import COUNTING, frame_wise_prefix, projects
from kinema.models.frames import Rows, SharedFrames
from kinema.models.fusion import fuse
from kinema.models.lifting import lift
from kinema.models.sharing import find_shared, gathered_features
from kinema.models.work import frame_products


class Plan:
    """Runs a line of layers.

    Args:
        layers: The user's layers in order.
        input_shape: The model's input shape, batch axis None.
    """

    def __init__(self, layers: Sequence[Layer], input_shape: Shape) -> None:
        self.input_shape = input_shape
        self.lifted = lift(layers, input_shape)
        #: The steps of training, and of prediction.
        self.steps = {
            True: fuse(self.lifted.layers),
            False: chain_dense(chain(fuse(fold(_acting(self.lifted.layers))))),
        }
        #: The same where the input is bytes.
        self.byte_steps = {training: read_bytes(steps) for training, steps in self.steps.items()}
        #: Whether there is a layer that predictions leave out.
        self._augments = any(on_frames(layer).only_trains for layer in self.lifted.layers)
        #: Multiplications that one frame costs in the steps that see each for itself.
        self.frame_products = frame_products(self.lifted.layers, self.lifted.shapes)
        #: The leading steps that see each frame for itself, and the same where the input is bytes.
        self._prefix = {training: frame_wise_prefix(steps, training) for training, steps in self.steps.items()}
        self._byte_prefix = {training: read_bytes(steps) for training, steps in self._prefix.items()}
        #: Once stale, because somebody has changed a layer, such as its activation, it takes a new plan.
        self.settings = Snapshot(self.lifted.layers)

    @property
    def output_shape(self) -> Shape:
        """The shape of the last layer's output."""
        return self.lifted.shapes[-1] if self.lifted.shapes else self.input_shape

    def shares_frames(self, training: bool) -> bool:
        """Whether something can be computed once per distinct frame of a batch of overlapping clips."""
        return bool(self._prefix[training]) or self.projects_frames(training)

    def is_frame_wise(self, training: bool) -> bool:
        """Whether all steps see each frame for itself."""
        return len(self._prefix[training]) == len(self.steps[training])

    def projects_frames(self, training: bool) -> bool:
        """Whether the first step behind the frame-wise ones takes its input product frame by frame."""
        return projects(self.clip_steps(training), training)

    def find_shared(self, rows: Rows, training: bool) -> SharedFrames | None:
        """The distinct frames of a batch, where computing each once gives the same result and saves something."""
        return find_shared(rows, self.frame_products, training) if self.shares_frames(training) else None

    def run(self, inputs: Any, training: bool | None, mask: Any = None, counts: Any = None) -> Any:
        """The output for a batch.

        Args:
            inputs: The batch.
            training: Whether this is a training step; None where nobody has said, and augmentations act as in one.
            mask: Which steps of the clips count.
            counts: How often each sample counts in statistics of the batch, where all steps are frame-wise.
        """
        acts = self._augments if training is None else training
        steps = (self.byte_steps if inputs.dtype == np.uint8 else self.steps)[acts]
        return _run(steps, inputs, training, mask, counts)

    def run_shared(self, shared: SharedFrames, training: bool, memory: FrameMemory | None = None) -> Any:
        """The output for a batch of overlapping clips: the frame-wise steps run once per distinct frame.

        Args:
            shared: The batch.
            training: Whether this is a training step.
            memory: Where features of frames are kept between batches, in prediction.
        """
        (features,) = gathered_features(
            lambda frames, counts: [self.frame_features(frames, training, counts)], shared, training, memory
        )
        return self.run_features(features, training)

    def frame_features(self, frames: Any, training: bool, counts: Any = None) -> Tensor:
        """What the frame-wise steps make of single frames, with the input product of a recurrent layer behind them.

        Args:
            frames: (frames, 1, ...).
            training: Whether this is a training step.
            counts: In training, how often the batch shows each frame.
        """
        steps = (self._byte_prefix if frames.dtype == np.uint8 else self._prefix)[training]
        features = _run(steps, frames, training, counts=counts)
        if self.projects_frames(training):
            recurrent: Any = self.clip_steps(training)[0]
            mask, features = getattr(features, "mask", None), recurrent.project_frames(features)
            features.mask = mask
        return ops.convert_to_tensor(features)

    def clip_steps(self, training: bool) -> tuple[Layer, ...]:
        """The steps behind the frame-wise ones."""
        return tuple(self.steps[training][len(self._prefix[training]) :])

    def run_features(self, features: Any, training: bool) -> Any:
        """The output for clips (batch, time, ...) of what `frame_features` gives for their frames."""
        rest = self.clip_steps(training)
        if self.projects_frames(training):
            recurrent: Any = rest[0]
            outputs = recurrent.call_projected(features, mask=features.mask, training=training)
            recurrent._set_masks(outputs, features, features.mask)
            return _run(rest[1:], outputs, training)
        return _run(rest, features, training)


def _acting(layers: Sequence[Layer]) -> Sequence[Layer]:
    """The layers that do something when the model predicts: augmentation costs nothing then, Dropout parts no chain."""
    acting = [
        layer
        for layer, following in zip(layers, [*layers[1:], None], strict=True)
        if not on_frames(layer).only_trains and not _is_idle_dropout(layer, following)
    ]
    return acting or layers


def _is_idle_dropout(layer: Layer, following: Layer | None) -> bool:
    """Whether a layer is a Dropout, and of no subclass, that hands on what the next layer would take without it."""
    dropout = on_frames(layer)
    if type(dropout) is not Dropout or dropout.activity_regularizer is not None or following is None:
        return False
    taker = on_frames(following)
    return layer.activity_regularizer is None and dropout.dtype == taker.dtype and not taker.accepts_integers


def _run(steps: Sequence[Layer], inputs: Any, training: bool | None, mask: Any = None, counts: Any = None) -> Any:
    outputs = inputs
    for index, step in enumerate(steps):
        counted = {"frame_counts": counts} if counts is not None and type(step) in COUNTING else {}
        outputs = step(outputs, training=training, mask=mask if index == 0 else None, **counted)
    return outputs
