"""Focal cross-entropies against their formulas, also where probabilities round to 0 and 1."""

import numpy as np
import pytest

import kinema
from kinema import losses
from kinema.errors import ArgumentError, DataError

RNG = np.random.default_rng(6)
LOGITS = RNG.normal(size=(6, 4)) * 2
BITS = RNG.integers(0, 2, (6, 4)).astype(float)
ROWS = np.eye(4)[RNG.integers(0, 4, 6)]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("balanced", [False, True])
def test_binary(balanced, gamma):
    p = sigmoid(LOGITS)
    right = BITS * p + (1 - BITS) * (1 - p)
    expected = -((1 - right) ** gamma) * np.log(right)
    if balanced:
        expected = expected * (BITS * 0.4 + (1 - BITS) * 0.6)
    settings = {"apply_class_balancing": balanced, "alpha": 0.4, "gamma": gamma}
    for given, from_logits in ((p, False), (LOGITS, True)):
        loss = losses.binary_focal_crossentropy(BITS, given, from_logits=from_logits, **settings)
        np.testing.assert_allclose(loss.numpy(), expected.mean(-1), rtol=1e-9)


@pytest.mark.parametrize("alpha", [0.25, [0.1, 0.2, 0.3, 0.4]])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_categorical(gamma, alpha):
    p = softmax(LOGITS)
    expected = -(np.asarray(alpha) * (1 - p) ** gamma * ROWS * np.log(p)).sum(-1)
    for given, from_logits in ((p, False), (3 * p, False), (LOGITS, True), (kinema.ops.softmax(LOGITS), False)):
        loss = losses.categorical_focal_crossentropy(ROWS, given, alpha, gamma, from_logits)
        np.testing.assert_allclose(loss.numpy(), expected, rtol=1e-9)


def test_label_smoothing():
    loss = losses.CategoricalFocalCrossentropy(gamma=0.0, alpha=1.0, label_smoothing=0.3)
    expected = -(0.2 * np.log(0.25) + 0.8 * np.log(0.5))
    assert float(loss([[0.0, 1.0, 0.0]], [[0.25, 0.5, 0.25]])) == pytest.approx(expected, rel=1e-6)
    loss = losses.BinaryFocalCrossentropy(gamma=0.0, label_smoothing=0.2)
    assert float(loss([[1.0]], [[0.7]])) == pytest.approx(-(0.9 * np.log(0.7) + 0.1 * np.log(0.3)), rel=1e-6)


@pytest.mark.parametrize("name", ["categorical_crossentropy", "categorical_focal_crossentropy"])
def test_labels_are_smoothed_over_the_axis_of_the_classes(name):
    loss, target = getattr(losses, name), np.eye(3)[[0, 2]]
    p = softmax(LOGITS[:2, :3])
    last = loss(target[:, None], p[:, None], label_smoothing=0.3).numpy()[:, 0]
    first = loss(target[..., None], p[..., None], label_smoothing=0.3, axis=1).numpy()[:, 0]
    np.testing.assert_allclose(first, last, rtol=1e-12)


def test_the_probabilities_of_sigmoids_are_divided_by_their_sum():
    """Their logits are not those of a softmax."""
    given = kinema.ops.sigmoid(kinema.ops.convert_to_tensor(LOGITS))
    assert given.logits is not None
    loss = losses.categorical_focal_crossentropy(ROWS, given)
    np.testing.assert_allclose(loss.numpy(), losses.categorical_focal_crossentropy(ROWS, given.numpy()).numpy())


def test_a_softmax_over_another_axis_than_the_classes_is_not_looked_behind():
    given = kinema.ops.softmax(kinema.ops.convert_to_tensor(LOGITS[:4]))
    loss = losses.categorical_focal_crossentropy(np.eye(4), given, axis=0)
    np.testing.assert_allclose(
        loss.numpy(), losses.categorical_focal_crossentropy(np.eye(4), given.numpy(), axis=0).numpy()
    )


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize(
    ("loss", "activation"),
    [(losses.BinaryFocalCrossentropy, "sigmoid"), (losses.CategoricalFocalCrossentropy, "softmax")],
)
def test_saturated_outputs_learn_when_wrong_and_rest_when_right(loss, activation, gamma):
    logits = kinema.Variable(np.array([[60.0, -60.0], [300.0, -300.0]], "float32"))
    factor = 1.0 if activation == "sigmoid" else 0.25
    for target, value in (([[0.0, 1.0]] * 2, True), ([[1.0, 0.0]] * 2, False)):
        with kinema.GradientTape() as tape:
            output = getattr(kinema.ops, activation)(kinema.ops.multiply(logits, 1.0))
            total = loss(gamma=gamma, reduction="sum")(target, output)
        (gradient,) = tape.gradient(total, [logits])
        assert np.isfinite(gradient.numpy()).all()
        if value:
            expected = 60 + 300 if activation == "sigmoid" else factor * (120 + 600)
            assert float(total) == pytest.approx(expected, rel=1e-5)
            assert (gradient.numpy()[:, 0] > 0.2).all()
            assert (gradient.numpy()[:, 1] < -0.2).all()
        else:
            assert float(total) == pytest.approx(0, abs=1e-6)
            assert np.abs(gradient.numpy()).max() < 1e-6


@pytest.mark.parametrize("cls", [losses.BinaryFocalCrossentropy, losses.CategoricalFocalCrossentropy])
def test_label_smoothing_is_a_share(cls):
    with pytest.raises(ArgumentError, match=f"{cls.__name__}: label_smoothing must be from 0 to 1, got -1"):
        cls(label_smoothing=-1)


def test_wrong_labels_are_named():
    with pytest.raises(DataError, match=r"binary_focal_crossentropy: label 2 of sample 0, position 1, is not between"):
        losses.binary_focal_crossentropy([[0.0, 2.0]], [[0.5, 0.5]])
    with pytest.raises(DataError, match=r"categorical_focal_crossentropy: target -1 of sample 0, position 0, is negat"):
        losses.categorical_focal_crossentropy([[-1.0, 2.0]], [[0.5, 0.5]])
