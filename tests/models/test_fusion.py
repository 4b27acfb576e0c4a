"""Neighbouring layers that run as one step, against the same layers one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers
from kinema.layers import TimeDistributed
from kinema.models.fusion import NormalizationRelu

_X = np.random.default_rng(0).normal(size=(6, 5, 4, 3)).astype("float32")


def _model(activation: layers.Layer, **settings: Any) -> kinema.Sequential:
    model = kinema.Sequential(
        [layers.Input(_X.shape[1:]), layers.BatchNormalization(**settings), activation, layers.Dense(2)]
    )
    rng = np.random.default_rng(1)
    model.set_weights([rng.uniform(-1.0, 1.0, weight.shape) ** 2 for weight in model.get_weights()])
    return model


def _fused(model: kinema.Sequential) -> list[NormalizationRelu]:
    return [step for step in model.plan.steps[True] if isinstance(step, NormalizationRelu)]


@pytest.mark.parametrize("trainable", [True, False])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("activation", [layers.ReLU, lambda: layers.Activation("relu")], ids=["ReLU", "Activation"])
def test_normalisation_and_relu_are_one_step_with_the_same_results(
    activation: Any, training: bool, trainable: bool
) -> None:
    fused, plain = _model(activation()), _model(activation())
    for model in (fused, plain):
        model.layers[0].trainable = trainable
    assert len(_fused(fused)) == 1
    with kinema.GradientTape() as tape:
        got = fused(_X, training=training)
        loss = kinema.ops.sum(got * got)
    gradients = tape.gradient(loss, fused.trainable_variables)
    with kinema.GradientTape() as tape:
        expected: Any = _X
        for layer in plain.running_layers:
            expected = layer(expected, training=training)
        loss = kinema.ops.sum(expected * expected)
    np.testing.assert_array_equal(got.numpy(), expected.numpy())
    for one, other in zip(gradients, tape.gradient(loss, plain.trainable_variables), strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-4, atol=1e-4)
    for one, other in zip(fused.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "activation",
    [
        lambda: layers.ReLU(max_value=6.0),
        lambda: layers.ReLU(negative_slope=0.1),
        lambda: layers.Activation("tanh"),
        lambda: layers.ReLU(activity_regularizer="l2"),
        lambda: layers.ReLU(dtype="float64"),
    ],
    ids=["max_value", "negative_slope", "tanh", "activity_regularizer", "dtype"],
)
def test_what_the_kernel_does_not_compute_stays_two_steps(activation: Any) -> None:
    assert not _fused(_model(activation()))


def test_a_mask_passes_through() -> None:
    model = kinema.Sequential(
        [layers.Input((4, 3)), layers.Masking(), layers.BatchNormalization(), layers.ReLU(), layers.LSTM(2)]
    )
    assert len(_fused(model)) == 1
    x = np.random.default_rng(2).normal(size=(3, 4, 3)).astype("float32")
    x[:, 2:] = 0.0
    expected: Any = x
    for layer in model.running_layers:
        expected = layer(expected, training=True)
    np.testing.assert_array_equal(model(x, training=True).numpy(), expected.numpy())


def test_wrapped_layers_fuse_inside_their_wrapper() -> None:
    model = kinema.Sequential(
        [layers.Input((4, 3)), TimeDistributed(layers.BatchNormalization()), TimeDistributed(layers.ReLU())]
    )
    steps = model.plan.steps[True]
    assert len(steps) == 1
    assert isinstance(steps[0], TimeDistributed)
    assert isinstance(steps[0].layer, NormalizationRelu)
    x = np.random.default_rng(3).normal(size=(6, 4, 3)).astype("float32")
    expected: Any = x
    for layer in model.running_layers:
        expected = layer(expected, training=True)
    np.testing.assert_array_equal(model(x, training=True).numpy(), expected.numpy())


def test_a_function_of_ones_own_that_is_called_relu_is_not_taken_for_relu() -> None:
    def relu(x: Any) -> Any:
        return kinema.ops.minimum(x, 0.5)

    frames = np.abs(np.random.default_rng(2).normal(size=(2, 8, 8, 1))).astype("float32")
    convolution = layers.Conv2D(4, 3, activation=relu, kernel_initializer="ones")
    model = kinema.Sequential([layers.Input((8, 8, 1)), convolution, layers.MaxPooling2D(2)])
    for training in (True, False):
        assert model(frames, training=training).numpy().max() == 0.5
