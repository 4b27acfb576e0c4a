"""RNN and cells beyond what the table says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import GradientTape, layers, ops
from kinema.errors import ArgumentError, ShapeError
from kinema.layers.naming import reset_names
from kinema.layers.structure import leaves
from kinema.layers.walking import walk
from kinema.random import random_scope
from kinema.saving import deserialize_keras_object, serialize_keras_object

from .table import LeakyCell

PAIRS = [
    (layers.SimpleRNNCell, layers.SimpleRNN, {}),
    (layers.GRUCell, layers.GRU, {}),
    (layers.GRUCell, layers.GRU, {"reset_after": False}),
    (layers.LSTMCell, layers.LSTM, {}),
    (layers.LSTMCell, layers.LSTM, {"use_peepholes": True, "unit_forget_bias": False}),
]
every_pair = pytest.mark.parametrize(
    ("cell_class", "layer_class", "settings"),
    PAIRS,
    ids=lambda value: getattr(value, "__name__", "-".join(value) if isinstance(value, dict) else None),
)
MASK = np.array([[False, True, True, False, True], [True] * 5, [True, True, False, False, False]])


@pytest.fixture(autouse=True)
def fresh_names() -> None:
    reset_names()


def _sequences(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


def _randomise(layer: Any) -> None:
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.weights])


def _same(one: Any, other: Any, **tolerance: float) -> None:
    for first, second in zip(leaves(one), leaves(other), strict=True):
        np.testing.assert_allclose(np.asarray(first), np.asarray(second), **{"rtol": 1e-5, "atol": 1e-6, **tolerance})


def _as_tanh(x: Any) -> Any:
    return ops.tanh(x)


def _as_sigmoid(x: Any) -> Any:
    return ops.sigmoid(x)


@every_pair
@pytest.mark.parametrize("go_backwards", [False, True])
def test_a_walk_is_the_layers_of_that_name(
    cell_class: Any, layer_class: Any, settings: Any, go_backwards: bool
) -> None:
    options = {"return_sequences": True, "return_state": True, "go_backwards": go_backwards}
    layer, rnn = layer_class(4, **settings, **options), layers.RNN(cell_class(4, **settings), **options)
    x = _sequences(3, 5, 2)
    layer.ensure_built((None, 5, 2))
    rnn.ensure_built((None, 5, 2))
    assert [weight.name for weight in rnn.weights] == [weight.name for weight in layer.weights]
    _randomise(layer)
    rnn.set_weights(layer.get_weights())
    expected, outputs = layer(x, mask=MASK), rnn(x, mask=MASK)
    for one, other in zip(outputs, expected, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    np.testing.assert_array_equal(outputs[0].mask, expected[0].mask)


@every_pair
def test_steps_by_hand_are_the_walk(cell_class: Any, layer_class: Any, settings: Any) -> None:
    cell = cell_class(4, dropout=0.3, recurrent_dropout=0.3, **settings)
    x = _sequences(3, 5, 2)
    cell.ensure_built((None, 2))
    _randomise(cell)
    with random_scope(seed=1, step=1):
        whole, *last = layers.RNN(cell, return_sequences=True, return_state=True)(x, training=True)
        states, outputs = cell.get_initial_state(3), []
        for step in range(5):
            output, states = cell(x[:, step], states, training=True)
            outputs.append(output.numpy())
    _same(whole, np.stack(outputs, 1))
    _same(last, states)


@every_pair
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_the_formulas_of_a_step_are_the_kernels(
    cell_class: Any, layer_class: Any, settings: Any, dropout: float
) -> None:
    """A function of the user's that computes what a known activation does takes the way without a kernel."""
    gates = {} if cell_class is layers.SimpleRNNCell else {"recurrent_activation": _as_sigmoid}
    kernel = cell_class(4, recurrent_dropout=dropout, seed=5, **settings)
    formulas = cell_class(4, _as_tanh, recurrent_dropout=dropout, seed=5, **gates, **settings)
    assert kernel.walks_in_one_kernel
    assert not formulas.walks_in_one_kernel
    for cell in (kernel, formulas):
        cell.ensure_built((None, 2))
        _randomise(cell)
        cell._random_stream = 3
    x, states = _sequences(3, 5, 2), [_sequences(3, 4, seed=index + 1) for index in range(kernel.state_count)]
    found = []
    for cell in (kernel, formulas):
        rnn = layers.RNN(cell, return_sequences=True, return_state=True, go_backwards=True)
        with random_scope(seed=1, step=1), GradientTape() as tape:
            outputs = rnn(x, initial_state=states, mask=MASK, training=True)
            total = sum(ops.sum(ops.square(output)) for output in outputs[1:])
        found.append((outputs[1:], tape.gradient(total, rnn.trainable_weights)))
        counted = outputs[0].numpy()[MASK[:, ::-1]]
        found[-1] += (counted,)
    _same(found[0], found[1], rtol=1e-4)


