"""Layers against real Keras 3, which also reads and writes the configs."""

from __future__ import annotations

import json
import os
import warnings
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers
from kinema.layers import Layer
from kinema.layers.naming import auto_name, reset_names
from kinema.layers.structure import leaves
from kinema.saving import deserialize_keras_object, serialize_keras_object

from .table import SEQUENCES, TABLE, Case

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    keras = pytest.importorskip("keras")

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore")]
CASES = [case for case in TABLE if case.keras]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
#: What Keras's configs have for settings that Kinema's layers do not know.
FOREIGN = {"quantization_config", "rms_scaling", "synchronized", "renorm", "renorm_clipping", "renorm_momentum"}
RECURRENT = [layers.SimpleRNN, layers.GRU, layers.LSTM]


def _twin(layer: Layer, shape: tuple[int, ...]) -> Any:
    """Keras's layer, made from our config, with our weights."""
    described = json.loads(json.dumps(serialize_keras_object(layer)))
    twin = keras.saving.deserialize_keras_object(described)
    if not twin.built:
        twin.build(shape)
    assert [tuple(weight.shape) for weight in twin.weights] == [weight.shape for weight in layer.weights]
    assert [weight.name for weight in twin.weights] == [weight.name for weight in layer.weights]
    twin.set_weights(layer.get_weights())
    if hasattr(twin, "finalize_state"):
        twin.finalize_state()
    return twin


def _list(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


@pytest.fixture
def assert_close(difference: Any) -> Any:
    """Outputs agree as closely as files must: relative to the largest value, or to 1."""

    def check(ours: Any, theirs: Any) -> None:
        mine, other = _list(ours), _list(theirs)
        assert len(mine) == len(other)
        for one, two in zip(mine, other, strict=True):
            expected = np.asarray(two)
            assert one.shape == expected.shape
            apart = np.abs(one.numpy() - expected).max() / max(1.0, np.abs(expected).max())
            difference("layers, outputs", float(apart))
            assert apart <= 1e-5

    return check


def _theirs(case: Case, twin: Any, inputs: Any, **options: Any) -> Any:
    given = {name: [np.float32(one) for one in value] for name, value in case.call.items()}
    if case.mask and getattr(twin, "_call_has_mask_arg", False):
        options["mask"] = keras.ops.convert_to_tensor(case.mask_array())
    return twin(inputs, **given, **options)


@every_case
def test_outputs(case: Case, assert_close: Any) -> None:
    layer = case.layer()
    twin = _twin(layer, case.shape)
    options = {"training": False} if layer.is_random else {}
    assert_close(case.outputs(layer, case.inputs()), _theirs(case, twin, case.inputs(), **options))


@every_case
def test_outputs_and_weights_in_training(case: Case, assert_close: Any) -> None:
    layer = case.layer()
    if layer.is_random:
        pytest.skip("both draw at random")
    twin = _twin(layer, case.shape)
    options = {"training": True} if getattr(twin, "_call_has_training_arg", False) else {}
    for _ in range(2):
        assert_close(case.outputs(layer, case.inputs(), training=True), _theirs(case, twin, case.inputs(), **options))
    for mine, other in zip(layer.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-6)


@every_case
def test_output_shapes(case: Case) -> None:
    layer = case.layer()
    computed = _twin(layer, case.shape).compute_output_shape((None, *case.shape[1:]))
    expected = computed if isinstance(computed[0], tuple) else tuple(computed)  # some of Keras's are lists
    assert layer.compute_output_shape((None, *case.shape[1:])) == expected


@every_case
def test_config_of_keras_makes_our_layer(case: Case, assert_close: Any) -> None:
    layer = case.layer()
    twin = _twin(layer, case.shape)
    theirs = json.loads(json.dumps(keras.saving.serialize_keras_object(twin)))
    again = deserialize_keras_object(theirs)
    again.ensure_built(case.shape)
    ours = json.loads(json.dumps(again.get_config()))
    assert theirs["config"].keys() - FOREIGN <= ours.keys()
    assert theirs["config"].get("axis") == ours.get("axis")
    again.set_weights(twin.get_weights())
    assert_close(case.outputs(again, case.inputs()), case.outputs(layer, case.inputs()))


@pytest.mark.parametrize("cls", RECURRENT)
@pytest.mark.parametrize("go_backwards", [False, True])
def test_stateful_layers_go_on_where_they_stopped(cls: Any, go_backwards: bool, assert_close: Any) -> None:
    layer = cls(3, stateful=True, return_sequences=True, go_backwards=go_backwards)
    rng = np.random.default_rng(0)
    batches = rng.normal(size=(3, *SEQUENCES)).astype("float32")
    layer.ensure_built((None, *SEQUENCES[1:]))
    twin = _twin(layer, SEQUENCES)
    for batch in batches:
        assert_close(layer(batch), twin(batch))
    layer.reset_state()
    twin.reset_state()
    assert_close(layer(batches[0]), twin(batches[0]))


def _leaky_cell(framework: Any, units: int) -> Any:
    """The same cell of a user's own in either framework."""

    class Leaky(framework.layers.Layer):  # type: ignore[misc, name-defined]
        def __init__(self, units: int, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units = units
            self.state_size = [units, 1]
            self.output_size = 2

        def build(self, input_shape: Any) -> None:
            self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
            self.shown = self.add_weight(shape=(self.units, 2), name="shown")
            self.built = True

        def call(self, inputs: Any, states: Any) -> Any:
            held = 0.5 * states[0] + framework.ops.tanh(framework.ops.matmul(inputs, self.kernel))
            return framework.ops.matmul(held, self.shown) + states[1], [held, states[1] + 1.0]

    return Leaky(units)


@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("zero_output_for_mask", [False, True])
@pytest.mark.parametrize("stacked", [False, True])
def test_cells_of_ones_own(go_backwards: bool, zero_output_for_mask: bool, stacked: bool, assert_close: Any) -> None:
    def make(framework: Any) -> Any:
        cell = _leaky_cell(framework, 3)
        return framework.layers.RNN(
            [framework.layers.LSTMCell(4), cell, framework.layers.GRUCell(2)] if stacked else cell,
            return_sequences=True,
            return_state=True,
            go_backwards=go_backwards,
            zero_output_for_mask=zero_output_for_mask,
        )

    ours, theirs = make(kinema), make(keras)
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(3, 6, 4)).astype("float32")
    mask = rng.random((3, 6)) > 0.4
    ours.ensure_built((None, 6, 4))
    theirs.build((3, 6, 4))
    ours.set_weights([rng.normal(size=weight.shape) for weight in ours.weights])
    theirs.set_weights(ours.get_weights())
    states = [rng.normal(size=(3, 3)).astype("float32"), np.ones((3, 1), "float32")]
    if stacked:
        states = [[rng.normal(size=(3, 4)).astype("float32")] * 2, states, [np.ones((3, 2), "float32")]]
    given = {} if zero_output_for_mask else {"initial_state": states}
    mine, other = (layer(inputs, mask=mask, **given) for layer in (ours, theirs))
    outputs, expected = leaves(list(mine)), leaves([list(one) if isinstance(one, list) else one for one in other])
    if stacked and not zero_output_for_mask:
        # before a sample's first step that counts there is no output to repeat: ours is its state, Keras's zeros
        counted = np.maximum.accumulate(mask[:, ::-1] if go_backwards else mask, axis=1)[..., None]
        outputs[0], expected[0] = outputs[0] * counted.astype("float32"), np.where(counted, expected[0], 0)
    assert_close(outputs, expected)


@pytest.mark.parametrize("mode", ["concat", "sum", None])
def test_bidirectional_initial_state(mode: str | None, assert_close: Any) -> None:
    layer = layers.Bidirectional(layers.LSTM(3, return_state=True), merge_mode=mode)
    layer.ensure_built((None, *SEQUENCES[1:]))
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=SEQUENCES).astype("float32")
    states = list(rng.normal(size=(4, SEQUENCES[0], 3)).astype("float32"))
    twin = _twin(layer, SEQUENCES)
    assert_close(layer(inputs, initial_state=states), twin(inputs, initial_state=states))


