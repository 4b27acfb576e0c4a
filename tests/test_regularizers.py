"""Penalties against hand-computed values and gradients."""

import numpy as np
import pytest

import kinema
from kinema import regularizers
from kinema.errors import ArgumentError

X = np.array([[1.0, -2.0], [3.0, 0.0]])


@pytest.mark.parametrize(
    ("regularizer", "expected", "gradient"),
    [
        (regularizers.L1(0.5), 3.0, 0.5 * np.sign(X)),
        (regularizers.L2(0.5), 7.0, X),
        (regularizers.L1L2(0.5, 0.25), 6.5, 0.5 * np.sign(X) + 0.5 * X),
        (regularizers.L1L2(), 0.0, 0 * X),
    ],
)
def test_values_and_gradients(regularizer, expected, gradient):
    w = kinema.Variable(X)
    with kinema.GradientTape() as tape:
        penalty = regularizer(w)
    assert float(penalty) == pytest.approx(expected)
    np.testing.assert_allclose(tape.gradient(penalty, [w])[0].numpy(), gradient, atol=1e-12)


def test_orthogonal():
    cosine = np.array([[1.0, 0.0], [1.0, 1.0]])
    assert float(regularizers.OrthogonalRegularizer(2.0)(cosine)) == pytest.approx(2 / np.sqrt(2))
    assert float(regularizers.OrthogonalRegularizer(2.0, "columns")(cosine)) == pytest.approx(2 / np.sqrt(2))
    assert float(regularizers.OrthogonalRegularizer(2.0)(np.eye(3))) == pytest.approx(0.0)


def test_names():
    assert isinstance(regularizers.get("l2"), regularizers.L2)
    assert isinstance(regularizers.get("L1L2"), regularizers.L1L2)
    assert regularizers.l2(0.25).l2 == 0.25
    assert regularizers.get(None) is None


@pytest.mark.parametrize(
    "regularizer",
    [regularizers.L1(0.1), regularizers.L2(0.2), regularizers.L1L2(0.1, 0.2), regularizers.OrthogonalRegularizer()],
)
def test_files_give_the_same_regularizer(regularizer):
    again = regularizers.deserialize(regularizers.serialize(regularizer))
    assert type(again) is type(regularizer)
    assert again.get_config() == regularizer.get_config()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: regularizers.L2(-1), "L2: l2 must be finite and not negative, got -1"),
        (lambda: regularizers.L1(float("nan")), "L1: l1 must be finite and not negative, got nan"),
        (lambda: regularizers.OrthogonalRegularizer(mode="x"), "mode is 'rows' or 'columns', not 'x'"),
        (
            lambda: regularizers.OrthogonalRegularizer()(np.zeros(3)),
            r"regularises matrices, not tensors of shape \(3,\)",
        ),
    ],
)
def test_mistakes_are_explained(make, text):
    with pytest.raises(ArgumentError, match=text):
        make()
