"""Conversions of labels and vectors."""

import numpy as np
import pytest

from kinema import utils
from kinema.errors import ArgumentError, DataError


def test_to_categorical():
    np.testing.assert_array_equal(utils.to_categorical([0, 2], 4), [[1, 0, 0, 0], [0, 0, 1, 0]])
    assert utils.to_categorical(np.array([[0], [1]])).shape == (2, 2)
    assert utils.to_categorical(np.zeros((2, 3), int), 5).shape == (2, 3, 5)
    assert utils.to_categorical([1.0, 0.0]).dtype == np.float32


@pytest.mark.parametrize(
    ("labels", "classes", "text"),
    [
        ([0, 4], 3, "label 4 is not a class number from 0 to 2: number the classes from 0, or raise num_classes"),
        ([-1, 0], None, "label -1 is not a class number"),
        ([0.5], None, "labels must be whole numbers"),
        ([], None, "there are no labels to count the classes by: pass num_classes"),
    ],
)
def test_to_categorical_refuses_what_is_no_class(labels, classes, text):
    with pytest.raises(DataError, match=text):
        utils.to_categorical(labels, classes)


def test_normalize():
    np.testing.assert_allclose(utils.normalize([[3.0, 4.0], [0.0, 0.0]]), [[0.6, 0.8], [0, 0]])
    np.testing.assert_allclose(utils.normalize(np.array([[1.0, -3.0]]), order=1), [[0.25, -0.75]])
    np.testing.assert_allclose(utils.normalize([[3.0], [4.0]], axis=0), [[0.6], [0.8]])
    with pytest.raises(ArgumentError, match="normalize: order must be 1 or more, got 0"):
        utils.normalize([1.0], order=0)


def test_pad_sequences_is_here_too():
    assert utils.pad_sequences([[1], [2, 3]]).tolist() == [[0, 1], [2, 3]]


def test_normalize_by_the_largest_magnitude():
    np.testing.assert_allclose(utils.normalize([[1.0, -4.0]], order=np.inf), [[0.25, -1.0]])
