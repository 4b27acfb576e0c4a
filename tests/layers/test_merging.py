"""Layers of lists of tensors against NumPy, finite differences and real Keras."""

from __future__ import annotations

import os
import pickle
import warnings
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import pytest

import kinema
from kinema import GradientTape, Tensor, layers
from kinema.errors import ArgumentError, ShapeError
from kinema.saving import deserialize_keras_object, serialize_keras_object

SHAPES = [(2, 4, 3), (2, 4, 3), (2, 4, 3)]
STEP = 1e-6

Case = tuple[Callable[..., Any], list[tuple[int, ...]], Callable[[list[np.ndarray]], np.ndarray]]


def _unit(x: np.ndarray, axis: int) -> np.ndarray:
    return x / np.sqrt((x * x).sum(axis, keepdims=True))


CASES: dict[str, Case] = {
    "add": (layers.Add, SHAPES, lambda xs: xs[0] + xs[1] + xs[2]),
    "add-ranks": (layers.Add, [(2, 3), (2, 4, 3)], lambda xs: xs[0][:, None] + xs[1]),
    "add-one": (layers.Add, [(2, 4, 1), (2, 1, 3)], lambda xs: xs[0] + xs[1]),
    "subtract": (layers.Subtract, SHAPES[:2], lambda xs: xs[0] - xs[1]),
    "multiply": (layers.Multiply, SHAPES, lambda xs: xs[0] * xs[1] * xs[2]),
    "average": (layers.Average, SHAPES, lambda xs: (xs[0] + xs[1] + xs[2]) / 3),
    "maximum": (layers.Maximum, SHAPES, lambda xs: reduce(np.maximum, xs)),
    "minimum": (layers.Minimum, SHAPES, lambda xs: reduce(np.minimum, xs)),
    "concatenate": (layers.Concatenate, [(2, 4, 3), (2, 4, 1)], lambda xs: np.concatenate(xs, -1)),
    "concatenate-time": (
        lambda **base: layers.Concatenate(axis=1, **base), [(2, 4, 3), (2, 2, 3)], lambda xs: np.concatenate(xs, 1)
    ),
    "dot": (lambda **base: layers.Dot(1, **base), [(2, 3), (2, 3)], lambda xs: (xs[0] * xs[1]).sum(1, keepdims=True)),
    "dot-axes": (
        lambda **base: layers.Dot((2, 1), **base), [(2, 4, 3), (2, 3, 5)], lambda xs: xs[0] @ xs[1]
    ),
    "dot-same-axis": (
        lambda **base: layers.Dot(-1, **base), [(2, 4, 3), (2, 5, 3)], lambda xs: xs[0] @ xs[1].swapaxes(1, 2)
    ),
    "dot-cosine": (
        lambda **base: layers.Dot(1, normalize=True, **base),
        [(2, 4, 3), (2, 4)],
        lambda xs: np.einsum("bti,bt->bi", _unit(xs[0], 1), _unit(xs[1], 1)),
    ),
}  # fmt: skip
every_case = pytest.mark.parametrize("name", CASES)


def _inputs(shapes: list[tuple[int, ...]], dtype: str = "float32") -> list[np.ndarray]:
    rng = np.random.default_rng(4)
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


@every_case
def test_values_and_shapes(name: str) -> None:
    make, shapes, expected = CASES[name]
    layer, inputs = make(), _inputs(shapes)
    outputs = layer(inputs)
    assert outputs.dtype == np.float32
    np.testing.assert_allclose(outputs.numpy(), expected(inputs), rtol=1e-5, atol=1e-6)
    assert layer.compute_output_shape([(None, *shape[1:]) for shape in shapes]) == (None, *outputs.shape[1:])
    symbols = [kinema.Input(shape[1:]) for shape in shapes]
    assert make()(symbols).shape == (None, *outputs.shape[1:])


