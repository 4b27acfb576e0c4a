"""Counts, precision and recall against hand-counted values."""

import numpy as np
import pytest

from kinema import metrics
from kinema.errors import ArgumentError, ShapeError

TRUE = [0, 1, 1, 0, 1, 1]
SCORES = [0.8, 0.9, 0.4, 0.1, 0.6, 0.3]


@pytest.mark.parametrize(
    ("cls", "expected", "weighted"),
    [
        (metrics.TruePositives, 2, 7),
        (metrics.FalsePositives, 1, 1),
        (metrics.TrueNegatives, 1, 4),
        (metrics.FalseNegatives, 2, 9),
    ],
)
def test_counts(cls, expected, weighted):
    assert float(cls()(TRUE, SCORES)) == expected
    assert float(cls()(TRUE, SCORES, sample_weight=[1, 2, 3, 4, 5, 6])) == weighted


def test_precision_and_recall():
    assert float(metrics.Precision()(TRUE, SCORES)) == pytest.approx(2 / 3)
    assert float(metrics.Recall()(TRUE, SCORES)) == pytest.approx(2 / 4)


def test_several_thresholds():
    metric = metrics.Recall(thresholds=[0.2, 0.5, 0.95])
    np.testing.assert_allclose(metric(TRUE, SCORES).numpy(), [1.0, 0.5, 0.0])
    metric.reset_state()
    np.testing.assert_allclose(metric.result().numpy(), [0.0, 0.0, 0.0])


def test_top_k_and_class_id():
    true = np.eye(3)[[0, 1, 2]]
    scores = np.array([[0.5, 0.3, 0.2], [0.6, 0.3, 0.1], [0.1, 0.5, 0.4]])
    assert float(metrics.Recall(top_k=2)(true, scores)) == 1.0
    assert float(metrics.Precision(top_k=1)(true, scores)) == pytest.approx(1 / 3)
    assert float(metrics.Precision(thresholds=0.45, class_id=0)(true, scores)) == pytest.approx(1 / 2)


def test_nothing_predicted_is_zero_not_nan():
    assert float(metrics.Precision()([1, 1], [0.1, 0.2])) == 0.0


def test_arguments_are_checked():
    with pytest.raises(ArgumentError, match=r"Precision: thresholds must lie between 0 and 1, got \[0.5, 3\]"):
        metrics.Precision(thresholds=[0.5, 3])
    with pytest.raises(ShapeError, match=r"class_id=5 is not an output of predictions \(1, 2\)"):
        metrics.Recall(class_id=5)([[0, 1]], [[0.5, 0.5]])
