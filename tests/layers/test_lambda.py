"""Functions as layers, and what files keep of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import Tensor, layers, ops
from kinema.errors import ArgumentError, FileFormatError, ShapeError

X = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")


@kinema.saving.register_keras_serializable(package="tests")
def halved(x: Any, by: float = 2.0) -> Any:
    """A function that files may name."""
    return x / by


def tripled(x: Any) -> Any:
    """The same, unregistered."""
    return x * 3


def all_steps(inputs: Any, mask: Any) -> Any:
    """A mask that counts every step."""
    return np.ones(inputs.shape[:2], bool)


def test_the_function_is_told_what_it_asks_for() -> None:
    seen: dict[str, Any] = {}

    def function(x: Any, mask: Any, training: bool, factor: float) -> Any:
        seen.update(mask=mask, training=training)
        return x * factor

    mask = np.array([[True, True, False, False]] * 2)
    layer = layers.Lambda(function, arguments={"factor": 4.0}, mask=lambda inputs, mask: mask)
    outputs = layer(X, mask=mask, training=True)
    np.testing.assert_array_equal(outputs, X * 4)
    np.testing.assert_array_equal(outputs.mask, mask)
    np.testing.assert_array_equal(seen["mask"], mask)
    assert seen["training"] is True
    np.testing.assert_array_equal(layers.Lambda(np.abs)(X), np.abs(X))


def test_a_mask_is_lost_unless_one_is_given() -> None:
    mask = np.ones((2, 4), bool)
    with pytest.warns(UserWarning, match="got a mask that it cannot use"):
        assert layers.Lambda(tripled)(X, mask=mask).mask is None
    np.testing.assert_array_equal(layers.Lambda(tripled, mask=mask)(X).mask, mask)


def test_output_shapes() -> None:
    assert layers.Lambda(lambda x: x[:, -1]).compute_output_shape((None, None, 3)) == (None, 3)
    assert layers.Lambda(lambda x: ops.repeat(x, 2, axis=1)).compute_output_shape((None, None, 3)) == (None, None, 3)
    assert layers.Lambda(lambda x: [x, x[..., 0]]).compute_output_shape((5, 4, 3)) == [(5, 4, 3), (5, 4)]
    assert layers.Lambda(lambda x: {"a": x}).compute_output_shape((5, 4)) == {"a": (5, 4)}
    assert layers.Lambda(tripled, output_shape=(7,)).compute_output_shape((None, 4, 3)) == (None, 7)
    assert layers.Lambda(tripled, output_shape=lambda shape: shape[:2]).compute_output_shape((None, 4, 3)) == (None, 4)
    with pytest.raises(ShapeError, match=r"the output's shape .* cannot be found by a call on zeros .* pass output_sh"):
        layers.Lambda(lambda x: x.no_such_thing).compute_output_shape((None, 3))
    with pytest.raises(ArgumentError, match="function is a function of tensors, not 'relu'"):
        layers.Lambda("relu")  # type: ignore[arg-type]


def test_several_inputs_in_a_graph() -> None:
    one, other = layers.Input((4, 3)), layers.Input((4, 3))
    difference = layers.Lambda(lambda pair: pair[0] - pair[1])([one, other])
    model = kinema.Model([one, other], difference)
    np.testing.assert_allclose(model.predict([X, 3 * X], verbose=0), -2 * X, rtol=1e-6)


def test_gradients_pass_the_function() -> None:
    x = Tensor(X)
    with kinema.GradientTape() as tape:
        tape.watch(x)
        y = layers.Lambda(lambda x: ops.square(x))(x)
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), 2 * X, rtol=1e-6)


@pytest.mark.parametrize("training", [False, True])
def test_windows_that_share_frames_are_given_to_the_function_whole(training: bool) -> None:
    frames = np.random.default_rng(1).normal(size=(10, 3)).astype("float32")
    windows = np.lib.stride_tricks.sliding_window_view(frames, 4, axis=0).transpose(0, 2, 1)
    model = kinema.Sequential([layers.Input((4, 3)), layers.Lambda(lambda x: x - ops.mean(x, axis=1, keepdims=True))])
    expected = windows - windows.mean(1, keepdims=True)
    np.testing.assert_allclose(np.asarray(model(windows, training=training)), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.predict(windows, verbose=0), expected, rtol=1e-5, atol=1e-6)


def _saved(layer: Any, tmp_path: Path, ending: str = ".keras") -> tuple[kinema.Sequential, Path]:
    model = kinema.Sequential([layers.Input((4, 3)), layer, layers.Dense(2)])
    path = tmp_path / f"m{ending}"
    model.save(path)
    return model, path


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize(
    ("layer", "custom"),
    [
        (layers.Lambda(halved, arguments={"by": 4.0}, output_shape=(4, 3)), None),
        (layers.Lambda(tripled, mask=all_steps), {"tripled": tripled, "all_steps": all_steps}),
        (layers.Lambda(lambda x: x * 3, output_shape=lambda shape: shape, name="three"), {"three": tripled}),
        (layers.Lambda(kinema.activations.softsign), None),
    ],
    ids=["registered", "custom", "lambda", "activation"],
)
def test_known_functions_come_back(layer: Any, custom: Any, ending: str, tmp_path: Path) -> None:
    model, path = _saved(layer, tmp_path, ending)
    loaded = kinema.models.load_model(path, custom_objects=custom)
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
    assert loaded.layers[0].arguments == layer.arguments


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_unknown_functions_are_refused_with_the_way_out(ending: str, tmp_path: Path) -> None:
    _, path = _saved(layers.Lambda(lambda x: x, name="same"), tmp_path, ending)
    with pytest.raises(FileFormatError) as caught:
        kinema.models.load_model(path)
    assert (
        "layer 'same' (Lambda): its function was a Python lambda, and files hold no code: pass custom_objects={'same': "
        "the function}, or save it with a function that is registered with "
        "@kinema.saving.register_keras_serializable()"
    ) in str(caught.value)
    _, path = _saved(layers.Lambda(tripled, name="t"), tmp_path, ending)
    with pytest.raises(
        FileFormatError, match="its function 'tripled' is not known here: pass custom_objects={'tripled"
    ):
        kinema.models.load_model(path)
    _, path = _saved(layers.Lambda(halved, mask=lambda inputs, mask: mask, name="m"), tmp_path, ending)
    with pytest.raises(FileFormatError, match="its mask was a Python lambda, and files hold no code: save it with"):
        kinema.models.load_model(path)


def test_files_hold_no_code(tmp_path: Path) -> None:
    described = json.dumps(layers.serialize(layers.Lambda(lambda x: x + 12345)))
    assert '"function": {"class_name": "__lambda__", "config": {}}' in described


@pytest.mark.parametrize(
    "function",
    [
        {"class_name": "__lambda__", "config": {"code": "4wEAAAAAAAAA", "defaults": None, "closure": None}},
        ["4wEAAAAAAAAA", None, None],
        {"module": "os", "class_name": "function", "config": "system", "registered_name": "os>system"},
        {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "function"},
        {"module": "builtins", "class_name": "function", "config": "Dense", "registered_name": "function"},
        {"module": "builtins", "class_name": "eval", "config": "eval"},
        "exec",
        None,
    ],
)
def test_nothing_in_a_config_names_code(function: Any) -> None:
    config = {"module": "keras.layers", "class_name": "Lambda", "config": {"name": "l", "function": function}}
    with pytest.raises(FileFormatError, match=r"layer 'l' \(Lambda\): its function .* is registered with"):
        layers.deserialize(config)


def test_old_files_say_more() -> None:
    config = {
        "class_name": "Lambda",
        "config": {
            "name": "l", "function": "tripled", "function_type": "function", "module": "__main__",
            "output_shape": None, "output_shape_type": "raw", "output_shape_module": None, "arguments": {},
        },
    }  # fmt: skip
    layer = layers.deserialize(config, {"tripled": tripled})
    np.testing.assert_array_equal(layer(X), X * 3)


def test_layers_are_described_and_made_again() -> None:
    described = layers.serialize(layers.Dense(3, name="d"))
    assert (described["class_name"], described["config"]["units"]) == ("Dense", 3)
    assert layers.deserialize(described).name == "d"
    assert isinstance(layers.deserialize({"class_name": "Identity", "config": {"name": "i"}}), layers.Identity)
    with pytest.raises(ArgumentError, match="the config describes a Zeros, not a layer: pass what layers.serialize"):
        layers.deserialize({"class_name": "Zeros", "config": {}})