def test_a_mask_travels_through_a_stack(assert_close: Any) -> None:
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(3, 6, 4)).astype("float32")
    inputs[0, 4:] = 0
    inputs[1, :2] = 0
    stack = [
        layers.Masking(),
        layers.TimeDistributed(layers.Dense(5)),
        layers.Dropout(0.5),
        layers.Bidirectional(layers.GRU(3, return_sequences=True)),
        layers.BatchNormalization(),
        layers.LSTM(4),
        layers.Dense(2, activation="softmax"),
    ]
    ours: Any = inputs
    shape: Any = inputs.shape
    twins = []
    for layer in stack:
        layer.ensure_built((None, *shape[1:]))
        twins.append(_twin(layer, shape))
        shape = layer.compute_output_shape(shape)
        ours = layer(ours)
    theirs: Any = keras.ops.convert_to_tensor(inputs)
    for twin in twins:
        theirs = twin(theirs)
    assert_close(ours, theirs)


@pytest.mark.parametrize("axis", [-1, (-3, -2, -1), (1, 4), None])
def test_adapt(axis: Any, assert_close: Any) -> None:
    clips = np.random.default_rng(0).normal(5, 3, (6, 3, 4, 5, 2)).astype("float32")
    layer, twin = layers.Normalization(axis=axis), keras.layers.Normalization(axis=axis)
    layer.adapt(clips)
    twin.adapt(clips)
    for mine, other in zip(layer.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-5)
    assert_close(layer(clips), twin(clips))


@pytest.mark.parametrize(
    "cls", sorted({type(case.make(dtype="float32")) for case in CASES}, key=lambda cls: cls.__name__)
)
def test_names_of_unnamed_layers(cls: Any) -> None:
    reset_names()
    assert auto_name(cls.__name__) == keras.src.utils.naming.to_snake_case(cls.__name__)