def test_a_cell_takes_one_state_as_it_is_and_says_its_sizes() -> None:
    x, state = _sequences(2, 3), np.zeros((2, 4), "float32")
    for kind in (layers.SimpleRNNCell, layers.GRUCell):
        cell = kind(4)
        assert (cell.state_size, cell.output_size) == (4, 4)
        output, after = cell(x, state)
        listed, (again,) = cell(x, [state])
        for one in (after, listed, again):
            np.testing.assert_array_equal(one.numpy(), output.numpy())
    cell = layers.LSTMCell(4)
    assert (cell.state_size, cell.output_size) == ([4, 4], 4)
    assert [zeros.shape for zeros in cell.get_initial_state(batch_size=3)] == [(3, 4)] * 2


def test_a_cell_of_ones_own_against_its_formula() -> None:
    rnn = layers.RNN(LeakyCell(3), return_sequences=True, return_state=True)
    x, first = _sequences(3, 5, 2), [_sequences(3, 3), np.full((3, 1), 2, "float32")]
    rnn.ensure_built((None, 5, 2))
    w, v = rnn.get_weights()
    held, count, wanted = first[0], first[1], []
    output = np.zeros((3, 2))
    for step in range(5):
        counts = MASK[:, step, None]
        new = 0.5 * held + np.tanh(x[:, step] @ w)
        output = np.where(counts, new @ v + count, output)
        held, count = np.where(counts, new, held), np.where(counts, count + 1, count)
        wanted.append(output)
    outputs = rnn(x, initial_state=first, mask=MASK)
    _same(outputs, [np.stack(wanted, 1), held, count])
    np.testing.assert_array_equal(outputs[0].mask, MASK)
    zeroed = layers.RNN(rnn.cell, return_sequences=True, zero_output_for_mask=True)
    _same(zeroed(x, initial_state=first, mask=MASK), np.where(MASK[..., None], np.stack(wanted, 1), 0))


class Counter:
    """A cell that is no layer, without a first state or an output size."""

    state_size = 1

    def call(self, inputs: Any, states: Any) -> Any:
        return states[0] + inputs, states[0] + 1.0


class FromTen(layers.Layer):
    """A cell that says what it begins with; its state is a picture."""

    state_size = 1
    output_size = 1

    def get_initial_state(self, batch_size: int) -> Any:
        return ops.full((batch_size, 2, 2, 1), 10.0)

    def call(self, inputs: Any, states: Any) -> Any:
        return ops.mean(states[0] + inputs, axis=(1, 2)), [states[0] + inputs]


def test_a_cell_need_be_no_layer() -> None:
    rnn = layers.RNN(Counter(), return_state=True)
    output, state = rnn(np.zeros((2, 4, 1), "float32"))
    np.testing.assert_array_equal(output.numpy(), [[3], [3]])
    np.testing.assert_array_equal(state.numpy(), [[4], [4]])
    assert not rnn.is_random


@pytest.mark.parametrize("stateful", [False, True])
def test_first_states_and_pictures(stateful: bool) -> None:
    rnn = layers.RNN(FromTen(), return_sequences=True, stateful=stateful)
    frames = np.ones((2, 3, 2, 2, 1), "float32")
    np.testing.assert_array_equal(rnn(frames).numpy()[0, :, 0], [11, 12, 13])
    np.testing.assert_array_equal(rnn(frames).numpy()[0, :, 0], [14, 15, 16] if stateful else [11, 12, 13])
    rnn.reset_state()
    np.testing.assert_array_equal(rnn(frames).numpy()[0, :, 0], [11, 12, 13])


@pytest.mark.parametrize(
    "cell", [lambda: layers.LSTMCell(3), lambda: LeakyCell(3), lambda: [LeakyCell(3), LeakyCell(2)]]
)
def test_stateful_goes_on_and_is_reset(cell: Any) -> None:
    x = _sequences(2, 6, 3)
    rnn = layers.RNN(cell(), stateful=True)
    rnn.ensure_built((None, 6, 3))
    whole = layers.RNN(rnn.cell)(x)
    rnn(x[:, :3])
    _same(rnn(x[:, 3:]), whole)
    with pytest.raises(ShapeError, match="stateful=True goes on with the state of 2 samples, but this batch has 1"):
        rnn(x[:1])
    rnn.reset_states()
    _same(rnn(x), whole)
    assert rnn.get_build_config() is None


