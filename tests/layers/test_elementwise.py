"""Activations, dropout, masking: what the table does not say of them."""

from __future__ import annotations

import numpy as np
import pytest

from kinema import Tensor, layers
from kinema.errors import ArgumentError, ShapeError
from kinema.random import random_scope


def test_softmax_leaves_out_what_is_masked() -> None:
    mask = np.array([[True, True, False], [False, False, False]])
    outputs = layers.Softmax()(np.zeros((2, 3), "float32"), mask=mask).numpy()
    np.testing.assert_array_equal(outputs, [[0.5, 0.5, 0.0], [0.0, 0.0, 0.0]])


def test_softmax_takes_a_mask_of_steps_for_what_it_is() -> None:
    x = Tensor(np.zeros((2, 3, 4), "float32"))
    x.mask = np.array([[True, True, False], [True, False, False]])
    outputs = layers.Softmax()(x)
    np.testing.assert_array_equal(outputs.numpy(), 0.25)
    np.testing.assert_array_equal(outputs.mask, x.mask)


def test_softmax_errors() -> None:
    with pytest.raises(ShapeError, match=r"a mask of shape \(5,\) does not broadcast to the input's \(2, 3\)"):
        layers.Softmax()(np.zeros((2, 3), "float32"), mask=np.ones(5, bool))
    with pytest.raises(ShapeError, match="axis=2 is not an axis of an input of shape"):
        layers.Softmax(axis=2)(np.zeros((2, 3), "float32"))


def test_leaky_relu_takes_its_old_argument() -> None:
    assert layers.LeakyReLU(alpha=0.1).negative_slope == 0.1


def test_relu_arguments() -> None:
    with pytest.raises(ArgumentError, match="max_value is a number of at least 0, not -1"):
        layers.ReLU(max_value=-1)
    with pytest.raises(ArgumentError, match="negative_slope is a number of at least 0, not None"):
        layers.LeakyReLU(negative_slope=None)  # type: ignore[arg-type]


def test_dropout_keeps_the_mean() -> None:
    with random_scope(seed=1, step=1):
        outputs = layers.Dropout(0.25)(np.ones((50, 400), "float32"), training=True).numpy()
    assert set(np.unique(outputs)) == {0.0, np.float32(1 / 0.75)}
    assert abs(outputs.mean() - 1) < 0.02


def test_dropout_depends_on_the_sample_not_on_the_batch() -> None:
    layer = layers.Dropout(0.5)
    x = np.ones((6, 30), "float32")
    with random_scope(seed=1, step=1):
        whole = layer(x, training=True).numpy()
    with random_scope(seed=1, step=1, first_sample=4):
        np.testing.assert_array_equal(layer(x[4:], training=True).numpy(), whole[4:])


def test_dropout_layers_draw_apart_and_a_seed_fixes_one() -> None:
    x = np.ones((6, 30), "float32")
    with random_scope(seed=1, step=1):
        one, other = (layers.Dropout(0.5)(x, training=True).numpy() for _ in range(2))
        first = layers.Dropout(0.5, seed=7, name="same")(x, training=True).numpy()
    with random_scope(seed=2, step=1):
        again = layers.Dropout(0.5, seed=7, name="same")(x, training=True).numpy()
    assert not np.array_equal(one, other)
    np.testing.assert_array_equal(first, again)


def test_dropout_shares_along_axes_of_length_one() -> None:
    with random_scope(seed=1, step=1):
        outputs = layers.Dropout(0.5, noise_shape=(None, 1, None))(
            np.ones((2, 4, 50), "float32"), training=True
        ).numpy()
    np.testing.assert_array_equal(outputs, np.repeat(outputs[:, :1], 4, axis=1))


def test_dropout_arguments() -> None:
    with pytest.raises(ArgumentError, match=r"layer 'd' \(Dropout\): rate is a number from 0 to 1, not 2"):
        layers.Dropout(2, name="d")
    with pytest.raises(ArgumentError, match="noise_shape is a tuple of positive lengths and None"):
        layers.Dropout(0.5, noise_shape=(0, 1))


def test_masking_marks_whole_frames_of_clips() -> None:
    clips = np.ones((2, 3, 4, 4, 2), "float32")
    clips[0, 1] = 0
    clips[1, 2, 0] = 0
    outputs = layers.Masking()(clips)
    np.testing.assert_array_equal(outputs.mask, [[True, False, True], [True, True, True]])
    np.testing.assert_array_equal(outputs.numpy(), clips)


def test_masking_clears_what_it_skips() -> None:
    outputs = layers.Masking(mask_value=-1.0)(np.array([[[-1.0, -1.0], [-1.0, 5.0]]], "float32"))
    np.testing.assert_array_equal(outputs.numpy(), [[[0.0, 0.0], [-1.0, 5.0]]])
    with pytest.raises(ShapeError, match=r"expected \(batch, time, ...\), got an input of shape"):
        layers.Masking()(np.zeros((2, 3), "float32"))


