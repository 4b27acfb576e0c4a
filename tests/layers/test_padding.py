"""A padded sequence with a mask gives what the unpadded one gives: every layer of the table that sees time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kinema import GradientTape, Tensor, layers
from kinema.layers import Layer
from kinema.random import random_scope

from .table import TABLE, Case

#: These fix the number of steps in their weights or their output: another length is another layer.
_FIXED_LENGTH = (
    "batch-normalization-axis", "layer-normalization-time", "layer-normalization-time-mask",
    "reshape", "reshape-rest", "flatten", "zero-padding-time", "cropping-time", "up-sampling-time", "permute", "prelu",
    "group-normalization-axis",
)  # fmt: skip
#: These take all steps, as in Keras, and end the mask with a warning.
_WITHOUT_MASK = (
    "conv-steps", "conv-steps-causal", "conv-steps-strides", "conv-steps-causal-strides", "depthwise-steps",
    "separable-steps", "max-pooling-steps", "average-pooling-steps",
)  # fmt: skip
_GARBAGE = 37


def _on_frames(case: Case) -> bool:
    return len(case.shape) == 4 and case.name not in ("time-distributed-lstm", "time-distributed-rnn")


def _sees_time(case: Case) -> bool:
    return len(case.shape) > 2 and case.name not in (*_FIXED_LENGTH, *_WITHOUT_MASK) and not case.call


CASES = [case for case in TABLE if _sees_time(case)]


def _layer(case: Case, dtype: str = "float32") -> Layer:
    """The case's layer; one for single frames as video lifting runs it."""
    layer = case.layer(dtype)
    for position, one in enumerate(layer.flatten_layers()):
        one._random_stream = position  # as a model sets it: draws do not depend on names
    if not _on_frames(case):
        return layer
    lifted = layers.TimeDistributed(layer, dtype=dtype)
    lifted.ensure_built((None, None, *case.shape[1:]))
    return lifted


def _sequence(case: Case, dtype: str = "float32") -> np.ndarray:
    """One sample (1, time, ...)."""
    inputs = case.inputs(dtype)
    return inputs[None] if _on_frames(case) else inputs[:1]


def _padded(sequence: np.ndarray, extra: int = 3) -> tuple[np.ndarray, np.ndarray]:
    time = sequence.shape[1]
    garbage = np.full((1, extra, *sequence.shape[2:]), _GARBAGE, sequence.dtype)
    mask = np.arange(time + extra) < time
    return np.concatenate([sequence, garbage], axis=1), mask[None]


def _run(layer: Layer, inputs: Any, mask: Any, training: bool) -> list[Any]:
    with random_scope(seed=1, step=2):
        outputs = layer(inputs, mask=mask, training=training)
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


def _steps(output: Any, mask: np.ndarray) -> Any:
    """What belongs to the sequence: all of an output without time, else the steps that the output's own mask counts."""
    if output.mask is None:
        return output
    first = int(np.argmax(output.mask[0]))
    assert output.mask.shape == mask.shape
    return output[:, first : first + int(mask.sum())]


