"""Layers that do nothing when a model predicts are left out of its plan."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers


def _names(model: kinema.Sequential, training: bool) -> list[str]:
    return [step.name for step in model.plan.steps[training]]


def _normal(*shape: int) -> Any:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype("float32")


def _one_by_one(model: kinema.Sequential, x: Any) -> Any:
    for layer in model.running_layers:
        x = layer(x, training=False)
    return x.numpy()


def test_a_dropout_parts_no_chain_of_dense_layers() -> None:
    model = kinema.Sequential(
        [
            layers.Input((4,)),
            layers.Dense(8, activation="relu", name="a"),
            layers.Dropout(0.5, name="dropout"),
            layers.Dense(3, name="b"),
        ]
    )
    assert _names(model, False) == ["a+b"]
    assert _names(model, True) == ["a", "dropout", "b"]
    x = _normal(5, 4)
    np.testing.assert_array_equal(model.predict(x, verbose=0), _one_by_one(model, x))
    assert (model(x, training=True).numpy() != model(x, training=False).numpy()).any()


@pytest.mark.parametrize("shape", [(20, 20, 3), (2, 20, 20, 3)], ids=["frames", "clips"])
def test_a_dropout_parts_no_chain_of_convolutions(shape: tuple[int, ...]) -> None:
    model = kinema.Sequential(
        [
            layers.Input(shape),
            layers.Conv2D(4, 3, activation="relu"),
            layers.Dropout(0.25),
            layers.Conv2D(4, 3),
            layers.Dropout(0.25),
            layers.BatchNormalization(),
        ]
    )
    assert len(_names(model, False)) == 1
    x = _normal(3, *shape)
    np.testing.assert_allclose(model.predict(x, verbose=0), _one_by_one(model, x), rtol=2e-5, atol=2e-6)


def test_a_mask_reaches_what_is_behind_a_dropout() -> None:
    model = kinema.Sequential(
        [layers.Input((None, 3)), layers.Masking(), layers.Dropout(0.5), layers.LSTM(2), layers.Dropout(0.5)]
    )
    x = _normal(2, 5, 3)
    x[:, 3:] = 0
    np.testing.assert_allclose(model.predict(x, verbose=0), model.predict(x[:, :3], verbose=0), rtol=1e-5)


def test_a_dropout_that_does_something_stays() -> None:
    class AlwaysDropout(layers.Dropout):
        def call(self, inputs: Any, training: bool = False) -> Any:
            return super().call(inputs, training=True)

    model = kinema.Sequential(
        [
            layers.Input((64,)),
            layers.Dense(64),
            AlwaysDropout(0.5, name="always"),
            layers.Dense(64),
            layers.Dropout(0.5, dtype="float64", name="wider"),
            layers.Dense(64),
            layers.Dropout(0.5, activity_regularizer="l2", name="paid"),
            layers.Dense(64),
            layers.Dropout(0.5, name="last"),
        ]
    )
    assert {"always", "wider", "paid", "last"} <= set(_names(model, False))
    x = _normal(2, 64)
    assert (model.predict(x, verbose=0) != model.predict(x, verbose=0)).any()


def test_a_dropout_stays_where_the_next_layer_would_see_bytes() -> None:
    class Halved(layers.Layer):
        accepts_integers = True

        def call(self, inputs: Any) -> Any:
            return kinema.ops.convert_to_tensor(inputs.numpy() // 2 if inputs.dtype == "uint8" else inputs.numpy() / 2)

    model = kinema.Sequential([layers.Input((3,)), layers.Dropout(0.5), Halved()])
    np.testing.assert_array_equal(model.predict(np.uint8([[1, 2, 3]]), verbose=0), [[0.5, 1.0, 1.5]])
