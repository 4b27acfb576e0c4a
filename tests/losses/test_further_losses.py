"""Hinges, relative errors, divergences, angles and overlaps against the formulas in NumPy."""

import numpy as np
import pytest

import kinema
from kinema import losses
from kinema.errors import ShapeError

RNG = np.random.default_rng(4)
NUMBERS, SCORES = RNG.normal(size=(5, 4)), RNG.normal(size=(5, 4)) * 2
BITS = RNG.integers(0, 2, (5, 4)).astype(float)
ROWS = np.eye(4)[RNG.integers(0, 4, 5)]
WANTED, SHARES = (x / x.sum(-1, keepdims=True) for x in (RNG.uniform(0.1, 1, (5, 4)), RNG.uniform(0.1, 1, (5, 4))))
SIGNS = BITS * 2 - 1
OVERLAP = (BITS * SHARES).sum(-1)


@pytest.mark.parametrize(
    ("name", "settings", "true", "predicted", "expected"),
    [
        ("hinge", {}, SIGNS, SCORES, np.maximum(1 - SIGNS * SCORES, 0).mean(-1)),
        ("hinge", {}, BITS, SCORES, np.maximum(1 - SIGNS * SCORES, 0).mean(-1)),
        ("hinge", {}, NUMBERS, SCORES, np.maximum(1 - NUMBERS * SCORES, 0).mean(-1)),
        ("squared_hinge", {}, BITS, SCORES, np.square(np.maximum(1 - SIGNS * SCORES, 0)).mean(-1)),
        (
            "categorical_hinge",
            {},
            ROWS,
            SCORES,
            np.maximum(1 + ((1 - ROWS) * SCORES).max(-1) - (ROWS * SCORES).sum(-1), 0),
        ),
        ("mean_absolute_percentage_error", {}, NUMBERS, SCORES, 100 * np.abs(1 - SCORES / NUMBERS).mean(-1)),
        (
            "mean_squared_logarithmic_error",
            {},
            np.abs(NUMBERS),
            np.abs(SCORES),
            np.square(np.log((1 + np.abs(NUMBERS)) / (1 + np.abs(SCORES)))).mean(-1),
        ),
        ("kl_divergence", {}, WANTED, SHARES, (WANTED * np.log(WANTED / SHARES)).sum(-1)),
        ("poisson", {}, BITS * 3, SHARES, (SHARES - BITS * 3 * np.log(SHARES + 1e-7)).mean(-1)),
        (
            "cosine_similarity",
            {},
            NUMBERS,
            SCORES,
            -(NUMBERS * SCORES).sum(-1) / np.linalg.norm(NUMBERS, axis=-1) / np.linalg.norm(SCORES, axis=-1),
        ),
        (
            "cosine_similarity",
            {"axis": 0},
            NUMBERS,
            SCORES,
            -(NUMBERS * SCORES).sum(0) / np.linalg.norm(NUMBERS, axis=0) / np.linalg.norm(SCORES, axis=0),
        ),
        ("dice", {"axis": -1}, BITS, SHARES, 1 - 2 * OVERLAP / (BITS.sum(-1) + 1 + 1e-7)),
        (
            "tversky",
            {"alpha": 0.3, "beta": 0.6, "axis": [1]},
            BITS,
            SHARES,
            1 - OVERLAP / (OVERLAP + 0.3 * (BITS.sum(-1) - OVERLAP) + 0.6 * (1 - OVERLAP) + 1e-7),
        ),
    ],
)
def test_values_per_sample(name, settings, true, predicted, expected):
    np.testing.assert_allclose(getattr(losses, name)(true, predicted, **settings).numpy(), expected, rtol=1e-9)


def test_percentages_of_zero_are_finite():
    np.testing.assert_allclose(losses.mean_absolute_percentage_error([[0.0]], [[1.0]]).numpy(), [1e9], rtol=1e-5)


def test_divergence_limits_both_distributions():
    value = losses.kl_divergence(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]))
    np.testing.assert_allclose(value.numpy(), [(1 - 1e-7) * np.log(1e7)])


def test_the_angle_to_nothing_is_right_and_has_a_gradient():
    w = kinema.Variable(np.zeros((1, 2)))
    with kinema.GradientTape() as tape:
        loss = losses.CosineSimilarity()(np.array([[1.0, 2.0]]), kinema.ops.multiply(w, 1.0))
    assert float(loss) == 0.0
    assert np.isfinite(tape.gradient(loss, [w])[0].numpy()).all()


@pytest.mark.parametrize("name", ["hinge", "kl_divergence", "cosine_similarity", "dice"])
def test_shapes_that_do_not_fit_are_refused(name):
    with pytest.raises(ShapeError, match=rf"{name}: targets have shape \(2, 3\), predictions have shape \(2, 4\)"):
        getattr(losses, name)(np.ones((2, 3)), np.ones((2, 4)))
