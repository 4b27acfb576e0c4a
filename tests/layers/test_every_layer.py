"""What holds for every layer of the table."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import numpy as np
import pytest

from kinema import GradientTape, Tensor, layers
from kinema.layers import Layer
from kinema.layers.naming import reset_names
from kinema.random import random_scope
from kinema.saving import deserialize_keras_object, serialize_keras_object

from .table import TABLE, Case

STEP = 1e-6
#: Each source is moved along so many random directions: the ops under the layers are checked element by element.
DIRECTIONS = 3
every_case = pytest.mark.parametrize("case", TABLE, ids=lambda case: case.id)


def _arrays(outputs: list[Any]) -> list[np.ndarray]:
    return [output.numpy() for output in outputs]


def _assert_equal(one: list[np.ndarray], other: list[np.ndarray]) -> None:
    assert len(one) == len(other)
    for first, second in zip(one, other, strict=True):
        np.testing.assert_array_equal(first, second)


@every_case
def test_output_shape_is_the_computed_one(case: Case) -> None:
    layer = case.layer()
    outputs = case.outputs(layer, case.inputs())
    for batch in (None, case.shape[0]):
        computed = layer.compute_output_shape((batch, *case.shape[1:]))
        shapes = computed if isinstance(computed[0], tuple) else [computed]
        assert [(batch, *output.shape[1:]) for output in outputs] == list(shapes)
    assert all(output.dtype == np.float32 for output in outputs)


@every_case
@pytest.mark.parametrize("training", [False, True])
def test_gradient_agrees_with_finite_differences(case: Case, training: bool) -> None:
    layer = case.layer("float64")
    sources: list[Any] = list(layer.trainable_weights)
    inputs: Any = case.inputs("float64")
    if not case.integers:
        inputs = Tensor(inputs)
        sources.append(inputs)
    if not sources:
        pytest.skip("bytes have no gradient")

    def outputs(at: Any) -> list[Any]:
        with random_scope(seed=1, step=2):
            return case.outputs(layer, at, training)

    with GradientTape() as tape:
        if not case.integers:
            tape.watch(inputs)
        results = outputs(inputs)
    rng = np.random.default_rng(9)
    factors = [rng.uniform(0.5, 1.5, result.shape) for result in results]
    gradients = tape.gradient(results, sources, output_gradients=factors, unconnected_gradients="zero")

    def total(at: Any) -> float:
        return float(sum(np.sum(y.numpy() * f) for y, f in zip(outputs(at), factors, strict=True)))

    for source, gradient in zip(sources, gradients, strict=True):
        value = np.array(source.numpy())
        for _ in range(DIRECTIONS):
            direction = rng.normal(size=value.shape)
            ends = []
            for sign in (1, -1):
                moved = value + sign * STEP * direction
                if source is inputs:
                    ends.append(total(moved))
                else:
                    source.assign(moved)
                    ends.append(total(inputs))
                    source.assign(value)
            expected = (ends[0] - ends[1]) / (2 * STEP)
            np.testing.assert_allclose(np.sum(gradient.numpy() * direction), expected, rtol=1e-5, atol=1e-7)


@every_case
def test_config_makes_the_same_layer(case: Case) -> None:
    layer = case.layer()
    described = json.loads(json.dumps(serialize_keras_object(layer)))
    again = deserialize_keras_object(described)
    assert type(again) is type(layer)
    assert again.name == layer.name
    assert json.loads(json.dumps(serialize_keras_object(again))) == described
    again.set_weights(layer.get_weights())
    _assert_equal(_arrays(case.outputs(again, case.inputs())), _arrays(case.outputs(layer, case.inputs())))


@every_case
def test_copies_compute_the_same_and_share_nothing(case: Case) -> None:
    layer = case.layer()
    expected = _arrays(case.outputs(layer, case.inputs()))
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        for weight in layer.weights:
            weight.assign(weight.array)
        _assert_equal(_arrays(case.outputs(twin, case.inputs())), expected)
        for mine, other in zip(layer.weights, twin.weights, strict=True):
            assert mine is not other
            assert not np.shares_memory(mine.array, other.array)


@every_case
def test_only_layers_that_say_so_behave_differently_in_training(case: Case) -> None:
    layer = case.layer()
    inference = _arrays(case.outputs(layer, case.inputs()))
    with random_scope(seed=1, step=1):
        training = _arrays(case.outputs(layer, case.inputs(), training=True))
    differs = any(not np.array_equal(one, other) for one, other in zip(inference, training, strict=True))
    assert differs == (layer.is_random or layer.uses_batch_statistics)


@every_case
def test_only_random_layers_depend_on_the_step(case: Case) -> None:
    reset_names()  # a name keys the draws, and two draws for so few numbers may be equal
    layer = case.layer()
    runs = []
    for step in (1, 1, 2):
        with random_scope(seed=1, step=step):
            runs.append(_arrays(case.outputs(layer, case.inputs(), training=True)))
    _assert_equal(runs[0], runs[1])
    differs = any(not np.array_equal(one, other) for one, other in zip(runs[0], runs[2], strict=True))
    if case.name == "dropout-all":
        assert layer.is_random
        assert not differs
    else:
        assert differs == layer.is_random


@every_case
def test_a_sample_depends_on_others_only_through_batch_statistics(case: Case) -> None:
    layer = case.layer()
    inputs = case.inputs()
    changed = inputs.copy()
    changed[1:] = np.roll(changed[1:], 1, axis=-1) // 2 if case.integers else -0.7 * changed[1:]
    firsts = []
    for batch in (inputs, changed):
        with random_scope(seed=1, step=1):
            firsts.append([output[:1] for output in _arrays(case.outputs(layer, batch, training=True))])
    differs = any(not np.array_equal(one, other) for one, other in zip(*firsts, strict=True))
    assert differs == layer.uses_batch_statistics


@every_case
def test_a_frame_depends_on_others_only_in_layers_that_mix(case: Case) -> None:
    layer = case.layer()
    inputs = case.inputs()
    changed = inputs.copy()
    changed[:, 1:] = changed[:, 1:] // 2 if case.integers else -0.7 * changed[:, 1:]
    before, after = (_arrays(case.outputs(layer, batch)) for batch in (inputs, changed))
    if len(case.shape) < 3 or layer.frame_rank is not None or before[0].shape[:2] != case.shape[:2]:
        return
    # Backwards walks give the first step last.
    steps = (0, -1) if getattr(layer, "go_backwards", False) else (0,)
    differs = any(not np.array_equal(before[0][:, step], after[0][:, step]) for step in steps)
    assert differs <= layer.mixes_frames
    if isinstance(layer, (layers.Softmax, layers.LayerNormalization)):
        assert differs == layer.mixes_frames


@every_case
def test_a_non_contiguous_read_only_input_gives_the_same(case: Case) -> None:
    layer = case.layer()
    inputs = case.inputs()
    strided = np.repeat(inputs, 2, axis=1)[:, ::2]
    strided.flags.writeable = False
    _assert_equal(_arrays(case.outputs(layer, strided)), _arrays(case.outputs(layer, inputs)))


@every_case
def test_bytes_and_their_float_values_give_the_same(case: Case) -> None:
    layer = case.layer()
    frames = np.random.default_rng(1).integers(0, 4, case.shape, dtype=np.uint8)
    one, other = (_arrays(case.outputs(layer, x)) for x in (frames, frames.astype(np.float32)))
    for first, second in zip(one, other, strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-5, atol=1e-5)


def test_every_class_is_in_the_table() -> None:
    tested = {type(case.make(dtype="float32")).__name__ for case in TABLE}
    public = {cls.__name__ for cls in vars(layers).values() if isinstance(cls, type) and issubclass(cls, Layer)}
    of_lists = {"Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract"}  # test_merging.py
    of_lists |= {
        "Attention",
        "AdditiveAttention",
        "MultiHeadAttention",
    }  # test_attention.py, test_multi_head_attention.py
    cells = {"GRUCell", "LSTMCell", "SimpleRNNCell", "StackedRNNCells"}  # inside RNN, and in test_rnn.py
    assert public - tested == {"Layer", "InputLayer", "Wrapper"} | of_lists | cells
