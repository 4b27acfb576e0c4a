"""Augmentation of a dataset's batches: the same layers as in models, without a model."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeGuard, runtime_checkable

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


def check_augmentations(augment: Any, with_mask: bool, with_pictures: bool = True) -> tuple[ClipAugmentation, ...]:
    """The augmentations given: one, several or none.

    Args:
        augment: What was given.
        with_mask: Whether clips are filled up under a mask.
        with_pictures: Whether there is more than sound.
    """
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
        if not with_pictures and not getattr(one, "mixes_frames", False):
            raise ArgumentError(f"{type(one).__name__} is for pictures, and size=None gives none: leave it out.")
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
            x, y = one.augment(x, y, _key_of(one, position, key))
        else:
            x = one.rest_batch(x)[0]
    return x, y


def augment_tracks(
    augmentations: Sequence[ClipAugmentation],
    xs: Sequence[npt.NDArray[Any] | Tensor],
    y: Any,
    key: RandomKey,
    training: bool,
    with_pictures: bool,
) -> tuple[list[npt.NDArray[Any] | Tensor], Any]:
    """A batch of pictures, sound or both under all augmentations; the other arguments are those of `augment_batch`."""
    changed = []
    if with_pictures:
        pictures, y = augment_batch(augmentations, xs[0], y, key, training)
        changed.append(pictures)
    changed += [_augment_sound(augmentations, sound, key, training) for sound in xs[len(changed) :]]
    return changed, y


def _augment_sound(
    augmentations: Sequence[ClipAugmentation], sound: npt.NDArray[Any] | Tensor, key: RandomKey, training: bool
) -> npt.NDArray[Any] | Tensor:
    """The sound that goes with a batch: by the same draws, it moves in time and is mixed as the pictures are."""
    if isinstance(sound, Tensor):
        outputs = Tensor(_augment_sound(augmentations, sound.numpy(), key, training))
        outputs.mask = sound.mask
        return outputs
    for position, one in enumerate(augmentations):
        if training and _changes_whole_clips(one):
            sound = one.change_batch(sound, _key_of(one, position, key))[0]
    return sound


class _WholeClipChange(ClipAugmentation, Protocol):
    def change_batch(self, x: Any, key: RandomKey) -> tuple[Any, Any]: ...


def _changes_whole_clips(augmentation: Any) -> TypeGuard[_WholeClipChange]:
    """Whether it changes when something happens, or in which clip, rather than what a picture shows."""
    return bool(getattr(augmentation, "mixes_frames", False) or getattr(augmentation, "uses_batch_statistics", False))


def _key_of(augmentation: ClipAugmentation, position: int, key: RandomKey) -> RandomKey:
    seed = key.seed if augmentation.seed is None else augmentation.seed
    return replace(key, seed=seed, stream=_FIRST_STREAM + position)
