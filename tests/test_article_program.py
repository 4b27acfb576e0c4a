"""A whole script as Keras users write it, only its imports are Kinema's: video, windows, training, files, figures."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import kinema
from kinema.errors import ShapeError
from kinema.layers import LSTM, Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from kinema.metrics import categorical_accuracy
from kinema.models import Sequential, load_model
from kinema.optimizers import Adam
from kinema.preprocessing.image import ImageDataGenerator

LENGTH, SIDE, CLASSES = 32, 128, 10


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ball that bounces over a gradient, drawn and encoded here."""
    path = tmp_path_factory.mktemp("video") / "ball.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25.0, (SIDE, SIDE))
    background = np.linspace(0, 120, SIDE, dtype=np.uint8)[:, None, None].repeat(SIDE, 1).repeat(3, 2)
    for i in range(38):
        frame = background.copy()
        cv2.circle(frame, (10 + 3 * i, int(64 + 40 * np.sin(i / 5))), 9, (40, 200, 250), -1)
        writer.write(frame)
    writer.release()
    return path


def frames_of(path: Path) -> list[np.ndarray]:
    """All frames by OpenCV, as a user reads them."""
    capture = cv2.VideoCapture(str(path))
    frames = []
    while True:
        more, frame = capture.read()
        if not more:
            break
        frames.append(frame)
    capture.release()
    return frames


def windows_of(frames: list[np.ndarray]) -> np.ndarray:
    """All windows of consecutive frames, copied into one array."""
    return np.array([frames[start : start + LENGTH] for start in range(len(frames) - LENGTH + 1)])


def cnn_lstm(input_shape: tuple[int, ...]) -> Sequential:
    """The convolutions stand there without TimeDistributed."""
    model = Sequential()
    model.add(Conv2D(32, (3, 3), activation="relu", input_shape=input_shape))
    model.add(MaxPooling2D((2, 2)))
    model.add(Conv2D(64, (3, 3), activation="relu"))
    model.add(MaxPooling2D((2, 2)))
    model.add(Conv2D(128, (3, 3), activation="relu"))
    model.add(MaxPooling2D((2, 2)))
    model.add(Flatten())
    model.add(LSTM(128, return_sequences=True))
    model.add(Dropout(0.5))
    model.add(LSTM(128))
    model.add(Dense(CLASSES, activation="softmax"))
    return model


def lstm_only(input_shape: tuple[int, ...]) -> Sequential:
    """Two recurrent layers on features."""
    model = Sequential()
    model.add(LSTM(128, return_sequences=True, input_shape=input_shape))
    model.add(Dropout(0.5))
    model.add(LSTM(128))
    model.add(Dense(CLASSES, activation="softmax"))
    return model


def compile_as_scripts_do(model: Sequential) -> None:
    """With the old name of the learning rate, which is still taken."""
    with pytest.warns(DeprecationWarning, match="lr"):
        optimizer = Adam(lr=0.001)
    model.compile(optimizer=optimizer, loss="categorical_crossentropy", metrics=["accuracy"])


def test_the_program_runs_to_its_end(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    kinema.utils.set_random_seed(0)
    sequences = windows_of(frames_of(video))
    assert sequences.shape == (7, LENGTH, SIDE, SIDE, 3)
    samples = len(sequences)
    rng = np.random.default_rng(0)
    x_train, x_test = sequences[: int(samples * 0.8)], sequences[int(samples * 0.8) :]
    y_train = rng.integers(CLASSES, size=(len(x_train), CLASSES))
    y_test = rng.integers(CLASSES, size=(len(x_test), CLASSES))

    model = cnn_lstm((LENGTH, SIDE, SIDE, 3))
    compile_as_scripts_do(model)
    with pytest.warns(UserWarning, match="sum to 1") as warned:
        model.fit(x_train, y_train, batch_size=32, epochs=2, verbose=1, validation_split=0.1)
    assert len(warned) == 1
    assert "Epoch 2/2" in capsys.readouterr().out
    model.save("cnn_lstm_model.h5")

    loaded = load_model("cnn_lstm_model.h5")
    with pytest.warns(UserWarning, match="sum to 1"):
        loss, accuracy = loaded.evaluate(x_test, y_test, verbose=0)
    assert np.isfinite(loss)
    predictions = loaded.predict(x_test, verbose=0)
    np.testing.assert_array_equal(predictions, model.predict(x_test, verbose=0))
    expected = np.mean(categorical_accuracy(y_test, predictions))
    assert accuracy == pytest.approx(float(expected))


def test_the_lstm_only_model_trains_on_features_and_explains_itself_on_frames() -> None:
    kinema.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    model = lstm_only((LENGTH, 48))
    compile_as_scripts_do(model)
    labels = rng.integers(CLASSES, size=20)
    x = rng.normal(size=(20, LENGTH, 48)).astype("float32") + np.eye(48, dtype="float32")[labels][:, None] * 3
    history = model.fit(x, np.eye(CLASSES)[labels], batch_size=32, epochs=12, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    with pytest.raises(ShapeError, match=r"TimeDistributed\(Flatten\(\)\)"):
        lstm_only((LENGTH, SIDE, SIDE, 3))


def test_the_image_generator_is_there(video: Path) -> None:
    frames = np.array(frames_of(video)[:4])
    generator = ImageDataGenerator(rescale=1 / 255, horizontal_flip=True, width_shift_range=0.1)
    images, labels = next(generator.flow(frames, np.arange(4), batch_size=4, shuffle=False, seed=1))
    assert images.shape == frames.shape
    assert images.max() <= 1.0
    np.testing.assert_array_equal(labels, np.arange(4))
