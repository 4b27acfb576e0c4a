"""Normalisation folded into convolutions when a model only predicts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers
from kinema.layers import TimeDistributed
from kinema.models.folding import FoldedConvolution

_BLOCKS: dict[str, list[Any]] = {
    "convolution, normalisation": [lambda: layers.Conv2D(5, 3), layers.BatchNormalization],
    "without bias, ReLU": [
        lambda: layers.Conv2D(5, 3, use_bias=False, padding="same"),
        lambda: layers.BatchNormalization(scale=False),
        layers.ReLU,
    ],
    "Activation, pooling": [
        lambda: layers.Conv2D(6, 3, groups=3),
        lambda: layers.BatchNormalization(center=False),
        lambda: layers.Activation("relu"),
        lambda: layers.MaxPooling2D(2),
    ],
    "pooling alone": [lambda: layers.Conv2D(5, 3), layers.BatchNormalization, lambda: layers.MaxPooling2D(3)],
    "an activation that pooling cannot follow": [
        lambda: layers.Conv2D(5, 3, strides=2),
        layers.BatchNormalization,
        lambda: layers.Activation("tanh"),
        lambda: layers.MaxPooling2D(2),
    ],
}


def _model(block: str, shape: tuple[int, ...], dtype: str = "float64") -> kinema.Sequential:
    model = kinema.Sequential([layers.Input(shape), *(make() for make in _BLOCKS[block])])
    rng = np.random.default_rng(0)
    model.set_weights([rng.uniform(0.5, 2.0, weight.shape).astype(dtype) for weight in model.get_weights()])
    return model


def _folded(model: kinema.Sequential) -> list[FoldedConvolution]:
    inner = [step.layer if isinstance(step, TimeDistributed) else step for step in model.plan.steps[False]]
    return [step for step in inner if isinstance(step, FoldedConvolution)]


@pytest.mark.parametrize("shape", [(11, 12, 3), (4, 11, 12, 3)], ids=["frames", "clips"])
@pytest.mark.parametrize("block", _BLOCKS)
def test_predictions_are_those_of_the_layers_one_by_one(block: str, shape: tuple[int, ...]) -> None:
    model = _model(block, shape)
    x = np.random.default_rng(1).normal(size=(2, *shape)).astype("float32")
    assert len(_folded(model)) == 1
    expected: Any = x
    for layer in model.running_layers:
        expected = layer(expected, training=False)
    np.testing.assert_allclose(model.predict(x, verbose=0), expected.numpy(), rtol=2e-5, atol=2e-5)


def test_changed_weights_are_folded_again() -> None:
    model = _model("convolution, normalisation", (11, 12, 3))
    x = np.ones((1, 11, 12, 3), "float32")
    before = model.predict(x, verbose=0)
    model.layers[1].gamma.assign(2 * model.layers[1].gamma.numpy())
    model.layers[1].beta.assign(0 * model.layers[1].beta.numpy())
    first = model.predict(x, verbose=0)
    model.layers[1].gamma.assign(model.layers[1].gamma.numpy() / 2)
    np.testing.assert_allclose(first, 2 * model.predict(x, verbose=0), rtol=1e-5)
    assert not np.allclose(before, first)


def test_gradients_of_a_prediction_reach_every_weight() -> None:
    model = _model("Activation, pooling", (11, 12, 3))
    model.predict(np.ones((1, 11, 12, 3), "float32"), verbose=0)
    with kinema.GradientTape() as tape:
        loss = kinema.ops.sum(model(np.ones((1, 11, 12, 3), "float32"), training=False))
    gradients = tape.gradient(loss, model.trainable_weights)
    assert all(gradient is not None and np.any(gradient.numpy()) for gradient in gradients)


def test_other_axes_and_penalties_are_left_alone() -> None:
    shape = (11, 12, 3)
    model = kinema.Sequential([layers.Input(shape), layers.Conv2D(5, 3), layers.BatchNormalization(axis=1)])
    assert not _folded(model)
    model = kinema.Sequential(
        [layers.Input(shape), layers.Conv2D(5, 3, activity_regularizer="l2"), layers.BatchNormalization()]
    )
    assert not _folded(model)
    model = kinema.Sequential([layers.Input((4, *shape)), layers.Conv2D(5, 3), layers.BatchNormalization(axis=3)])
    assert not _folded(model)