def test_rescaling_reads_bytes_in_double_precision() -> None:
    outputs = layers.Rescaling(1 / 255, dtype="float64")(np.uint8([[51]]))
    np.testing.assert_allclose(outputs.numpy(), [[0.2]], rtol=1e-15)


def test_rescaling_per_channel() -> None:
    with pytest.raises(
        ShapeError, match=r"scale of shape \(2,\) and offset of shape \(\) do not fit an input of shape"
    ):
        layers.Rescaling([1.0, 2.0])(np.zeros((2, 3), "float32"))


def test_prelu_has_a_slope_for_each_feature_that_is_not_shared() -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype("float32")
    layer = layers.PReLU(alpha_initializer="random_normal", shared_axes=(1, 2))
    outputs = layer(x).numpy()
    assert layer.alpha.shape == (1, 1, 5)
    np.testing.assert_allclose(outputs, np.where(x > 0, x, x * layer.alpha.numpy()), rtol=1e-6)
    np.testing.assert_array_equal(layers.PReLU()(x).numpy(), np.maximum(x, 0))


def test_prelu_errors() -> None:
    with pytest.raises(ArgumentError, match="shared_axes are numbers of axes behind the batch's, from 1, not 0"):
        layers.PReLU(shared_axes=0)
    with pytest.raises(ShapeError, match=r"shared_axes=\[3\] are not all axes of an input of shape \(None, 2, 3\)"):
        layers.PReLU(shared_axes=3)(np.zeros((1, 2, 3), "float32"))
    layer = layers.PReLU()
    layer(np.zeros((1, 2, 3), "float32"))
    with pytest.raises(ShapeError, match=r"alpha of shape \(2, 3\) does not fit an input of shape \(1, 4, 3\): share"):
        layer(np.zeros((1, 4, 3), "float32"))
    with pytest.raises(ArgumentError, match="alpha is a number, not None"):
        layers.ELU(alpha=None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("layer", "mean", "deviation"),
    [(layers.GaussianNoise(0.3), 2, 0.3), (layers.GaussianDropout(0.2), 2, 2 * (0.2 / 0.8) ** 0.5)],
    ids=["noise", "dropout"],
)
def test_noise_has_its_mean_and_deviation_and_depends_on_the_sample_alone(
    layer: layers.Layer, mean: float, deviation: float
) -> None:
    x = np.full((40, 500), 2, "float32")
    with random_scope(seed=1, step=1):
        outputs = layer(x, training=True).numpy()
    assert abs(outputs.mean() - mean) < 0.02
    assert abs(outputs.std() - deviation) < 0.02
    with random_scope(seed=1, step=1, first_sample=30):
        np.testing.assert_array_equal(layer(x[30:], training=True).numpy(), outputs[30:])
    np.testing.assert_array_equal(layer(x).numpy(), x)


def test_noise_arguments() -> None:
    with pytest.raises(ArgumentError, match="stddev is a number from 0 to 1, not 1.5"):
        layers.GaussianNoise(1.5)
    with pytest.raises(ArgumentError, match="rate is below 1, where the noise would be without bounds"):
        layers.GaussianDropout(1)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [(layers.SpatialDropout1D(0.5), (6, 4, 50)), (layers.SpatialDropout2D(0.5), (6, 3, 4, 50))],
    ids=["steps", "pixels"],
)
def test_spatial_dropout_drops_whole_features_of_a_sample(layer: layers.Layer, shape: tuple[int, ...]) -> None:
    with random_scope(seed=1, step=1):
        outputs = layer(np.ones(shape, "float32"), training=True).numpy()
    places = tuple(range(1, outputs.ndim - 1))
    np.testing.assert_array_equal(outputs.max(places), outputs.min(places))
    features = outputs.max(places)
    assert set(np.unique(features)) == {0.0, 2.0}
    assert not np.array_equal(features[0], features[1])


def test_identity_takes_what_has_a_structure() -> None:
    x = np.ones((2, 3), "float32")
    first, second = layers.Identity()([x, 2 * x])
    np.testing.assert_array_equal(first, x)
    np.testing.assert_array_equal(second, 2 * x)
    assert layers.Identity().compute_output_shape([(None, 3), (None, 2)]) == [(None, 3), (None, 2)]


def test_activity_regularization_penalises_each_sample() -> None:
    x = np.float32([[1, -3], [2, 2]])
    layer = layers.ActivityRegularization(l1=0.5, l2=0.1)
    np.testing.assert_array_equal(layer(x).numpy(), x)
    assert float(layer.losses[0]) == pytest.approx((0.5 * np.abs(x).sum() + 0.1 * (x**2).sum()) / 2)
