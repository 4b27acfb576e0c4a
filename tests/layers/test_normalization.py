"""Layers that normalise: BatchNormalization, LayerNormalization, Normalization."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from kinema import layers
from kinema.errors import ArgumentError, DataError, DTypeError, ShapeError
from kinema.layers.moments import RunningMoments


def _clips(count: int = 8) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 3, 4, 5, 2), dtype=np.uint8)


def _batches(clips: np.ndarray) -> Iterator[Any]:
    for start in range(0, len(clips), 3):
        yield clips[start : start + 3], np.zeros(len(clips[start : start + 3]))


class Dataset:
    """Yields batches with targets every time it is asked."""

    def __init__(self, clips: np.ndarray) -> None:
        self.clips = clips

    def __iter__(self) -> Iterator[Any]:
        return _batches(self.clips)


@pytest.mark.parametrize(
    "feed",
    [
        lambda clips: clips,
        lambda clips: clips.astype("float32"),
        lambda clips: list(clips[:, None]),
        _batches,
        lambda clips: (x for x, _ in _batches(clips)),
        Dataset,
        lambda clips: np.repeat(clips, 2, axis=1)[:, ::2],
    ],
    ids=["bytes", "floats", "list", "pairs", "generator", "dataset", "strided"],
)
@pytest.mark.parametrize(("axis", "kept"), [(-1, (4,)), ((-3, -2, -1), (2, 3, 4)), (None, ()), ((1, -1), (1, 4))])
def test_adapt_finds_mean_and_variance_whatever_the_data_comes_in(feed: Any, axis: Any, kept: tuple[int, ...]) -> None:
    clips = _clips()
    layer = layers.Normalization(axis=axis)
    layer.adapt(feed(clips))
    reduced = tuple(set(range(5)) - set(kept))
    np.testing.assert_allclose(layer.adapt_mean.numpy(), clips.mean(axis=reduced, dtype="float64"), rtol=1e-6)
    np.testing.assert_allclose(layer.adapt_variance.numpy(), clips.var(axis=reduced, dtype="float64"), rtol=1e-6)
    outputs = layer(clips).numpy().astype("float64")
    np.testing.assert_allclose(outputs.mean(axis=reduced), 0, atol=1e-5)
    np.testing.assert_allclose(outputs.var(axis=reduced), 1, atol=1e-4)


def test_adapt_forgets_what_it_knew() -> None:
    layer = layers.Normalization()
    layer.adapt(_clips())
    layer.adapt(np.full((4, 3, 4, 5, 2), 7, "uint8"))
    np.testing.assert_array_equal(layer.adapt_mean.numpy(), [7, 7])
    np.testing.assert_array_equal(layer.adapt_variance.numpy(), [0, 0])


def test_adapt_takes_some_steps_of_an_endless_generator() -> None:
    def endless() -> Iterator[np.ndarray]:
        while True:
            yield np.array([[1.0], [3.0]])

    layer = layers.Normalization()
    layer.adapt(endless(), steps=3)
    np.testing.assert_array_equal(layer.adapt_mean.numpy(), [2.0])
    np.testing.assert_array_equal(layer.adapt_variance.numpy(), [1.0])


def test_moments_lose_nothing_far_from_zero() -> None:
    values = 1e9 + np.random.default_rng(0).normal(size=(10_000, 1))
    moments = RunningMoments((1,))
    for part in np.array_split(values, 7):
        moments.add(part)
    mean, variance = moments.result()
    np.testing.assert_allclose(mean, values.mean(0), rtol=1e-15)
    np.testing.assert_allclose(variance, values.var(0), rtol=1e-6)


def test_a_pixel_that_never_changes_stays_zero() -> None:
    clips = _clips()
    clips[:, :, 0] = 16
    layer = layers.Normalization(axis=(-3, -2, -1))
    layer.adapt(clips)
    np.testing.assert_array_equal(layer(clips).numpy()[:, :, 0], 0)


def test_invert_undoes() -> None:
    x = np.random.default_rng(0).normal(5, 3, (6, 4)).astype("float32")
    forth, back = layers.Normalization(), layers.Normalization(invert=True)
    forth.adapt(x)
    back.adapt(x)
    np.testing.assert_allclose(back(forth(x)).numpy(), x, rtol=1e-5)


def test_known_statistics() -> None:
    layer = layers.Normalization(mean=3.0, variance=4.0)
    np.testing.assert_array_equal(layer(np.float32([[1.0], [5.0]])).numpy(), [[-1.0], [1.0]])
    assert layer.weights == []
    with pytest.raises(ArgumentError, match="mean and variance were given, there is nothing to adapt"):
        layer.adapt(np.zeros((2, 1)))
    with pytest.raises(ArgumentError, match="give both mean and variance, or neither and call adapt on data"):
        layers.Normalization(mean=3.0)
    with pytest.raises(ArgumentError, match=r"mean has shape \(2,\), but variance \(\): give equal shapes"):
        layers.Normalization(mean=[1.0, 2.0], variance=1.0)
    with pytest.raises(ShapeError, match=r"mean of shape \(2,\) does not fit the axes \(-1,\) of an input of shape"):
        layers.Normalization(mean=[1.0, 2.0], variance=[1.0, 2.0])(np.zeros((2, 3), "float32"))


def test_bad_data() -> None:
    layer = layers.Normalization(name="n")
    with pytest.raises(DataError, match="adapt got no data: give it an array, or a generator or dataset that yields"):
        layer.adapt(iter(()))
    with pytest.raises(DataError, match="adapt got no data"):
        layers.Normalization().adapt(np.zeros((0, 3)))
    with pytest.raises(DataError, match="adapt got data with NaN or infinite numbers: remove them first"):
        layer.adapt(np.array([[1.0], [np.nan]]))
    with pytest.raises(
        DTypeError, match="adapt takes an array, or a generator or dataset that yields batches, not a int"
    ):
        layer.adapt(3)
    with pytest.raises(DTypeError, match="adapt computes with numbers, but got data of type <U1"):
        layer.adapt(np.array([["a"]]))
    with pytest.raises(ShapeError, match="adapt takes batches of samples, not single numbers"):
        layer.adapt(np.ones(()))
    layer.adapt(np.ones((2, 3)))
    with pytest.raises(
        ShapeError, match=r"layer 'n' \(Normalization\): built for 2 axes with lengths \(3,\) along \(1,\)"
    ):
        layer.adapt(np.ones((2, 4)))
    with pytest.raises(ShapeError, match=r"but got an input of shape \(2, 4\)"):
        layer(np.ones((2, 4), "float32"))
    with pytest.raises(ShapeError, match="axis=\\(4,\\) does not name axes of an input of shape"):
        layers.Normalization(axis=4)(np.ones((2, 4), "float32"))


def test_batch_normalization_follows_and_freezes() -> None:
    x = np.random.default_rng(0).normal(5, 3, (64, 4)).astype("float32")
    layer = layers.BatchNormalization(momentum=0.0)
    layer(x, training=True)
    np.testing.assert_allclose(layer.moving_mean.numpy(), x.mean(0), rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance.numpy(), x.var(0), rtol=1e-5)
    before = layer.get_weights()
    layer.trainable = False
    frozen = layer(x + 3, training=True).numpy()
    np.testing.assert_array_equal(frozen, layer(x + 3, training=False).numpy())
    for one, other in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_batch_normalization_does_not_count_masked_steps() -> None:
    x = np.random.default_rng(0).normal(size=(4, 5, 3, 2)).astype("float32")
    mask = np.random.default_rng(1).random((4, 5)) > 0.3
    layer = layers.BatchNormalization(momentum=0.0)
    layer(x, training=True, mask=mask)
    np.testing.assert_allclose(layer.moving_mean.numpy(), x[mask].mean((0, 1)), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(layer.moving_variance.numpy(), x[mask].var((0, 1)), rtol=1e-4)
    with pytest.raises(ShapeError, match=r"a mask of shape \(4, 6\) does not fit the leading axes of an input"):
        layer(x, training=True, mask=np.ones((4, 6), bool))


def test_batch_normalization_errors() -> None:
    with pytest.raises(ShapeError, match="axis=3 is not an axis of features in an input of shape"):
        layers.BatchNormalization(axis=3)(np.ones((2, 4), "float32"))
    with pytest.raises(ArgumentError, match=r"axis is the number of one axis, not \[1, 2\]"):
        layers.BatchNormalization(axis=[1, 2])  # type: ignore[arg-type]
    with pytest.raises(
        ArgumentError, match="BatchNormalization: renorm=True of earlier Keras versions is not supported"
    ):
        layers.BatchNormalization(renorm=True)
    assert layers.BatchNormalization(axis=[3]).axis == 3  # type: ignore[arg-type]
    layer = layers.BatchNormalization()
    layer(np.ones((2, 4), "float32"))
    with pytest.raises(ShapeError, match="expected 4 features on axis -1, as when it was built, but got an input of"):
        layer(np.ones((2, 5), "float32"))


def test_layer_normalization_errors() -> None:
    with pytest.raises(ShapeError, match="axis=0 does not name axes of features in an input of shape"):
        layers.LayerNormalization(axis=0)(np.ones((2, 4), "float32"))
    with pytest.raises(ArgumentError, match="rms_scaling=True of earlier Keras versions is not supported"):
        layers.LayerNormalization(rms_scaling=True)


def test_layers_that_look_along_time_say_so() -> None:
    along, within = layers.LayerNormalization(axis=(1, 2)), layers.LayerNormalization()
    for layer in (along, within):
        layer.ensure_built((None, 5, 3))
    assert along.mixes_frames
    assert not within.mixes_frames


def test_groups_of_channels_are_normalised_over_all_places() -> None:
    x = np.random.default_rng(0).normal(2, 3, size=(2, 3, 4, 6)).astype("float32")
    groups = x.reshape(2, 12, 3, 2)
    expected = (groups - groups.mean((1, 3), keepdims=True)) / np.sqrt(groups.var((1, 3), keepdims=True) + 0.001)
    outputs = layers.GroupNormalization(3)(x).numpy()
    np.testing.assert_allclose(outputs, expected.reshape(x.shape), rtol=1e-4, atol=1e-5)


def test_group_normalization_errors() -> None:
    with pytest.raises(ArgumentError, match="groups is a positive integer, or -1 for one a channel, not 0"):
        layers.GroupNormalization(0)
    with pytest.raises(ArgumentError, match="axis is the number of an axis behind the batch's, not 0"):
        layers.GroupNormalization(2, axis=0)
    with pytest.raises(ShapeError, match="6 channels cannot be divided into 4 groups: choose a number that divides"):
        layers.GroupNormalization(4)(np.zeros((2, 6), "float32"))
    with pytest.raises(ShapeError, match="axis=2 is not an axis behind the batch's of an input of shape"):
        layers.GroupNormalization(2, axis=2)(np.zeros((2, 6), "float32"))


def test_unit_normalization() -> None:
    x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    length = np.sqrt((x**2).sum((1, 2), keepdims=True))
    np.testing.assert_allclose(layers.UnitNormalization((1, 2))(x).numpy(), x / length, rtol=1e-5)
    np.testing.assert_array_equal(layers.UnitNormalization()(np.zeros((1, 3), "float32")).numpy(), 0)
    with pytest.raises(ArgumentError, match="axis is the number of an axis or a list of them, not 'last'"):
        layers.UnitNormalization("last")  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match="axis=2 does not name axes of an input of shape"):
        layers.UnitNormalization(2)(np.zeros((2, 3), "float32"))
