"""The functions of `keras.random`."""

from __future__ import annotations

import numpy as np
import pytest

import kinema
from kinema import layers, ops, random
from kinema.errors import ArgumentError


@pytest.fixture(autouse=True)
def _seeded() -> None:
    kinema.utils.set_random_seed(11)


def test_normal_and_uniform_numbers_have_their_moments() -> None:
    drawn = random.normal((200, 500), mean=2.0, stddev=3.0).numpy()
    assert (drawn.shape, drawn.dtype) == ((200, 500), np.float32)
    assert abs(drawn.mean() - 2) < 0.05
    assert abs(drawn.std() - 3) < 0.05
    drawn = random.uniform((200, 500), -1.0, 3.0, dtype="float64").numpy()
    assert drawn.dtype == np.float64
    assert -1 <= drawn.min() < -0.99
    assert 2.99 < drawn.max() < 3
    assert abs(drawn.mean() - 1) < 0.02


def test_truncated_numbers_stay_within_two_deviations() -> None:
    drawn = random.truncated_normal((100, 100), mean=1.0, stddev=0.5).numpy()
    assert 0 <= drawn.min() < 0.1
    assert 1.9 < drawn.max() <= 2
    assert abs(drawn.std() - 0.5 * 0.8796) < 0.01


def test_whole_numbers_are_equally_likely() -> None:
    drawn = random.randint((4000,), -1, 3).numpy()
    assert drawn.dtype == np.int32
    assert np.abs(np.bincount(drawn + 1) - 1000).max() < 150
    with pytest.raises(ArgumentError, match="minval=3 must be below maxval=3"):
        random.randint((2,), 3, 3)


def test_classes_come_as_often_as_they_are_likely() -> None:
    logits = np.log([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    drawn = random.categorical(logits, 5000).numpy()
    shares = np.stack([np.bincount(row, minlength=3) for row in drawn]) / 5000
    np.testing.assert_allclose(shares, np.exp(logits), atol=0.03)


def test_shuffling_moves_whole_slices() -> None:
    x = np.arange(60).reshape(3, 20)
    shuffled = random.shuffle(x, axis=1).numpy()
    assert (shuffled != x).any()
    np.testing.assert_array_equal(np.sort(shuffled, axis=1), x)
    np.testing.assert_array_equal(shuffled[1] - shuffled[0], np.full(20, 20))


def test_dropout_keeps_the_mean() -> None:
    dropped = random.dropout(np.ones((100, 100), "float32"), 0.25).numpy()
    assert set(np.unique(dropped)) == {0.0, np.float32(1 / 0.75)}
    assert abs(dropped.mean() - 1) < 0.03


def test_whole_numbers_as_seeds_repeat_and_generators_go_on() -> None:
    np.testing.assert_array_equal(random.normal((5,), seed=3), random.normal((5,), seed=3))
    first, second = (random.SeedGenerator(3) for _ in range(2))
    draws = [[random.normal((5,), seed=one).numpy() for _ in range(3)] for one in (first, second)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert len({array.tobytes() for array in draws[0]}) == 3
    unseeded = random.normal((5,)).numpy()
    assert (unseeded != random.normal((5,)).numpy()).all()
    kinema.utils.set_random_seed(11)
    np.testing.assert_array_equal(random.normal((5,)).numpy(), unseeded)


class Sampling(layers.Layer):
    """A normal sample around its input, as in a variational autoencoder."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.seeds = random.SeedGenerator()

    def call(self, inputs: kinema.Tensor) -> kinema.Tensor:
        shape = ops.shape(inputs)
        return inputs + random.normal(shape, seed=self.seeds) * 0.1 + random.normal(shape, seed=self.seeds)


def _trained(batches: int) -> list[np.ndarray]:
    kinema.utils.set_random_seed(5)
    model = kinema.Sequential([kinema.Input((4,)), layers.Dense(3), Sampling()])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
    for _ in range(batches):
        model.train_on_batch(x, np.zeros((8, 3), "float32"))
    return model.get_weights()


def test_a_training_step_draws_by_seed_and_step() -> None:
    one, other = _trained(3), _trained(3)
    random.normal((3,))
    for left, right in zip(one, other, strict=True):
        np.testing.assert_array_equal(left, right)


def test_types_that_cannot_be_drawn_are_refused() -> None:
    with pytest.raises(ArgumentError, match="random.normal: dtype is 'float32' or 'float64', not 'int32'"):
        random.normal((2,), dtype="int32")
