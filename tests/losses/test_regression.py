"""Losses of numbers against hand-computed values."""

import numpy as np
import pytest

import kinema
from kinema import losses
from kinema.errors import ArgumentError, ShapeError

TRUE = [[0.0, 1.0], [2.0, -1.0]]
PREDICTED = [[1.0, 1.0], [-1.0, 1.0]]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (losses.mean_squared_error, [0.5, 6.5]),
        (losses.half_mean_squared_error, [0.25, 3.25]),
        (losses.mean_absolute_error, [0.5, 2.5]),
        (losses.huber, [0.25, 2.0]),  # ((0.5 + 0) / 2, (2.5 + 1.5) / 2)
        (losses.log_cosh, np.log(np.cosh([[1.0, 0.0], [3.0, 2.0]])).mean(1)),
    ],
)
def test_values_per_sample(function, expected):
    np.testing.assert_allclose(function(TRUE, PREDICTED).numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (losses.MeanSquaredError(), 3.5),
        (losses.HalfMeanSquaredError(), 1.75),
        (losses.MeanAbsoluteError(), 1.5),
        (losses.Huber(delta=2.0), (0.25 + 3.0) / 2),  # (0.5 + 0) / 2 and (4 + 2) / 2
    ],
)
def test_the_mean_over_the_batch(loss, expected):
    assert float(loss(TRUE, PREDICTED)) == pytest.approx(expected, rel=1e-6)


def test_log_cosh_is_a_line_far_out():
    far = losses.log_cosh(np.array([[0.0], [0.0]]), np.array([[1000.0], [-1000.0]]))
    np.testing.assert_allclose(far.numpy(), 1000 - np.log(2.0))


def test_half_the_squared_error_has_the_difference_as_gradient():
    w = kinema.Variable(np.array([[1.0, 5.0]]))
    with kinema.GradientTape() as tape:
        loss = losses.HalfMeanSquaredError()([[0.0, 2.0]], kinema.ops.multiply(w, 1.0))
    np.testing.assert_allclose(tape.gradient(loss, [w])[0].numpy(), [[0.5, 1.5]])


@pytest.mark.parametrize(("error", "slope"), [(0.5, 0.5), (-0.5, -0.5), (3.0, 1.0), (-3.0, -1.0)])
def test_huber_gradient_is_the_error_limited_to_delta(error, slope):
    w = kinema.Variable(np.array([[error]]))
    with kinema.GradientTape() as tape:
        loss = losses.Huber()([[0.0]], kinema.ops.multiply(w, 1.0))
    np.testing.assert_allclose(tape.gradient(loss, [w])[0].numpy(), [[slope]])


def test_double_precision_stays_double():
    assert losses.mean_squared_error(np.zeros((2, 3)), np.ones((2, 3))).dtype == np.float64


def test_a_last_axis_of_one_does_not_matter():
    column, row = np.array([[1.0], [2.0]]), np.array([0.0, 0.0])
    assert float(losses.MeanSquaredError()(row, column)) == 2.5
    assert float(losses.MeanSquaredError()(column, row)) == 2.5


@pytest.mark.parametrize(
    ("true", "predicted", "text"),
    [
        ((4, 2), (3, 2), r"targets have shape \(4, 2\), predictions have shape \(3, 2\): the first axis, the samples"),
        ((3, 2), (3, 5, 2), r"there are fewer axes in the targets than the model predicts.*return_sequences=False"),
        ((3, 2), (3, 4), r"they must be the same; check the targets and the units of the last layer"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(true, predicted, text):
    with pytest.raises(ShapeError, match=f"mean_squared_error: .*{text}"):
        losses.MeanSquaredError()(np.zeros(true), np.zeros(predicted))


def test_huber_needs_a_positive_delta():
    with pytest.raises(ArgumentError, match=r"Huber: delta must be above 0, got -1"):
        losses.Huber(delta=-1)