@pytest.mark.parametrize("name", _WITHOUT_MASK)
def test_layers_that_cannot_use_a_mask_end_it_and_say_so(name: str) -> None:
    (case,) = [case for case in TABLE if case.name == name]
    with pytest.warns(UserWarning, match="got a mask that it cannot use"):
        output = case.layer()(case.inputs(), mask=np.ones(case.shape[:2], bool))
    assert output.mask is None


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_padding_changes_nothing(case: Case, training: bool) -> None:
    sequence = _sequence(case)
    padded, mask = _padded(sequence)
    alone, beside = _layer(case), _layer(case)
    expected = _run(alone, sequence, None, training)
    outputs = _run(beside, padded, mask, training)
    assert len(outputs) == len(expected)
    for output, wanted in zip(outputs, expected, strict=True):
        np.testing.assert_allclose(_steps(output, mask).numpy(), wanted.numpy(), rtol=1e-6, atol=1e-6)
    for one, other in zip(alone.weights, beside.weights, strict=True):  # moving averages
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_padding_changes_no_gradient(case: Case) -> None:
    if case.integers:
        pytest.skip("bytes have no gradient")
    sequence = _sequence(case, "float64")
    padded, mask = _padded(sequence)
    found = []
    for array, given in ((sequence, None), (padded, mask)):
        layer, inputs = _layer(case, "float64"), Tensor(array)
        with GradientTape() as tape:
            tape.watch(inputs)
            outputs = _run(layer, inputs, given, training=True)
            if given is not None:
                outputs = [_steps(output, given) for output in outputs]
        sources = [inputs, *layer.trainable_weights]
        factors = [np.random.default_rng(4).uniform(0.5, 1.5, output.shape) for output in outputs]
        gradients = tape.gradient(outputs, sources, output_gradients=factors, unconnected_gradients="zero")
        found.append([gradient.numpy() for gradient in gradients])
    (inner, *expected), (outer, *gradients) = found
    time = sequence.shape[1]
    np.testing.assert_allclose(outer[:, :time], inner, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(outer[:, time:], 0)
    for gradient, wanted in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(gradient, wanted, rtol=1e-9, atol=1e-12)


def test_a_batch_of_different_lengths_gives_what_each_gives_alone() -> None:
    rng = np.random.default_rng(0)
    frames = rng.normal(size=(3, 6, 8, 8, 2)).astype(np.float32)
    lengths = (6, 2, 4)
    mask = np.arange(6) < np.array(lengths)[:, None]
    for layer in (
        layers.TimeDistributed(layers.Conv2D(3, 3)),
        layers.TimeDistributed(layers.GlobalAveragePooling2D()),
        layers.TimeDistributed(layers.Flatten()),
    ):
        outputs = layer(frames, mask=mask)
        np.testing.assert_array_equal(outputs.mask, mask)
        for index, length in enumerate(lengths):
            alone = layer(frames[index : index + 1, :length])
            np.testing.assert_array_equal(outputs.numpy()[index, :length], alone.numpy()[0])


def test_layers_that_fix_the_length_lose_the_mask_and_say_so() -> None:
    mask = np.array([[True, True, False]])
    with pytest.warns(UserWarning, match="got a mask that it cannot use"):
        assert layers.Flatten()(np.ones((1, 3, 4), np.float32), mask=mask).mask is None
    with pytest.warns(UserWarning, match="got a mask that it cannot use"):
        assert layers.Reshape((2, 6))(np.ones((1, 3, 4), np.float32), mask=mask).mask is None


def test_reshaping_each_step_keeps_the_mask() -> None:
    mask = np.array([[True, True, False]])
    outputs = layers.Reshape((3, 2, 2))(np.ones((1, 3, 4), np.float32), mask=mask)
    np.testing.assert_array_equal(outputs.mask, mask)


def test_a_softmax_over_features_is_not_confused_by_a_square_mask() -> None:
    scores = np.random.default_rng(0).normal(size=(3, 3, 3)).astype(np.float32)
    mask = np.tri(3, dtype=bool)
    np.testing.assert_array_equal(layers.Softmax()(scores, mask=mask), layers.Softmax()(scores))


def test_masking_keeps_what_was_masked_before() -> None:
    x = np.float32([[[1.0], [0.0], [5.0]]])
    outputs = layers.Masking()(x, mask=np.array([[True, True, False]]))
    np.testing.assert_array_equal(outputs.mask, [[True, False, False]])
    np.testing.assert_array_equal(outputs.numpy()[0, :, 0], [1, 0, 0])


def test_masked_steps_are_not_penalised() -> None:
    x = np.float32([[[1.0], [2.0], [100.0]]])
    layer = layers.Activation("linear", activity_regularizer="l2")
    layer(x, mask=np.array([[True, True, False]]))
    (masked,) = layer.losses
    layer.clear_losses()
    layer(x[:, :2])
    (alone,) = layer.losses
    assert float(masked) == float(alone)


def test_a_mask_that_does_not_fit_layer_normalization() -> None:
    from kinema.errors import ShapeError

    with pytest.raises(ShapeError, match=r"a mask of shape \(1, 2\) is not \(batch, time\)"):
        layers.LayerNormalization(axis=(1, 2))(np.ones((1, 3, 4), np.float32), mask=np.ones((1, 2), bool))


def test_pooling_over_time_wants_sequences() -> None:
    from kinema.errors import ShapeError

    with pytest.raises(ShapeError, match=r"expected \(batch, time, features\).*GlobalAveragePooling2D or Flatten"):
        layers.GlobalMaxPooling1D()(np.ones((1, 3, 4, 4, 2), np.float32))


def test_pooling_where_no_step_counts_gives_zeros() -> None:
    x, mask = np.ones((1, 3, 2), np.float32), np.zeros((1, 3), bool)
    for layer in (layers.GlobalMaxPooling1D(), layers.GlobalAveragePooling1D()):
        np.testing.assert_array_equal(layer(x, mask=mask), 0)
