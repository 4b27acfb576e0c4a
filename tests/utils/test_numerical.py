"""Conversions of labels, vectors and sequences."""

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


@pytest.mark.parametrize(
    ("padding", "truncating", "expected"),
    [
        ("pre", "pre", [[0, 1], [3, 4]]),
        ("post", "pre", [[1, 0], [3, 4]]),
        ("pre", "post", [[0, 1], [2, 3]]),
        ("post", "post", [[1, 0], [2, 3]]),
    ],
)
def test_pad_sequences(padding, truncating, expected):
    padded = utils.pad_sequences([[1], [2, 3, 4]], maxlen=2, padding=padding, truncating=truncating)
    np.testing.assert_array_equal(padded, expected)
    assert padded.dtype == np.int32


def test_pad_sequences_of_vectors():
    padded = utils.pad_sequences([np.ones((1, 2)), np.ones((3, 2)), np.ones((0, 2))], dtype="float32", value=-1)
    assert padded.shape == (3, 3, 2)
    assert padded[0].tolist() == [[-1, -1], [-1, -1], [1, 1]]
    assert (padded[2] == -1).all()


def test_pad_sequences_refuses_nonsense():
    with pytest.raises(ArgumentError, match="padding is 'pre' or 'post', not 'left'"):
        utils.pad_sequences([[1]], padding="left")
    with pytest.raises(DataError, match="each sequence must be a list or array"):
        utils.pad_sequences([1, 2])
    with pytest.raises(DataError, match=r"steps of shapes \[\(2,\), \(3,\)\] are mixed"):
        utils.pad_sequences([np.ones((1, 2)), np.ones((1, 3))])
