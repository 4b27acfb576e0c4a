"""Balanced classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers
from kinema.errors import ArgumentError, DataError
from kinema.models.class_weights import resolved_class_weight
from kinema.models.data import make_data
from kinema.utils import balanced_class_weights
from kinema.video import pad_clips

LABELS = np.array([0, 0, 0, 2, 0, 0, 2, 1])
EXPECTED = {0: 8 / 15, 1: 8 / 3, 2: 8 / 6}


@pytest.mark.parametrize("y", [LABELS, LABELS[:, None], LABELS.astype(np.float32), np.eye(3)[LABELS], LABELS.tolist()])
def test_each_class_counts_the_same(y: Any) -> None:
    assert balanced_class_weights(y) == pytest.approx(EXPECTED)


def test_steps_that_do_not_count_are_not_counted() -> None:
    y = np.array([[0, 1, 9], [0, 0, 0]])
    mask = np.array([[True, True, False], [True, True, True]])
    assert balanced_class_weights(y, mask) == pytest.approx({0: 5 / 8, 1: 5 / 2})


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0.5, 1.5], "class numbers from 0 or one-hot rows, not y of type float64"),
        ([-1, 1], "class numbers from 0"),
        (["a"], "class numbers from 0"),
        (np.empty(0, np.int64), "y is empty"),
    ],
)
def test_targets_that_are_no_classes(y: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        balanced_class_weights(y)


def _trained(class_weight: Any, x: Any = None) -> list[np.ndarray]:
    kinema.utils.set_random_seed(1)
    model = kinema.Sequential([layers.Input((2,)), layers.Dense(3, activation="softmax")])
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    data = np.random.default_rng(0).normal(size=(8, 2)).astype(np.float32)
    model.fit(data, LABELS, epochs=2, class_weight=class_weight, verbose=0)
    return model.get_weights()


def test_fit_balances_what_it_trains_on() -> None:
    for one, other in zip(_trained("balanced"), _trained(EXPECTED), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(_trained("balanced")[0], _trained(None)[0])


def test_the_validation_part_is_not_counted() -> None:
    data = make_data(np.zeros((8, 2)), LABELS)
    train, _ = data.split(0.5)  # type: ignore[union-attr]
    assert resolved_class_weight("balanced", train) == pytest.approx({0: 4 / 6, 2: 4 / 2})


def test_frames_of_padded_clips() -> None:
    x = pad_clips([np.ones((3, 2)), np.ones((1, 2))])
    data = make_data(x, np.array([[0, 0, 1], [1, 0, 0]]))
    assert resolved_class_weight("balanced", data) == {0: 1.0, 1: 1.0}


@pytest.mark.parametrize(
    ("weight", "data", "message"),
    [
        ("even", make_data(np.zeros((8, 2)), LABELS), "'balanced', not 'even'"),
        ("balanced", make_data(np.zeros((8, 2))), "needs targets"),
        ("balanced", make_data(batch for batch in ()), "kinema.utils.balanced_class_weights"),
    ],
)
def test_what_cannot_be_balanced(weight: str, data: Any, message: str) -> None:
    with pytest.raises((ArgumentError, DataError), match=message):
        resolved_class_weight(weight, data)
