"""Clips of different lengths in one array."""

from typing import Any

import numpy as np
import pytest

from kinema.errors import ArgumentError, DataError
from kinema.video import pad_clips


def test_clips_keep_their_type_and_are_filled_up_with_zeros() -> None:
    padded = pad_clips([np.full((2, 3), 7, np.uint8), np.full((1, 3), 8, np.uint8)], length=4)
    assert padded.dtype == np.uint8
    np.testing.assert_array_equal(padded.numpy()[..., 0], [[7, 7, 0, 0], [8, 0, 0, 0]])
    np.testing.assert_array_equal(padded.mask, padded.numpy()[..., 0] > 0)


def test_lengths_of_an_array_that_is_padded_already() -> None:
    array = np.ones((2, 3, 5))
    padded = pad_clips(array, lengths=[3, 1])
    assert np.shares_memory(padded.numpy(), array)
    np.testing.assert_array_equal(padded.mask, [[True, True, True], [True, False, False]])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([],), DataError, "no clips"),
        (([np.ones((2, 3)), np.ones((2, 4))],), DataError, r"clip 0 are \(3,\), those of clip 1 are \(4,\)"),
        (([np.ones((2, 3))], 1), DataError, "length=1 is less than the longest clip, which has 2 steps"),
        ((np.ones((2, 3)), None, [1]), DataError, "one whole number for each clip"),
        ((np.ones((2, 3)), None, [1.0, 2.0]), DataError, "of type float64"),
        ((np.ones((2, 3)), None, [1, 4]), DataError, "between 0 and the array's 3 steps"),
        ((np.ones((2, 3)), 4, [1, 2]), ArgumentError, "not both"),
    ],
)
def test_clips_that_do_not_fit(arguments: tuple[Any, ...], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        pad_clips(*arguments)
