"""TimeDistributed: one run over folded frames, except where that would be other mathematics."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kinema import layers
from kinema.errors import ArgumentError, DTypeError, ShapeError
from kinema.layers import Layer
from kinema.random import random_scope


class Count(Layer):
    """Counts its calls and keeps what it saw."""

    supports_masking = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shapes: list[tuple[int, ...]] = []
        self.masks: list[Any] = []

    def call(self, inputs: Any, mask: Any = None) -> Any:
        self.shapes.append(inputs.shape)
        self.masks.append(mask)
        return inputs


def test_all_frames_run_at_once() -> None:
    inner = Count()
    outputs = layers.TimeDistributed(inner)(np.arange(24.0, dtype="float32").reshape(2, 3, 4))
    assert inner.shapes == [(6, 4)]
    np.testing.assert_array_equal(outputs.numpy(), np.arange(24.0).reshape(2, 3, 4))


def test_batch_statistics_are_those_of_one_step() -> None:
    x = np.random.default_rng(0).normal(size=(4, 3, 2)).astype("float32")
    layer = layers.TimeDistributed(layers.BatchNormalization(momentum=0.5, epsilon=0.0))
    outputs = layer(x, training=True).numpy()
    np.testing.assert_allclose(outputs.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(outputs.std(0), 1, atol=1e-5)
    expected = np.zeros(2)
    for step in range(3):
        expected = 0.5 * expected + 0.5 * x[:, step].mean(0)
    np.testing.assert_allclose(layer.layer.moving_mean.numpy(), expected, rtol=1e-5)


def test_a_mask_of_steps_reaches_batch_statistics() -> None:
    x = np.random.default_rng(0).normal(size=(4, 2, 3)).astype("float32")
    mask = np.array([[True, True], [True, False], [False, True], [True, True]])
    layer = layers.TimeDistributed(layers.BatchNormalization(epsilon=0.0))
    outputs = layer(x, training=True, mask=mask).numpy()
    for step in range(2):
        np.testing.assert_allclose(outputs[mask[:, step], step].mean(0), 0, atol=1e-5)


def test_only_what_is_inside_a_step_is_masked_inside() -> None:
    inner = Count()
    mask = np.ones((2, 3, 4), bool)
    layers.TimeDistributed(inner)(np.zeros((2, 3, 4, 5), "float32"), mask=mask)
    layers.TimeDistributed(inner)(np.zeros((2, 3, 4, 5), "float32"), mask=mask[..., 0])
    assert inner.masks[0].shape == (6, 4)
    assert inner.masks[1] is None


def test_the_mask_of_steps_goes_on() -> None:
    x = layers.Masking()(np.array([[[1.0, 2.0], [0.0, 0.0]]], "float32"))
    np.testing.assert_array_equal(layers.TimeDistributed(layers.Dense(3))(x).mask, [[True, False]])


def test_every_step_draws_its_own_and_a_sample_its_own_wherever_it_stands() -> None:
    layer = layers.TimeDistributed(layers.Dropout(0.5))
    x = np.ones((4, 3, 50), "float32")
    with random_scope(seed=1, step=1):
        whole = layer(x, training=True).numpy()
    assert len(np.unique(whole.reshape(12, 50), axis=0)) == 12
    with random_scope(seed=1, step=1, first_sample=2):
        np.testing.assert_array_equal(layer(x[2:], training=True).numpy(), whole[2:])


def test_bytes_reach_a_layer_that_reads_them() -> None:
    frames = np.full((1, 2, 2, 2, 1), 255, "uint8")
    outputs = layers.TimeDistributed(layers.Rescaling(1 / 255))(frames)
    assert outputs.dtype == np.float32
    np.testing.assert_array_equal(outputs.numpy(), 1)


def test_bad_input() -> None:
    layer = layers.TimeDistributed(layers.Dense(2), name="td")
    with pytest.raises(
        ShapeError, match=r"layer 'td' \(TimeDistributed\): expected \(batch, time, ...\), at least three"
    ):
        layer(np.zeros((2, 3), "float32"))
    with pytest.raises(ShapeError, match=r"a mask of shape \(2, 4\) does not fit an input of shape \(2, 3, 5\)"):
        layer(np.zeros((2, 3, 5), "float32"), mask=np.ones((2, 4), bool))
    several = layers.TimeDistributed(layers.GRU(2, return_state=True, name="gru"))
    with pytest.raises(
        ArgumentError, match=r"layer 'gru' \(GRU\) gives 2 outputs, but TimeDistributed takes layers with one"
    ):
        several(np.zeros((2, 3, 4, 5), "float32"))
    with pytest.raises(DTypeError, match="layer is a layer, not 3"):
        layers.TimeDistributed(3)
