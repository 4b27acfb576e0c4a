"""Augmentation of clips that are filled up under a mask."""

import numpy as np
import pytest

import kinema
from kinema.errors import ArgumentError
from kinema.random import RandomKey
from kinema.video._augmenting import augment_batch, check_augmentations


def test_a_tensor_keeps_its_mask() -> None:
    x = kinema.video.pad_clips([np.full((3, 4, 4, 3), 9, np.uint8), np.full((2, 4, 4, 3), 5, np.uint8)])
    brighter = check_augmentations(kinema.layers.RandomFlip("horizontal"), with_mask=True)
    outputs, y = augment_batch(brighter, x, None, RandomKey(1), training=True)
    assert y is None
    np.testing.assert_array_equal(outputs.mask, x.mask)
    np.testing.assert_array_equal(outputs.numpy(), x.numpy())


def test_frames_under_a_mask_do_not_move_in_time() -> None:
    with pytest.raises(ArgumentError, match="RandomTimeReversal moves frames in time, and clips filled up under"):
        check_augmentations([kinema.layers.RandomTimeReversal()], with_mask=True)
