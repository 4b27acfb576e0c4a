"""Values against NumPy and against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from kinema import ops

RNG = np.random.default_rng(3)
X, Y = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4))
POSITIVE = np.abs(X) + 0.1


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        *((name, (X, Y)) for name in ("add", "subtract", "multiply", "divide", "true_divide", "maximum", "minimum")),
        *((name, (X, Y[0])) for name in ("mod", "floor_divide", "equal", "not_equal", "greater", "greater_equal")),
        *((name, (X, Y)) for name in ("less", "less_equal", "logical_and", "logical_or")),
        *((name, (X,)) for name in ("negative", "absolute", "abs", "square", "reciprocal", "exp", "expm1", "sign")),
        *((name, (X,)) for name in ("sin", "cos", "floor", "ceil", "round", "isnan", "isinf", "isfinite")),
        *((name, (X,)) for name in ("logical_not", "sum", "mean", "var", "std", "max", "min", "prod", "cumsum")),
        *((name, (X,)) for name in ("argmax", "argmin", "any", "all", "transpose", "flip")),
        *((name, (POSITIVE,)) for name in ("sqrt", "log", "log1p")),
        ("power", (POSITIVE, Y)),
        ("power", (X, 2.0)),
        ("clip", (X, -0.5, 0.5)),
        ("where", (X > 0, X, Y)),
        ("round", (X, 2)),
        ("reshape", (X, (2, -1))),
        ("swapaxes", (X, 0, 1)),
        ("moveaxis", (np.zeros((2, 3, 4)), (0, 1), (-1, 0))),
        ("expand_dims", (X, (0, 2))),
        ("squeeze", (X[:, None],)),
        ("broadcast_to", (X[:1], (5, 3, 4))),
        ("roll", (X, 2)),
        ("repeat", (X, 2, 0)),
        ("tile", (X, (2, 1))),
        ("concatenate", ((X, Y), 1)),
        ("stack", ((X, Y), -1)),
        ("take", (X, [[0, -1]], 1)),
        ("take_along_axis", (X, np.argsort(X, 0), 0)),
        ("pad", (X, ((1, 2), (0, 3)))),
        ("pad", (X, 2, "reflect")),
        ("pad", (X, 1, "symmetric")),
    ],
)
def test_as_numpy(name: str, inputs: tuple) -> None:
    expected = getattr(np, name)(*inputs)
    result = getattr(ops, name)(*inputs).numpy()
    np.testing.assert_allclose(result, expected, rtol=1e-14, atol=1e-15)
    assert result.dtype == (np.int32 if name.startswith("arg") else expected.dtype)


@pytest.mark.parametrize("name", ["sum", "mean", "var", "std", "max", "min", "prod", "any", "all"])
@pytest.mark.parametrize("axis", [0, -1, (0, 2), (1, -1), ()])
@pytest.mark.parametrize("keepdims", [False, True])
def test_reductions_over_axes(name: str, axis: object, keepdims: bool) -> None:
    x = RNG.normal(size=(2, 3, 4))
    result = getattr(ops, name)(x, axis=axis, keepdims=keepdims).numpy()
    expected = getattr(np, name)(x, axis=axis, keepdims=keepdims)
    np.testing.assert_allclose(result, expected, rtol=1e-12, atol=1e-15)
    assert result.shape == expected.shape


def test_pad_with_a_value() -> None:
    np.testing.assert_array_equal(ops.pad([[1.0]], 1, constant_values=7).numpy(), np.pad([[1.0]], 1, constant_values=7))


def test_split_and_unstack() -> None:
    for given in (2, [1, 3]):
        parts = ops.split(X, given, axis=1)
        for part, expected in zip(parts, np.split(X, given, axis=1), strict=True):
            np.testing.assert_array_equal(part.numpy(), expected)
    np.testing.assert_array_equal(np.stack([part.numpy() for part in ops.unstack(X, axis=1)], 1), X)


def test_slice() -> None:
    np.testing.assert_array_equal(ops.slice(X, (1, 2), (2, 1)).numpy(), X[1:3, 2:3])


def test_logsumexp_does_not_overflow() -> None:
    assert ops.logsumexp(np.array([1000.0, 1000.0])).item() == pytest.approx(1000 + np.log(2))
    assert ops.logsumexp(np.array([-np.inf, -np.inf])).item() == -np.inf


def test_one_hot() -> None:
    expected = np.eye(4, dtype=np.float32)[[1, 3, 0]]
    np.testing.assert_array_equal(ops.one_hot([1, 3, 0], 4).numpy(), expected)
    np.testing.assert_array_equal(ops.one_hot([1, 3, 0], 4, axis=0, dtype="int64").numpy(), expected.T)
    assert not ops.one_hot([4, -1], 4).numpy().any()


def test_creation() -> None:
    assert ops.zeros((2, 3)).dtype == np.float32
    np.testing.assert_array_equal(ops.ones((2,), "int32").numpy(), np.ones(2, np.int32))
    np.testing.assert_array_equal(ops.full((2, 2), 7).numpy(), np.full((2, 2), 7, np.float32))
    for name in ("zeros_like", "ones_like"):
        result = getattr(ops, name)(X)
        np.testing.assert_array_equal(result.numpy(), getattr(np, name)(X))
        assert result.dtype == X.dtype
    np.testing.assert_array_equal(ops.full_like(X, 3, "int8").numpy(), np.full(X.shape, 3, np.int8))
    np.testing.assert_array_equal(ops.arange(3).numpy(), np.arange(3, dtype=np.int32))
    np.testing.assert_allclose(ops.arange(1.0, 2.0, 0.25).numpy(), np.arange(1, 2, 0.25, np.float32))
    np.testing.assert_array_equal(ops.eye(2, 3, 1).numpy(), np.eye(2, 3, 1, np.float32))
    assert ops.shape(X) == (3, 4)


def test_conversion() -> None:
    tensor = ops.convert_to_tensor(X)
    assert ops.convert_to_tensor(tensor) is tensor
    assert ops.convert_to_tensor(tensor, "float32").dtype == np.float32
    assert ops.convert_to_tensor([1.5]).dtype == np.float32
    array = ops.convert_to_numpy(tensor)
    array[:] = 0
    np.testing.assert_array_equal(tensor.numpy(), X)
    assert ops.cast(X, "int32").dtype == np.int32


def test_cast_lets_gradients_through_between_floating_types_only() -> None:
    from kinema import GradientTape

    x = ops.convert_to_tensor(np.float32([1.5, 2.5]))
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        wide, whole = ops.cast(x, "float64") * 3, ops.cast(x, "int32") * 3
    gradient = tape.gradient(wide, x)
    np.testing.assert_array_equal(gradient.numpy(), [3, 3])
    assert gradient.dtype == np.float32
    assert tape.gradient(whole, x) is None


def test_ties_send_the_gradient_as_documented() -> None:
    from kinema import GradientTape

    a, b = ops.convert_to_tensor(np.zeros(1)), ops.convert_to_tensor(np.zeros(1))
    x = ops.convert_to_tensor(np.array([2.0, 1.0, 2.0]))
    with GradientTape(persistent=True) as tape:
        tape.watch([a, b, x])
        larger, largest = ops.maximum(a, b), ops.max(x)
    assert [g.item() for g in tape.gradient(larger, [a, b])] == [1, 0]
    np.testing.assert_array_equal(tape.gradient(largest, x).numpy(), [0.5, 0, 0.5])


def test_clip_with_limits_that_cross_gives_the_lower_one():
    np.testing.assert_array_equal(ops.clip([0.0, 5.0], 2.0, 1.0).numpy(), [2.0, 2.0])


def test_bytes_beside_numbers_that_do_not_fit_them():
    frames = np.array([3, 255], np.uint8)
    np.testing.assert_array_equal(ops.not_equal(frames, -1).numpy(), [True, True])
    np.testing.assert_array_equal(ops.add(frames, -1).numpy(), [2, 254])
    assert ops.add(frames, 1).dtype == np.uint8


def test_take_along_axis_of_the_flattened_and_of_broadcast_axes():
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(ops.take_along_axis(x, np.array([[5], [0]])).numpy(), [5, 0])
    np.testing.assert_array_equal(ops.take_along_axis(x, np.array([[1, 0]]), axis=1).numpy(), [[1, 0], [4, 3]])


def test_a_slice_of_length_minus_one_goes_on_to_the_end():
    np.testing.assert_array_equal(ops.slice(X, (1, 2), (-1, 1)).numpy(), X[1:, 2:3])


def test_numbers_in_tensors_are_indices():
    assert list(range(10))[ops.convert_to_tensor(7)] == 7
    with pytest.raises(TypeError):
        [1, 2][ops.convert_to_tensor(1.0)]
