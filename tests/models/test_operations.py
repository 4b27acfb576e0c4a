"""Ops called on symbolic tensors: steps of a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers, ops
from kinema.errors import ArgumentError, FileFormatError, ShapeError

from .operations import graph_of_ops

X, Y = np.random.default_rng(4).normal(size=(2, 5, 4, 6)).astype("float32")


def test_a_graph_computes_what_the_ops_compute_of_data() -> None:
    model = graph_of_ops(kinema)
    outputs = model.predict([X, Y], batch_size=2, verbose=0)
    distance = np.sqrt(((X - Y) ** 2).sum(axis=1, keepdims=True))
    np.testing.assert_array_equal(outputs[0], X[:, -1, :])
    np.testing.assert_array_equal(outputs[1], X[..., 1:5:2])
    np.testing.assert_allclose(outputs[2], X[:, :2] / (np.abs(Y[:, 2:]) + 1), rtol=1e-6)
    np.testing.assert_array_equal(outputs[11], np.where(X > 0.25, X, Y))
    np.testing.assert_allclose(outputs[15], X @ Y.transpose(0, 2, 1), rtol=1e-5)
    np.testing.assert_array_equal(outputs[19], X.argmax(axis=-1))
    np.testing.assert_allclose(outputs[22], distance, rtol=1e-6)
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(outputs[23], distance @ kernel + bias, rtol=1e-5)
    assert [output.shape for output in outputs] == [(5, *shape[1:]) for shape in model.output_shape]


@pytest.mark.parametrize("way", ["file", "config", "clone"])
def test_graphs_of_ops_come_back(way: str, tmp_path: Any) -> None:
    model = graph_of_ops(kinema)
    if way == "file":
        model.save(tmp_path / "ops.keras")
        again = kinema.models.load_model(tmp_path / "ops.keras")
    elif way == "config":
        again = kinema.models.model_from_json(model.to_json())
    else:
        again = kinema.models.clone_model(model)
    again.set_weights(model.get_weights())
    for one, other in zip(again.predict([X, Y], verbose=0), model.predict([X, Y], verbose=0), strict=True):
        np.testing.assert_array_equal(one, other)


def test_types_and_unknown_lengths_are_found() -> None:
    clips = kinema.Input((None, 8), dtype="uint8")
    assert (ops.argmax(clips, axis=-1).shape, ops.argmax(clips, axis=-1).dtype) == ((None, None), "int32")
    assert ops.cast(clips, "float32").dtype == "float32"
    assert (clips > 3).dtype == "bool"
    assert clips[:, 0].shape == (None, 8)
    assert ops.shape(clips) == (None, None, 8)


def test_gradients_pass_through_ops() -> None:
    inputs = kinema.Input((4, 6))
    features = layers.Dense(3)(inputs)
    outputs = ops.mean(features[:, 1:] * ops.sigmoid(features[:, 1:]), axis=1)
    model = kinema.Model(inputs, outputs)
    model.compile("sgd", "mse")
    before = model.get_weights()[0]
    model.fit(X, np.ones((5, 3), "float32"), epochs=1, verbose=0)
    assert np.abs(model.get_weights()[0] - before).max() > 1e-4


def test_two_towers_and_their_distance_train() -> None:
    encoder = kinema.Sequential([layers.Input((4, 6)), layers.LSTM(3)])
    left, right = kinema.Input((4, 6)), kinema.Input((4, 6))
    distance = ops.sqrt(ops.sum(ops.square(encoder(left) - encoder(right)), axis=1, keepdims=True) + 1e-6)
    model = kinema.Model([left, right], distance)
    model.compile("adam", "mse")
    first = model.evaluate([X, Y], np.zeros((5, 1)), verbose=0)
    model.fit([X, Y], np.zeros((5, 1)), epochs=20, verbose=0)
    assert model.evaluate([X, Y], np.zeros((5, 1)), verbose=0) < 0.9 * first


def test_activations_are_steps_too() -> None:
    inputs = kinema.Input((6,))
    model = kinema.Model(inputs, kinema.activations.gelu(kinema.activations.relu(inputs)))
    expected = kinema.activations.gelu(kinema.activations.relu(X[:, 0])).numpy()
    np.testing.assert_allclose(model.predict(X[:, 0], verbose=0), expected, rtol=1e-6)


OPERATORS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "sum": (lambda x: x + x, lambda x: ops.add(x, x)),
    "shifted": (lambda x: 1.0 + x, lambda x: ops.add(1.0, x)),
    "difference": (lambda x: 1.0 - x, lambda x: ops.subtract(1.0, x)),
    "product": (lambda x: x * 2.0, lambda x: ops.multiply(x, 2.0)),
    "quotient": (lambda x: x / 3.0, lambda x: ops.divide(x, 3.0)),
    "negative": (lambda x: -x, lambda x: ops.negative(x)),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_are_ops_and_hand_no_mask_on(name: str) -> None:
    """In a graph, in its files and in a call, as in Keras."""
    operator, op = OPERATORS[name]
    x = X.copy()
    x[:, 2:] = 0

    def model(function: Callable[[Any], Any]) -> kinema.Model:
        inputs = kinema.Input((4, 6))
        return kinema.Model(inputs, layers.GlobalAveragePooling1D()(function(layers.Masking()(inputs))))

    graph, of_op = model(operator), model(op)
    kinds = [(entry["module"], entry["class_name"]) for entry in graph.get_config()["layers"]]
    assert kinds == [(entry["module"], entry["class_name"]) for entry in of_op.get_config()["layers"]]
    called = layers.GlobalAveragePooling1D()(operator(layers.Masking()(x))).numpy()
    np.testing.assert_allclose(called, operator(x).mean(axis=1), rtol=1e-5, atol=1e-6)
    for each in (graph, of_op, kinema.models.model_from_json(graph.to_json())):
        np.testing.assert_allclose(each.predict(x, verbose=0), called, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("join", [lambda x, y: x + y * 2.0, lambda x, y: ops.maximum(x, y / np.float32([1, 2, 3, 4]))])
def test_arithmetic_leaves_frames_apart(join: Callable[[Any, Any], Any]) -> None:
    """What follows is lifted to every frame, as it is behind a layer."""
    clips = kinema.Input((5, 6, 6, 3))
    features = layers.Conv2D(4, 3, padding="same")(clips)
    flat = layers.Flatten()(join(features, layers.Conv2D(4, 3, padding="same")(features)))
    assert flat.shape == (None, 5, 144)
    assert not any(layer.mixes_frames for layer in kinema.Model(clips, flat).running_layers)


@pytest.mark.parametrize(
    "join",
    [
        lambda x: x[:, [0, 1], 1],
        lambda x: x + np.ones((5, 1), "float32"),
        lambda x: ops.concatenate([x, x], axis=1),
        lambda x: x + x[:, :1],
    ],
)
def test_what_knows_the_time_mixes_frames(join: Callable[[Any], Any]) -> None:
    clips = kinema.Input((5, 3))
    assert kinema.Model(clips, join(layers.Dense(2)(clips))).mixes_frames


def test_shapes_that_do_not_fit_are_found_in_the_graph() -> None:
    with pytest.raises(ShapeError, match=r"ops\.matmul"):
        kinema.Input((4, 6)) @ kinema.Input((4, 6))


def test_what_stays_refused() -> None:
    inputs = kinema.Input((3,))
    with pytest.raises(ArgumentError, match="has no values yet"):
        np.asarray(inputs)
    with pytest.raises(ArgumentError, match="has no values yet"):
        list(inputs)


def test_operations_that_nobody_knows_are_named() -> None:
    inputs = kinema.Input((3,))
    model = kinema.Model(inputs, ops.exp(inputs))
    config = model.get_config()
    config["layers"][1]["class_name"] = "Bartlett"
    with pytest.raises(FileFormatError, match="needs Keras's operation 'Bartlett'"):
        kinema.models.Functional.from_config(config)
    config["layers"][1]["class_name"] = "Exp"
    config["layers"][1]["config"]["base"] = 2
    with pytest.raises(FileFormatError, match="operation 'Exp' with base=2"):
        kinema.models.Functional.from_config(config)