@every_case
def test_gradients_agree_with_finite_differences(name: str) -> None:
    make, shapes, _ = CASES[name]
    layer = make(dtype="float64")
    inputs = [Tensor(x) for x in _inputs(shapes, "float64")]
    with GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs)
    factor = np.random.default_rng(1).uniform(0.5, 1.5, outputs.shape)
    gradients = tape.gradient(outputs, inputs, output_gradients=factor)
    for place, gradient in enumerate(gradients):
        direction = np.random.default_rng(2).normal(size=shapes[place])

        def total(sign: int, place: int = place, direction: np.ndarray = direction) -> float:
            moved = [x.numpy() + (sign * STEP * direction if k == place else 0) for k, x in enumerate(inputs)]
            return float((layer(moved).numpy() * factor).sum())

        numeric = (total(1) - total(-1)) / (2 * STEP)
        np.testing.assert_allclose((gradient.numpy() * direction).sum(), numeric, rtol=1e-6, atol=1e-7)


@every_case
def test_configs_and_copies_come_back(name: str) -> None:
    make, shapes, _ = CASES[name]
    layer, inputs = make(name="merged"), _inputs(shapes)
    outputs = layer(inputs).numpy()
    for copy in (deserialize_keras_object(serialize_keras_object(layer)), pickle.loads(pickle.dumps(layer))):
        assert copy.name == "merged"
        np.testing.assert_array_equal(copy(inputs).numpy(), outputs)


def test_functions_are_the_layers() -> None:
    a, b = _inputs([(2, 3), (2, 3)])
    for name in ("add", "subtract", "multiply", "average", "maximum", "minimum", "concatenate"):
        layer = getattr(layers, name.capitalize())()
        np.testing.assert_array_equal(getattr(layers, name)([a, b]).numpy(), layer([a, b]).numpy())
    np.testing.assert_array_equal(layers.dot([a, b], axes=1).numpy(), layers.Dot(1)([a, b]).numpy())


def test_masks_are_joined() -> None:
    one, other = Tensor(np.ones((1, 3, 2), "float32")), Tensor(np.ones((1, 3, 2), "float32"))
    one.mask = np.array([[True, True, False]])
    other.mask = np.array([[False, True, False]])
    plain = np.ones((1, 3, 2), "float32")
    assert layers.Add()([one, other]).mask.tolist() == [[True, True, False]]
    assert layers.Add()([one, plain]).mask is None
    assert layers.Add()([plain, plain]).mask is None
    assert layers.Concatenate()([plain, plain]).mask is None
    assert layers.Concatenate()([one, other]).mask.tolist() == [[True, True, False]]
    assert layers.Concatenate()([one, plain]).mask.tolist() == [[True, True, True]]
    assert layers.Concatenate(axis=1)([one, plain]).mask.tolist() == [[True, True, False, True, True, True]]


MASKED = {
    # Of -2 and 3 where both count, the first, the second, neither; then where the second has no mask. As in Keras 3.15.
    "multiply": ([-6, -2, 3, 0], [-6, -6, 3, 3]),
    "maximum": ([3, -2, 3, -2], [3, 3, 3, 3]),
    "minimum": ([-2, -2, 3, -2], [-2, -2, 3, 3]),
    "add": ([1, 1, 1, 1], [1, 1, 1, 1]),
}
FIRST, SECOND = np.array([[True, True, False, False]]), np.array([[True, False, True, False]])


def _steps(number: float, mask: np.ndarray | None, shape: tuple[int, ...] = (1, 4, 2)) -> Tensor:
    tensor = Tensor(np.full(shape, number, np.float32))
    tensor.mask = mask
    return tensor


@pytest.mark.parametrize("name", MASKED)
def test_masked_steps_of_one_input_leave_the_others(name: str) -> None:
    with_two, with_one = MASKED[name]
    layer = getattr(layers, name.capitalize())()
    for outputs in (
        layer([_steps(-2, FIRST), _steps(3, SECOND)]),
        layer([_steps(-2, None), _steps(3, None)], mask=[FIRST, SECOND]),
    ):
        np.testing.assert_array_equal(outputs.numpy()[0], np.float32(with_two)[:, None].repeat(2, 1))
        np.testing.assert_array_equal(outputs.mask, FIRST | SECOND)
    outputs = layer([_steps(-2, FIRST), _steps(3, None)])
    np.testing.assert_array_equal(outputs.numpy()[0], np.float32(with_one)[:, None].repeat(2, 1))
    assert outputs.mask is None


