"""Which steps of a model see each frame for itself: a frame that several clips show need pass them only once."""

from __future__ import annotations

from collections.abc import Sequence

from kinema.layers import BatchNormalization, Masking, TimeDistributed
from kinema.layers.layer import Layer
from kinema.models.fusion import NormalizationRelu
from kinema.models.model import Model

#: Steps whose statistics can count a frame as often as the clips show it.
COUNTING = (BatchNormalization, NormalizationRelu)


def frame_wise_prefix(steps: Sequence[Layer], training: bool) -> int:
    """How many leading steps give each frame the same output in every clip, whatever the clip's other frames."""
    count = 0
    for step in steps:
        if not _leaves_time_alone(step) or not all(is_pure(layer) for layer in step.flatten_layers()):
            break
        if training and not (_draws_per_frame(step) and _counts_frames(step)):
            break
        count += 1
    return count


def is_pure(layer: Layer) -> bool:
    """Whether nothing is known to look beyond the output of a single frame."""
    known = type(layer).__module__.startswith("kinema.") and not isinstance(layer, Masking)
    return known and layer.activity_regularizer is None


def projects(steps: Sequence[Layer], training: bool) -> bool:
    """Whether the next step is a recurrent layer whose input product can be taken frame by frame."""
    return bool(steps) and getattr(steps[0], "projects_frames", lambda _: False)(training)


def _leaves_time_alone(step: Layer) -> bool:
    """Whether axis 1 is one of frames, each of which the step sees alone.

    A layer for single frames that was not lifted takes that axis for the height of a picture; a model within a model
    says nothing of what happens inside.
    """
    models = () if isinstance(step, TimeDistributed) else step.flatten_layers()
    return not step.mixes_frames and step.frame_rank is None and not any(isinstance(one, Model) for one in models)


def _draws_per_frame(step: Layer) -> bool:
    return step.draws_per_frame or not any(layer.is_random for layer in step.flatten_layers())


def _counts_frames(step: Layer) -> bool:
    """Whether statistics of the batch, if any are taken, can count a frame as often as the clips show it."""
    if type(step) in COUNTING:
        return True
    return not any(layer.uses_batch_statistics for layer in step.flatten_layers())
