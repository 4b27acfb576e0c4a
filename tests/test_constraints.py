"""Constraints against hand-computed values."""

import numpy as np
import pytest

from kinema import constraints

W = np.array([[3.0, 0.3], [-4.0, 0.4]])


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        (constraints.NonNeg(), [[3, 0.3], [0, 0.4]]),
        (constraints.MaxNorm(1.0), [[0.6, 0.3], [-0.8, 0.4]]),
        (constraints.UnitNorm(), [[0.6, 0.6], [-0.8, 0.8]]),
        (constraints.UnitNorm(axis=[0, 1]), W / np.sqrt(25.25)),
        (constraints.MinMaxNorm(1.0, 2.0), [[1.2, 0.6], [-1.6, 0.8]]),
        (constraints.MinMaxNorm(1.0, 2.0, rate=0.5), [[2.1, 0.45], [-2.8, 0.6]]),
    ],
)
def test_values(constraint, expected):
    np.testing.assert_allclose(constraint(W).numpy(), expected, rtol=1e-6)
    assert constraint(W.astype("float32")).dtype == np.float32


@pytest.mark.parametrize(
    "constraint",
    [
        constraints.NonNeg(),
        constraints.MaxNorm(3, 1),
        constraints.MinMaxNorm(0.1, 2, 0.5, 1),
        constraints.UnitNorm([0, 1]),
    ],
)
def test_files_give_the_same_constraint(constraint):
    again = constraints.deserialize(constraints.serialize(constraint))
    assert type(again) is type(constraint)
    assert again.get_config() == constraint.get_config()


def test_names():
    assert isinstance(constraints.get("max_norm"), constraints.MaxNorm)
    assert isinstance(constraints.get("NonNeg"), constraints.NonNeg)
    assert constraints.get(None) is None
