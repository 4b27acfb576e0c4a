"""Metrics: figures that judge a model, computed over all batches of an epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kinema.errors import ArgumentError
from kinema.losses import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    half_mean_squared_error,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from kinema.losses.crossentropy import target_kind
from kinema.metrics.accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from kinema.metrics.auc import AUC
from kinema.metrics.confusion import (
    FalseNegatives,
    FalsePositives,
    Precision,
    Recall,
    TrueNegatives,
    TruePositives,
)
from kinema.metrics.correlation import (
    ConcordanceCorrelation,
    CosineSimilarity,
    PearsonCorrelation,
    concordance_correlation,
    pearson_correlation,
)
from kinema.metrics.f_score import F1Score, FBetaScore
from kinema.metrics.hinges import CategoricalHinge, Hinge, SquaredHinge
from kinema.metrics.iou import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from kinema.metrics.mean_errors import (
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    RootMeanSquaredError,
)
from kinema.metrics.metric import Metric
from kinema.metrics.operating_points import (
    PrecisionAtRecall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
)
from kinema.metrics.probabilistic import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    KLDivergence,
    Poisson,
    SparseCategoricalCrossentropy,
)
from kinema.metrics.r2_score import R2Score
from kinema.metrics.reduction import Mean, MeanMetricWrapper, Sum
from kinema.saving.identifiers import resolve
from kinema.saving.registry import serialize_keras_object

__all__ = [
    "AUC",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "IoU",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanIoU",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "OneHotIoU",
    "OneHotMeanIoU",
    "PearsonCorrelation",
    "Poisson",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "binary_accuracy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "concordance_correlation",
    "deserialize",
    "get",
    "half_mean_squared_error",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "metric_for",
    "pearson_correlation",
    "poisson",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]

_ACCURACIES: dict[str, Callable[[str], Metric]] = {
    "binary": BinaryAccuracy,
    "categorical": CategoricalAccuracy,
    "sparse_categorical": SparseCategoricalAccuracy,
}


def get(identifier: Any) -> Any:
    """The metric that a name, a class, a config, a function or an object means; None for None."""
    return resolve(identifier, "keras.metrics", "metric")


def metric_for(identifier: Any, y_true: Any, y_pred: Any) -> Metric:
    """The `Metric` object that an entry of `compile`'s metrics means, for targets and predictions like these.

    `"accuracy"` and `"acc"` choose between the accuracies by the shapes. A metric given by name is called by
    that name in logs.

    Raises:
        ArgumentError: The identifier is None or unknown.
    """
    if identifier is None:
        raise ArgumentError("a metric in compile(metrics=[...]) is None: remove it or name one, such as 'accuracy'")
    if isinstance(identifier, Metric):
        return identifier
    name = identifier if isinstance(identifier, str) else None
    if name is not None and name.lower() in ("accuracy", "acc"):
        return _ACCURACIES[target_kind(y_true, y_pred)](name)
    found = get(identifier)
    metric: Metric = found if isinstance(found, Metric) else MeanMetricWrapper(found)
    metric.name = name or metric.name
    return metric


def serialize(metric: Any) -> Any:
    """What a file says about a metric."""
    return serialize_keras_object(metric)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The metric that a file describes."""
    return resolve(config, "keras.metrics", "metric", custom_objects)
