"""Ten training steps beside real Keras 3, from the same weights on the same batches."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import kinema

keras: Any = pytest.importorskip("keras")
# TensorFlow converts its variables in a way that NumPy 2 deprecates.
pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")]

STEPS, CLIPS, CLASSES = 10, 4, 10
SHAPE = (4, 32, 32, 3)
TOLERANCE = {"float64": 1e-7, "float32": 1e-3}

#: Keras on TensorFlow rounds an optimizer's numbers to single precision even where it computes in double: these stay.
EPSILON = 2**-23
ADAM = {"beta_1": 0.875, "beta_2": 1 - 2**-10, "epsilon": EPSILON}
RMSPROP = {"rho": 0.875, "epsilon": EPSILON}
RATE = 2**-10
OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "sgd": lambda optimizers: optimizers.SGD(2**-7),
    "momentum": lambda optimizers: optimizers.SGD(2**-7, momentum=0.875),
    "nesterov": lambda optimizers: optimizers.SGD(2**-7, momentum=0.875, nesterov=True, weight_decay=2**-7),
    "rmsprop": lambda optimizers: optimizers.RMSprop(RATE, **RMSPROP),
    "centered rmsprop": lambda optimizers: optimizers.RMSprop(RATE, **RMSPROP, momentum=0.5, centered=True),
    "adam": lambda optimizers: optimizers.Adam(RATE, **ADAM),
    "amsgrad": lambda optimizers: optimizers.Adam(RATE, **ADAM, amsgrad=True, clipnorm=0.5),
    "clipped adam": lambda optimizers: optimizers.Adam(RATE, **ADAM, global_clipnorm=0.125),
    "adamw": lambda optimizers: optimizers.AdamW(RATE, **ADAM, weight_decay=2**-7, clipvalue=2**-7),
    "schedule": lambda optimizers: optimizers.SGD(
        optimizers.schedules.PiecewiseConstantDecay([2, 5], [2**-6, 2**-4, 2**-5])
    ),
}


@pytest.fixture(params=["float64", "float32"])
def dtype(request: pytest.FixtureRequest) -> Iterator[str]:
    for library in (kinema.config, keras.config):
        library.set_floatx(request.param)
    yield request.param
    for library in (kinema.config, keras.config):
        library.set_floatx("float32")


def _article_model() -> kinema.Sequential:
    layers = kinema.layers
    return kinema.Sequential(
        [
            layers.Conv2D(32, (3, 3), activation="relu", input_shape=SHAPE),
            layers.MaxPooling2D((2, 2)),
            layers.Conv2D(64, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Conv2D(128, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Flatten(),
            layers.LSTM(128, return_sequences=True),
            layers.Dropout(0.0),
            layers.LSTM(128),
            layers.Dense(CLASSES, activation="softmax"),
        ]
    )


def _difference(got: np.ndarray, expected: np.ndarray) -> float:
    return float(np.linalg.norm(got - expected) / max(np.linalg.norm(expected), 1e-12))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_ten_steps_agree_with_keras(name: str, dtype: str, difference: Callable[[str, float], None]) -> None:
    kinema.utils.set_random_seed(0)
    ours = _article_model()
    theirs = keras.models.model_from_json(ours.to_json())
    theirs.set_weights(ours.get_weights())
    ours.compile(OPTIMIZERS[name](kinema.optimizers), "categorical_crossentropy")
    theirs.compile(OPTIMIZERS[name](keras.optimizers), "categorical_crossentropy")
    rng = np.random.default_rng(7)
    worst_loss = 0.0
    for _ in range(STEPS):
        x = rng.normal(size=(CLIPS, *SHAPE)).astype(dtype)
        y = np.eye(CLASSES, dtype=dtype)[rng.integers(0, CLASSES, CLIPS)]
        expected = float(theirs.train_on_batch(x, y))
        worst_loss = max(worst_loss, abs(_last_loss(ours, x, y) - expected) / abs(expected))
    worst_weight = max(_difference(a, b) for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True))
    difference(f"ten steps in {dtype}, losses", worst_loss)
    difference(f"ten steps in {dtype}, weights", worst_weight)
    # Keras keeps its loss metric in float32 whatever the layers compute in.
    assert worst_loss <= max(TOLERANCE[dtype], 2e-7)
    # In single precision the direction of a vanishing gradient is noise, and Adam makes a whole step of it.
    assert dtype == "float32" or worst_weight <= TOLERANCE[dtype]


def _last_loss(model: kinema.Sequential, x: np.ndarray, y: np.ndarray) -> float:
    return float(model.train_on_batch(x, y))
