"""Metrics against real Keras 3."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kinema
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
IN_FRACTIONS = {"dtype": "float32"}  # Keras cuts weights to whole numbers unless it is told the type
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
    ("MeanAbsolutePercentageError", {}, SCORES[::-1], SCORES),
    ("MeanSquaredLogarithmicError", {}, BITS, SCORES),
    ("LogCoshError", {}, BITS, SCORES),
    ("KLDivergence", {}, PROBABILITIES[::-1], PROBABILITIES),
    ("Poisson", {}, BITS, SCORES),
    ("Hinge", {}, BITS, SCORES),
    ("SquaredHinge", {}, BITS * 2 - 1, SCORES),
    ("CategoricalHinge", {}, ONE_HOT, SCORES),
    ("CosineSimilarity", {}, BITS - 0.3, SCORES),
    ("CosineSimilarity", {"axis": 1}, BITS - 0.3, SCORES),
    ("PearsonCorrelation", {}, SCORES[::-1], SCORES),
    ("ConcordanceCorrelation", {}, SCORES[::-1], SCORES),
    *(
        ("AUC", {"curve": curve, "summation_method": method, **more}, BITS, SCORES)
        for curve in ("ROC", "PR", "PRGAIN")
        for method in ("interpolation", "majoring", "minoring")
        for more in ({}, {"num_thresholds": 7, "multi_label": True})
    ),
    ("AUC", {"from_logits": True}, BITS, SCORES * 4 - 2),
    ("AUC", {"thresholds": [0.7, 0.2, 0.4]}, BITS, SCORES),
    ("AUC", {"label_weights": [1.0, 0.0, 2.0, 1.0, 0.5, 1.0]}, BITS, SCORES),
    ("AUC", {"multi_label": True, "num_labels": 6, "label_weights": [1.0, 0, 2, 1, 0.5, 1]}, BITS, SCORES),
    ("AUC", {"num_thresholds": 5}, BITS, np.round(SCORES * 4) / 4),
    *(
        (name, {argument: bound, **more}, BITS, SCORES)
        for name, argument in (
            ("PrecisionAtRecall", "recall"),
            ("RecallAtPrecision", "precision"),
            ("SensitivityAtSpecificity", "specificity"),
            ("SpecificityAtSensitivity", "sensitivity"),
        )
        for bound, more in ((0.6, {}), (0.3, {"num_thresholds": 5, "class_id": 2}), (1.0, {"num_thresholds": 1}))
    ),
    *(
        (name, {"average": average, **more}, BITS, SCORES)
        for average in (None, "micro", "macro", "weighted")
        for name, more in (("F1Score", {}), ("FBetaScore", {"beta": 2.0, "threshold": 0.4}))
    ),
    *(
        ("R2Score", {"class_aggregation": average, "num_regressors": regressors}, SCORES[::-1], SCORES)
        for average in (None, "uniform_average", "variance_weighted_average")
        for regressors in (0, 3)
    ),
    ("IoU", {"num_classes": 6, "target_class_ids": [1, 4], **IN_FRACTIONS}, LABELS, LABELS[::-1]),
    ("MeanIoU", {"num_classes": 6, "ignore_class": 2, **IN_FRACTIONS}, LABELS, np.roll(LABELS, 1)),
    ("MeanIoU", {"num_classes": 4, **IN_FRACTIONS}, LABELS, np.roll(LABELS, 1)),
    ("MeanIoU", {"num_classes": 6, "sparse_y_pred": False, **IN_FRACTIONS}, LABELS, SCORES),
    ("BinaryIoU", {"threshold": 0.3, **IN_FRACTIONS}, BITS[:, 0], SCORES[:, 0]),
    ("BinaryIoU", {"target_class_ids": [1], **IN_FRACTIONS}, BITS[:, :1], SCORES[:, :1]),
    ("OneHotIoU", {"num_classes": 6, "target_class_ids": [0, 5], **IN_FRACTIONS}, ONE_HOT, SCORES),
    ("OneHotMeanIoU", {"num_classes": 6, **IN_FRACTIONS}, ONE_HOT, SCORES),
]
FUNCTIONS = [
    ("binary_focal_crossentropy", BITS, SCORES),
    ("categorical_focal_crossentropy", ONE_HOT, PROBABILITIES),
    ("categorical_hinge", ONE_HOT, SCORES),
    ("concordance_correlation", SCORES[::-1], SCORES),
    ("hinge", BITS, SCORES),
    ("huber", BITS, SCORES),
    ("kl_divergence", PROBABILITIES[::-1], PROBABILITIES),
    ("log_cosh", BITS, SCORES),
    ("mean_absolute_percentage_error", SCORES[::-1], SCORES),
    ("mean_squared_logarithmic_error", BITS, SCORES),
    ("pearson_correlation", SCORES[::-1], SCORES),
    ("poisson", BITS, SCORES),
    ("squared_hinge", BITS, SCORES),
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
    np.testing.assert_allclose(ours.result().numpy(), np.asarray(theirs.result()), rtol=5e-6)


@pytest.mark.parametrize(("name", "settings"), [(name, settings) for name, settings, _, _ in CASES])
def test_configs_are_keras_configs(name: str, settings: dict[str, Any]) -> None:
    ours = getattr(metrics, name)(**settings)
    theirs = keras.metrics.deserialize(metrics.serialize(ours))
    assert type(theirs).__name__ == name
    again = metrics.deserialize(keras.metrics.serialize(getattr(keras.metrics, name)(**settings)))
    assert type(again) is type(ours)
    assert theirs.get_config().keys() <= ours.get_config().keys()


@pytest.mark.parametrize(("name", "true", "predicted"), FUNCTIONS)
def test_functions(name: str, true: np.ndarray, predicted: np.ndarray) -> None:
    ours, theirs = getattr(metrics, name)(true, predicted), getattr(keras.metrics, name)(true, predicted)
    np.testing.assert_allclose(ours.numpy(), np.asarray(theirs), rtol=1e-5, atol=1e-6)
    assert name in metrics.__all__


def test_no_public_name_of_keras_is_missing() -> None:
    assert {name for name in dir(keras.metrics) if not name.startswith("_")} <= set(metrics.__all__)


def _compiled(framework: Any, loss: str) -> Any:
    model = framework.Sequential([framework.layers.Input((6,)), framework.layers.Dense(6, activation="softmax")])
    of = framework.metrics
    model.compile(
        "sgd",
        getattr(framework.losses, loss)(),
        metrics=["AUC", "mape", "kl_divergence", of.poisson, of.F1Score("macro"), of.PrecisionAtRecall(0.5)],
        weighted_metrics=[
            of.AUC(thresholds=[0.1, 0.3], name="coarse"),
            of.R2Score(),
            of.OneHotMeanIoU(6, dtype="float32"),
            of.Hinge(),
        ],
    )
    return model


@pytest.mark.parametrize("loss", ["CategoricalFocalCrossentropy", "KLDivergence", "Dice", "CosineSimilarity"])
def test_compiled_models_go_both_ways(loss: str, tmp_path: Path) -> None:
    weight = np.linspace(0.5, 2.0, len(SCORES)).astype("float32")
    ours = _compiled(kinema, loss)
    for step in range(2):
        ours.save(tmp_path / f"{step}.keras")
        theirs = keras.models.load_model(tmp_path / f"{step}.keras")
        found, expected = (
            model.evaluate(SCORES, ONE_HOT, len(SCORES), sample_weight=weight, verbose=0, return_dict=True)
            for model in (ours, theirs)
        )
        assert found == pytest.approx(expected, rel=1e-4)
        theirs.save(tmp_path / "theirs.keras")
        ours = kinema.models.load_model(tmp_path / "theirs.keras")


NAMES: list[dict[str, Any]] = [
    {"metrics": ["mae"], "weighted_metrics": ["mae", "mae"]},
    {"metrics": [("Precision", {"thresholds": 0.1}), ("Precision", {"thresholds": 0.9}), "Precision"]},
    {"metrics": ["categorical_crossentropy", ("CategoricalCrossentropy", {"label_smoothing": 0.2})]},
    {"metrics": [("MeanAbsoluteError", {"name": "q"}), ("MeanSquaredError", {"name": "q"}), "acc", "accuracy"]},
    {"metrics": {"a": ["mae", "mae"], "b": "mse"}, "weighted_metrics": {"a": ["mae"], "b": ["mse", "mse"]}},
]


@pytest.mark.parametrize("arguments", NAMES)
def test_names_and_values_in_logs(arguments: dict[str, Any]) -> None:
    keras.backend.clear_session()
    outputs = ["a", "b"] if isinstance(arguments["metrics"], dict) else ["a"]
    weights = RNG.normal(size=(4, 6)).astype("float32")
    x = RNG.normal(size=(20, 4)).astype("float32")
    found = []
    for library in (kinema, keras):
        entry = library.layers.Input((4,))
        heads = [library.layers.Dense(6, activation="softmax", name=name) for name in outputs]
        model = library.Model(entry, [head(entry) for head in heads])
        model.set_weights([weights, np.zeros(6)] * len(outputs))

        def made(items: Any, library: Any = library) -> Any:
            if isinstance(items, dict):
                return {name: made(item) for name, item in items.items()}
            if isinstance(items, list):
                return [made(item) for item in items]
            return getattr(library.metrics, items[0])(**items[1]) if isinstance(items, tuple) else items

        model.compile("sgd", "mse", **{name: made(items) for name, items in arguments.items()})
        y = [ONE_HOT] * len(outputs)
        weight = [np.linspace(0.0, 2.0, 20)] * len(outputs)
        arranged = (y, weight) if len(outputs) > 1 else (y[0], weight[0])
        found.append(model.evaluate(x, arranged[0], sample_weight=arranged[1], verbose=0, return_dict=True))
    ours, theirs = found
    assert ours == pytest.approx(theirs, rel=1e-4)
