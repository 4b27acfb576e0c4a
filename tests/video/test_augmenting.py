"""A folder's clips under augmentation: one draw per clip and epoch, whatever the batches; none in the part held out."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kinema import Sequential, layers
from kinema.errors import ArgumentError, DTypeError
from kinema.video import VideoFolder, write_video


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of six videos whose frames are all alike."""
    folder = tmp_path_factory.mktemp("still")
    rng = np.random.default_rng(1)
    for name in ("ant", "bee"):
        (folder / name).mkdir()
        for index in range(6):
            picture = np.kron(rng.integers(0, 256, (4, 5, 3)), np.ones((6, 6, 1))).astype(np.uint8)
            write_video(folder / name / f"{index}.avi", np.repeat(picture[np.newaxis], 4, axis=0))
    return folder


def make(root: Path, **options: Any) -> VideoFolder:
    return VideoFolder(root, 4, (24, 30), **{"seed": 3, "workers": 1, "shuffle": False, **options})


def epoch(folder: VideoFolder, number: int = 0) -> tuple[np.ndarray, np.ndarray]:
    folder.set_epoch(number)
    xs, ys = zip(*folder, strict=True)
    return np.concatenate(xs), np.concatenate(ys)


AUGMENT = [layers.RandomFlip("horizontal"), layers.RandomRotation(0.1), layers.RandomBrightness(0.3)]


def test_all_frames_of_a_clip_get_the_same_draw_and_stay_bytes(root: Path) -> None:
    plain, labels = epoch(make(root))
    changed, same_labels = epoch(make(root, augment=AUGMENT))
    assert changed.dtype == np.uint8
    np.testing.assert_array_equal(labels, same_labels)
    assert all((one != other).any() for one, other in zip(plain, changed, strict=True))
    # Codecs leave the frames of a still video a few grey levels apart.
    spread = np.abs(changed.astype(int) - changed[:, :1]).max()
    assert spread <= np.abs(plain.astype(int) - plain[:, :1]).max() + 2


def test_the_draw_depends_on_the_epoch_not_on_the_batches(root: Path) -> None:
    small, large = (make(root, augment=AUGMENT, batch_size=size) for size in (5, 12))
    np.testing.assert_array_equal(epoch(small)[0], epoch(large)[0])
    assert (epoch(small)[0] != epoch(small, 1)[0]).any()
    np.testing.assert_array_equal(epoch(small, 1)[0], epoch(large, 1)[0])
    assert (epoch(small)[0] != epoch(make(root, augment=AUGMENT, seed=4))[0]).any()


def test_the_part_held_out_is_cropped_but_not_changed(root: Path) -> None:
    crop = layers.RandomCrop(16, 20)
    folder = make(root, augment=[*AUGMENT, crop], validation_split=0.5)
    plain, _ = epoch(make(root, validation_split=0.5, subset="validation"))
    for held_out in (
        folder.validation,
        make(root, augment=[*AUGMENT, crop], validation_split=0.5, subset="validation"),
    ):
        np.testing.assert_array_equal(epoch(held_out)[0], plain[:, :, 4:20, 5:25])
    assert epoch(folder)[0].shape[2:] == (16, 20, 3)


def test_mix_up_needs_labels_that_can_be_mixed(root: Path) -> None:
    _, labels = epoch(make(root, augment=layers.MixUp(1.0), label_mode="categorical", shuffle=True))
    np.testing.assert_allclose(labels.sum(axis=1), 1, rtol=1e-6)
    assert ((labels > 0.01) & (labels < 0.99)).any()
    with pytest.raises(DTypeError, match="use one-hot labels"):
        epoch(make(root, augment=layers.MixUp()))
    unlabelled = next(iter(make(root, augment=layers.MixUp(), label_mode=None)))
    assert unlabelled.dtype == np.uint8


def test_a_folder_with_augmentation_trains(root: Path) -> None:
    augment = [*AUGMENT, layers.RandomResizedCrop(12, 12)]
    folder = make(root, augment=augment, validation_split=0.5, label_mode="categorical")
    model = Sequential([layers.Rescaling(1 / 255), layers.GlobalAveragePooling2D(), layers.LSTM(2), layers.Dense(2)])
    model.compile(optimizer="adam", loss="mse")
    history = model.fit(folder, validation_data=folder.validation, epochs=1, verbose=0)
    assert np.isfinite(history.history["val_loss"]).all()


@pytest.mark.parametrize("wrong", [layers.Dense(2), [layers.RandomFlip(), "flip"], np.flip])
def test_what_is_no_augmentation_is_refused(root: Path, wrong: Any) -> None:
    with pytest.raises(ArgumentError, match="augment takes augmentations such as .* or a list of them, not"):
        make(root, augment=wrong)
