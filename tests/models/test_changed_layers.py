"""Layers that are changed after a model has run: the next run is that of the layers as they are now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers


def _twice_relu(x: Any) -> Any:
    return 2.0 * kinema.ops.relu(x)


def _dense() -> list[Any]:
    return [layers.Dense(6, activation="relu"), layers.Dense(5, activation="tanh"), layers.Dense(3)]


def _convolutions() -> list[Any]:
    return [layers.Conv2D(4, 3, activation="relu"), layers.Conv2D(4, 1, activation="relu"), layers.Conv2D(4, 3)]


def _pooled() -> list[Any]:
    return [layers.Conv2D(4, 3, activation="relu"), layers.MaxPooling2D(), layers.Conv2D(4, 3), layers.MaxPooling2D()]


def _normalised() -> list[Any]:
    return [
        layers.Conv2D(4, 3),
        layers.BatchNormalization(),
        layers.Activation("relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(4, 3),
    ]


def _recurrent() -> list[Any]:
    return [layers.LSTM(4, return_sequences=True), layers.GRU(3, return_sequences=True), layers.SimpleRNN(3)]


LINES: dict[str, tuple[tuple[int, ...], Callable[[], list[Any]]]] = {
    "dense": ((4,), _dense),
    "convolutions": ((12, 12, 3), _convolutions),
    "pooled": ((12, 12, 3), _pooled),
    "pooled clips": ((2, 12, 12, 3), _pooled),
    "recurrent": ((5, 4), _recurrent),
    "normalised": ((12, 12, 3), _normalised),
}


def _sequential(shape: tuple[int, ...], line: list[Any]) -> Any:
    return kinema.Sequential([layers.Input(shape), *line])


def _functional(shape: tuple[int, ...], line: list[Any]) -> Any:
    entry: Any = layers.Input(shape)
    tensor = entry
    for layer in line:
        tensor = layer(tensor)
    return kinema.Model(entry, tensor)


def _one_by_one(model: Any, x: Any, training: bool) -> Any:
    for layer in model.running_layers:
        x = x if isinstance(layer, layers.InputLayer) else layer(x, training=training)
    return x.numpy()


@pytest.mark.parametrize("make", [_sequential, _functional])
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", LINES)
def test_an_activation_that_is_replaced_counts_at_once(name: str, training: bool, make: Any) -> None:
    shape, line = LINES[name]
    x = np.random.default_rng(0).normal(size=(3, *shape)).astype("float32")
    for position in range(len(line())):
        model = make(shape, line())
        layer = [one for one in model.layers if not isinstance(one, layers.InputLayer)][position]
        if not hasattr(layer, "activation"):
            continue
        before = model(x, training=training).numpy()
        layer.activation = kinema.activations.relu if name == "recurrent" else _twice_relu
        after = model(x, training=training).numpy()
        np.testing.assert_allclose(after, _one_by_one(model, x, training), rtol=2e-5, atol=2e-6)
        assert np.abs(after - before).max() > 1e-3


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", ["dense", "convolutions", "pooled clips", "normalised"])
def test_an_activation_that_is_taken_away_counts_as_linear(name: str, training: bool) -> None:
    shape, line = LINES[name]
    x = np.random.default_rng(0).normal(size=(3, *shape)).astype("float32")
    for position in range(len(line())):
        model = _sequential(shape, line())
        layer = model.layers[position]
        if not isinstance(layer, (layers.Dense, layers.Conv2D)):
            continue
        layer.activation = None
        found = model(x, training=training).numpy()
        again = kinema.models.clone_model(model)
        again.set_weights(model.get_weights())
        layer.activation = kinema.activations.linear
        np.testing.assert_array_equal(found, model(x, training=training).numpy())
        np.testing.assert_array_equal(found, again(x, training=training).numpy())


def test_a_setting_of_a_layer_inside_a_model_in_the_model_counts() -> None:
    inner = _sequential((4,), _dense())
    model = _sequential((4,), [layers.Dense(4, activation="relu"), inner])
    x = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    model.predict(x, verbose=0)
    inner.layers[0].activation = _twice_relu
    np.testing.assert_allclose(model.predict(x, verbose=0), _one_by_one(model, x, False), rtol=2e-5)


class _Remembering(layers.Dense):
    def call(self, inputs: Any) -> Any:
        self.last = inputs
        return super().call(inputs)


def test_what_is_no_setting_makes_no_new_plan() -> None:
    model = _sequential((4,), [_Remembering(4), layers.Dropout(0.5), layers.Dense(2)])
    model.compile("adam", "mse")
    plan = model.plan
    layers.Dense(3, activation="relu")
    model.layers[0].trainable = False
    model.fit(np.ones((8, 4), "float32"), np.ones((8, 2), "float32"), batch_size=4, epochs=2, verbose=0)
    assert model.plan is plan
    model.layers[1].rate = 0.25
    assert model.plan is not plan
