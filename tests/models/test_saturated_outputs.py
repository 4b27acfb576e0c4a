"""Sigmoid outputs that round to 0 or 1: losses see the logits behind them, in training and evaluation, as in Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers

LOGIT = 50.0


def _dense() -> list[Any]:
    return [layers.Dense(1, activation="sigmoid", kernel_initializer="ones")]


def _dense_chain() -> list[Any]:
    return [layers.Dense(1, activation="relu", kernel_initializer="ones"), *_dense()]


def _named_activation() -> list[Any]:
    return [layers.Dense(1, kernel_initializer="ones"), layers.Activation("sigmoid")]


def _convolution() -> list[Any]:
    return [layers.Conv2D(1, 1, activation="sigmoid", kernel_initializer="ones")]


def _convolutions() -> list[Any]:
    return [layers.Conv2D(1, 1, activation="relu", kernel_initializer="ones"), *_convolution()]


def _folded() -> list[Any]:
    return [
        layers.Conv2D(1, 1, kernel_initializer="ones", use_bias=False),
        layers.BatchNormalization(epsilon=0.0),
        layers.Activation("sigmoid"),
    ]


VECTOR, FRAME = (1,), (1, 1, 1)
MODELS = {
    "dense": (VECTOR, _dense),
    "chain of dense": (VECTOR, _dense_chain),
    "activation": (VECTOR, _named_activation),
    "convolution": (FRAME, _convolution),
    "chain of convolutions": (FRAME, _convolutions),
    "folded": (FRAME, _folded),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_loss_of_a_saturated_output_is_its_logit(name: str) -> None:
    shape, line = MODELS[name]
    model = kinema.Sequential([layers.Input(shape), *line()])
    model.compile(kinema.optimizers.SGD(0.0), "binary_crossentropy")
    x, y = np.full((2, *shape), LOGIT, "float32"), np.zeros((2, *shape), "float32")
    assert model.evaluate(x, y, verbose=0) == pytest.approx(LOGIT)
    assert model.test_on_batch(x, y) == pytest.approx(LOGIT)
    if name != "folded":  # a batch of equal values is normalised to 0
        assert model.train_on_batch(x, y) == pytest.approx(LOGIT)


@pytest.mark.parametrize("name", [name for name in MODELS if name != "folded"])
def test_a_saturated_output_still_learns(name: str) -> None:
    shape, line = MODELS[name]
    model = kinema.Sequential([layers.Input(shape), *line()])
    model.compile(kinema.optimizers.SGD(1.0), "binary_crossentropy")
    before = model.get_weights()[-1].copy()
    model.train_on_batch(np.full((2, *shape), LOGIT, "float32"), np.zeros((2, *shape), "float32"))
    np.testing.assert_allclose(model.get_weights()[-1], before - 1, rtol=1e-5)


PROBABILITIES = {
    "CategoricalCrossentropy": ("softmax", np.eye(3)[[0, 1, 2, 0]]),
    "SparseCategoricalCrossentropy": ("softmax", np.array([0, 1, 2, 0])),
    "BinaryCrossentropy": ("sigmoid", np.eye(3)[[0, 1, 2, 0]]),
}


def _outputs(name: str, activation: str | None) -> tuple[kinema.Sequential, np.ndarray, np.ndarray]:
    kinema.utils.set_random_seed(4)
    line = [layers.Dense(3, kernel_initializer="random_normal"), layers.Activation(activation or "linear")]
    model = kinema.Sequential([layers.Input((5,)), *line])
    return model, np.random.default_rng(0).normal(size=(4, 5)), PROBABILITIES[name][1]


@pytest.mark.parametrize("name", PROBABILITIES)
def test_logits_are_not_activated_twice(name: str) -> None:
    """A loss of logits behind an activation is that of the logits, with a warning a training, and so is a metric."""
    model, x, y = _outputs(name, PROBABILITIES[name][0])
    plain, _, _ = _outputs(name, None)
    for each in (model, plain):
        loss = getattr(kinema.losses, name)(from_logits=True)
        metric = getattr(kinema.metrics, name)(name="q", from_logits=True)
        each.compile(kinema.optimizers.SGD(0.01), loss, metrics=[metric])
    expected = plain.fit(x, y, batch_size=2, epochs=2, shuffle=False, verbose=0).history
    with pytest.warns(UserWarning, match="got from_logits=True") as said:
        history = model.fit(x, y, batch_size=2, epochs=2, shuffle=False, verbose=0).history
    assert len(said) == 1
    assert said[0].filename == __file__
    for name, values in history.items():
        assert values == pytest.approx(expected[name], rel=1e-6)
    assert history["q"] == pytest.approx(history["loss"], rel=1e-6)
    with pytest.warns(UserWarning, match="got from_logits=True"):
        assert model.evaluate(x, y, verbose=0) == pytest.approx(plain.evaluate(x, y, verbose=0), rel=1e-6)
    with pytest.warns(UserWarning, match="got from_logits=True"):
        value = model.loss(y, model(x))
    assert float(value) == pytest.approx(plain.evaluate(x, y, verbose=0)[0], rel=1e-6)


@pytest.mark.parametrize("name", PROBABILITIES)
def test_metrics_see_logits_as_losses_do(name: str) -> None:
    model, x, y = _outputs(name, PROBABILITIES[name][0])
    metric = getattr(kinema.metrics, name)()
    model.compile("sgd", metric.name, metrics=[metric, "crossentropy"] if name != "BinaryCrossentropy" else [metric])
    loss, *figures = model.evaluate(x * 100000, y, verbose=0)
    assert loss > 20
    assert figures == pytest.approx([loss] * len(figures), rel=1e-6)
