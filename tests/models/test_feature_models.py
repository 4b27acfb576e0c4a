"""Models of what layers of a Sequential give: `layer.output` is there as soon as the Sequential is built."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import layers
from kinema.errors import NotBuiltError

SAMPLES = np.random.default_rng(0).random((3, 4), "float32")
CLIPS = np.random.default_rng(1).random((2, 4, 12, 12, 3), "float32")


def _dense() -> list[Any]:
    return [layers.Dense(5, activation="tanh"), layers.Dense(3, activation="relu"), layers.Dense(2)]


def _video() -> list[Any]:
    return [
        layers.Conv2D(4, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.BatchNormalization(),
        layers.Flatten(),
        layers.LSTM(4),
        layers.Dense(2),
    ]


def _feature_model(model: Any) -> Any:
    outputs = [layer.output for layer in model.layers]
    return kinema.Model(model.inputs, outputs)


def _layer_by_layer(model: Any, x: Any) -> list[Any]:
    outputs = []
    for layer in model.running_layers:
        x = layer(x)
        outputs.append(x.numpy())
    return outputs


def _assert_features(model: Any, x: Any) -> None:
    found = _feature_model(model).predict(x, verbose=0)
    for output, expected in zip(found, _layer_by_layer(model, x), strict=True):
        np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-5)


def _by_input(line: list[Any], x: Any, folder: Path) -> Any:
    return kinema.Sequential([layers.Input(x.shape[1:]), *line])


def _by_build(line: list[Any], x: Any, folder: Path) -> Any:
    model = kinema.Sequential(line)
    model.build((None, *x.shape[1:]))
    return model


def _by_a_call(line: list[Any], x: Any, folder: Path) -> Any:
    model = kinema.Sequential(line)
    model(x)
    return model


def _by_a_file(line: list[Any], x: Any, folder: Path) -> Any:
    _by_input(line, x, folder).save(folder / "model.keras")
    return kinema.models.load_model(folder / "model.keras")


def _by_cloning(line: list[Any], x: Any, folder: Path) -> Any:
    return kinema.models.clone_model(_by_input(line, x, folder))


def _by_copying(line: list[Any], x: Any, folder: Path) -> Any:
    return copy.deepcopy(_by_input(line, x, folder))


def _by_pickling(line: list[Any], x: Any, folder: Path) -> Any:
    return pickle.loads(pickle.dumps(_by_build(line, x, folder)))


@pytest.mark.parametrize("make", [_dense, _video])
@pytest.mark.parametrize(
    "built", [_by_input, _by_build, _by_a_call, _by_a_file, _by_cloning, _by_copying, _by_pickling]
)
def test_every_layer_has_its_output(built: Callable[..., Any], make: Callable[[], list[Any]], tmp_path: Path) -> None:
    x = SAMPLES if make is _dense else CLIPS
    _assert_features(built(make(), x, tmp_path), x)


def test_the_models_own_input_stands_at_the_beginning() -> None:
    entry = kinema.Input((4,), name="numbers")
    model = kinema.Sequential([entry, *_dense()])
    assert model.inputs[0] is entry
    assert model.layers[0].input is entry
    assert kinema.Model(entry, model.layers[1].output).input_names == ["numbers"]


@pytest.mark.parametrize("built", [_by_input, _by_a_call])
def test_layers_that_come_and_go_keep_the_others_in_place(built: Callable[..., Any], tmp_path: Path) -> None:
    model = built(_dense(), SAMPLES, tmp_path)
    before = [layer.output for layer in model.layers]
    _assert_features(model, SAMPLES)
    model.pop()
    assert model.output_shape[1:] == (3,)
    model.add(layers.Dense(7))
    _assert_features(model, SAMPLES)
    assert [layer.output for layer in model.layers][:2] == before[:2]


def test_an_activation_that_is_replaced_counts() -> None:
    model = kinema.Sequential([layers.Input((4,)), layers.Dense(5), layers.Dense(3, activation="softmax")])
    _assert_features(model, SAMPLES)
    model.layers[-1].activation = kinema.activations.linear
    _assert_features(model, SAMPLES)
    logits = kinema.Model(model.inputs, model.layers[-1].output).predict(SAMPLES, verbose=0)
    assert not np.allclose(logits.sum(axis=1), 1.0)


def test_a_setting_that_changes_shapes_gives_new_outputs() -> None:
    model = kinema.Sequential([layers.Input((9, 9, 1)), layers.Conv2D(2, 3), layers.MaxPooling2D(2)])
    model.layers[1].strides = (1, 1)
    assert model.outputs[0].shape == model.output_shape == (None, 6, 6, 2)


def test_a_model_built_for_another_shape_has_outputs_of_that_shape() -> None:
    model = kinema.Sequential([layers.Conv2D(2, 3), layers.GlobalAveragePooling2D(), layers.Dense(2)])
    model.build((None, 8, 8, 1))
    before = _feature_model(model)
    model.build((None, 6, 6, 1))
    _assert_features(model, np.ones((2, 6, 6, 1), "float32"))
    assert before.predict(np.ones((2, 8, 8, 1)), verbose=0)[0].shape == (2, 6, 6, 2)


def test_a_layer_called_twice_gives_its_first_call() -> None:
    left, right = kinema.Input((4,)), kinema.Input((4,))
    shared = layers.Dense(2)
    one, other = shared(left), shared(right)
    assert shared.output is one
    assert shared.input is left
    np.testing.assert_allclose(kinema.Model(right, other).predict(SAMPLES, verbose=0), shared(SAMPLES), rtol=1e-5)
    np.testing.assert_allclose(
        kinema.Model(shared.input, shared.output).predict(SAMPLES, verbose=0), shared(SAMPLES), rtol=1e-5
    )


def test_lifted_layers_may_stand_in_another_graph_too() -> None:
    model = kinema.Sequential([layers.Input(CLIPS.shape[1:]), *_video()])
    convolution = model.layers[0]
    both = kinema.Model(model.inputs[0], [convolution.output, convolution(model.inputs[0] * 2.0)])
    plain, doubled = both.predict(CLIPS, verbose=0)
    np.testing.assert_allclose(plain, _layer_by_layer(model, CLIPS)[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(doubled, _layer_by_layer(model, 2 * CLIPS)[0], rtol=1e-4, atol=1e-5)


def test_a_layer_of_two_lines_gives_its_place_in_the_first() -> None:
    first = kinema.Sequential([layers.Input((4,)), *_dense()])
    output = first.layers[1].output
    second = kinema.Sequential([layers.Input((4,)), *first.layers[:2], layers.Dense(9)])
    assert first.layers[1].output is output
    np.testing.assert_allclose(
        kinema.Model(second.inputs, second.outputs).predict(SAMPLES, verbose=0),
        second.predict(SAMPLES, verbose=0),
        rtol=1e-5,
    )


@pytest.mark.parametrize("duplicate", [copy.deepcopy, copy.copy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_the_copy_of_a_layer_has_not_been_called(duplicate: Callable[[Any], Any]) -> None:
    model = kinema.Sequential([layers.Input((4,)), *(layers.Dense(4) for _ in range(200))])
    twin = duplicate(model.layers[-1])
    np.testing.assert_array_equal(twin(SAMPLES), model.layers[-1](SAMPLES))
    with pytest.raises(NotBuiltError, match="has not been called"):
        _ = twin.output
    assert twin(model.outputs[0]) is twin.output
    assert model.layers[-1].output is model.outputs[0]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_of_deep_graphs_have_their_outputs(duplicate: Callable[[Any], Any]) -> None:
    line = kinema.Sequential([layers.Input((4,)), *(layers.Dense(4) for _ in range(200))])
    for model in (line, kinema.Model(line.inputs, line.outputs)):
        twin = duplicate(model)
        assert twin.layers[-1].output is not line.layers[-1].output
        features = kinema.Model(twin.inputs, twin.layers[-1].output)
        np.testing.assert_array_equal(features.predict(SAMPLES, verbose=0), line.predict(SAMPLES, verbose=0))


@pytest.mark.parametrize("base", [kinema.Sequential, kinema.models.Functional, kinema.Model])
@pytest.mark.parametrize("duplicate", [copy.deepcopy, copy.copy])
def test_a_class_may_say_what_its_copies_are_made_of(base: Any, duplicate: Callable[[Any], Any]) -> None:
    class Handled(base):  # type: ignore[misc]
        def __getstate__(self) -> Any:
            state = self.__dict__.copy()
            state.pop("handle")
            return state

    entry = kinema.Input((4,))
    output = layers.Dense(2)(entry)
    model = Handled([entry, output.node.layer]) if base is kinema.Sequential else Handled(entry, output)
    model.handle = (number for number in range(3))
    twin = duplicate(model)
    assert not hasattr(twin, "handle")
    features = kinema.Model(twin.inputs, twin.layers[-1].output)
    np.testing.assert_array_equal(features.predict(SAMPLES, verbose=0), model.predict(SAMPLES, verbose=0))


def test_layers_that_were_never_called_have_none() -> None:
    model = kinema.Sequential(_dense())
    with pytest.raises(NotBuiltError, match="has not been called on symbolic tensors"):
        _ = model.layers[0].output


@pytest.mark.parametrize("outer", ["functional", "sequential"])
def test_a_line_within_a_model_gives_its_place_there(outer: str) -> None:
    base = kinema.Sequential([layers.Input((4,)), *_dense()], name="base")
    own = base.inputs[0], base.outputs[0]
    assert (base.input, base.output) == own
    if outer == "functional":
        entry = kinema.Input((4,))
        model: Any = kinema.Model(entry, layers.Dense(1)(base(entry * 2.0)))
    else:
        model = kinema.Sequential([layers.Input((4,)), layers.Rescaling(2.0), base, layers.Dense(1)])
    features = kinema.Model(model.inputs, model.get_layer("base").output)
    np.testing.assert_allclose(
        features.predict(SAMPLES, verbose=0), base.predict(2 * SAMPLES, verbose=0), rtol=1e-5, atol=1e-6
    )
    assert (base.inputs[0], base.outputs[0]) == own
    _assert_features(base, SAMPLES)


def test_a_file_of_a_feature_model_gives_the_same(tmp_path: Path) -> None:
    model = kinema.Sequential([layers.Input(CLIPS.shape[1:]), *_video()])
    features = _feature_model(model)
    features.save(tmp_path / "features.keras")
    again = kinema.models.load_model(tmp_path / "features.keras")
    for one, other in zip(features.predict(CLIPS, verbose=0), again.predict(CLIPS, verbose=0), strict=True):
        np.testing.assert_array_equal(one, other)
