"""Padding sequences of unequal length, as Keras does."""

import numpy as np
import pytest

from kinema.errors import ArgumentError, DataError, ShapeError
from kinema.preprocessing.sequence import pad_sequences


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[0, 0, 1], [0, 2, 3], [4, 5, 6]]),
        ({"padding": "post"}, [[1, 0, 0], [2, 3, 0], [4, 5, 6]]),
        ({"maxlen": 2}, [[0, 1], [2, 3], [5, 6]]),
        ({"maxlen": 2, "truncating": "post"}, [[0, 1], [2, 3], [4, 5]]),
        ({"maxlen": 4, "value": 9}, [[9, 9, 9, 1], [9, 9, 2, 3], [9, 4, 5, 6]]),
    ],
)
def test_padding_and_cutting(options: dict, expected: list[list[int]]) -> None:
    padded = pad_sequences([[1], [2, 3], [4, 5, 6]], **options)
    assert padded.dtype == np.int32
    assert padded.tolist() == expected


def test_feature_vectors_and_empty_sequences() -> None:
    padded = pad_sequences([np.ones((2, 3)), [], np.full((1, 3), 2.0)], dtype="float32", padding="post", value=-1)
    assert padded.shape == (3, 2, 3)
    assert padded[:, :, 0].tolist() == [[1, 1], [-1, -1], [2, -1]]


def test_misuse() -> None:
    with pytest.raises(ArgumentError, match="padding must be 'pre' or 'post'; got 'left'"):
        pad_sequences([[1]], padding="left")
    with pytest.raises(DataError, match="sequences must be a list of sequences"):
        pad_sequences([1, 2])
    with pytest.raises(ShapeError, match=r"The elements of sequence 1 have shape \(4,\), those before it \(3,\)"):
        pad_sequences([np.ones((2, 3)), np.ones((2, 4))])
