"""Wrong labels are refused with a sentence that helps."""

import warnings

import numpy as np
import pytest

import kinema
from kinema import losses
from kinema._warnings import once_each
from kinema.errors import DataError, ShapeError

HALF = np.full((2, 3), 1 / 3)


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ([0, 3], r"label 3 of sample 1 is not one of the class numbers 0 to 2 .* at least 4 units"),
        ([-1, 0], r"label -1 of sample 0 is not one of the class numbers 0 to 2 .*number the classes from 0$"),
        ([0.5, 0.0], r"label 0.5 of sample 0"),
        ([0.0, np.nan], r"label nan of sample 1"),
    ],
)
def test_sparse_labels_are_class_numbers(labels, text):
    with pytest.raises(DataError, match=f"sparse_categorical_crossentropy: {text}"):
        losses.SparseCategoricalCrossentropy()(labels, HALF)


def test_sparse_labels_per_step_are_named_by_sample_and_step():
    with pytest.raises(DataError, match=r"label 9 of sample 1, position 2, is"):
        losses.SparseCategoricalCrossentropy()([[0, 0, 0], [0, 0, 9]], np.full((2, 3, 4), 0.25))


@pytest.mark.parametrize("wrong", [1.5, -0.25, np.nan])
def test_binary_labels_lie_between_0_and_1(wrong):
    with pytest.raises(DataError, match=rf"binary_crossentropy: label {wrong:g} of sample 1, position 0, is not"):
        losses.BinaryCrossentropy()([[0.0], [wrong]], [[0.5], [0.5]])


@pytest.mark.parametrize("wrong", [-1.0, np.inf, np.nan])
def test_categorical_targets_are_finite_and_not_negative(wrong):
    with pytest.raises(DataError, match=r"target .* of sample 0, position 1, is negative or not finite"):
        losses.CategoricalCrossentropy()([[1.0, wrong, 0.0], [0.0, 1.0, 0.0]], HALF)


def test_class_numbers_given_to_the_categorical_loss_are_explained():
    with pytest.raises(ShapeError, match=r"for class numbers, use sparse_categorical_crossentropy"):
        losses.CategoricalCrossentropy()([0, 1], HALF)


def test_rows_that_do_not_sum_to_one_train_with_a_warning():
    with pytest.warns(UserWarning, match=r"some samples do not sum to 1, so the loss cannot reach 0"):
        loss = losses.CategoricalCrossentropy()([[2.0, 0.0, 7.0], [0.0, 1.0, 0.0]], HALF)
    assert float(loss) == pytest.approx(5 * np.log(3))


def test_one_warning_per_scope():
    loss, rows = losses.CategoricalCrossentropy(), [[2.0, 0.0, 7.0], [0.0, 1.0, 0.0]]
    for _ in range(2):
        with warnings.catch_warnings(record=True) as caught, once_each():
            warnings.simplefilter("always")
            for _ in range(3):
                loss(rows, HALF)
        assert len(caught) == 1
        assert caught[0].filename == __file__


def test_rows_that_sum_to_one_are_quiet():
    losses.CategoricalCrossentropy()([[0.2, 0.3, 0.5], [0.0, 1.0, 0.0]], HALF)


@pytest.mark.parametrize(
    ("loss", "counted", "padding"),
    [
        (losses.SparseCategoricalCrossentropy(), [[1, 0]], -1),
        (losses.BinaryCrossentropy(), [[[0, 1], [1, 0]]], -1),
        (losses.BinaryFocalCrossentropy(), [[[0, 1], [1, 0]]], 7),
        (losses.CategoricalCrossentropy(), [[[0, 1], [1, 0]]], -1),
        (losses.CategoricalFocalCrossentropy(), [[[0, 1], [1, 0]]], 0),
    ],
)
def test_labels_of_masked_steps_may_be_anything(loss, counted, padding):
    counted = np.asarray(counted)
    labels = np.pad(counted, [(0, 0), (0, 1), *[(0, 0)] * (counted.ndim - 2)], constant_values=padding)
    predicted = kinema.Tensor(np.float32([[[0.4, 0.6], [0.3, 0.7], [0.5, 0.5]]]))
    predicted.mask = np.array([[True, True, False]])
    with once_each(), warnings.catch_warnings():
        warnings.simplefilter("error")
        found = float(loss(labels, predicted))
    assert found == pytest.approx(float(loss(counted, predicted.numpy()[:, :2])))
    predicted.mask = np.array([[True, True, True]])
    if padding:
        with pytest.raises(DataError, match=r"sample 0, position"):
            loss(labels, predicted)
