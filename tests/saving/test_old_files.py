"""`.h5` files as Keras 1 and 2 wrote them: what they meant then."""

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

import kinema


def _write(path: Path, layers: Any, weights: dict[str, list[np.ndarray]], version: str) -> None:
    """A whole-model file in the layout of those years."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = version.encode()
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": layers}).encode()
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = np.array([name.encode() for name in weights])
        for name, arrays in weights.items():
            layer = group.create_group(name)
            names = [f"{name}/weight_{index}:0" for index in range(len(arrays))]
            layer.attrs["weight_names"] = np.array([weight.encode() for weight in names]) if names else []
            for weight, array in zip(names, arrays, strict=True):
                layer.create_dataset(weight, data=array)


def _lstm_weights() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape).astype("float32") for shape in ((3, 8), (2, 8), (8,))]


def _hard_lstm(x: np.ndarray, kernel: np.ndarray, recurrent: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Two units, with the hard sigmoid of those years."""
    h, c = np.zeros((2, len(x), 2))
    for step in x.transpose(1, 0, 2):
        i, f, g, o = np.split(step @ kernel + h @ recurrent + bias, 4, axis=1)
        i, f, o = (np.clip(0.2 * gate + 0.5, 0, 1) for gate in (i, f, o))
        c = f * c + i * np.tanh(g)
        h = o * np.tanh(c)
    return h


def test_recurrent_activations_mean_what_they_meant(tmp_path: Path) -> None:
    """Up to Keras 2.2 the default was hard_sigmoid, and hard_sigmoid had another slope than today."""
    weights = _lstm_weights()
    x = np.random.default_rng(1).normal(size=(4, 5, 3)).astype("float32")
    said = {"name": "lstm", "units": 2, "batch_input_shape": [None, 5, 3], "recurrent_activation": "hard_sigmoid",
            "activation": "tanh", "implementation": 1, "unroll": False, "time_major": False}  # fmt: skip
    unsaid = {name: value for name, value in said.items() if name != "recurrent_activation"}
    for version, config in (("2.2.4", said), ("2.1.6", unsaid)):
        path = tmp_path / f"{version}.h5"
        _write(path, [{"class_name": "LSTM", "config": config}], {"lstm": weights}, version)
        model = kinema.models.load_model(path)
        np.testing.assert_allclose(model.predict(x, verbose=0), _hard_lstm(x, *weights), rtol=1e-5, atol=1e-6)


def test_cells_inside_mean_what_they_meant(tmp_path: Path) -> None:
    weights = _lstm_weights()
    x = np.random.default_rng(1).normal(size=(4, 5, 3)).astype("float32")
    cell = {"class_name": "LSTMCell", "config": {"name": "c", "units": 2, "implementation": 1}}
    stack = {"class_name": "StackedRNNCells", "config": {"name": "s", "cells": [cell]}}
    for one in (cell, stack):
        path = tmp_path / f"{one['class_name']}.h5"
        config = {"name": "rnn", "batch_input_shape": [None, 5, 3], "cell": one, "unroll": False}
        _write(path, [{"class_name": "RNN", "config": config}], {"rnn": weights}, "2.2.4")
        model = kinema.models.load_model(path)
        np.testing.assert_allclose(model.predict(x, verbose=0), _hard_lstm(x, *weights), rtol=1e-5, atol=1e-6)


def test_todays_default_is_read_from_a_newer_file(tmp_path: Path) -> None:
    config = {"name": "lstm", "units": 2, "batch_input_shape": [None, 5, 3]}
    path = tmp_path / "new.h5"
    layers = {"name": "s", "layers": [{"class_name": "LSTM", "config": config}]}
    _write(path, layers, {"lstm": _lstm_weights()}, "2.4.0")
    loaded = kinema.models.load_model(path)
    today = kinema.Sequential([kinema.layers.LSTM(2, input_shape=(5, 3))])
    today.set_weights(_lstm_weights())
    x = np.random.default_rng(1).normal(size=(4, 5, 3)).astype("float32")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), today.predict(x, verbose=0))


