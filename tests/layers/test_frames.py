"""Layers that work on frames: what they refuse, and with what words."""

from __future__ import annotations

import numpy as np
import pytest

from kinema import layers
from kinema.errors import ArgumentError, ShapeError
from kinema.layers import Layer

FRAME_LAYERS = [
    layers.Conv2D(2, 3),
    layers.MaxPooling2D(),
    layers.AveragePooling2D(2),
    layers.GlobalMaxPooling2D(),
    layers.GlobalAveragePooling2D(),
    layers.ZeroPadding2D(),
    layers.Cropping2D(1),
    layers.UpSampling2D(),
    layers.SpatialDropout2D(0.5),
]
SIZED_LAYERS = [layers.Resizing(3, 4), layers.CenterCrop(3, 4)]


@pytest.mark.parametrize("layer", FRAME_LAYERS + SIZED_LAYERS, ids=lambda layer: type(layer).__name__)
def test_wrong_ranks_say_what_to_do(layer: Layer) -> None:
    assert layer.frame_rank == 4
    expected = r"expected frames of shape \(batch, height, width, channels\), got an input of shape "
    with pytest.raises(ShapeError, match=expected + r"\(None, 2, 8, 8, 3\): for clips .* wrap the layer in TimeDist"):
        layer(np.zeros((1, 2, 8, 8, 3), "float32"))
    with pytest.raises(ShapeError, match=expected + r"\(None, 8, 8\): single-channel frames need a channel axis"):
        layer(np.zeros((1, 8, 8), "float32"))
    with pytest.raises(ShapeError, match=expected):
        layer.compute_output_shape((None, 8))


@pytest.mark.parametrize("layer", FRAME_LAYERS, ids=lambda layer: type(layer).__name__)
def test_open_lengths_stay_open(layer: Layer) -> None:
    shape = layer.compute_output_shape((None, None, None, 3))
    assert all(length is None for length in shape[1:-1]) or len(shape) == 2


def test_channels_first_is_refused_with_the_way_out() -> None:
    with pytest.raises(ArgumentError) as caught:
        layers.Conv2D(2, 3, data_format="channels_first", name="c")
    assert str(caught.value) == (
        "layer 'c' (Conv2D): data_format='channels_first' is not supported, frames are (height, width, channels): "
        "leave data_format out and move the channel axis of the data to the end, as numpy.moveaxis(frames, -3, -1) does"
    )


def test_conv_arguments() -> None:
    with pytest.raises(ArgumentError, match="kernel_size is a positive integer or a pair of them, not 'three'"):
        layers.Conv2D(2, "three")
    with pytest.raises(ArgumentError, match="strides is a positive integer, not 0"):
        layers.Conv2D(2, 3, strides=0)
    with pytest.raises(ArgumentError, match="padding is one of 'valid', 'same', not 'full'"):
        layers.Conv2D(2, 3, padding="full")
    with pytest.raises(ArgumentError, match="3 filters cannot be divided into 2 groups"):
        layers.Conv2D(3, 3, groups=2)
    with pytest.raises(ArgumentError, match=r"strides=\(2, 2\) and dilation_rate=\(3, 3\) cannot both exceed 1"):
        layers.Conv2D(2, 3, strides=2, dilation_rate=3)


def test_conv_inputs() -> None:
    with pytest.raises(ShapeError, match="5 channels cannot be divided into 2 groups"):
        layers.Conv2D(2, 3, groups=2)(np.zeros((1, 4, 4, 5), "float32"))
    with pytest.raises(ShapeError, match=r"the number of channels \(axis -1\) must be known"):
        layers.Conv2D(2, 3).build((None, 4, 4, None))
    layer = layers.Conv2D(2, 3, name="c")
    layer(np.zeros((1, 4, 4, 3), "float32"))
    with pytest.raises(ShapeError, match=r"layer 'c' \(Conv2D\): expected 3 channels on the last axis, as when it was"):
        layer(np.zeros((1, 4, 4, 1), "float32"))


@pytest.mark.parametrize("layer", [layers.Conv2D(2, 5), layers.MaxPooling2D(5)], ids=["conv", "pooling"])
def test_a_window_that_does_not_fit(layer: Layer) -> None:
    with pytest.raises(ShapeError, match="4"):
        layer.compute_output_shape((None, 4, 4, 3))


@pytest.mark.parametrize(
    ("padding", "edges"),
    [(1, ((1, 1), (1, 1))), ((1, 2), ((1, 1), (2, 2))), ([[0, 1], [2, 3]], ((0, 1), (2, 3)))],
)
def test_padding_spellings(padding: object, edges: object) -> None:
    assert layers.ZeroPadding2D(padding).padding == edges


@pytest.mark.parametrize("padding", [-1, (1, 2, 3), "same", ((1, 2), 3.5), ((1, -2), (0, 0))])
def test_bad_padding(padding: object) -> None:
    with pytest.raises(ArgumentError, match="padding is a number of rows and columns, a pair of numbers, or"):
        layers.ZeroPadding2D(padding)


def test_reshape() -> None:
    assert layers.Reshape((-1, 2)).compute_output_shape((None, None, 4)) == (None, None, 2)
    with pytest.raises(
        ShapeError, match=r"a sample of shape \(3, 5\) with 15 numbers does not fill target_shape \(4, 4\)"
    ):
        layers.Reshape((4, 4))(np.zeros((2, 3, 5), "float32"))
    with pytest.raises(ShapeError, match="does not fill"):
        layers.Reshape((-1, 4))(np.zeros((2, 3, 5), "float32"))
    with pytest.raises(ArgumentError, match="target_shape is a tuple of lengths without the batch axis"):
        layers.Reshape((-1, -1))


def test_flatten() -> None:
    assert layers.Flatten().compute_output_shape((None, None, 3)) == (None, None)
    assert layers.Flatten()(np.zeros((3,), "float32")).shape == (3, 1)
    assert layers.Flatten()(np.zeros((0, 2, 3), "float32")).shape == (0, 6)


def test_dense() -> None:
    with pytest.raises(
        ShapeError, match=r"layer 'd' \(Dense\): expected \(batch, ..., features\), got an input of shape"
    ):
        layers.Dense(2, name="d")(np.zeros((3,), "float32"))
    layer = layers.Dense(2, name="d")
    layer(np.zeros((3, 4), "float32"))
    with pytest.raises(
        ShapeError, match=r"layer 'd' \(Dense\): expected 4 features on the last axis, as when it was built"
    ):
        layer(np.zeros((3, 5), "float32"))


def test_aliases() -> None:
    assert layers.Convolution2D is layers.Conv2D
    assert layers.MaxPool2D is layers.MaxPooling2D
    assert layers.AvgPool2D is layers.AveragePooling2D
    assert layers.GlobalMaxPool2D is layers.GlobalMaxPooling2D
    assert layers.GlobalAvgPool2D is layers.GlobalAveragePooling2D


@pytest.mark.parametrize("scale", [None, "1/255", float("nan")])
def test_rescaling_by_what_is_no_number(scale: object) -> None:
    with pytest.raises(ArgumentError, match="scale is a finite number, or a list with one a channel, not"):
        layers.Rescaling(scale)