@pytest.mark.parametrize("kind", [layers.Multiply, layers.Maximum])
def test_masks_reach_pictures_and_inputs_that_are_broadcast(kind: type[Any]) -> None:
    pictures, rows = _steps(5, FIRST, (1, 4, 2, 2, 3)), _steps(2, SECOND, (1, 4, 1, 1, 3))
    outputs = kind()([pictures, rows]).numpy()[0, :, 0, 0, 0]
    np.testing.assert_array_equal(outputs, [10, 5, 2, 0] if kind is layers.Multiply else [5, 5, 2, 5])


def test_what_is_masked_learns_nothing() -> None:
    one, other = _steps(-2, FIRST), _steps(3, SECOND)
    with GradientTape() as tape:
        tape.watch([one, other])
        product = layers.Multiply()([one, other])
    first, second = tape.gradient(product, [one, other])
    np.testing.assert_array_equal(first.numpy()[0, :, 0], [3, 1, 0, 0])
    np.testing.assert_array_equal(second.numpy()[0, :, 0], [-2, 0, 1, 0])


def test_a_gate_in_a_graph_lets_nothing_of_padding_through() -> None:
    clips = kinema.Input((None, 2))
    steps = layers.Dense(3)(layers.Masking()(clips))
    gated = layers.Multiply()([steps, layers.Dense(1, activation="sigmoid")(steps)])
    model = kinema.Model(clips, gated)
    clip = np.float32([[[1, 2], [3, 4]]])
    padded = np.pad(clip, [(0, 0), (0, 3), (0, 0)])
    sums = (model.predict(x, verbose=0).sum(axis=1) for x in (padded, clip))
    np.testing.assert_allclose(*sums, rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda a, b: layers.Add()(a), ShapeError, r"layer 'add.*takes a list of tensors.*and got one tensor"),
        (lambda a, b: layers.Subtract()([a, a, a]), ShapeError, "takes a list of 2 tensors.*and got 3 of them"),
        (lambda a, b: layers.Add()([a, b]), ShapeError, r"\(None, 3\), \(None, 4\) do not fit together"),
        (lambda a, b: layers.Concatenate(axis=1)([a, a[:, None]]), ShapeError, "cannot be put side by side"),
        (lambda a, b: layers.Concatenate(axis=0), ArgumentError, "an axis behind the batch's, not 0"),
        (lambda a, b: layers.Dot(1)([a, b]), ShapeError, "axis 1 of shape .* and axis 1 .* differ in length"),
        (lambda a, b: layers.Dot(1)([a]), ShapeError, "two tensors are multiplied, got 1"),
        (lambda a, b: layers.Dot(2)([a, b]), ShapeError, r"axes \(2, 2\) are not among those"),
        (lambda a, b: layers.Dot(0), ArgumentError, "axes is one axis behind the batch's or a pair of them, not 0"),
    ],
)
def test_errors_teach(call: Callable[..., Any], error: type, message: str) -> None:
    a, b = _inputs([(2, 3), (2, 4)])
    with pytest.raises(error, match=message):
        call(a, b)


@pytest.mark.peer
@pytest.mark.filterwarnings("ignore")
@every_case
def test_keras_agrees(name: str) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        keras = pytest.importorskip("keras")
    make, shapes, _ = CASES[name]
    layer, inputs = make(), _inputs(shapes)
    twin = keras.saving.deserialize_keras_object(serialize_keras_object(layer))
    np.testing.assert_allclose(layer(inputs).numpy(), np.asarray(twin(inputs)), rtol=1e-5, atol=1e-6)
