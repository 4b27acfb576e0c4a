"""Convolutions in a row, computed frame by frame when a model predicts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers, ops
from kinema.layers import TimeDistributed
from kinema.models.chaining import ConvolutionChain


def _mobile() -> list[Any]:
    return [
        layers.Conv2D(8, 3, strides=2, use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Conv2D(8, 3, padding="same", groups=8),
        layers.Conv2D(16, 1, activation="tanh"),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(2),
    ]


def _separable() -> list[Any]:
    return [
        layers.SeparableConv2D(8, 3, strides=2, use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.DepthwiseConv2D(3, padding="same", activation="relu"),
        layers.DepthwiseConv2D(3, depth_multiplier=2),
        layers.BatchNormalization(),
        layers.MaxPooling2D(2),
        layers.SeparableConv2D(16, 2, depth_multiplier=2, activation="tanh"),
    ]


def _chains(model: kinema.Sequential) -> list[ConvolutionChain]:
    inner = [step.layer if isinstance(step, TimeDistributed) else step for step in model.plan.steps[False]]
    return [step for step in inner if isinstance(step, ConvolutionChain)]


@pytest.mark.parametrize("shape", [(23, 21, 3), (3, 23, 21, 3)], ids=["frames", "clips"])
@pytest.mark.parametrize("batch", [1, 9])
@pytest.mark.parametrize("network", [_mobile, _separable])
def test_predictions_are_those_of_the_layers_one_by_one(network: Any, shape: tuple[int, ...], batch: int) -> None:
    model = kinema.Sequential([layers.Input(shape), *network(), layers.Flatten()])
    x = np.random.default_rng(1).normal(size=(batch, *shape)).astype("float32")
    (chain,) = _chains(model)
    assert len(chain.steps) == 4
    expected: Any = x
    for layer in model.running_layers:
        expected = layer(expected, training=False)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected.numpy(), rtol=2e-5, atol=2e-5)


def test_a_chain_keeps_its_prepared_weights_until_they_change() -> None:
    model = kinema.Sequential([layers.Input((23, 21, 3)), *_separable()])
    x = np.random.default_rng(1).normal(size=(2, 23, 21, 3)).astype("float32")
    (chain,) = _chains(model)
    before = model.predict_on_batch(x)
    made = chain._prepared._made
    model.predict_on_batch(x)
    assert chain._prepared._made is made
    kernel = model.layers[-1].depthwise_kernel
    kernel.assign(kernel.numpy() * 2)
    assert np.abs(model.predict_on_batch(x) - before).max() > 1e-3


@pytest.mark.parametrize("network", [_mobile, _separable])
def test_a_tape_gets_the_gradients_of_every_layer(network: Any) -> None:
    model = kinema.Sequential([layers.Input((23, 21, 3)), *network()])
    x = np.random.default_rng(2).normal(size=(2, 23, 21, 3)).astype("float32")
    before = model.predict(x, verbose=0)
    with kinema.GradientTape() as tape:
        outputs = model(x, training=False)
        loss = ops.sum(outputs * outputs)
    np.testing.assert_array_equal(outputs.numpy(), before)
    assert all(gradient is not None for gradient in tape.gradient(loss, model.trainable_weights))


def test_layers_that_do_more_than_convolve_end_a_chain() -> None:
    model = kinema.Sequential(
        [
            layers.Input((23, 21, 3)),
            layers.Conv2D(4, 3, activity_regularizer="l2"),
            layers.Conv2D(4, 3, activation=lambda x: ops.relu(x) * 2.0),
            layers.Conv2D(4, 3),
            layers.ZeroPadding2D(1),
            layers.Conv2D(4, 3),
        ]
    )
    assert not _chains(model)


def test_frames_too_small_for_a_later_link_name_the_sizes() -> None:
    links = [ops.ConvolutionLink(np.ones((3, 3, 1, 1), "float32")) for _ in range(3)]
    with pytest.raises(kinema.errors.ShapeError, match="conv2d"):
        ops.conv2d_chain(np.ones((1, 6, 6, 1), "float32"), links)
