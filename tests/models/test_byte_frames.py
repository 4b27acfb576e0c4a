"""Frames of bytes go straight into the first convolution, with the bits of the layers one by one."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import _rust, layers
from kinema.layers import TimeDistributed
from kinema.models.byte_frames import ByteConvolution

RNG = np.random.default_rng(7)
SIZE = (14, 13, 3)
PIXELS = RNG.random(SIZE)
CONVERSIONS: dict[str, Callable[[], list[Any]]] = {
    "none": list,
    "rescaling": lambda: [layers.Rescaling(1 / 127.5, -1)],
    "rescaling a channel": lambda: [layers.Rescaling([0.01, 0.02, 0.03], [0.5, -0.5, 0.1])],
    "normalization": lambda: [layers.Normalization(mean=[100.0, 90.0, 80.0], variance=[900.0, 800.0, 700.0])],
    "small deviation": lambda: [layers.Normalization(mean=[3.0, 2.0, 1.0], variance=[0.04, 0.0, 9.0])],
    "inverted": lambda: [layers.Normalization(mean=[3.0, 2.0, 1.0], variance=[0.04, 0.03, 9.0], invert=True)],
    "a pixel": lambda: [layers.Normalization(axis=(-3, -2, -1), mean=99 * PIXELS, variance=1 + 99 * PIXELS)],
    "both": lambda: [
        layers.Rescaling(1 / 255),
        layers.Normalization(mean=[0.485, 0.456, 0.406], variance=[0.05, 0.05, 0.05]),
    ],
}
CONVOLUTIONS: dict[str, Callable[[], list[Any]]] = {
    "plain": lambda: [layers.Conv2D(5, 3, padding="same", activation="tanh")],
    "pooled": lambda: [layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D(2)],
    "folded": lambda: [layers.Conv2D(6, 3, strides=2), layers.BatchNormalization(), layers.ReLU()],
    "chain": lambda: [layers.Conv2D(6, 3, groups=3), layers.Conv2D(4, 1, activation="gelu"), layers.MaxPooling2D(2)],
}


def _model(conversions: str, convolutions: str, clips: bool) -> kinema.Sequential:
    kinema.utils.set_random_seed(5)
    shape = (4, *SIZE) if clips else SIZE
    line = [layers.Input(shape), *CONVERSIONS[conversions](), *CONVOLUTIONS[convolutions](), layers.Flatten()]
    model = kinema.Sequential([*line, *([layers.LSTM(3)] if clips else []), layers.Dense(2)])
    model.compile("adam", "mse")
    return model


def _plainly(model: kinema.Sequential) -> kinema.Sequential:
    """The model with the steps of its plan that read bytes taken apart."""
    assert all(isinstance(steps[0], ByteConvolution) for steps in model.plan.byte_steps.values())
    model.plan.byte_steps = model.plan.steps
    return model


def _frames(clips: bool, count: int = 3) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, *((4,) if clips else ()), *SIZE), dtype=np.uint8)


@pytest.mark.parametrize("clips", [False, True], ids=["frames", "clips"])
@pytest.mark.parametrize("convolutions", CONVOLUTIONS)
@pytest.mark.parametrize("conversions", CONVERSIONS)
def test_the_bits_are_those_of_the_layers_one_by_one(conversions: str, convolutions: str, clips: bool) -> None:
    x, y = _frames(clips), RNG.random((3, 2), dtype="float32")
    results = []
    for change in (lambda model: model, _plainly):
        model = change(_model(conversions, convolutions, clips))
        predicted = model.predict(x, verbose=0)
        on_batch, loss = model.predict_on_batch(x), model.evaluate(x, y, verbose=0)
        model.fit(x, y, batch_size=2, epochs=2, verbose=0)
        results.append([predicted, on_batch, loss, model.train_on_batch(x, y), *model.get_weights()])
    for got, expected in zip(*results, strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("conversions", ["none", "both", "a pixel"])
def test_no_batch_of_numbers_is_made(conversions: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, x = _model(conversions, "pooled", clips=True), _frames(clips=True, count=64)
    y = np.zeros((64, 2), "float32")
    model.train_on_batch(x, y)
    model.predict_on_batch(x)

    def refuse(*_: Any) -> Any:
        raise AssertionError("bytes became an array of numbers")

    monkeypatch.setattr(_rust, "frames_to_float", refuse)
    for run in (lambda: model.train_on_batch(x, y), lambda: model.predict_on_batch(x)):
        tracemalloc.start()
        try:
            run()
            assert tracemalloc.get_traced_memory()[1] < x.size * 4  # NumPy's own arrays
        finally:
            tracemalloc.stop()


def test_windows_over_one_video_stay_bytes() -> None:
    frames = _frames(clips=False, count=12)
    windows = kinema.video.convert_frames_to_sequence(frames, 4)
    model = _model("both", "pooled", clips=True)
    expected = _plainly(_model("both", "pooled", clips=True)).predict(windows, verbose=0)
    np.testing.assert_array_equal(model.predict(windows, verbose=0), expected)


def test_only_bytes_take_the_steps_for_bytes() -> None:
    model = _model("both", "pooled", clips=True)
    model.plan.byte_steps = {}
    x = _frames(clips=True)
    expected = model.predict(x.astype(np.float32), verbose=0)
    for dtype in (np.float64, np.int64):
        np.testing.assert_array_equal(model.predict(x.astype(dtype), verbose=0), expected)


def test_double_precision_stays_double() -> None:
    model = kinema.Sequential(
        [layers.Input(SIZE), layers.Rescaling(1 / 255, dtype="float64"), layers.Conv2D(3, 3, dtype="float64")]
    )
    x = _frames(clips=False)
    first, second = model.layers
    np.testing.assert_array_equal(model.predict(x, verbose=0), second(first(x)).numpy())


def test_masks_pass_as_through_the_layers() -> None:
    line = [layers.Rescaling(1 / 255), TimeDistributed(layers.Conv2D(2, 3)), TimeDistributed(layers.Flatten())]
    model = kinema.Sequential([layers.Input((None, *SIZE)), *line, layers.LSTM(2)])
    x, mask = _frames(clips=True), np.bool_([[1, 1, 0, 0]] * 3)
    np.testing.assert_array_equal(model(x, mask=mask).numpy(), model(x[:, :2]).numpy())


@pytest.mark.parametrize(
    "line",
    [
        [layers.Rescaling(2.0), layers.Rescaling(2.0), layers.Conv2D(2, 3)],
        [layers.Normalization(), layers.Rescaling(2.0), layers.Conv2D(2, 3)],
        [layers.Rescaling(2.0, activity_regularizer="l2"), layers.Conv2D(2, 3)],
        [layers.Rescaling(2.0, dtype="float64"), layers.Conv2D(2, 3)],
        [layers.Rescaling(2.0), layers.Conv2D(2, 3, activity_regularizer="l2")],
        [layers.Rescaling(2.0), layers.Conv2D(2, 3, activation=lambda x: x * 2.0)],
        [layers.Rescaling(2.0), layers.MaxPooling2D(2), layers.Conv2D(2, 3)],
    ],
    ids=range(7),
)
def test_what_no_kernel_computes_runs_one_by_one(line: list[Any]) -> None:
    model = kinema.Sequential([layers.Input(SIZE), *line])
    assert not any(isinstance(steps[0], ByteConvolution) for steps in model.plan.byte_steps.values())
    expected: Any = _frames(clips=False)
    for layer in line:
        expected = layer(expected)
    np.testing.assert_array_equal(model.predict(_frames(clips=False), verbose=0), expected.numpy())


def test_constants_of_each_moment_run_one_by_one() -> None:
    normalization = layers.Normalization(axis=(1, -1), mean=RNG.random((4, 3)), variance=RNG.random((4, 3)) + 1)
    model = kinema.Sequential([layers.Input((4, *SIZE)), normalization, layers.Conv2D(2, 3)])
    x = _frames(clips=True)
    expected = model.running_layers[1](normalization(x)).numpy()
    np.testing.assert_array_equal(model.predict(x, verbose=0), expected)


def test_inverted_normalization_behind_rescaling_runs_one_by_one() -> None:
    line = [layers.Rescaling(0.1), layers.Normalization(mean=[1.0] * 3, variance=[4.0] * 3, invert=True)]
    model = kinema.Sequential([layers.Input(SIZE), *line, layers.Conv2D(2, 3)])
    x = _frames(clips=False)
    expected = model.layers[2](line[1](line[0](x))).numpy()
    np.testing.assert_array_equal(model.predict(x, verbose=0), expected)
