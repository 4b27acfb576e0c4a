"""Metrics by name, by shape and from files."""

import numpy as np
import pytest

import kinema
from kinema import metrics
from kinema.errors import ArgumentError


@pytest.mark.parametrize("name", ["accuracy", "acc"])
@pytest.mark.parametrize(
    ("true", "predicted", "cls"),
    [
        ((8,), (8, 1), metrics.BinaryAccuracy),
        ((8, 1), (8, 1), metrics.BinaryAccuracy),
        ((8, 5), (8, 5), metrics.CategoricalAccuracy),
        ((8,), (8, 5), metrics.SparseCategoricalAccuracy),
        ((8, 1), (8, 5), metrics.SparseCategoricalAccuracy),
        ((8, 3), (8, 3, 5), metrics.SparseCategoricalAccuracy),
    ],
)
def test_accuracy_is_chosen_by_shapes(name, true, predicted, cls):
    metric = metrics.metric_for(name, np.zeros(true), np.zeros(predicted))
    assert type(metric) is cls
    assert metric.name == name


@pytest.mark.parametrize(
    ("identifier", "name"),
    [
        ("mse", "mse"),
        ("categorical_accuracy", "categorical_accuracy"),
        (metrics.categorical_accuracy, "categorical_accuracy"),
        ("Precision", "Precision"),
        (metrics.Recall(name="found"), "found"),
        (metrics.TruePositives, "true_positives"),
        ("crossentropy", "crossentropy"),
    ],
)
def test_names_in_logs(identifier, name):
    metric = metrics.metric_for(identifier, np.zeros((2, 3)), np.zeros((2, 3)))
    assert isinstance(metric, metrics.Metric)
    assert metric.name == name


def test_functions_of_the_user():
    def worst(y_true, y_pred):
        return kinema.ops.max(kinema.ops.abs(y_pred - y_true), axis=-1)

    metric = metrics.metric_for(worst, np.zeros((1, 2)), np.zeros((1, 2)))
    assert metric.name == "worst"
    assert float(metric([[0.0, 0.0]], kinema.ops.convert_to_tensor([[1.0, -4.0]]))) == 4.0


def test_unknown_names():
    with pytest.raises(ArgumentError, match=r"unknown metric 'acuracy': did you mean 'accuracy'"):
        metrics.metric_for("acuracy", np.zeros((1, 1)), np.zeros((1, 1)))
    with pytest.raises(ArgumentError, match=r"a metric in compile.* is None"):
        metrics.metric_for(None, np.zeros((1, 1)), np.zeros((1, 1)))


@pytest.mark.parametrize(
    "metric",
    [
        metrics.Mean(name="m"),
        metrics.CategoricalAccuracy(),
        metrics.BinaryAccuracy(threshold=0.3),
        metrics.TopKCategoricalAccuracy(k=3),
        metrics.Precision(thresholds=[0.1, 0.2], class_id=1),
        metrics.FalsePositives(thresholds=0.3),
        metrics.SparseCategoricalCrossentropy(from_logits=True),
        metrics.MeanSquaredError(),
    ],
)
def test_files_give_the_same_metric(metric):
    again = metrics.deserialize(metrics.serialize(metric))
    assert type(again) is type(metric)
    assert again.get_config() == metric.get_config()


def test_directions():
    assert metrics.metric_for("mse", np.zeros((1, 2)), np.zeros((1, 2))).direction == "down"
    assert metrics.metric_for("acc", np.zeros((1, 2)), np.zeros((1, 2))).direction == "up"
    assert metrics.metric_for("top_k_categorical_accuracy", np.zeros((1, 2)), np.zeros((1, 2))).direction == "up"
