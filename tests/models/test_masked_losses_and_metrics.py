"""Every loss and every metric: a mask on the predictions leaves out what it says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kinema
from kinema import losses, metrics

STEPS, EXTRA, CLASSES = 4, 3, 3


def _classes(module: Any, base: type, but: set[str]) -> list[type]:
    found = {value for value in vars(module).values() if isinstance(value, type) and issubclass(value, base)}
    return sorted((cls for cls in found if cls.__name__ not in but), key=lambda cls: cls.__name__)


LOSSES = _classes(losses, losses.Loss, {"Loss", "LossFunctionWrapper"})
METRICS = _classes(metrics, metrics.Metric, {"Metric", "Mean", "Sum", "MeanMetricWrapper"})


ARGUMENTS: dict[str, dict[str, Any]] = {
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.4},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "IoU": {"num_classes": CLASSES, "target_class_ids": [0, 2], "sparse_y_true": False, "sparse_y_pred": False},
    "MeanIoU": {"num_classes": CLASSES, "sparse_y_true": False, "sparse_y_pred": False},
    "OneHotIoU": {"num_classes": CLASSES, "target_class_ids": [1]},
    "OneHotMeanIoU": {"num_classes": CLASSES},
}


def _data(cls: type) -> tuple[np.ndarray, np.ndarray]:
    """Targets and predictions (2, time, ...) that suit a class by its name."""
    rng = np.random.default_rng(6)
    predictions = rng.uniform(0.05, 0.95, (2, STEPS, CLASSES)).astype(np.float32)
    labels = rng.integers(0, CLASSES, (2, STEPS))
    if "Sparse" in cls.__name__:
        return labels, predictions
    if cls is metrics.Accuracy:
        return np.eye(CLASSES, dtype=np.float32)[labels], np.eye(CLASSES, dtype=np.float32)[np.roll(labels, 1)]
    return np.eye(CLASSES, dtype=np.float32)[labels], predictions


def _padded(array: np.ndarray) -> np.ndarray:
    return np.concatenate([array, np.roll(array[:, :EXTRA], 1, axis=-1)], axis=1)


def _masked(predictions: np.ndarray) -> kinema.Tensor:
    tensor = kinema.Tensor(_padded(predictions))
    tensor.mask = np.broadcast_to(np.arange(STEPS + EXTRA) < STEPS, (2, STEPS + EXTRA))
    return tensor


WEIGHTS = [None, np.float32([1, 3])]
every_weight = pytest.mark.parametrize("weights", WEIGHTS, ids=["plain", "weighted"])


@every_weight
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize("cls", LOSSES, ids=lambda cls: cls.__name__)
def test_losses(cls: type, reduction: str, weights: Any) -> None:
    target, predictions = _data(cls)
    loss = cls(reduction=reduction)
    expected = float(loss(target, predictions, sample_weight=weights))
    assert float(loss(_padded(target), _masked(predictions), sample_weight=weights)) == pytest.approx(
        expected, rel=1e-5
    )


@every_weight
@pytest.mark.parametrize("cls", METRICS, ids=lambda cls: cls.__name__)
def test_metrics(cls: type, weights: Any) -> None:
    target, predictions = _data(cls)
    alone, masked = (cls(**ARGUMENTS.get(cls.__name__, {})) for _ in range(2))
    alone.update_state(target, predictions, sample_weight=weights)
    masked.update_state(_padded(target), _masked(predictions), sample_weight=weights)
    np.testing.assert_allclose(masked.result(), alone.result(), rtol=1e-5)


def test_these_are_many() -> None:
    assert len(LOSSES) >= 20
    assert len(METRICS) >= 42
