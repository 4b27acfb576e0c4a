"""Which steps of a model see each frame for itself: a frame that several clips show need pass them only once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kinema.layers import BatchNormalization, Lambda, Masking
from kinema.layers.layer import Layer
from kinema.models.fusion import NormalizationRelu
from kinema.models.model import Model


class ModelOnFrames(Layer):
    """A model within a model, run on single frames (frames, 1, ...) in place of clips."""

    def __init__(self, model: Model) -> None:
        super().__init__(name=f"{model.name}_on_frames", dtype=model.dtype)
        self.model = model
        self.accepts_integers = model.accepts_integers
        self.built = True

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """None: where the output has a mask, the layers inside have set it."""
        return None

    def call(self, inputs: Any, training: bool = False, mask: Any = None, frame_counts: Any = None) -> Any:
        """What the model makes of each frame."""
        return self.model.run_on_frames(inputs, training, frame_counts)


#: Steps whose statistics can count a frame as often as the clips show it.
COUNTING = (BatchNormalization, NormalizationRelu, ModelOnFrames)


def frame_wise_prefix(steps: Sequence[Layer], training: bool) -> tuple[Layer, ...]:
    """The leading steps that give each frame the same output in every clip, whatever the clip's other frames."""
    prefix: list[Layer] = []
    for step in steps:
        if not all(is_pure(layer) for layer in step.flatten_layers()):
            break
        if isinstance(step, Model):
            if not step.sees_frames_alone(training):
                break
            step = ModelOnFrames(step)
        elif not _leaves_time_alone(step) or (training and not (_draws_per_frame(step) and _counts_frames(step))):
            break
        prefix.append(step)
    return tuple(prefix)


def is_pure(layer: Layer) -> bool:
    """Whether nothing is known to look beyond the output of a single frame."""
    known = type(layer).__module__.startswith("kinema.") and not isinstance(layer, (Lambda, Masking))
    return known and layer.activity_regularizer is None


def projects(steps: Sequence[Layer], training: bool) -> bool:
    """Whether the next step is a recurrent layer whose input product can be taken frame by frame."""
    return bool(steps) and getattr(steps[0], "projects_frames", lambda _: False)(training)


def _leaves_time_alone(step: Layer) -> bool:
    """Whether axis 1 is one of frames, each of which the step sees alone.

    A layer for single frames that was not lifted takes that axis for the height of a picture.
    """
    return not step.mixes_frames and step.frame_rank is None


def _draws_per_frame(step: Layer) -> bool:
    return step.draws_per_frame or not any(layer.is_random for layer in step.flatten_layers())


def _counts_frames(step: Layer) -> bool:
    """Whether statistics of the batch, if any are taken, can count a frame as often as the clips show it."""
    if type(step) in COUNTING:
        return True
    return not any(layer.uses_batch_statistics for layer in step.flatten_layers())