@pytest.mark.parametrize("go_backwards", [False, True])
def test_a_stack_is_layers_in_a_row(go_backwards: bool) -> None:
    kinds = [layers.LSTMCell(3), layers.GRUCell(4), LeakyCell(2)]
    rnn = layers.RNN(kinds, return_sequences=True, return_state=True, go_backwards=go_backwards)
    x = _sequences(3, 5, 2)
    outputs, *states = rnn(x, mask=MASK)
    mask, expected, wanted = MASK, x, []
    for index, cell in enumerate(kinds):
        backwards = go_backwards and index == 0
        layer = layers.RNN(cell, return_sequences=True, return_state=True, go_backwards=backwards)
        expected, *last = layer(expected, mask=mask)
        mask = mask[:, ::-1] if backwards else mask
        wanted.append(last)
    _same(outputs, expected)
    assert [len(state) for state in states] == [2, 1, 2]
    _same(states, wanted)
    assert rnn.cell.state_size == [[3, 3], 4, [2, 1]]


def test_a_stack_walks_as_its_steps_do() -> None:
    """A subclass that changes a step is called step by step, also where the cells have kernels."""

    class Doubled(layers.StackedRNNCells):
        def call(self, inputs: Any, states: Any) -> Any:
            return super().call(inputs * 2.0, states)

    cells = [layers.LSTMCell(3, dropout=0.5), layers.GRUCell(4, recurrent_dropout=0.5)]
    doubled, plain = layers.RNN(Doubled(cells), return_state=True), layers.RNN(cells, return_state=True)
    x = _sequences(3, 5, 2)
    with random_scope(seed=1, step=1):
        _same(doubled(x, mask=MASK, training=True), plain(2 * x, mask=MASK, training=True))
    assert doubled.is_random


def test_a_step_by_step_walk_draws_once_for_all_steps_outside_of_a_training_too() -> None:
    cell = layers.SimpleRNNCell(64, _as_tanh, recurrent_initializer="zeros", dropout=0.5)
    outputs = layers.RNN(cell, return_sequences=True)(np.ones((2, 4, 8), "float32"), training=True).numpy()
    np.testing.assert_array_equal(outputs, np.repeat(outputs[:, :1], 4, axis=1))


def test_a_subclass_with_a_step_of_its_own_takes_it() -> None:
    class Loud(layers.GRUCell):
        def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
            output, after = super().call(inputs, states, training)
            return output * 10.0, after

    cell = Loud(3)
    assert not cell.walks_in_one_kernel
    x = _sequences(2, 4, 3)
    loud, state = layers.RNN(cell, return_state=True)(x)
    _same(loud, 10 * state.numpy())


def test_paths_of_weights_are_keras_s() -> None:
    rnn = layers.RNN(layers.LSTMCell(2))
    stack = layers.RNN([layers.SimpleRNNCell(2), layers.GRUCell(2)])
    for layer in (rnn, stack):
        layer.ensure_built((None, 4, 3))
    names = ("kernel", "recurrent_kernel", "bias")
    assert [weight.path for weight in rnn.weights] == [f"rnn/lstm_cell/{name}" for name in names]
    assert [weight.path for weight in stack.weights] == [
        f"rnn_1/stacked_rnn_cells/{cell}/{name}" for cell in ("simple_rnn_cell", "gru_cell") for name in names
    ]


def test_peepholes_stand_in_the_cells_config_only_where_there_are_any() -> None:
    assert "use_peepholes" not in layers.LSTMCell(2).get_config()
    assert layers.LSTMCell(2, use_peepholes=True).get_config()["use_peepholes"] is True


def test_configs_hold_the_cells() -> None:
    rnn = layers.RNN([layers.LSTMCell(2), LeakyCell(3)], return_sequences=True, name="r")
    config = rnn.get_config()
    assert [cell["class_name"] for cell in config["cell"]["config"]["cells"]] == ["LSTMCell", "LeakyCell"]
    again = deserialize_keras_object(serialize_keras_object(rnn))
    assert again.get_config() == config


def _model() -> Any:
    return kinema.Sequential(
        [
            layers.Input((6, 3)),
            layers.RNN([layers.LSTMCell(4), LeakyCell(3)], return_sequences=True),
            layers.Bidirectional(layers.RNN(layers.GRUCell(3), return_sequences=True)),
            layers.RNN(LeakyCell(3)),
            layers.Dense(2, activation="softmax"),
        ]
    )


@pytest.mark.parametrize("ending", [".keras", ".h5", ".weights.h5"])
def test_files_bring_cells_back(ending: str, tmp_path: Path) -> None:
    model, x, path = _model(), _sequences(4, 6, 3), tmp_path / f"model{ending}"
    model.compile("adam", "categorical_crossentropy")
    model.fit(x, np.eye(2)[[0, 1, 0, 1]], verbose=0)
    expected = model.predict(x, verbose=0)
    if ending == ".weights.h5":
        model.save_weights(path)
        again = _model()
        again.load_weights(path)
    else:
        model.save(path)
        again = kinema.models.load_model(path)
    np.testing.assert_array_equal(again.predict(x, verbose=0), expected)


