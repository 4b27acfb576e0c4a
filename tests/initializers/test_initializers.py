"""First values of weights: their ranges, their variances, their seeds."""

import math

import numpy as np
import pytest

import kinema
from kinema import initializers
from kinema.errors import ArgumentError, ShapeError
from kinema.initializers.scaling import compute_fans

MANY = (200, 300)


@pytest.mark.parametrize(
    ("shape", "fans"),
    [
        ((), (1, 1)),
        ((7,), (7, 7)),
        ((3, 5), (3, 5)),
        ((3, 3, 8, 16), (72, 144)),
        ((2, 3, 3, 8, 16), (144, 288)),
    ],
)
def test_inputs_and_outputs_of_shapes(shape, fans):
    assert compute_fans(shape) == fans


def test_inputs_and_outputs_by_axes():
    assert compute_fans((2, 3, 5), input_axes=[0], output_axes=[1, 2]) == (2, 15)


@pytest.mark.parametrize(
    ("initializer", "variance"),
    [
        (initializers.GlorotUniform(1), 2 / 500),
        (initializers.GlorotNormal(1), 2 / 500),
        (initializers.HeUniform(1), 2 / 200),
        (initializers.HeNormal(1), 2 / 200),
        (initializers.LecunUniform(1), 1 / 200),
        (initializers.LecunNormal(1), 1 / 200),
        (initializers.VarianceScaling(3.0, "fan_out", "untruncated_normal", seed=1), 3 / 300),
        (initializers.RandomNormal(stddev=0.5, seed=1), 0.25),
        (initializers.RandomUniform(-0.5, 0.5, seed=1), 1 / 12),
        (initializers.TruncatedNormal(stddev=1.0, seed=1), 0.87962566103423978**2),
    ],
)
def test_mean_and_variance(initializer, variance):
    values = initializer(MANY, dtype="float64").numpy()
    assert values.shape == MANY
    assert values.dtype == np.float64
    # Five standard errors of the mean, and of the variance of a normal distribution.
    assert abs(values.mean()) < 5 * math.sqrt(variance / values.size)
    assert values.var() == pytest.approx(variance, rel=5 * math.sqrt(2 / values.size))


@pytest.mark.parametrize(
    ("initializer", "limit"),
    [
        (initializers.GlorotUniform(2), math.sqrt(6 / 500)),
        (initializers.HeUniform(2), math.sqrt(6 / 200)),
        (initializers.LecunUniform(2), math.sqrt(3 / 200)),
        (initializers.GlorotNormal(2), 2 * math.sqrt(2 / 500) / 0.87962566103423978),
        (initializers.TruncatedNormal(stddev=0.1, seed=2), 0.2),
    ],
)
def test_limits(initializer, limit):
    values = np.abs(initializer(MANY).numpy())
    assert values.dtype == np.float32
    assert 0.98 * limit < values.max() <= limit * (1 + 1e-6)


def test_offset():
    assert initializers.RandomNormal(3.0, 0.5, seed=1)(MANY).numpy().mean() == pytest.approx(3.0, abs=0.02)
    assert initializers.RandomUniform(2.0, 3.0, seed=1)(MANY).numpy().min() >= 2.0


@pytest.mark.parametrize("shape", [(4, 4), (6, 3), (3, 6), (3, 3, 2, 7), (100, 40), (16, 64)])
def test_orthogonal(shape):
    matrix = initializers.Orthogonal(gain=2.0, seed=1)(shape, dtype="float64").numpy().reshape(-1, shape[-1])
    short = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    products = (short[:, None, :] * short[None, :, :]).sum(axis=-1)
    np.testing.assert_allclose(products, 4 * np.eye(len(short)), atol=1e-12)


def test_orthogonal_is_not_biased_in_sign():
    first = [initializers.Orthogonal(seed=seed)((8, 8)).numpy()[0, 0] for seed in range(40)]
    assert 8 <= sum(value > 0 for value in first) <= 32


