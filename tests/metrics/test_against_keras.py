"""Metrics against real Keras 3."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np
import pytest

from kinema import metrics

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    keras: Any = pytest.importorskip("keras")

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore")]
RNG = np.random.default_rng(5)
SCORES = RNG.uniform(size=(20, 6)).astype("float32")
PROBABILITIES = SCORES / SCORES.sum(-1, keepdims=True)
LABELS = RNG.integers(0, 6, 20)
ONE_HOT = np.eye(6, dtype="float32")[LABELS]
BITS = RNG.integers(0, 2, (20, 6)).astype("float32")
STEPS = RNG.uniform(size=(4, 5, 6)).astype("float32")
CASES = [
    ("BinaryAccuracy", {"threshold": 0.3}, BITS, SCORES),
    ("CategoricalAccuracy", {}, ONE_HOT, PROBABILITIES),
    ("SparseCategoricalAccuracy", {}, LABELS, PROBABILITIES),
    ("SparseCategoricalAccuracy", {}, LABELS[:, None], PROBABILITIES),
    ("SparseCategoricalAccuracy", {}, LABELS.reshape(4, 5), STEPS),
    ("TopKCategoricalAccuracy", {"k": 2}, ONE_HOT, PROBABILITIES),
    ("SparseTopKCategoricalAccuracy", {"k": 3}, LABELS, PROBABILITIES),
    ("Accuracy", {}, LABELS, RNG.integers(0, 2, 20)),
    ("Precision", {}, BITS, SCORES),
    ("Precision", {"top_k": 2}, BITS, SCORES),
    ("Precision", {"class_id": 1, "thresholds": [0.2, 0.7]}, BITS, SCORES),
    ("Recall", {"thresholds": 0.4}, BITS, SCORES),
    ("Recall", {"top_k": 3, "class_id": 2}, BITS, SCORES),
    ("TruePositives", {}, BITS, SCORES),
    ("FalsePositives", {"thresholds": [0.1, 0.5]}, BITS, SCORES),
    ("TrueNegatives", {}, BITS, SCORES),
    ("FalseNegatives", {}, BITS, SCORES),
    ("MeanSquaredError", {}, BITS, SCORES),
    ("RootMeanSquaredError", {}, BITS, SCORES),
    ("MeanAbsoluteError", {}, BITS, SCORES),
    ("BinaryCrossentropy", {"label_smoothing": 0.1}, BITS, SCORES),
    ("CategoricalCrossentropy", {}, ONE_HOT, PROBABILITIES),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, LABELS, SCORES),
]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("name", "settings", "true", "predicted"), CASES)
def test_values(name: str, settings: dict[str, Any], true: np.ndarray, predicted: np.ndarray, weighted: bool) -> None:
    ours, theirs = getattr(metrics, name)(**settings), getattr(keras.metrics, name)(**settings)
    assert ours.get_config().keys() >= theirs.get_config().keys()
    assert ours.name == theirs.name.rstrip("_0123456789")
    cut = len(true) // 3
    for part in (slice(0, cut), slice(cut, None)):
        weight = np.linspace(0.5, 2.0, len(true))[part] if weighted else None
        if weighted and name == "Accuracy":
            weight = weight.astype("float32")
        ours.update_state(true[part], predicted[part], weight)
        theirs.update_state(true[part], predicted[part], weight)
    np.testing.assert_allclose(ours.result().numpy(), np.asarray(theirs.result()), rtol=2e-6)
