"""Frames that windows share are computed once, with the same results."""

import numpy as np
import pytest

import kinema
from kinema import layers


def _windows(frames: np.ndarray, length: int) -> np.ndarray:
    return kinema.video.convert_frames_to_sequence(frames, length)


def _model(recurrent: layers.Layer, dropout: bool = False) -> kinema.Sequential:
    line = [
        layers.Input((6, 12, 12, 3)),
        layers.Rescaling(1 / 255),
        layers.Conv2D(4, 3, activation="relu"),
        layers.MaxPooling2D(2),
        *([layers.Dropout(0.5)] if dropout else []),
        layers.Flatten(),
        recurrent,
        layers.Dense(3, activation="softmax"),
    ]
    return kinema.Sequential(line)


@pytest.fixture
def windows() -> np.ndarray:
    frames = np.random.default_rng(1).integers(0, 255, (14, 12, 12, 3), dtype=np.uint8)
    return _windows(frames, 6)


@pytest.mark.parametrize("recurrent", [layers.LSTM, layers.GRU, layers.SimpleRNN])
def test_predictions_are_the_same_bits(windows: np.ndarray, recurrent: type) -> None:
    model = _model(recurrent(5))
    np.testing.assert_array_equal(model.predict(windows, verbose=0), model.predict(np.array(windows), verbose=0))


def test_each_distinct_frame_is_convolved_once(windows: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    model = _model(layers.LSTM(5))
    seen: list[int] = []
    original = kinema.ops.conv2d_chain
    monkeypatch.setattr(kinema.ops, "conv2d_chain", lambda x, *a, **k: seen.append(x.shape[0]) or original(x, *a, **k))
    model.predict_on_batch(windows)
    assert seen == [14]


@pytest.mark.parametrize("dropout", [False, True])
def test_training_agrees_with_the_plain_path(windows: np.ndarray, dropout: bool) -> None:
    y = np.eye(3)[np.arange(len(windows)) % 3]
    results = []
    for x in (windows, np.array(windows)):
        kinema.utils.set_random_seed(3)
        model = _model(layers.LSTM(5), dropout)
        model.compile(kinema.optimizers.SGD(0.1), "categorical_crossentropy")
        model.fit(x, y, epochs=2, batch_size=4, verbose=0)
        results.append(model.get_weights())
    for shared, plain in zip(*results, strict=True):
        np.testing.assert_allclose(shared, plain, rtol=2e-4, atol=2e-6)


def test_fit_touches_no_more_than_a_batch_of_a_huge_view() -> None:
    """A view of 4 million windows over a few frames: gathering or casting it whole would need terabytes."""
    frame = np.random.default_rng(0).integers(0, 255, (8, 12, 12, 3), dtype=np.uint8)
    strides = (0, *frame[:6].strides)
    huge = np.lib.stride_tricks.as_strided(frame, (4_000_000, 6, 12, 12, 3), strides, writeable=False)
    labels = np.broadcast_to(np.int64(1), (4_000_000,))
    model = _model(layers.LSTM(4))
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(huge, labels, batch_size=4, steps_per_epoch=2, verbose=0, shuffle=False)
    assert model.steps_trained == 2
