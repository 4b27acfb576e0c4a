"""Cross-entropies against hand-computed values, with Keras's limits of probabilities."""

import math

import numpy as np
import pytest

import kinema
from kinema import losses
from kinema.errors import ArgumentError

RNG = np.random.default_rng(0)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def test_categorical_divides_probabilities_by_their_sum():
    loss = losses.categorical_crossentropy(np.array([[0.0, 1.0, 0.0]]), np.array([[0.2, 0.4, 0.2]]))
    np.testing.assert_allclose(loss.numpy(), [-math.log(0.5)])


def test_categorical_limits_probabilities():
    loss = losses.categorical_crossentropy(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]))
    np.testing.assert_allclose(loss.numpy(), [-math.log(1e-7)])


@pytest.mark.parametrize("scale", [1.0, 50.0])
def test_logits_give_what_their_softmax_gives(scale):
    logits = RNG.normal(size=(6, 4)) * scale
    labels = RNG.integers(0, 4, 6)
    rows = np.eye(4)[labels]
    exact = np.log(np.exp(logits - logits.max(-1, keepdims=True)).sum(-1)) + logits.max(-1) - logits[range(6), labels]
    for loss in (
        losses.categorical_crossentropy(rows, logits, from_logits=True),
        losses.sparse_categorical_crossentropy(labels, logits, from_logits=True),
    ):
        np.testing.assert_allclose(loss.numpy(), exact, rtol=1e-9, atol=1e-12)


def test_sparse_equals_categorical():
    probabilities = softmax(RNG.normal(size=(5, 3, 4)))
    labels = RNG.integers(0, 4, (5, 3))
    dense = losses.categorical_crossentropy(np.eye(4)[labels], probabilities)
    for given in (labels, labels[..., None], labels.astype("float32")):
        np.testing.assert_allclose(losses.sparse_categorical_crossentropy(given, probabilities).numpy(), dense.numpy())


def test_binary_averages_over_outputs():
    loss = losses.binary_crossentropy(np.array([[1.0, 0.0]]), np.array([[0.8, 0.4]]))
    np.testing.assert_allclose(loss.numpy(), [-(math.log(0.8) + math.log(0.6)) / 2])


def test_binary_from_logits():
    logits = np.array([[2.0, -300.0]])
    loss = losses.binary_crossentropy(np.array([[1.0, 1.0]]), logits, from_logits=True)
    np.testing.assert_allclose(loss.numpy(), [(math.log1p(math.exp(-2)) + 300) / 2])


def test_binary_takes_flat_targets_for_one_output():
    flat = losses.binary_crossentropy(np.array([1.0, 0.0]), np.array([[0.8], [0.4]]))
    np.testing.assert_allclose(flat.numpy(), [-math.log(0.8), -math.log(0.6)])


def test_label_smoothing():
    loss = losses.CategoricalCrossentropy(label_smoothing=0.3)([[0.0, 1.0, 0.0]], [[0.25, 0.5, 0.25]])
    assert float(loss) == pytest.approx(-(0.2 * math.log(0.25) + 0.8 * math.log(0.5)), rel=1e-6)
    loss = losses.BinaryCrossentropy(label_smoothing=0.2)([[1.0]], [[0.7]])
    assert float(loss) == pytest.approx(-(0.9 * math.log(0.7) + 0.1 * math.log(0.3)), rel=1e-6)


@pytest.mark.parametrize("cls", [losses.BinaryCrossentropy, losses.CategoricalCrossentropy])
def test_label_smoothing_is_a_share(cls):
    with pytest.raises(ArgumentError, match=f"{cls.__name__}: label_smoothing must be from 0 to 1, got 1.5"):
        cls(label_smoothing=1.5)


def test_ignored_class_does_not_count():
    probabilities = np.array([[0.5, 0.5], [0.9, 0.1], [0.2, 0.8]])
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    assert float(loss([0, -1, 1], probabilities)) == pytest.approx(-(math.log(0.5) + math.log(0.8)) / 2)


def test_what_made_probabilities_counts_where_a_class_is_ignored():
    """Keras 3.15 on TensorFlow: probabilities of a sigmoid are divided by their sum, with a class to ignore alone."""
    logits = kinema.ops.convert_to_tensor(np.float32([[1, 2, -1], [0, 1, 3]]))
    plain, ignoring = (losses.SparseCategoricalCrossentropy(ignore_class=ignored) for ignored in (None, -1))
    made = kinema.ops.sigmoid(logits)
    assert float(plain([0, 2], made)) == pytest.approx(0.75943, abs=1e-5)
    assert float(ignoring([0, 2], made)) == pytest.approx(0.88727, abs=1e-5)
    saturated = kinema.ops.softmax(kinema.ops.convert_to_tensor([[60.0, 0.0, 0.0]]))
    assert float(ignoring([1], saturated)) == pytest.approx(60.0)


def test_gradient_of_softmax_and_crossentropy_is_the_difference():
    logits = kinema.Variable(RNG.normal(size=(3, 4)))
    rows = np.eye(4)[[0, 3, 2]]
    with kinema.GradientTape(persistent=True) as tape:
        from_logits = kinema.ops.sum(losses.categorical_crossentropy(rows, kinema.ops.multiply(logits, 1.0), True))
    np.testing.assert_allclose(tape.gradient(from_logits, [logits])[0].numpy(), softmax(logits.numpy()) - rows)
