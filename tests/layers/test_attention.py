"""Attention against NumPy, finite differences and real Keras."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import GradientTape, Tensor, layers
from kinema.errors import ArgumentError, ShapeError
from kinema.layers import Layer
from kinema.random import random_scope
from kinema.saving import deserialize_keras_object, serialize_keras_object

STEP = 1e-6
#: Query, value, key.
SHAPES = [(3, 4, 5), (3, 6, 2), (3, 6, 5)]
QUERY_MASK = np.arange(4) < np.array([[4], [2], [3]])
VALUE_MASK = np.arange(6) < np.array([[6], [3], [1]])

Scores = Callable[[np.ndarray, np.ndarray, list[np.ndarray]], np.ndarray]


def _sums(query: np.ndarray, key: np.ndarray) -> np.ndarray:
    return query[:, :, None] + key[:, None]


CASES: dict[str, tuple[Callable[..., Layer], Scores]] = {
    "dot": (layers.Attention, lambda q, k, _: q @ k.swapaxes(1, 2)),
    "dot-scale": (lambda **base: layers.Attention(use_scale=True, **base), lambda q, k, w: w[0] * q @ k.swapaxes(1, 2)),
    "concat": (
        lambda **base: layers.Attention(score_mode="concat", **base),
        lambda q, k, w: w[0] * np.tanh(_sums(q, k)).sum(-1),
    ),
    "concat-scale": (
        lambda **base: layers.Attention(use_scale=True, score_mode="concat", **base),
        lambda q, k, w: w[1] * np.tanh(w[0] * _sums(q, k)).sum(-1),
    ),
    "additive": (layers.AdditiveAttention, lambda q, k, w: (w[0] * np.tanh(_sums(q, k))).sum(-1)),
    "additive-bare": (
        lambda **base: layers.AdditiveAttention(use_scale=False, **base),
        lambda q, k, _: np.tanh(_sums(q, k)).sum(-1),
    ),
}
every_case = pytest.mark.parametrize("name", CASES)


def _inputs(dtype: str = "float32") -> list[np.ndarray]:
    rng = np.random.default_rng(4)
    return [rng.normal(size=shape).astype(dtype) for shape in SHAPES]


def _layer(name: str, dtype: str = "float32", **settings: Any) -> Layer:
    layer = CASES[name][0](dtype=dtype, **settings)
    layer.ensure_built([(None, *shape[1:]) for shape in SHAPES])
    rng = np.random.default_rng(5)
    layer.set_weights([rng.uniform(0.3, 0.9, weight.shape) for weight in layer.weights])
    return layer


@every_case
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("causal", [False, True])
def test_values_are_those_of_the_formula(name: str, masked: bool, causal: bool) -> None:
    layer, (query, value, key) = _layer(name), _inputs()
    scores = CASES[name][1](query, key, layer.get_weights())
    visible = np.ones(scores.shape, bool)
    if masked:
        visible &= VALUE_MASK[:, None]
    if causal:
        visible &= np.arange(6) <= np.arange(4)[:, None]
    powers = np.where(visible, np.exp(scores), 0)
    weights = powers / powers.sum(-1, keepdims=True)
    expected = weights @ value
    if masked:
        expected[~QUERY_MASK] = 0
    outputs, given = layer(
        [query, value, key],
        mask=[QUERY_MASK, VALUE_MASK] if masked else None,
        return_attention_scores=True,
        use_causal_mask=causal,
    )
    np.testing.assert_allclose(outputs.numpy(), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(given.numpy(), weights, rtol=1e-5, atol=1e-6)
    assert given.mask is None
    if masked:
        np.testing.assert_array_equal(outputs.mask, QUERY_MASK)
    else:
        assert outputs.mask is None


@every_case
@pytest.mark.parametrize("training", [False, True])
def test_gradients_agree_with_finite_differences(name: str, training: bool) -> None:
    layer = _layer(name, "float64", dropout=0.3, seed=1)
    inputs: list[Any] = [Tensor(x) for x in _inputs("float64")]
    rng = np.random.default_rng(1)
    factors = [rng.uniform(0.5, 1.5, shape) for shape in ((3, 4, 2), (3, 4, 6))]

    def outputs(given: list[Any]) -> Any:
        with random_scope(seed=1, step=1):
            return layer(
                given,
                mask=[QUERY_MASK, VALUE_MASK],
                training=training,
                return_attention_scores=True,
                use_causal_mask=True,
            )

    def total(given: list[Any]) -> float:
        return float(sum((y.numpy() * f).sum() for y, f in zip(outputs(given), factors, strict=True)))

    with GradientTape() as tape:
        tape.watch(inputs)
        results = list(outputs(inputs))
    sources = [*inputs, *layer.weights]
    gradients = tape.gradient(results, sources, output_gradients=factors)
    for place, (source, gradient) in enumerate(zip(sources, gradients, strict=True)):
        direction, ends = rng.normal(size=source.shape), []
        for sign in (1, -1):
            moved = source.numpy() + sign * STEP * direction
            if place < len(inputs):
                ends.append(total([*inputs[:place], moved, *inputs[place + 1 :]]))
            else:
                before = source.numpy()
                source.assign(moved)
                ends.append(total(inputs))
                source.assign(before)
        expected = (ends[0] - ends[1]) / (2 * STEP)
        np.testing.assert_allclose((gradient.numpy() * direction).sum(), expected, rtol=1e-5, atol=1e-7)


@every_case
def test_padding_changes_nothing(name: str) -> None:
    layer, (query, value, key) = _layer(name), _inputs()
    outputs = layer([query, value, key], mask=[QUERY_MASK, VALUE_MASK])
    for index in range(3):
        one, lengths = slice(index, index + 1), (QUERY_MASK[index].sum(), VALUE_MASK[index].sum())
        alone = layer([query[one, : lengths[0]], value[one, : lengths[1]], key[one, : lengths[1]]])
        np.testing.assert_allclose(outputs.numpy()[one, : lengths[0]], alone.numpy(), rtol=1e-5, atol=1e-6)


@every_case
def test_config_and_graph_make_the_same_layer(name: str, tmp_path: Path) -> None:
    layer, inputs = _layer(name), _inputs()
    again = deserialize_keras_object(serialize_keras_object(layer))
    assert again.get_config() == layer.get_config()
    again.set_weights(layer.get_weights())
    symbols = [kinema.Input(shape[1:]) for shape in SHAPES]
    outputs = again(symbols, return_attention_scores=True)
    assert [output.shape for output in outputs] == [(None, 4, 2), (None, 4, 6)]
    model = kinema.Model(symbols, list(outputs))
    model.save(tmp_path / "m.keras")
    expected = layer(inputs, return_attention_scores=True)
    for one in (model, kinema.models.load_model(tmp_path / "m.keras")):
        for mine, other in zip(one.predict(inputs, verbose=0), expected, strict=True):
            np.testing.assert_allclose(mine, other.numpy(), rtol=1e-6, atol=1e-7)


def test_masks_come_with_the_inputs_and_lengths_may_be_open() -> None:
    frames, words = kinema.Input((None, 5)), kinema.Input((None, 5))
    outputs = layers.Attention()([layers.Masking()(words), layers.Masking()(frames)])
    assert outputs.shape == (None, None, 5)
    model = kinema.Model([frames, words], layers.GlobalAveragePooling1D()(outputs))
    x, y = (np.random.default_rng(seed).normal(size=(1, 4, 5)).astype("float32") for seed in (0, 1))
    padded = [np.concatenate([one, np.zeros((1, 3, 5), "float32")], 1) for one in (x, y)]
    np.testing.assert_allclose(model.predict(padded, verbose=0), model.predict([x, y], verbose=0), rtol=1e-5)


def test_the_value_is_the_key_where_there_is_none() -> None:
    query, _, key = _inputs()
    layer = layers.Attention()
    np.testing.assert_array_equal(layer([query, key]).numpy(), layer([query, key, key]).numpy())


def test_bad_arguments() -> None:
    query, value, key = _inputs()
    with pytest.raises(ArgumentError, match="score_mode is one of 'dot', 'concat', not 'sum'"):
        layers.Attention(score_mode="sum")
    with pytest.raises(ArgumentError, match="dropout is a number from 0 to 1, not 2"):
        layers.AdditiveAttention(dropout=2)
    for given in (query, [query], [query] * 4):
        with pytest.raises(ShapeError, match=r"attention takes a list of two or three inputs, \[query, value\] or"):
            layers.Attention()(given)
    for given in ([query, value], [query, value[:, :3], key], [query[..., 0], value, key]):
        with pytest.raises(
            ShapeError, match=r"query, value and key of shapes .* do not fit together: expected \(batch"
        ):
            layers.Attention()(given)


@pytest.mark.peer
@every_case
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.filterwarnings("ignore")
def test_keras_agrees(name: str, masked: bool, causal: bool) -> None:
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        keras: Any = pytest.importorskip("keras")
    layer, inputs = _layer(name), _inputs()
    twin = keras.saving.deserialize_keras_object(serialize_keras_object(layer))
    if not twin.built:
        twin.build(SHAPES)
    assert [weight.name for weight in twin.weights] == [weight.name for weight in layer.weights]
    twin.set_weights(layer.get_weights())
    assert twin.get_config().keys() == layer.get_config().keys()
    options: Any = {"return_attention_scores": True, "use_causal_mask": causal}
    if masked:
        options["mask"] = [QUERY_MASK, VALUE_MASK]
    for mine, other in zip(layer(inputs, **options), twin(inputs, **options), strict=True):
        np.testing.assert_allclose(mine.numpy(), np.asarray(other), rtol=1e-5, atol=1e-6)
    assert layer.compute_output_shape(SHAPES) == twin.compute_output_shape(SHAPES)
