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
