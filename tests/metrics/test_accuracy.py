"""Accuracies against hand-counted values."""

import numpy as np
import pytest

from kinema import metrics
from kinema.errors import ArgumentError, ShapeError

PROBABILITIES = [[0.1, 0.7, 0.2], [0.5, 0.2, 0.3], [0.3, 0.3, 0.4], [0.6, 0.3, 0.1]]
LABELS = [1, 2, 2, 0]
ONE_HOT = np.eye(3)[LABELS]


@pytest.mark.parametrize(
    ("metric", "true", "predicted", "expected"),
    [
        (metrics.CategoricalAccuracy(), ONE_HOT, PROBABILITIES, 3 / 4),
        (metrics.SparseCategoricalAccuracy(), LABELS, PROBABILITIES, 3 / 4),
        (metrics.SparseCategoricalAccuracy(), np.reshape(LABELS, (4, 1)), PROBABILITIES, 3 / 4),
        (metrics.TopKCategoricalAccuracy(k=2), ONE_HOT, PROBABILITIES, 1.0),
        (metrics.SparseTopKCategoricalAccuracy(k=1), LABELS, PROBABILITIES, 3 / 4),
        (metrics.SparseTopKCategoricalAccuracy(k=2, from_sorted_ids=True), [3, 1], [[3, 1, 0], [3, 2, 1]], 1 / 2),
        (metrics.BinaryAccuracy(), [1, 0, 1], [0.6, 0.5, 0.2], 2 / 3),
        (metrics.BinaryAccuracy(threshold=0.1), [[1], [0], [1]], [0.6, 0.5, 0.2], 2 / 3),
        (metrics.Accuracy(), [1, 2, 3, 4], [0, 2, 3, 4], 3 / 4),
    ],
)
def test_share_of_right_answers(metric, true, predicted, expected):
    metric.update_state(true, np.asarray(predicted, float))
    assert float(metric.result()) == pytest.approx(expected)


def test_batches_of_different_size_count_by_sample():
    metric = metrics.SparseCategoricalAccuracy()
    metric.update_state(LABELS[:1], PROBABILITIES[:1])
    metric.update_state(LABELS[1:], PROBABILITIES[1:])
    assert float(metric.result()) == pytest.approx(3 / 4)
    metric.reset_state()
    assert float(metric.result()) == 0.0


def test_ties_of_top_k_count_as_hits():
    assert float(metrics.SparseTopKCategoricalAccuracy(k=1)([2], [[0.4, 0.2, 0.4]])) == 1.0


def test_numbers_that_are_no_class_are_no_hits():
    found = metrics.sparse_top_k_categorical_accuracy([1, -1, 9], [[0.1, 0.9]] * 3, k=2)
    np.testing.assert_array_equal(found, [1, 0, 0])


def test_per_step_targets():
    predicted = np.array([[[0.9, 0.1], [0.2, 0.8]], [[0.4, 0.6], [0.3, 0.7]]])
    assert float(metrics.SparseCategoricalAccuracy()([[0, 1], [0, 0]], predicted)) == 0.5


def test_weights():
    assert float(metrics.SparseCategoricalAccuracy()(LABELS, PROBABILITIES, [1, 3, 1, 1])) == pytest.approx(0.5)


def test_functions_give_one_value_per_sample():
    np.testing.assert_array_equal(metrics.categorical_accuracy(ONE_HOT, PROBABILITIES).numpy(), [1, 0, 1, 1])
    np.testing.assert_array_equal(metrics.sparse_categorical_accuracy(LABELS, PROBABILITIES).numpy(), [1, 0, 1, 1])


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match=r"sparse_categorical_accuracy: targets have shape \(3,\)"):
        metrics.SparseCategoricalAccuracy()([0, 1, 2], PROBABILITIES)
    with pytest.raises(ShapeError, match=r"categorical_accuracy: .*for class numbers"):
        metrics.CategoricalAccuracy()(LABELS, PROBABILITIES)


def test_the_threshold_is_a_probability():
    with pytest.raises(ArgumentError, match=r"BinaryAccuracy: threshold must lie between 0 and 1, got 2"):
        metrics.BinaryAccuracy(threshold=2)
