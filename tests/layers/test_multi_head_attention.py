"""MultiHeadAttention against NumPy, finite differences and real Keras."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import GradientTape, Tensor, layers
from kinema.errors import ArgumentError, ShapeError
from kinema.random import random_scope
from kinema.saving import deserialize_keras_object, serialize_keras_object

STEP = 1e-6
QUERY_MASK = np.arange(4) < np.array([[4], [2]])
VALUE_MASK = np.arange(5) < np.array([[3], [5]])
PAIRS = np.random.default_rng(7).random((2, 4, 5)) > 0.3
QUERY, VALUE = (2, 4, 6), (2, 5, 7)

#: Settings, shapes of query, value and key, and arguments of the call.
CASES: dict[str, tuple[dict[str, Any], list[tuple[int, ...]], dict[str, Any]]] = {
    "self": ({}, [QUERY, QUERY], {}),
    "bare": ({"use_bias": False, "value_dim": 5}, [QUERY, VALUE], {}),
    "key": ({}, [QUERY, VALUE, (2, 5, 8)], {}),
    "causal": ({}, [QUERY, VALUE], {"use_causal_mask": True}),
    "pairs": ({"output_shape": 4}, [QUERY, VALUE], {"attention_mask": PAIRS}),
    "pairs-causal": ({"output_shape": (2, 3)}, [QUERY, VALUE], {"attention_mask": PAIRS[:1], "use_causal_mask": True}),
    "frames": ({}, [(2, 3, 4, 6), (2, 2, 5, 6)], {}),
    "places": ({"attention_axes": 2}, [(2, 3, 4, 6), (2, 3, 5, 6)], {}),
    "times": ({"attention_axes": (1,)}, [(2, 3, 4, 6), (2, 5, 4, 6)], {}),
    "frames-pairs": ({"attention_axes": (1, 2)}, [(2, 3, 4, 6), (2, 1, 5, 6)],
                     {"attention_mask": np.repeat(PAIRS[:, None, :, None], 3, axis=1)}),
}  # fmt: skip
every_case = pytest.mark.parametrize("name", CASES)


def _inputs(name: str, dtype: str = "float32") -> list[Any]:
    rng = np.random.default_rng(4)
    return [rng.normal(size=shape).astype(dtype) for shape in CASES[name][1]]


def _layer(name: str, dtype: str = "float32", **settings: Any) -> Any:
    layer = layers.MultiHeadAttention(2, 3, dtype=dtype, **CASES[name][0], **settings)
    layer.build(*CASES[name][1])
    rng = np.random.default_rng(5)
    layer.set_weights([rng.uniform(-0.6, 0.9, weight.shape) for weight in layer.weights])
    return layer


def test_values_are_those_of_the_formula() -> None:
    layer, (query, value, key) = _layer("key"), _inputs("key")
    wq, bq, wk, bk, wv, bv, wo, bo = layer.get_weights()
    q, k, v = (
        np.einsum("btf,fhd->bhtd", x, w) + b[:, None] for x, w, b in ((query, wq, bq), (key, wk, bk), (value, wv, bv))
    )
    powers = np.exp(q @ k.swapaxes(2, 3) / np.sqrt(3)) * VALUE_MASK[:, None, None] * QUERY_MASK[:, None, :, None]
    sums = powers.sum(-1, keepdims=True)
    weights = powers / np.where(sums > 0, sums, 1)
    expected = np.einsum("bhtd,hdo->bto", weights @ v, wo) + bo
    outputs, given = layer(
        query, value, key, query_mask=QUERY_MASK, value_mask=VALUE_MASK, return_attention_scores=True
    )
    np.testing.assert_allclose(given.numpy(), weights, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(outputs.numpy(), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(outputs.mask, QUERY_MASK)
    assert given.mask is None


@every_case
@pytest.mark.parametrize("training", [False, True])
def test_gradients_agree_with_finite_differences(name: str, training: bool) -> None:
    layer = _layer(name, "float64", dropout=0.3, seed=1)
    inputs = [Tensor(x) for x in _inputs(name, "float64")]

    def output(given: list[Any]) -> Any:
        with random_scope(seed=1, step=1):
            return layer(*given, training=training, **CASES[name][2])

    with GradientTape() as tape:
        tape.watch(inputs)
        result = output(inputs)
    rng = np.random.default_rng(1)
    factor = rng.uniform(0.5, 1.5, result.shape)
    sources = [*inputs, *layer.weights]
    gradients = tape.gradient(result, sources, output_gradients=factor)
    for place, (source, gradient) in enumerate(zip(sources, gradients, strict=True)):
        direction, ends, before = rng.normal(size=source.shape), [], source.numpy()
        for sign in (1, -1):
            moved = before + sign * STEP * direction
            if place < len(inputs):
                found = output([*inputs[:place], moved, *inputs[place + 1 :]])
            else:
                source.assign(moved)
                found = output(inputs)
                source.assign(before)
            ends.append((found.numpy() * factor).sum())
        expected = (ends[0] - ends[1]) / (2 * STEP)
        np.testing.assert_allclose((gradient.numpy() * direction).sum(), expected, rtol=1e-5, atol=1e-7)


def test_masks_come_with_the_inputs_and_padding_changes_nothing() -> None:
    layer, (query, value) = _layer("bare"), _inputs("bare")
    given = [layers.Activation("linear")(x, mask=mask) for x, mask in ((query, QUERY_MASK), (value, VALUE_MASK))]
    outputs = layer(*given)
    np.testing.assert_array_equal(outputs.mask, QUERY_MASK)
    for index in range(2):
        one, lengths = slice(index, index + 1), (QUERY_MASK[index].sum(), VALUE_MASK[index].sum())
        alone = layer(query[one, : lengths[0]], value[one, : lengths[1]])
        np.testing.assert_allclose(outputs.numpy()[one, : lengths[0]], alone.numpy(), rtol=1e-5, atol=1e-6)


def test_a_mask_of_frames_stands_for_all_their_places() -> None:
    layer, (query, value) = _layer("frames"), _inputs("frames")
    mask = np.array([[True, False]] * 2)
    outputs = layer(query, value, value_mask=mask)
    np.testing.assert_allclose(outputs.numpy(), layer(query, value[:, :1]).numpy(), rtol=1e-5, atol=1e-6)


@every_case
def test_shapes_config_graph_and_files(name: str, tmp_path: Path) -> None:
    _, shapes, options = CASES[name]
    layer, inputs = _layer(name), _inputs(name)
    again = deserialize_keras_object(serialize_keras_object(layer))
    assert again.get_config() == layer.get_config()
    again.set_weights(layer.get_weights())
    expected = layer(*inputs, return_attention_scores=True, **options)
    assert layer.compute_output_shape(*shapes) == expected[0].shape
    symbols = [kinema.Input(shape[1:]) for shape in shapes]
    plain = {key: value for key, value in options.items() if key == "use_causal_mask"}
    outputs = again(*symbols, return_attention_scores=True, **plain)
    assert [output.shape[1:] for output in outputs] == [output.shape[1:] for output in expected]
    model = kinema.Model(symbols, list(outputs))
    for ending in (".keras", ".h5"):
        model.save(tmp_path / f"m{ending}")
        loaded = kinema.models.load_model(tmp_path / f"m{ending}")
        for mine, other in zip(loaded.predict(inputs, verbose=0), layer(*inputs, return_attention_scores=True, **plain),
                               strict=True):  # fmt: skip
            np.testing.assert_allclose(mine, other.numpy(), rtol=1e-5, atol=1e-6)


def test_paths_of_weights_are_keras_s() -> None:
    layer = layers.MultiHeadAttention(2, 3, name="mha")
    x = np.ones((1, 4, 6), "float32")
    assert layer(query=x, value=x).shape == (1, 4, 6)
    assert [weight.path for weight in layer.weights] == [
        f"mha/{part}/{kind}" for part in ("query", "key", "value", "attention_output") for kind in ("kernel", "bias")
    ]


def test_bad_arguments() -> None:
    x = np.ones((1, 4, 6), "float32")
    with pytest.raises(ArgumentError, match="num_heads is a positive integer, not 0"):
        layers.MultiHeadAttention(0, 2)
    with pytest.raises(ArgumentError, match="sliding_window=3 is not supported: leave it out"):
        layers.MultiHeadAttention(1, 2, sliding_window=3)
    with pytest.raises(ArgumentError, match="use_gate=True is not supported: leave it out"):
        layers.MultiHeadAttention(1, 2, use_gate=True)
    with pytest.raises(ArgumentError, match=r"is called on a query and a value: layer\(x, x\) to look at x from x"):
        layers.MultiHeadAttention(1, 2)(x)
    with pytest.raises(ShapeError, match=r"attention_axes \[2\] are not between batch and features of an input with 3"):
        layers.MultiHeadAttention(1, 2, attention_axes=2)(x, x)
    layer = layers.MultiHeadAttention(1, 2)
    layer(x, x)
    with pytest.raises(ShapeError, match=r"expected \(6,\) features on the last axes, as when it was built, but got"):
        layer(x, x[..., :5])


@pytest.mark.peer
@every_case
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.filterwarnings("ignore")
def test_keras_agrees(name: str, masked: bool) -> None:
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        keras: Any = pytest.importorskip("keras")
    _, shapes, options = CASES[name]
    if masked and (len(shapes[0]) > 3 or shapes[1] == QUERY):
        pytest.skip("Keras takes masks of (batch, time) for attention over time alone")
    layer, inputs = _layer(name), _inputs(name)
    twin = keras.saving.deserialize_keras_object(serialize_keras_object(layer))
    assert [weight.path for weight in twin.weights] == [weight.path for weight in layer.weights]
    twin.set_weights(layer.get_weights())
    given, theirs = inputs, [keras.ops.convert_to_tensor(x) for x in inputs]
    if masked:
        masks = [QUERY_MASK, VALUE_MASK, None][: len(inputs)]
        given = [layers.Activation("linear")(x, mask=mask) for x, mask in zip(inputs, masks, strict=True)]
        for tensor, mask in zip(theirs, masks, strict=True):
            if mask is not None:
                keras.src.backend.set_keras_mask(tensor, keras.ops.convert_to_tensor(mask))
    expected = twin(*theirs, return_attention_scores=True, **options)
    for mine, other in zip(layer(*given, return_attention_scores=True, **options), expected, strict=True):
        np.testing.assert_allclose(mine.numpy(), np.asarray(other), rtol=1e-5, atol=1e-5)
    again = deserialize_keras_object(keras.saving.serialize_keras_object(twin))
    assert [weight.shape for weight in again.weights] == [tuple(weight.shape) for weight in twin.weights]


@pytest.mark.peer
@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.filterwarnings("ignore")
def test_files_go_both_ways(ending: str, tmp_path: Path) -> None:
    keras: Any = pytest.importorskip("keras")

    def model(framework: Any) -> Any:
        frames = framework.Input((4, 6))
        seen = framework.layers.MultiHeadAttention(2, 3)(frames, frames)
        if ending == ".keras":  # Keras takes the score mode "dot" in an `.h5` file for its function of that name
            seen = framework.layers.Attention(use_scale=True)([seen, frames])
        seen = framework.layers.AdditiveAttention()([seen, frames])
        return framework.Model(frames, framework.layers.Dense(2)(framework.layers.Flatten()(seen)))

    x, path = _inputs("self")[0], str(tmp_path / f"m{ending}")
    for written, load in ((model(kinema), keras.models.load_model), (model(keras), kinema.models.load_model)):
        written.save(path)
        expected = written.predict(x, verbose=0)
        np.testing.assert_allclose(load(path).predict(x, verbose=0), expected, rtol=1e-5, atol=1e-5)
