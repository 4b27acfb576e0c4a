"""Random models beside real Keras: what they predict, what a step of training changes, what they are worth."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers

keras: Any = pytest.importorskip("keras")
# TensorFlow converts its variables in a way that NumPy 2 deprecates.
pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")]

CLASSES, RATE = 3, 2**-7
ACTIVATIONS = ("linear", "relu", "relu", "tanh", "sigmoid", "elu", "silu", "gelu", "softplus")


class _Maker:
    """Draws the parts of a model."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.clips = self.chance(0.5)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def one(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    def penalty(self) -> Any:
        return kinema.regularizers.L1L2(2**-7, 2**-6) if self.chance(0.3) else None

    def on_frames(self, layer: Any) -> Any:
        return layers.TimeDistributed(layer) if self.clips else layer

    def convolution(self, **settings: Any) -> Any:
        return layers.Conv2D(
            8,
            self.one(1, 3, 3, 5, (1, 3)),
            padding="same",
            activation=self.one(*ACTIVATIONS),
            use_bias=self.chance(0.7),
            kernel_regularizer=self.penalty(),
            **settings,
        )

    def run_of_frames(self) -> list[Any]:
        """A convolution and what people put behind one."""
        run = [self.convolution(strides=self.one(1, 1, 2), groups=self.one(1, 1, 1, 2))]
        if self.chance(0.4):
            run.append(layers.BatchNormalization(momentum=0.75))
        if self.chance(0.4):
            run.append(self.one(layers.Activation(self.one(*ACTIVATIONS)), layers.ReLU(), layers.LeakyReLU(0.125)))
        if self.chance(0.5):
            pooling = self.one(layers.MaxPooling2D, layers.MaxPooling2D, layers.AveragePooling2D)
            run.append(pooling(self.one(2, 2, (2, 1)), padding=self.one("valid", "same")))
        return run

    def branch(self, tensor: Any) -> Any:
        """Two ways that meet again."""
        joined = self.one(layers.Add, layers.Multiply, layers.Maximum, layers.Average, layers.Concatenate)()
        return joined([tensor, self.on_frames(self.convolution())(tensor)])

    def recurrent(self) -> list[Any]:
        cell = self.one(layers.LSTM, layers.GRU, layers.SimpleRNN)
        sequences = self.chance(0.5)
        layer = cell(5, return_sequences=sequences, go_backwards=self.chance(0.2), kernel_regularizer=self.penalty())
        pooling = self.one(layers.GlobalAveragePooling1D, layers.GlobalMaxPooling1D, layers.Flatten)
        return [layer, *([pooling()] if sequences else [])]

    def model(self) -> tuple[Any, tuple[int, ...]]:
        size = (self.random.randint(8, 14), self.random.randint(8, 14), self.one(4, 4, 16))
        shape = (self.random.randint(2, 4), *size) if self.clips else size
        entry: Any = layers.Input(shape)
        tensor = self.on_frames(layers.Conv2D(8, 3, padding="same"))(entry)
        for _ in range(self.random.randint(1, 2)):
            for layer in self.run_of_frames():
                tensor = self.on_frames(layer)(tensor)
            if self.chance(0.4):
                tensor = self.branch(tensor)
        end = self.one(layers.Flatten, layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D)()
        tensor = self.on_frames(end)(tensor)
        for layer in self.recurrent() if self.clips else []:
            tensor = layer(tensor)
        tensor = layers.Dense(7, activation=self.one(*ACTIVATIONS), activity_regularizer=self.penalty())(tensor)
        last = self.one("softmax", "sigmoid")
        return kinema.Model(entry, layers.Dense(CLASSES, activation=last)(tensor)), shape


def _agree(got: Any, expected: Any, tolerance: float) -> None:
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance * (1e-3 + np.abs(expected).max()))


@pytest.fixture(params=["fast", "exact"])
def _precision(request: pytest.FixtureRequest) -> Iterator[None]:
    before = kinema.get_precision()
    kinema.set_precision(request.param)
    yield
    kinema.set_precision(before)


def _with_statistics(weights: list[Any], rng: np.random.Generator) -> list[Any]:
    """The weights, of which those that begin as zeros or ones (biases, scales, moving statistics) are varied."""
    return [w + 0.25 * rng.random(w.shape, "float32") if w.min() == w.max() else w for w in weights]


@pytest.mark.usefixtures("_precision")
@pytest.mark.parametrize("seed", range(12))
def test_a_random_model_agrees_with_keras(seed: int) -> None:
    kinema.utils.set_random_seed(seed)
    maker, rng = _Maker(seed), np.random.default_rng(seed)
    ours, shape = maker.model()
    ours.set_weights(_with_statistics(ours.get_weights(), rng))
    theirs = keras.models.model_from_json(ours.to_json())
    theirs.set_weights(ours.get_weights())
    loss = maker.one("categorical_crossentropy", "binary_crossentropy", "mse")
    for library, model in ((kinema, ours), (keras, theirs)):
        optimizer = library.optimizers.SGD(RATE, momentum=0.5, nesterov=True)
        model.compile(optimizer, loss, weighted_metrics=["accuracy"])
    x = rng.normal(size=(7, *shape)).astype("float32")
    y = np.eye(CLASSES, dtype="float32")[rng.integers(0, CLASSES, 7)]
    mine, other = (model.predict(x, batch_size=3, verbose=0) for model in (ours, theirs))
    _agree(mine, other, 1e-4)
    weights = {"sample_weight": rng.random(7, "float32") + 0.5} if maker.chance(0.5) else {}
    mine, other = (
        model.fit(x, y, batch_size=4, shuffle=False, verbose=0, **weights).history for model in (ours, theirs)
    )
    assert mine.keys() == other.keys()
    _agree(mine["loss"], other["loss"], 1e-3)
    for mine, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        _agree(mine, other, 2e-3)
    mine, other = (model.evaluate(x, y, batch_size=3, verbose=0, return_dict=True) for model in (ours, theirs))
    assert mine == pytest.approx(other, rel=2e-3)
