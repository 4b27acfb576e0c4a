"""Cross-entropies at the edges: saturated probabilities, logits kept beside probabilities, unnormalised targets."""

from __future__ import annotations

import numpy as np
import pytest

from kinema import GradientTape, ops

LOGITS = np.array([[2.0, -1.0, 0.5], [100.0, -100.0, 0.0], [0.0, 0.0, 0.0]])
ONE_HOT = np.eye(3)[[0, 1, 2]]


def _softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def test_forms_agree_where_nothing_saturates() -> None:
    logits, labels = LOGITS[::2], np.array([0, 2])
    expected = -np.log(_softmax(logits))[[0, 1], labels]
    for value in (
        ops.categorical_crossentropy(ONE_HOT[labels], logits, from_logits=True),
        ops.categorical_crossentropy(ONE_HOT[labels], _softmax(logits)),
        ops.categorical_crossentropy(ONE_HOT[labels], 5 * _softmax(logits)),
        ops.sparse_categorical_crossentropy(labels, logits, from_logits=True),
        ops.sparse_categorical_crossentropy(labels[:, None], _softmax(logits)),
        ops.sparse_categorical_crossentropy(labels.astype(np.float32), _softmax(logits)),
    ):
        np.testing.assert_allclose(value.numpy(), expected, rtol=1e-12)


def test_probabilities_are_limited() -> None:
    value = ops.categorical_crossentropy([[0.0, 1.0]], np.array([[1.0, 0.0]])).item()
    assert value == pytest.approx(-np.log(1e-7))
    limited = np.array([1 - 1e-7, 1e-7])
    value = ops.sparse_categorical_crossentropy([1], np.array([[1.0, 0.0]])).item()
    assert value == pytest.approx(-np.log(limited / limited.sum())[1])
    value = ops.binary_crossentropy(np.array([1.0, 0.0]), np.array([0.0, 0.0])).numpy()
    np.testing.assert_allclose(value, [-np.log(1e-7), -np.log(1 - 1e-7)])


@pytest.mark.parametrize("targets", ["one-hot", "numbers"])
def test_a_softmax_in_front_is_seen_through(targets: str) -> None:
    """A saturated softmax rounds to 0 and 1; its logits still tell how wrong it is, and where to go."""
    logits = ops.convert_to_tensor(LOGITS)
    with GradientTape() as tape:
        tape.watch(logits)
        probabilities = ops.softmax(logits)
        if targets == "one-hot":
            loss = ops.categorical_crossentropy(ONE_HOT, probabilities)
        else:
            loss = ops.sparse_categorical_crossentropy([0, 1, 2], probabilities)
    assert loss.numpy()[1] == pytest.approx(200)
    np.testing.assert_allclose(tape.gradient(loss, logits).numpy(), _softmax(LOGITS) - ONE_HOT, atol=1e-12)


def test_a_sigmoid_in_front_is_seen_through() -> None:
    logits = ops.convert_to_tensor(np.array([-200.0, 0.0, 200.0]))
    with GradientTape() as tape:
        tape.watch(logits)
        loss = ops.binary_crossentropy(np.ones(3), ops.sigmoid(logits))
    np.testing.assert_allclose(loss.numpy(), [200, np.log(2), 0], atol=1e-12)
    np.testing.assert_allclose(tape.gradient(loss, logits).numpy(), [-1, -0.5, 0], atol=1e-12)


@pytest.mark.parametrize("name", ["categorical_crossentropy", "sparse_categorical_crossentropy", "binary_crossentropy"])
def test_probabilities_called_logits_are_seen_through_with_a_word(name: str) -> None:
    """Once is enough: the activation is not applied twice."""
    activation = ops.sigmoid if name.startswith("binary") else ops.softmax
    target = [0, 1, 2] if name.startswith("sparse") else ONE_HOT
    logits, function = ops.convert_to_tensor(LOGITS), getattr(ops, name)
    expected = function(target, logits, from_logits=True)
    with GradientTape() as tape:
        tape.watch(logits)
        with pytest.warns(UserWarning, match=rf"{name} got from_logits=True and an output that a softmax or a sigmoid"):
            loss = function(target, activation(logits), from_logits=True)
    np.testing.assert_array_equal(loss.numpy(), expected.numpy())
    assert np.abs(tape.gradient(loss, logits).numpy()).max() > 0.5
    np.testing.assert_array_equal(function(target, logits.numpy(), from_logits=True).numpy(), expected.numpy())


def test_a_softmax_over_another_axis_is_not() -> None:
    assert ops.softmax(ops.convert_to_tensor(LOGITS), axis=0).logits is None


def test_targets_need_not_sum_to_one() -> None:
    target = np.array([[2.0, 1.0, 0.0]])
    logits = ops.convert_to_tensor(LOGITS[:1])
    with GradientTape() as tape:
        tape.watch(logits)
        loss = ops.categorical_crossentropy(target, logits, from_logits=True)
    p = _softmax(LOGITS[:1])
    assert loss.item() == pytest.approx(-(target * np.log(p)).sum())
    np.testing.assert_allclose(tape.gradient(loss, logits).numpy(), 3 * p - target)


def test_inputs_stay_as_they_are() -> None:
    probabilities = np.array([[0.2, 0.8]])
    ops.categorical_crossentropy([[0.0, 1.0]], probabilities)
    ops.sparse_categorical_crossentropy([1], probabilities)
    np.testing.assert_array_equal(probabilities, [[0.2, 0.8]])
