"""Losses and their gradients against real Keras 3."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import losses

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    keras: Any = pytest.importorskip("keras")

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore")]
RNG = np.random.default_rng(3)


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


LOGITS = RNG.normal(size=(6, 5)) * 3
ONE_HOT = np.eye(5)[RNG.integers(0, 5, 6)]
ANY_ROWS = RNG.integers(0, 4, (6, 5)).astype(float)
NUMBERS = RNG.normal(size=(6, 5))
BITS = RNG.integers(0, 2, (6, 5)).astype(float)
CASES = [
    ("MeanSquaredError", {}, NUMBERS, LOGITS),
    ("MeanAbsoluteError", {}, NUMBERS, LOGITS),
    ("Huber", {"delta": 0.7}, NUMBERS, LOGITS),
    ("BinaryCrossentropy", {}, BITS, 1 / (1 + np.exp(-LOGITS))),
    ("BinaryCrossentropy", {}, BITS, np.round(1 / (1 + np.exp(-LOGITS)))),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, BITS, LOGITS * 10),
    ("CategoricalCrossentropy", {}, ONE_HOT, softmax(LOGITS)),
    ("CategoricalCrossentropy", {}, ANY_ROWS, softmax(LOGITS)),
    ("CategoricalCrossentropy", {}, ONE_HOT, np.abs(LOGITS)),
    ("CategoricalCrossentropy", {}, ONE_HOT, np.roll(ONE_HOT, 1, axis=1)),
    ("CategoricalCrossentropy", {"label_smoothing": 0.1}, ONE_HOT, softmax(LOGITS)),
    ("CategoricalCrossentropy", {"from_logits": True}, ONE_HOT, LOGITS * 10),
    ("SparseCategoricalCrossentropy", {}, ONE_HOT.argmax(1), softmax(LOGITS)),
    ("SparseCategoricalCrossentropy", {}, ONE_HOT.argmax(1), np.abs(LOGITS)),
    ("SparseCategoricalCrossentropy", {}, ONE_HOT.argmax(1)[:, None], np.roll(ONE_HOT, 1, axis=1)),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, ONE_HOT.argmax(1), LOGITS * 10),
    ("SparseCategoricalCrossentropy", {"ignore_class": 2}, ONE_HOT.argmax(1), softmax(LOGITS)),
    ("LogCosh", {}, NUMBERS, LOGITS * 10),
    ("MeanAbsolutePercentageError", {}, NUMBERS, LOGITS),
    ("MeanAbsolutePercentageError", {}, BITS, LOGITS),
    ("MeanSquaredLogarithmicError", {}, np.abs(NUMBERS), LOGITS),
    ("CosineSimilarity", {}, NUMBERS, LOGITS),
    ("CosineSimilarity", {"axis": 1, "reduction": "sum"}, NUMBERS, LOGITS),
    ("KLDivergence", {}, softmax(NUMBERS), softmax(LOGITS)),
    ("KLDivergence", {}, ONE_HOT, ONE_HOT * 0.9 + 0.02),
    ("Poisson", {}, ANY_ROWS, np.abs(LOGITS)),
    ("Hinge", {}, BITS, LOGITS),
    ("Hinge", {}, NUMBERS, LOGITS),
    ("SquaredHinge", {}, BITS * 2 - 1, LOGITS),
    ("CategoricalHinge", {}, ONE_HOT, LOGITS),
    ("BinaryFocalCrossentropy", {}, BITS, 1 / (1 + np.exp(-LOGITS))),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "alpha": 0.7, "gamma": 1.5}, BITS, softmax(LOGITS)),
    ("BinaryFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, BITS, LOGITS),
    ("CategoricalFocalCrossentropy", {}, ONE_HOT, softmax(LOGITS)),
    ("CategoricalFocalCrossentropy", {"alpha": [0.125, 0.25, 0.5, 0.75, 1.0], "gamma": 0.5}, ONE_HOT, np.abs(LOGITS)),
    ("CategoricalFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, ONE_HOT, LOGITS),
    ("Dice", {}, BITS, softmax(LOGITS)),
    ("Dice", {"axis": -1}, BITS, softmax(LOGITS)),
    ("Tversky", {"alpha": 0.3, "beta": 0.7}, BITS, softmax(LOGITS)),
    ("Tversky", {"axis": [1]}, BITS, softmax(LOGITS)),
]
KEPT_BY_KINEMA_ALONE = {"Huber": "delta", "CosineSimilarity": "axis"}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "settings", "true", "predicted"), CASES)
def test_values_and_gradients(
    name: str, settings: dict[str, Any], true: np.ndarray, predicted: np.ndarray, dtype: str, weighted: bool
) -> None:
    import tensorflow as tf

    weight = np.linspace(0.5, 2.0, 6) if weighted else None
    variable = kinema.Variable(predicted, dtype=dtype)
    with kinema.GradientTape() as tape:
        ours = getattr(losses, name)(**settings)(true, kinema.ops.multiply(variable, 1.0), weight)
    (gradient,) = tape.gradient(ours, [variable])
    theirs_variable = tf.Variable(predicted.astype(dtype))
    with tf.GradientTape() as their_tape:
        theirs = getattr(keras.losses, name)(**settings, dtype=dtype)(true, theirs_variable, weight)
    expected = their_tape.gradient(theirs, theirs_variable).numpy()
    tolerance = 1e-9 if dtype == "float64" else 2e-6
    assert float(ours) == pytest.approx(float(theirs), rel=tolerance, abs=tolerance)
    difference = np.abs(gradient.numpy() - expected).max()
    assert difference <= 10 * tolerance * max(1.0, np.abs(expected).max())


def test_focal_losses_of_saturated_softmaxes_differ_on_purpose() -> None:
    true, logits = np.array([[0.0, 1.0]]), np.array([[40.0, 0.0]])
    ours = losses.CategoricalFocalCrossentropy(from_logits=True)(true, logits)
    assert float(ours) == pytest.approx(0.25 * 40.0)
    theirs = keras.losses.CategoricalFocalCrossentropy(from_logits=True, dtype="float64")(true, logits)
    assert float(theirs) == pytest.approx(-0.25 * np.log(1e-7), rel=1e-6)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
def test_masks_and_reductions(reduction: str) -> None:
    mask = np.array([[True, True, False], [True, False, False]])
    predicted, true = RNG.normal(size=(2, 3, 4)), RNG.normal(size=(2, 3, 4))
    for weight in (None, np.array([0.5, 2.0]), RNG.uniform(size=(2, 3))):
        if weight is not None and weight.ndim == 1:
            # Keras broadcasts one weight per clip only when it has an axis for the steps.
            their_weight: Any = weight[:, None]
        else:
            their_weight = weight
        ours = kinema.ops.convert_to_tensor(predicted)
        ours.mask = mask
        theirs = keras.ops.convert_to_tensor(predicted)
        theirs._keras_mask = keras.ops.convert_to_tensor(mask)
        expected = keras.losses.MeanSquaredError(reduction, dtype="float64")(true, theirs, their_weight)
        assert float(losses.MeanSquaredError(reduction)(true, ours, weight)) == pytest.approx(float(expected))


@pytest.mark.parametrize(("name", "settings"), [(name, settings) for name, settings, _, _ in CASES])
def test_configs_are_keras_configs(name: str, settings: dict[str, Any]) -> None:
    theirs = keras.losses.deserialize(losses.serialize(getattr(losses, name)(**settings)))
    assert type(theirs).__name__ == name
    again = losses.deserialize(keras.losses.serialize(theirs)).get_config()
    ours = getattr(losses, name)(**settings).get_config()
    forgotten = KEPT_BY_KINEMA_ALONE.get(name)
    assert {key: again[key] for key in again if key != forgotten} == {
        key: ours[key] for key in ours if key != forgotten
    }


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
@pytest.mark.parametrize("name", ["CategoricalCrossentropy", "SparseCategoricalCrossentropy", "BinaryCrossentropy"])
def test_activated_outputs(name: str, activation: str, from_logits: bool) -> None:
    """Both find the logits behind an activation, as losses and as metrics, however they are told to read the output."""
    found = []
    x, y = np.random.default_rng(0).normal(size=(6, 4)) * 30, np.array([0, 1, 2, 0, 1, 2])
    target = y if name.startswith("Sparse") else np.eye(3, dtype="float32")[y]
    for library in (kinema, keras):
        model = library.Sequential([library.layers.Input((4,)), library.layers.Dense(3, activation=activation)])
        model.set_weights([np.random.default_rng(1).normal(size=(4, 3)), np.zeros(3)])
        loss = getattr(library.losses, name)(from_logits=from_logits)
        model.compile("sgd", loss, metrics=[getattr(library.metrics, name)(name="q", from_logits=from_logits)])
        logs = model.evaluate(x, target, verbose=0, return_dict=True)
        found.append([logs["loss"], logs["q"], float(loss(target, model(x.astype("float32"))))])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)
