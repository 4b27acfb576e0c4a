"""Manifests go straight into fit: padded clips, frame labels, balanced classes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers
from kinema.video import VideoFolder, write_video

FPS = 10


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Videos of 6 to 11 frames that are bright from the fourth frame on."""
    folder = tmp_path_factory.mktemp("bright")
    for index in range(6):
        frames = np.full((6 + index, 16, 16, 3), 20 + 5 * index, np.uint8)
        frames[3:] += 150
        write_video(folder / f"{index}.avi", frames, fps=FPS)
    return folder


def segments() -> list[dict[str, Any]]:
    return [{"path": f"{index}.avi", "label": "bright", "start": 0.3, "end": 9} for index in range(6)]


def tagger(root: Path, **options: Any) -> tuple[VideoFolder, kinema.Sequential]:
    folder = VideoFolder(
        root, None, 4, labels=segments(), start_column="start", end_column="end", label_mode="frame",
        background="dark", batch_size=4, seed=2, **options,
    )  # fmt: skip
    kinema.utils.set_random_seed(0)
    model = kinema.Sequential(
        [
            layers.Input((None, 4, 4, 3)),
            layers.Rescaling(1 / 255),
            layers.GlobalAveragePooling2D(),
            layers.SimpleRNN(8, return_sequences=True),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(kinema.optimizers.Adam(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return folder, model


def test_every_frame_is_learnt_from_clips_of_different_lengths(root: Path) -> None:
    folder, model = tagger(root)
    model.fit(folder, epochs=40, verbose=0)
    still = VideoFolder(root, None, 4, label_mode=None, shuffle=False, batch_size=4)
    assert model.evaluate(folder, verbose=0, return_dict=True)["accuracy"] == 1.0
    outputs = model.predict(still, verbose=0)
    assert outputs.shape == (6, 11, 2)
    for index, output in enumerate(outputs):
        np.testing.assert_array_equal(output[: 6 + index].argmax(axis=-1), [1] * 3 + [0] * (3 + index))


def test_balanced_classes_of_a_folder(root: Path) -> None:
    weights = []
    for class_weight in ("balanced", {0: 51 / (2 * 33), 1: 51 / (2 * 18)}):
        folder, model = tagger(root)
        model.fit(folder, epochs=1, class_weight=class_weight, verbose=0)
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_padding_does_not_count_in_a_mean_that_is_adapted(root: Path) -> None:
    folder = VideoFolder(root, None, 4, label_mode=None, shuffle=False, batch_size=6)
    (x,) = folder
    assert not x.mask.all()
    padded, alone = layers.Normalization(axis=(2, 3, 4)), layers.Normalization(axis=(2, 3, 4))
    padded.adapt(folder)
    alone.adapt(x.numpy()[x.mask][None])
    np.testing.assert_allclose(padded.mean, alone.mean, rtol=1e-6)
    np.testing.assert_allclose(padded.variance, alone.variance, rtol=1e-6)