def test_constants():
    np.testing.assert_array_equal(initializers.Zeros()((2,)).numpy(), [0, 0])
    np.testing.assert_array_equal(initializers.Ones()((2,), "float64").numpy(), [1, 1])
    np.testing.assert_array_equal(initializers.Constant([1.0, 2.0])((3, 2)).numpy(), [[1, 2]] * 3)
    np.testing.assert_array_equal(initializers.Identity(3.0)((2, 3)).numpy(), [[3, 0, 0], [0, 3, 0]])


def test_a_seed_gives_the_same_values_and_none_gives_others():
    seeded = initializers.GlorotUniform(seed=5)
    np.testing.assert_array_equal(seeded((3, 4)).numpy(), seeded((3, 4)).numpy())
    np.testing.assert_array_equal(seeded((3, 4)).numpy(), initializers.GlorotUniform(seed=5)((3, 4)).numpy())
    assert (seeded((3, 4)).numpy() != initializers.GlorotUniform(seed=6)((3, 4)).numpy()).any()
    free = initializers.GlorotUniform()
    assert (free((3, 4)).numpy() != free((3, 4)).numpy()).any()


def test_the_global_seed_decides_what_unseeded_ones_draw():
    def draw():
        kinema.utils.set_random_seed(11)
        return [initializers.HeNormal()((5, 5)).numpy() for _ in range(2)]

    for one, other in zip(draw(), draw(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "name", ["glorot_uniform", "GlorotUniform", "uniform", "normal", "orthogonal", "zero", "he_normal"]
)
def test_names(name):
    assert isinstance(initializers.get(name), initializers.Initializer)


def test_functions_and_nothing():
    def halves(shape, dtype=None):
        return np.full(shape, 0.5, dtype)

    assert initializers.get(halves) is halves
    assert initializers.get(None) is None


@pytest.mark.parametrize(
    "initializer",
    [
        initializers.Constant(2.5),
        initializers.Identity(2.0),
        initializers.RandomNormal(1.0, 2.0, seed=3),
        initializers.RandomUniform(-1, 1),
        initializers.Orthogonal(gain=0.5, seed=2),
        initializers.HeNormal(seed=4),
        initializers.VarianceScaling(2.0, "fan_avg", "uniform", seed=1),
    ],
)
def test_files_give_the_same_initializer(initializer):
    again = initializers.deserialize(initializers.serialize(initializer))
    assert type(again) is type(initializer)
    assert again.get_config() == initializer.get_config()


def test_files_of_other_versions():
    generator = {"class_name": "SeedGenerator", "config": {"seed": 7, "name": "g"}, "module": "keras.random"}
    assert initializers.deserialize({"class_name": "HeNormal", "config": {"seed": generator}}).seed == 7
    old = {"scale": 1.0, "mode": "fan_avg", "distribution": "normal", "seed": None, "dtype": "float32"}
    assert initializers.deserialize({"class_name": "VarianceScaling", "config": old}).distribution == "truncated_normal"


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: initializers.VarianceScaling(0), ArgumentError, "VarianceScaling: scale must be above 0, got 0"),
        (lambda: initializers.VarianceScaling(mode="fan"), ArgumentError, "mode is 'fan_in', .* not 'fan'"),
        (
            lambda: initializers.VarianceScaling(distribution="x"),
            ArgumentError,
            "distribution is 'uniform', .* not 'x'",
        ),
        (lambda: initializers.VarianceScaling(input_axes=[0]), ArgumentError, "give both input_axes and output_axes"),
        (
            lambda: initializers.HeNormal(seed=-1),
            ArgumentError,
            "HeNormal: seed must be a non-negative integer or None",
        ),
        (
            lambda: initializers.Orthogonal()((3,)),
            ShapeError,
            r"Orthogonal fills weights of two axes or more, not .*\(3,\)",
        ),
        (lambda: initializers.Identity()((3,)), ShapeError, r"Identity fills matrices, not weights of shape \(3,\)"),
        (lambda: initializers.Constant([1, 2])((3,)), ShapeError, r"Constant: a value of shape \(2,\) does not fill"),
        (lambda: initializers.get("glorot"), ArgumentError, "unknown initializer 'glorot'"),
    ],
)
def test_mistakes_are_explained(make, error, text):
    with pytest.raises(error, match=text):
        make()
