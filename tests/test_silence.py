"""Arithmetic without NumPy's warnings."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import pytest

import kinema
from kinema._silence import without_warnings

ZERO = np.zeros(2, np.float32)


@without_warnings
def divide(fail: bool = False) -> np.ndarray:
    quotient = ZERO / ZERO
    if fail:
        raise ArithmeticError
    return quotient


def is_loud() -> bool:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        np.true_divide(ZERO, ZERO)
    return bool(caught)


def test_only_what_is_inside_is_silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(divide()).all()
        assert np.isnan(kinema.ops.divide(ZERO, ZERO).numpy()).all()
    assert is_loud()


def test_an_inner_function_and_an_error_leave_things_as_they_were():
    @without_warnings
    def outer() -> bool:
        with pytest.raises(ArithmeticError):
            divide(fail=True)
        return is_loud()

    assert not outer()
    with pytest.raises(ArithmeticError):
        divide(fail=True)
    assert is_loud()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        divide()


def test_threads_are_silent_by_themselves():
    @without_warnings
    def outer() -> list[bool]:
        heard: list[bool] = []
        thread = threading.Thread(target=lambda: heard.extend([is_loud(), bool(np.isnan(divide()).all())]))
        thread.start()
        thread.join()
        return heard

    assert outer() == [True, True]
