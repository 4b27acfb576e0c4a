"""Folders and varied clips go straight into fit, evaluate and predict."""

from pathlib import Path

import numpy as np
import pytest

from kinema import layers, models, utils
from kinema.preprocessing.image import ImageDataGenerator
from kinema.video import VideoFolder, write_video


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Squares that move to the left and to the right: no single frame tells which."""
    folder = tmp_path_factory.mktemp("moving")
    for name, step in (("left", -4), ("right", 4)):
        (folder / name).mkdir()
        for index in range(8):
            clip = np.full((8, 32, 48, 3), 20, np.uint8)
            for time in range(8):
                left = (18 + step * time + 5 * index) % 40
                clip[time, 8 + index : 16 + index, left : left + 8] = 230
            write_video(folder / name / f"{index}.avi", clip)
    return folder


def build(seed: int = 0) -> models.Sequential:
    utils.set_random_seed(seed)
    model = models.Sequential(
        [
            layers.Input((8, 16, 24, 3)),
            layers.Rescaling(1 / 127.5, offset=-1),
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.LSTM(8),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_a_folder_trains_evaluates_and_predicts(root: Path) -> None:
    folder = VideoFolder(root, 8, (16, 24), batch_size=4, validation_split=0.25, seed=0)
    model = build()
    history = model.fit(folder, validation_data=folder.validation, epochs=2, verbose=0).history
    assert len(history["loss"]) == len(history["val_accuracy"]) == 2
    assert len(model.evaluate(folder.validation, verbose=0)) == 2
    assert model.predict(folder.validation, verbose=0).shape == (folder.validation.num_samples, 2)
    unlabelled = VideoFolder(root, 8, (16, 24), label_mode=None, shuffle=False)
    assert model.predict(unlabelled, verbose=0).shape == (16, 2)


def test_training_gives_the_same_bits_whatever_the_decoding(root: Path) -> None:
    def weights(**options: object) -> list[np.ndarray]:
        model = build()
        model.fit(VideoFolder(root, 8, (16, 24), batch_size=4, seed=1, **options), epochs=2, verbose=0)
        return model.get_weights()

    expected = weights(workers=1)
    for got in (weights(workers=3), weights(workers=2)):
        assert all(np.array_equal(a, b) for a, b in zip(got, expected, strict=True))
    tight = {"max_memory": 2 * 8 * 16 * 24 * 3}
    one, many = weights(workers=1, **tight), weights(workers=3, **tight)
    assert all(np.array_equal(a, b) for a, b in zip(one, many, strict=True))


def test_varied_clips_train(root: Path) -> None:
    folder = VideoFolder(root, 8, (16, 24), batch_size=16, shuffle=False)
    x, y = next(iter(folder))
    generator = ImageDataGenerator(vertical_flip=True, height_shift_range=0.1)
    model = build()
    history = model.fit(generator.flow(x, y, batch_size=5, seed=0), epochs=2, verbose=0).history
    assert len(history["loss"]) == 2
    again = build()
    again.fit(generator.flow(x, y, batch_size=5, seed=0), epochs=2, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), again.get_weights(), strict=True))
