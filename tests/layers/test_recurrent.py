"""SimpleRNN, GRU, LSTM and Bidirectional beyond what the table says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers
from kinema.errors import ArgumentError, DTypeError, ShapeError
from kinema.random import random_scope

RECURRENT = [layers.SimpleRNN, layers.GRU, layers.LSTM]
every_class = pytest.mark.parametrize("cls", RECURRENT)


def _sequences(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(size=shape or (2, 5, 3)).astype("float32")


def _listed(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, tuple) else [outputs]


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def test_peepholes_are_one_weight_a_unit_and_gate() -> None:
    """The published formulas: input and forget gate look at the old cell state, the output gate at the new one."""
    layer = layers.LSTM(2, return_sequences=True, return_state=True, use_peepholes=True, dtype="float64")
    x = _sequences(2, 4, 3).astype("float64")
    layer.ensure_built((None, 4, 3))
    assert [(weight.name, weight.shape) for weight in layer.weights] == [
        ("kernel", (3, 8)),
        ("recurrent_kernel", (2, 8)),
        ("bias", (8,)),
        ("peephole_weights", (3, 2)),
    ]
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.weights])
    w, u, b, p = layer.get_weights()
    h, c = np.zeros((2, 2)), np.zeros((2, 2))
    hs = []
    for t in range(4):
        z_i, z_f, z_c, z_o = np.split(np.array([[sum(a * k) for k in w.T] for a in x[:, t]]) + h @ u + b, 4, axis=1)
        i, f = _sigmoid(z_i + p[0] * c), _sigmoid(z_f + p[1] * c)
        c = f * c + i * np.tanh(z_c)
        h = _sigmoid(z_o + p[2] * c) * np.tanh(c)
        hs.append(h)
    outputs, state, carry = layer(x)
    np.testing.assert_allclose(outputs.numpy(), np.stack(hs, 1), rtol=1e-12)
    np.testing.assert_allclose(state.numpy(), h, rtol=1e-12)
    np.testing.assert_allclose(carry.numpy(), c, rtol=1e-12)


def test_peepholes_stand_in_the_config_only_where_there_are_any() -> None:
    assert "use_peepholes" not in layers.LSTM(2).get_config()
    assert layers.LSTM(2, use_peepholes=True).get_config()["use_peepholes"] is True


@pytest.mark.parametrize("unit_forget_bias", [True, False])
def test_the_forget_gate_starts_open(unit_forget_bias: bool) -> None:
    layer = layers.LSTM(2, unit_forget_bias=unit_forget_bias)
    layer.ensure_built((None, 4, 3))
    np.testing.assert_array_equal(layer.bias.numpy(), [0, 0, *[float(unit_forget_bias)] * 2, 0, 0, 0, 0])


@every_class
@pytest.mark.parametrize("settings", [{}, {"return_sequences": True, "return_state": True, "go_backwards": True}])
def test_projecting_and_walking_are_the_call(cls: Any, settings: dict[str, Any]) -> None:
    layer = cls(4, **settings)
    x = _sequences(2, 5, 3)
    mask = np.array([[True, False, True, True, False], [True] * 5])
    whole = layer(x, mask=mask)
    assert layer.projects_frames(training=True)
    frames = layer.project_frames(x.reshape(10, 1, 3))
    assert frames.shape == (10, 1, layer.gates * 4)
    parts = layer.call_projected(frames.numpy().reshape(2, 5, -1), mask=mask)
    for one, other in zip(_listed(whole), _listed(parts), strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


@every_class
def test_a_penalty_on_the_output_needs_the_whole_call(cls: Any) -> None:
    layer = cls(4, return_state=True, activity_regularizer="l2")
    outputs, *states = layer(_sequences(2, 5, 3))
    expected = [0.01 * float(np.square(one.numpy()).sum()) / 2 for one in (outputs, *states)]
    np.testing.assert_allclose([float(loss) for loss in layer.losses], expected, rtol=1e-5)
    assert not layer.projects_frames(training=False)


def test_bidirectional_projects_for_both_ways() -> None:
    layer = layers.Bidirectional(layers.GRU(3, return_sequences=True), backward_layer=None)
    x = _sequences(2, 5, 3)
    whole = layer(x)
    parts = layer.call_projected(layer.project_frames(x))
    np.testing.assert_array_equal(whole.numpy(), parts.numpy())
    assert layer.projects_frames(training=True)
    assert not layers.Bidirectional(layers.GRU(3, dropout=0.5)).projects_frames(training=True)
    assert layers.Bidirectional(layers.GRU(3, dropout=0.5)).projects_frames(training=False)


@every_class
def test_dropout_is_one_draw_a_sample_for_all_steps(cls: Any) -> None:
    layer = cls(4, dropout=0.5, return_sequences=True, recurrent_initializer="zeros")
    x = np.ones((6, 5, 64), "float32")  # so many features that no two samples can have one draw by chance
    with random_scope(seed=1, step=1):
        outputs = layer(x, training=True).numpy()
    if cls is layers.SimpleRNN:  # without recurrence every step gives the same output
        np.testing.assert_array_equal(outputs, np.repeat(outputs[:, :1], 5, axis=1))
    assert len(np.unique(outputs[:, 0], axis=0)) == 6
    with random_scope(seed=1, step=1, first_sample=2):
        np.testing.assert_array_equal(layer(x[2:], training=True).numpy(), outputs[2:])


@every_class
@pytest.mark.parametrize("dropout", ["dropout", "recurrent_dropout"])
def test_dropping_all_leaves_nothing_of_it(cls: Any, dropout: str) -> None:
    layer = cls(4, **{dropout: 1.0})
    plain = cls(4)
    x = _sequences(2, 5, 3)
    plain.ensure_built((None, 5, 3))
    layer.ensure_built((None, 5, 3))
    layer.set_weights(plain.get_weights())
    outputs = layer(x, training=True).numpy()
    weights = plain.get_weights()
    weights[0 if dropout == "dropout" else 1][:] = 0
    plain.set_weights(weights)
    np.testing.assert_allclose(outputs, plain(x).numpy(), rtol=1e-6, atol=1e-7)


def test_the_two_dropouts_draw_apart() -> None:
    layer = layers.SimpleRNN(8, dropout=0.5, recurrent_dropout=0.5, seed=3)
    x = np.ones((4, 1, 8), "float32")
    state = [np.ones((4, 8), "float32")]
    layer.ensure_built((None, 1, 8))
    eye = np.eye(8, dtype="float32")
    layer.activation = kinema.activations.linear
    with random_scope(seed=1, step=1):
        layer.set_weights([eye, 0 * eye, np.zeros(8)])
        inputs = layer(x, training=True, initial_state=state).numpy()
        layer.set_weights([0 * eye, eye, np.zeros(8)])
        states = layer(x, training=True, initial_state=state).numpy()
    assert set(np.unique(inputs)) == set(np.unique(states)) == {0.0, 2.0}
    assert not np.array_equal(inputs, states)


@every_class
def test_stateful_goes_on_and_is_reset(cls: Any) -> None:
    x = _sequences(2, 6, 3)
    layer = cls(4, stateful=True)
    plain = cls(4)
    whole = plain(x)
    layer.ensure_built((None, 3, 3))
    layer.set_weights(plain.get_weights())
    layer(x[:, :3])
    np.testing.assert_array_equal(layer(x[:, 3:]).numpy(), whole.numpy())
    with pytest.raises(ShapeError, match="stateful=True goes on with the state of 2 samples, but this batch has 1"):
        layer(x[:1])
    layer.reset_states()
    np.testing.assert_array_equal(layer(x).numpy(), whole.numpy())


@every_class
def test_a_mask_at_the_end_is_a_shorter_sequence(cls: Any) -> None:
    layer = cls(4, return_sequences=True, return_state=True)
    x = _sequences(2, 6, 3)
    mask = np.ones((2, 6), bool)
    mask[:, 4:] = False
    outputs, *states = layer(x, mask=mask)
    shorter, *ends = layer(x[:, :4])
    np.testing.assert_array_equal(outputs.numpy()[:, :4], shorter.numpy())
    np.testing.assert_array_equal(outputs.numpy()[:, 4:], np.repeat(shorter.numpy()[:, -1:], 2, axis=1))
    for one, other in zip(states, ends, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


@every_class
def test_wrong_ranks_say_what_to_do(cls: Any) -> None:
    layer = cls(2, name="rnn")
    with pytest.raises(ShapeError) as caught:
        layer(np.zeros((1, 2, 4, 4, 3), "float32"))
    assert str(caught.value) == (
        f"layer 'rnn' ({cls.__name__}): expected sequences of shape (batch, time, features), got an input of shape "
        "(None, 2, 4, 4, 3): put TimeDistributed(Flatten()) before it, so that each frame becomes one row of features"
    )
    with pytest.raises(ShapeError, match=r"add a feature axis, as x\[..., None\] does"):
        layer(np.zeros((1, 2), "float32"))
    layer(np.zeros((1, 2, 3), "float32"))
    with pytest.raises(ShapeError, match=r"expected 3 features on the last axis, as when it was built"):
        layer(np.zeros((1, 2, 4), "float32"))
    with pytest.raises(ShapeError, match="at least one is needed"):
        layer(np.zeros((1, 0, 3), "float32"))


def test_bad_arguments() -> None:
    with pytest.raises(ArgumentError, match="dropout is a number from 0 to 1, not 1.5"):
        layers.LSTM(2, dropout=1.5)
    with pytest.raises(ArgumentError, match="GRU: time_major=True of earlier Keras versions is not supported"):
        layers.GRU(2, time_major=True)
    with pytest.raises(ArgumentError, match="use_cudnn is one of 'auto', True, False, not 'no'"):
        layers.LSTM(2, use_cudnn="no")
    layer = layers.LSTM(2, name="l")
    with pytest.raises(ShapeError, match=r"initial_state is 2 array\(s\) of shape \(batch, units\) = \(1, 2\), got"):
        layer(np.zeros((1, 2, 3), "float32"), initial_state=[np.zeros((1, 2))])


def test_arguments_of_earlier_versions_that_change_nothing_are_dropped() -> None:
    layer = layers.LSTM(2, time_major=False, implementation=2, unroll=True, ragged=False)
    assert "implementation" not in layer.get_config()


def test_bidirectional_copies_under_new_names_and_takes_weights() -> None:
    pattern = layers.LSTM(2, name="lstm_7")
    weights = [np.full(shape, value, "float32") for value in (1, 2) for shape in ((3, 8), (2, 8), (8,))]
    layer = layers.Bidirectional(pattern, weights=weights)
    assert (layer.forward_layer.name, layer.backward_layer.name) == ("forward_lstm_7", "backward_lstm_7")
    layer.ensure_built((None, 5, 3))
    for mine, given in zip(layer.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(mine, given)
    assert not pattern.built


def test_bidirectional_layers_may_differ_in_width() -> None:
    layer = layers.Bidirectional(layers.GRU(3), backward_layer=layers.GRU(2, go_backwards=True))
    assert layer.compute_output_shape((None, 5, 3)) == (None, 5)
    assert layer(_sequences(2, 5, 3)).shape == (2, 5)


def test_bidirectional_bad_arguments() -> None:
    with pytest.raises(DTypeError, match=r"layer is a layer, not <class .*LSTM'>: make one of the class, as in LSTM"):
        layers.Bidirectional(layers.LSTM)
    with pytest.raises(
        ArgumentError, match=r"Bidirectional wraps recurrent layers, but layer 'd' \(Dense\) has no go_b"
    ):
        layers.Bidirectional(layers.Dense(2, name="d"))
    with pytest.raises(ArgumentError, match="merge_mode is one of 'concat', 'sum', 'mul', 'ave', None, not 'add'"):
        layers.Bidirectional(layers.LSTM(2), merge_mode="add")
    with pytest.raises(ArgumentError, match="layer and backward_layer both have go_backwards=False"):
        layers.Bidirectional(layers.LSTM(2), backward_layer=layers.LSTM(2))
    with pytest.raises(ArgumentError, match="layer has return_sequences=True, but backward_layer has False"):
        layers.Bidirectional(layers.LSTM(2, return_sequences=True), backward_layer=layers.LSTM(2, go_backwards=True))
    layer = layers.Bidirectional(layers.GRU(2))
    with pytest.raises(ShapeError, match="initial_state has 3 arrays: give those of the forward layer"):
        layer(np.zeros((1, 2, 3), "float32"), initial_state=[np.zeros((1, 2))] * 3)
