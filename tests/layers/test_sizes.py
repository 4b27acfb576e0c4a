"""Cropping, padding, repeating, resizing: values against NumPy, and what is refused with what words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers
from kinema.errors import ArgumentError, ShapeError

FRAMES = np.random.default_rng(0).normal(size=(2, 6, 8, 3)).astype("float32")
STEPS = FRAMES[:, :, :, 0]


@pytest.mark.parametrize(
    ("layer", "inputs", "expected"),
    [
        (layers.Cropping1D((2, 1)), STEPS, STEPS[:, 2:-1]),
        (layers.Cropping1D(0), STEPS, STEPS),
        (layers.Cropping2D(((1, 2), (0, 3))), FRAMES, FRAMES[:, 1:-2, :-3]),
        (layers.Cropping2D((1, 2)), FRAMES, FRAMES[:, 1:-1, 2:-2]),
        (layers.ZeroPadding1D((2, 1)), STEPS, np.pad(STEPS, ((0, 0), (2, 1), (0, 0)))),
        (layers.ZeroPadding2D((1, 2)), FRAMES, np.pad(FRAMES, ((0, 0), (1, 1), (2, 2), (0, 0)))),
        (layers.UpSampling1D(3), STEPS, STEPS.repeat(3, 1)),
        (layers.UpSampling2D((2, 3)), FRAMES, FRAMES.repeat(2, 1).repeat(3, 2)),
        (layers.CenterCrop(3, 5), FRAMES, FRAMES[:, 1:4, 1:6]),
        (layers.CenterCrop(12, 16), FRAMES, kinema.ops.image.resize(FRAMES, (12, 16)).numpy()),
        (layers.Resizing(3, 4, "area"), FRAMES, FRAMES.reshape(2, 3, 2, 4, 2, 3).mean((2, 4))),
        (layers.Resizing(6, 8, "bicubic"), FRAMES, FRAMES),
        (layers.Resizing(3, 4, "nearest"), FRAMES, FRAMES[:, 1::2, 1::2]),
        (layers.Resizing(3, 3, crop_to_aspect_ratio=True), FRAMES,
         FRAMES[:, :, 1:7].reshape(2, 3, 2, 3, 2, 3).mean((2, 4))),
        (layers.Resizing(8, 8, pad_to_aspect_ratio=True, fill_value=9), FRAMES,
         np.pad(FRAMES, ((0, 0), (1, 1), (0, 0), (0, 0)), constant_values=9)),
        (layers.Permute((3, 1, 2)), FRAMES, FRAMES.transpose(0, 3, 1, 2)),
        (layers.RepeatVector(4), STEPS[:, 0], np.stack([STEPS[:, 0]] * 4, axis=1)),
    ],
    ids=lambda value: value.name if isinstance(value, layers.Layer) else "",
)  # fmt: skip
def test_values(layer: Any, inputs: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(layer(inputs).numpy(), expected, rtol=1e-5, atol=1e-6)


def test_bilinear_interpolation_between_the_centres_of_pixels() -> None:
    length, factor = FRAMES.shape[2], 3
    places = (np.arange(length * factor) + 0.5) / factor - 0.5
    row = FRAMES[0, 0, :, 0]
    larger = layers.UpSampling2D((1, factor), interpolation="bilinear")(FRAMES).numpy()
    np.testing.assert_allclose(larger[0, 0, :, 0], np.interp(places, np.arange(length), row), rtol=1e-5, atol=1e-6)


def test_a_pixel_that_is_not_finite_stays_where_it_is() -> None:
    frames = FRAMES.copy()
    frames[0, 0, 0] = np.inf
    for interpolation in ("bilinear", "bicubic", "area", "lanczos3"):
        resized = layers.Resizing(12, 16, interpolation)(frames).numpy()
        assert np.isfinite(resized[:, 8:, 10:]).all()
        assert np.isfinite(resized[1]).all()


def test_antialiasing_sees_every_pixel() -> None:
    stripes = np.zeros((1, 16, 16, 1), "float32")
    stripes[:, ::4] = 4
    aliased, smooth = (layers.Resizing(4, 4, antialias=on)(stripes).numpy()[0, 1:3] for on in (False, True))
    np.testing.assert_array_equal(aliased, 0)
    np.testing.assert_allclose(smooth, 1, atol=0.01)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Cropping1D(-1), "cropping is a number of steps or a pair .at the beginning, at the end."),
        (lambda: layers.ZeroPadding1D((1, 2, 3)), r"padding is a number of steps or a pair .* not \(1, 2, 3\)"),
        (lambda: layers.Cropping2D((1, -2)), r"cropping is a number of rows and columns, .* not \(1, -2\)"),
        (lambda: layers.UpSampling1D(0), "size is a positive integer, not 0"),
        (lambda: layers.UpSampling2D(2.5), "size is a positive integer or a pair of them, not 2.5"),
        (lambda: layers.UpSampling2D(2, interpolation="fast"), "interpolation is one of 'nearest', 'bilinear'"),
        (lambda: layers.Resizing(0, 3), "height is a positive integer, not 0"),
        (lambda: layers.Resizing(2, 3, "cubic"), "interpolation is one of 'nearest', .* not 'cubic'"),
        (lambda: layers.Resizing(2, 3, fill_mode="wrap"), "fill_mode is one of 'constant', not 'wrap'"),
        (lambda: layers.Resizing(2, 3, fill_value="black"), "fill_value is a number, not 'black'"),
        (lambda: layers.Resizing(2, 3, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True), "exclude each other"),
        (lambda: layers.CenterCrop(3, "wide"), "width is a positive integer, not 'wide'"),
        (lambda: layers.Permute((0, 1)), r"each once, counted from 1, not \(0, 1\)"),
        (lambda: layers.RepeatVector(1.5), "n is a positive integer, not 1.5"),
        (lambda: kinema.ops.image.resize(FRAMES, 3), r"size is a pair of positive integers \(height, width\), not 3"),
        (lambda: kinema.ops.image.resize(FRAMES, (2, 2), "cubic"), "interpolation is one of 'nearest', .* not 'cubic'"),
        (lambda: kinema.ops.image.resize(FRAMES, (2, 2), fill_mode="wrap"), "fill_mode is 'constant', not 'wrap'"),
        (lambda: kinema.ops.image.resize(FRAMES, (2, 2), data_format="channels_first"), "move the channel axis"),
        (
            lambda: kinema.ops.image.resize(FRAMES, (2, 2), crop_to_aspect_ratio=True, pad_to_aspect_ratio=True),
            "exclude each other",
        ),
    ],
)
def test_arguments(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (layers.Cropping1D((2, 1)), (1, 3, 2), r"cropping=\(2, 1\) leaves nothing of an input of shape \(None, 3, 2\)"),
        (layers.Cropping2D(2), (1, 4, 9, 2), "leaves nothing of an input of shape .*: take away less"),
        (layers.Cropping1D(1), (1, 3), r"expected \(batch, time, features\), got an input of shape"),
        (layers.UpSampling1D(2), (1, 2, 4, 4, 3), "put GlobalAveragePooling2D or Flatten before it"),
        (layers.SpatialDropout1D(0.5), (1, 3), r"expected \(batch, time, features\), got an input of shape"),
        (layers.Permute((2, 1)), (1, 3), r"dims=\(2, 1\) orders 2 axes behind the batch's, got an input of shape"),
        (layers.RepeatVector(2), (1, 3, 4), r"expected \(batch, features\), got an input of shape \(None, 3, 4\)"),
        (layers.Resizing(2, 2), (1, 0, 4, 3), r"images of shape \(1, 0, 4, 3\) have no pixels"),
    ],
)
def test_inputs(layer: Any, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        layer(np.zeros(shape, "float32"))


def test_an_image_without_channels_cannot_be_resized() -> None:
    with pytest.raises(ShapeError, match=r"images are \(..., height, width, channels\), got 2 axes"):
        kinema.ops.image.resize(np.zeros((4, 4), "float32"), (2, 2))


def test_frames_of_clips_are_resized_one_by_one() -> None:
    clips = np.stack([FRAMES, FRAMES + 1], axis=1)
    model = kinema.Sequential([layers.Input(clips.shape[1:]), layers.Resizing(4, 5), layers.CenterCrop(2, 2)])
    each = layers.CenterCrop(2, 2)(layers.Resizing(4, 5)(FRAMES)).numpy()
    np.testing.assert_allclose(model.predict(clips, verbose=0), np.stack([each, each + 1], axis=1), rtol=1e-5)
