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
