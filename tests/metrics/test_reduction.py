"""Sums, means, mean errors and cross-entropies as metrics."""

import numpy as np
import pytest

import kinema
from kinema import metrics
from kinema.errors import ShapeError

TRUE = [[0.0, 1.0], [0.0, 0.0]]
PREDICTED = [[1.0, 1.0], [0.0, 2.0]]


def test_sum_and_mean():
    assert float(metrics.Sum()([1, 3, 5, 7])) == 16
    assert float(metrics.Mean()([1, 3, 5, 7])) == 4
    assert float(metrics.Mean()([1, 3, 5, 7], [1, 1, 0, 0])) == 2
    assert float(metrics.Mean()(2.5)) == 2.5


def test_mean_weighs_samples_whatever_their_number_of_values():
    assert float(metrics.Mean()([[1.0, 3.0], [5.0, 7.0]], [1, 3])) == pytest.approx((2 + 3 * 6) / 4)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (metrics.MeanSquaredError(), (0.5 + 2) / 2),
        (metrics.RootMeanSquaredError(), np.sqrt(1.25)),
        (metrics.MeanAbsoluteError(), 0.75),
        (metrics.MeanMetricWrapper(kinema.losses.huber, delta=1.0), (0.25 + 0.75) / 2),
    ],
)
def test_mean_errors(metric, expected):
    assert float(metric(TRUE, PREDICTED)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("metric", "true", "predicted"),
    [
        (metrics.BinaryCrossentropy(), [[1.0]], [[0.25]]),
        (metrics.CategoricalCrossentropy(), [[0.0, 1.0]], [[0.75, 0.25]]),
        (metrics.SparseCategoricalCrossentropy(), [1], [[0.75, 0.25]]),
    ],
)
def test_crossentropies(metric, true, predicted):
    assert float(metric(true, predicted)) == pytest.approx(np.log(4))


def test_masked_steps_do_not_count():
    predicted = kinema.ops.convert_to_tensor([[[1.0], [5.0]], [[2.0], [4.0]]])
    predicted.mask = np.array([[True, False], [True, True]])
    metric = metrics.MeanSquaredError()
    assert float(metric(np.zeros((2, 2, 1)), predicted)) == pytest.approx((1 + 4 + 16) / 3)
    assert float(metrics.MeanSquaredError()(np.zeros((2, 2, 1)), predicted, [2.0, 1.0])) == pytest.approx(22 / 4)


def test_metrics_are_not_recorded():
    w = kinema.Variable(np.ones((1, 1)))
    with kinema.GradientTape() as tape:
        predicted = kinema.ops.multiply(w, 3.0)
        metrics.MeanSquaredError()([[0.0]], predicted)
        loss = kinema.ops.sum(predicted)
    assert tape.gradient(loss, [w])[0].numpy() == 3.0


def test_weights_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match=r"mean: sample weights of shape \(3,\) do not fit values of shape \(2,\)"):
        metrics.Mean()([1.0, 2.0], [1.0, 1.0, 1.0])


def test_sums_are_exact_over_many_batches():
    metric = metrics.Mean()
    for _ in range(1000):
        metric.update_state(np.full(1000, 0.1, np.float32))
    assert float(metric.result()) == pytest.approx(float(np.float32(0.1)), rel=1e-12)