def test_graphs_pass_states_from_rnn_to_rnn() -> None:
    inputs, later = kinema.Input((5, 2)), kinema.Input((4, 2))
    encoder = layers.RNN([layers.LSTMCell(3), layers.GRUCell(3)], return_state=True)
    decoder = layers.RNN([layers.LSTMCell(3), layers.GRUCell(3)], return_sequences=True)
    _, *states = encoder(inputs)
    outputs = decoder(later, initial_state=states)
    model = kinema.Model([inputs, later], outputs)
    x, y = _sequences(3, 5, 2), _sequences(3, 4, 2)
    _, *expected = encoder(x)
    _same(model([x, y]), decoder(y, initial_state=expected))
    again = kinema.models.model_from_json(model.to_json())
    again.set_weights(model.get_weights())
    _same(again.predict([x, y], verbose=0), model.predict([x, y], verbose=0))


def test_a_penalty_on_the_output_counts_every_state() -> None:
    rnn = layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], return_state=True, activity_regularizer="l2")
    outputs = rnn(_sequences(2, 4, 3))
    expected = [0.01 * float(np.square(one.numpy()).sum()) / 2 for one in leaves(outputs)]
    np.testing.assert_allclose([float(loss) for loss in rnn.losses], expected, rtol=1e-5)


def test_bad_cells_and_states() -> None:
    with pytest.raises(ArgumentError, match=r"layer 'r' \(RNN\): cell is a cell and has call\(inputs, states\).*got 3"):
        layers.RNN(3, name="r")
    with pytest.raises(ArgumentError, match="cell is a cell and has state_size, the length of its state or a list"):
        layers.RNN(layers.Dense(3))
    with pytest.raises(ArgumentError, match=r"make one of the class, as in LSTMCell\(8\)"):
        layers.RNN(layers.LSTMCell)
    with pytest.raises(ArgumentError, match=r"cells\[1\] is a cell and has state_size"):
        layers.StackedRNNCells([layers.GRUCell(2), layers.Dense(3)])
    with pytest.raises(ArgumentError, match="cells is a list of at least one cell, not \\[\\]"):
        layers.RNN([])
    x = _sequences(2, 4, 3)
    with pytest.raises(ShapeError, match=r"for each length in the cell's state_size \[2, 2\], got 1"):
        layers.RNN(layers.LSTMCell(2))(x, initial_state=[np.zeros((2, 2))])
    with pytest.raises(
        ShapeError, match=r"the state is 2 array\(s\) of shape \(batch, 2\), got 1 of shapes \[\(2, 2\)"
    ):
        layers.LSTMCell(2)(x[:, 0], [np.zeros((2, 2))])
    with pytest.raises(ShapeError, match="the state has an entry for each of 2 cells, got 1"):
        layers.StackedRNNCells([layers.GRUCell(2), layers.GRUCell(2)])(x[:, 0], [np.zeros((2, 2))])
    with pytest.raises(ShapeError, match=r"expected one time step \(batch, features\).*wrap the cell in RNN"):
        layers.GRUCell(2)(x, [np.zeros((2, 2))])
    with pytest.raises(ShapeError, match=r"expected sequences of shape \(batch, time, features\).*add a feature axis"):
        layers.RNN(layers.GRUCell(2))(x[:, 0])
    with pytest.raises(ShapeError, match=r"sequences of shape \(2, 0, 3\) have no time step; at least one is needed"):
        layers.RNN(LeakyCell(2))(x[:, :0])
    rnn = layers.RNN(layers.GRUCell(2))
    rnn(x)
    with pytest.raises(ShapeError, match="expected 3 features on the last axis, as when it was built"):
        rnn(x[..., :2])
    with pytest.raises(ArgumentError, match="LSTMCell: implementation=3 of earlier Keras versions is not supported"):
        layers.LSTMCell(2, implementation=3)


def test_a_walk_without_a_mask_that_skips_anything_is_the_plain_one() -> None:
    cell = LeakyCell(3)
    cell.ensure_built((None, 2))
    x = ops.convert_to_tensor(_sequences(2, 4, 2))
    states = [np.zeros((2, 3), "float32"), np.zeros((2, 1), "float32")]
    plain = walk(cell, x, states, None, False, False)
    masked = walk(cell, x, states, np.ones((2, 4), bool), False, False)
    _same(plain, masked, rtol=0, atol=0)