def test_weights_are_found_by_name(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    weights = {"b": [rng.normal(size=(2, 2)).astype("f4"), rng.normal(size=2).astype("f4")], "unused": []}
    path = tmp_path / "w.h5"
    _write(path, [], weights, "2.2.4")
    model = kinema.Sequential(
        [kinema.layers.Input((2,)), kinema.layers.Dense(2, name="a"), kinema.layers.Dense(2, name="b")]
    )
    before = model.layers[0].get_weights()
    model.load_weights(path, by_name=True)
    np.testing.assert_array_equal(model.layers[0].get_weights()[0], before[0])
    np.testing.assert_array_equal(model.layers[1].get_weights()[0], weights["b"][0])


def test_metrics_are_not_taken_for_losses(tmp_path: Path) -> None:
    """These files name classes without their modules, and losses and metrics share names."""
    model = kinema.Sequential([kinema.layers.Input((3,)), kinema.layers.Dense(2, activation="softmax")])
    model.compile("sgd", "mse", metrics=["mae"], weighted_metrics=["mae"])
    path = tmp_path / "m.h5"
    model.save(path)
    with h5py.File(path, "r+") as file:
        training = json.loads(file.attrs["training_config"])
        settings = {"name": "cc", "label_smoothing": 0.5}
        training["loss"] = {"class_name": "CategoricalCrossentropy", "config": settings}
        training["metrics"] = [{"class_name": "CategoricalCrossentropy", "config": settings}]
        training["weighted_metrics"] = [{"class_name": "MeanAbsoluteError", "config": {"name": "q"}}]
        file.attrs["training_config"] = json.dumps(training)
    loaded = kinema.models.load_model(path)
    x, y = np.random.default_rng(0).normal(size=(5, 3)), np.eye(2)[[0, 1, 1, 0, 1]]
    logs = loaded.evaluate(x, y, verbose=0, return_dict=True, batch_size=2)
    assert type(loaded.loss) is kinema.losses.CategoricalCrossentropy
    assert list(logs) == ["loss", "cc", "q"]
    assert [type(metric) for metric in loaded.metrics[1].metrics] == [
        kinema.metrics.CategoricalCrossentropy,
        kinema.metrics.MeanAbsoluteError,
    ]
    np.testing.assert_allclose(logs["cc"], logs["loss"], rtol=1e-5)


def _own(y_true: Any, y_pred: Any) -> Any:
    return kinema.ops.sum(y_pred * 0.0 + 2.0, axis=-1)


def _doubled(x: Any) -> Any:
    return x * 2.0


def _threes(shape: Any, dtype: Any = None) -> Any:
    return np.full(shape, 3.0, dtype)


def test_names_of_the_user_everywhere(tmp_path: Path) -> None:
    """A file of Keras names functions alone; `custom_objects` says what they are, in training as well."""
    config = {"name": "d", "units": 2, "batch_input_shape": [None, 3], "activation": "doubled",
              "kernel_initializer": "threes", "kernel_regularizer": "total",
              "kernel_constraint": "doubled"}  # fmt: skip
    kernel, bias = np.ones((3, 2), "f4"), np.zeros(2, "f4")
    path = tmp_path / "m.h5"
    _write(path, [{"class_name": "Dense", "config": config}], {"d": [kernel, bias]}, "2.4.0")
    with h5py.File(path, "r+") as file:
        optimizer = {"class_name": "Mine", "config": {"learning_rate": 0.0}}
        file.attrs["training_config"] = json.dumps(
            {"loss": "own", "metrics": ["own", "mae"], "weighted_metrics": ["own"], "optimizer_config": optimizer}
        )
    mine = type("Mine", (kinema.optimizers.SGD,), {})
    custom = {"own": _own, "total": kinema.ops.sum, "doubled": _doubled, "threes": _threes, "Mine": mine}
    loaded = kinema.models.load_model(path, custom_objects=custom)
    dense = loaded.layers[0]
    assert (dense.activation, dense.kernel_initializer, dense.kernel_constraint) == (_doubled, _threes, _doubled)
    assert type(loaded.optimizer) is mine
    logs = loaded.evaluate(np.ones((4, 3)), np.ones((4, 2)), verbose=0, return_dict=True)
    assert logs == {"loss": 4.0 + 6.0, "_own": 4.0, "mae": 5.0, "weighted__own": 4.0}
    with kinema.saving.custom_object_scope(custom):
        again = kinema.models.load_model(path)
    assert again.evaluate(np.ones((4, 3)), np.ones((4, 2)), verbose=0, return_dict=True) == logs
