"""Activations, constraints, regularisers and the configs of initialisers against real Keras 3."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np
import pytest

from kinema import activations, constraints, initializers, regularizers, saving

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    keras: Any = pytest.importorskip("keras")

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore")]
X = np.random.default_rng(2).normal(size=(7, 6)) * 3


NAMES = (
    "linear relu relu6 leaky_relu elu selu softplus softsign silu gelu tanh sigmoid hard_sigmoid exponential softmax "
    "log_softmax celu glu hard_shrink hard_silu hard_swish hard_tanh log_sigmoid mish soft_shrink "
    "squareplus tanh_shrink"
)


@pytest.mark.parametrize("name", NAMES.split())
def test_activations(name: str) -> None:
    theirs = np.asarray(getattr(keras.activations, name)(keras.ops.convert_to_tensor(X)))
    np.testing.assert_allclose(np.asarray(getattr(activations, name)(X)), theirs, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    "settings",
    [{"threshold": 1.0}, {"threshold": 1.0, "negative_slope": 0.5, "max_value": 2.0}, {"max_value": 2.0}],
)
def test_relu_with_settings(settings: dict[str, float]) -> None:
    theirs = np.asarray(keras.activations.relu(keras.ops.convert_to_tensor(X), **settings))
    np.testing.assert_allclose(activations.relu(X, **settings).numpy(), theirs, rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("MaxNorm", {"max_value": 3.0}),
        ("MinMaxNorm", {"min_value": 2.0, "max_value": 3.0, "rate": 0.7, "axis": 1}),
        ("NonNeg", {}),
        ("UnitNorm", {"axis": [0, 1]}),
    ],
)
def test_constraints(name: str, settings: dict[str, Any]) -> None:
    ours, theirs = getattr(constraints, name)(**settings), getattr(keras.constraints, name)(**settings)
    expected = np.asarray(theirs(keras.ops.convert_to_tensor(X)))
    np.testing.assert_allclose(ours(X).numpy(), expected, rtol=1e-6)
    assert keras.constraints.deserialize(constraints.serialize(ours)).get_config() == theirs.get_config()


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("L1", {"l1": 0.3}),
        ("L2", {"l2": 0.3}),
        ("L1L2", {"l1": 0.1, "l2": 0.2}),
        ("OrthogonalRegularizer", {"factor": 0.5, "mode": "columns"}),
    ],
)
def test_regularizers(name: str, settings: dict[str, Any]) -> None:
    ours, theirs = getattr(regularizers, name)(**settings), getattr(keras.regularizers, name)(**settings)
    assert float(ours(X)) == pytest.approx(float(theirs(keras.ops.convert_to_tensor(X, "float32"))), rel=1e-5)
    assert keras.regularizers.deserialize(regularizers.serialize(ours)).get_config() == theirs.get_config()


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        *[(name, {}) for name in ("Zeros", "Ones", "GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal")],
        *[(name, {"seed": 3}) for name in ("LecunUniform", "LecunNormal", "RandomUniform", "RandomNormal")],
        ("Constant", {"value": 2.5}),
        ("Identity", {"gain": 2.0}),
        ("Orthogonal", {"gain": 0.5, "seed": 1}),
        ("TruncatedNormal", {"stddev": 0.5}),
        ("VarianceScaling", {"scale": 2.0, "mode": "fan_out", "distribution": "uniform"}),
    ],
)
def test_initializers_exchange_configs(name: str, settings: dict[str, Any]) -> None:
    ours = getattr(initializers, name)(**settings)
    theirs = keras.saving.deserialize_keras_object(saving.serialize_keras_object(ours))
    assert type(theirs).__name__ == name
    if name == "Identity":  # Keras forgets its gain.
        return
    again = initializers.deserialize(keras.saving.serialize_keras_object(getattr(keras.initializers, name)(**settings)))
    assert {k: v for k, v in again.get_config().items() if k != "seed"} == {
        k: v for k, v in ours.get_config().items() if k != "seed"
    }
