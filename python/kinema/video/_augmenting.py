"""Augmentation of a dataset's batches: the same layers as in models, without a model."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

import numpy.typing as npt

from kinema.errors import ArgumentError
from kinema.random import RandomKey
from kinema.tensor import Tensor

_FIRST_STREAM = 1 << 16  # beyond those of a model's layers, which count from 0


@runtime_checkable
class ClipAugmentation(Protocol):
    """What can change the clips of a dataset: the augmentations among the layers."""

    seed: int | None

    def augment(self, x: Any, y: Any, key: RandomKey) -> tuple[Any, Any]: ...
    def rest_batch(self, x: Any) -> tuple[Any, Any]: ...


def check_augmentations(augment: Any, with_mask: bool) -> tuple[ClipAugmentation, ...]:
    """The augmentations given: one, several or none; `with_mask` tells that clips are filled up under a mask."""
    several: Iterable[Any] = augment if isinstance(augment, Sequence) else () if augment is None else (augment,)
    checked = tuple(several)
    for one in checked:
        if not isinstance(one, ClipAugmentation):
            raise ArgumentError(
                "augment takes augmentations such as kinema.layers.RandomFlip('horizontal'), or a list of them, "
                f"not {one!r}"
            )
        if with_mask and getattr(one, "mixes_frames", False):
            raise ArgumentError(
                f"{type(one).__name__} moves frames in time, and clips filled up under a mask end at different "
                "times: use clips of one clip_length without pad_short='mask', or leave it out."
            )
    return checked


def augment_batch(
    augmentations: Sequence[ClipAugmentation], x: npt.NDArray[Any] | Tensor, y: Any, key: RandomKey, training: bool
) -> tuple[npt.NDArray[Any] | Tensor, Any]:
    """A batch under all augmentations in turn, each with its own draw.

    Args:
        augmentations: What to do.
        x: The clips; a tensor keeps its mask.
        y: Their labels.
        key: The dataset's seed, which an augmentation's own replaces, the epoch, and the first clip's number in it.
        training: False gives what the augmentations do at rest.
    """
    if isinstance(x, Tensor):
        if not augmentations:
            return x, y
        values, y = augment_batch(augmentations, x.numpy(), y, key, training)
        outputs = Tensor(values)
        outputs.mask = x.mask
        return outputs, y
    for position, one in enumerate(augmentations):
        if training:
            seed = key.seed if one.seed is None else one.seed
            x, y = one.augment(x, y, replace(key, seed=seed, stream=_FIRST_STREAM + position))
        else:
            x = one.rest_batch(x)[0]
    return x, y
