"""Values against NumPy and against plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kinema import ops

from .table import EINSUMS, METHODS

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
        *((name, (X,)) for name in ("arctan", "sinh", "cosh", "arcsinh", "deg2rad", "rad2deg", "exp2", "cbrt", "tan")),
        *((name, (np.tanh(X),)) for name in ("arcsin", "arccos", "arctanh", "trunc", "isposinf", "isneginf")),
        *((name, (X,)) for name in ("ravel", "sort", "diff", "median", "average", "ptp", "fliplr", "flipud", "rot90")),
        *((name, (X,)) for name in ("tril", "triu", "diag", "diagflat", "diagonal", "trace", "cumprod")),
        *((name, (1 + POSITIVE,)) for name in ("arccosh", "log2", "log10")),
        *(
            (name, (X, Y))
            for name in ("arctan2", "hypot", "logaddexp", "logaddexp2", "logical_xor", "isclose", "append")
        ),
        *((name, (X, Y)) for name in ("inner", "outer", "vdot", "tensordot", "isin")),
        *((name, ([X, Y],)) for name in ("hstack", "vstack", "dstack")),
        *((name, ([X[0], Y[0]],)) for name in ("hstack", "vstack", "dstack")),
        *((name, (np.where(X > 0.5, np.nan, X), 0)) for name in ("nansum", "nanprod", "nanmean", "nanvar", "nanstd")),
        *((name, (np.where(X > 0.5, np.nan, X), 0)) for name in ("nanmax", "nanmin", "nancumsum", "median")),
        *(("rot90", (np.arange(12).reshape(1, 3, 4), k, (2, 1))) for k in (-1, 0, 2, 3)),
        *(("quantile", (X, [0.0, 0.3, 1.0], axis)) for axis in (None, 0, (0, 1))),
        *(("dot", pair) for pair in ((X, Y.T), (X, Y[0]), (X[0], Y[0]), (2.0, X), (X, np.ones((2, 4, 3))))),
        ("percentile", (X, 12.5, 1)),
        ("average", (X, 1, POSITIVE[0])),
        ("diff", (X, 2, 0)),
        ("cumprod", (X, 1)),
        ("dot", (np.arange(6).reshape(2, 3), np.arange(3))),
        ("tensordot", (np.arange(6).reshape(2, 3), np.arange(6).reshape(3, 2), ((0, 1), (1, 0)))),
        ("identity", (3, np.float64)),
        ("tri", (3, 4, -1, np.float64)),
        ("select", ([X > 1, X > 0], [X, Y], 0.5)),
        ("append", (X, Y, 1)),
        ("nan_to_num", (np.array([np.nan, np.inf, -np.inf, 1.0]),)),
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


def test_a_cast_to_the_type_that_a_tensor_has_keeps_its_mask_and_logits():
    probabilities = ops.softmax(ops.convert_to_tensor([[60.0, 0.0, 0.0]]))
    probabilities.mask = np.array([[True, False, True]])
    same = ops.cast(probabilities, "float32")
    assert same.mask is probabilities.mask
    assert same.logits is probabilities.logits
    assert ops.cast(probabilities, "float64").mask is None


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


@pytest.mark.parametrize("subscripts", EINSUMS)
@pytest.mark.parametrize("dtype", ["float64", "int32"])
def test_einsum(subscripts: str, dtype: str) -> None:
    arrays = [(9 * RNG.normal(size=shape)).astype(dtype) for shape in EINSUMS[subscripts]]
    result, expected = ops.einsum(subscripts, *arrays), np.einsum(subscripts, *arrays)
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-12, atol=1e-12)
    assert (result.shape, result.dtype) == (expected.shape, expected.dtype)


def test_einsum_takes_the_cheap_order() -> None:
    """The middle matrix first would make a matrix of ten thousand million numbers."""
    x, thin = np.ones((100_000, 2)), np.ones((2, 100_000))
    np.testing.assert_allclose(ops.einsum("ij,jk,kl->il", x, thin, x).numpy()[:2], 2e5)


@pytest.mark.parametrize("method", METHODS)
def test_quantiles_between_values(method: str) -> None:
    x = RNG.normal(size=(2, 5, 3))
    result = ops.quantile(x, [0.1, 0.77], axis=(0, 2), method=method, keepdims=True).numpy()
    np.testing.assert_allclose(result, np.quantile(x, [0.1, 0.77], axis=(0, 2), method=method, keepdims=True))


@pytest.mark.parametrize("order", [None, 0, 1, 2, 3.5, np.inf, -np.inf])
def test_norms_of_vectors(order: float | None) -> None:
    np.testing.assert_allclose(ops.norm(X, order, 0).numpy(), np.linalg.norm(X, order, 0))
    np.testing.assert_allclose(ops.norm(X[0], order).numpy(), np.linalg.norm(X[0], order))


@pytest.mark.parametrize("order", [None, "fro", 1, -1, np.inf, -np.inf])
def test_norms_of_matrices(order: float | str | None) -> None:
    x = RNG.normal(size=(2, 3, 4))
    for keepdims in (False, True):
        expected = np.linalg.norm(x, order, (2, 0), keepdims)
        np.testing.assert_allclose(ops.norm(x, order, (2, 0), keepdims).numpy(), expected)


def test_normalize_leaves_zeros() -> None:
    x = np.array([[3.0, -4.0], [0.0, 0.0]])
    np.testing.assert_allclose(ops.normalize(x).numpy(), [[0.6, -0.8], [0, 0]])
    np.testing.assert_allclose(ops.normalize(x, order=1).numpy(), [[3 / 7, -4 / 7], [0, 0]])
    np.testing.assert_allclose(ops.normalize(2.0).numpy(), [1.0])


def test_the_error_function() -> None:
    x = np.concatenate([np.linspace(-6, 6, 1001), 10.0 ** np.arange(-20, 0), [0.0, np.inf, -np.inf]])
    expected = np.array([math.erf(one) for one in x])
    np.testing.assert_allclose(ops.erf(x).numpy(), expected, rtol=3e-15)
    np.testing.assert_allclose(ops.erf(x.astype(np.float32)).numpy(), expected, rtol=5e-7)
    back = np.linspace(-3, 3, 601)
    np.testing.assert_allclose(ops.erfinv(ops.erf(back)).numpy(), back, rtol=1e-11)
    np.testing.assert_array_equal(ops.erfinv(np.array([1.0, -1.0, 0.0, 2.0])).numpy(), [np.inf, -np.inf, 0, np.nan])


def test_the_largest_come_first_and_of_equal_ones_the_first() -> None:
    values, indices = ops.top_k(np.array([[1, 3, 3, 2], [0, 0, 0, 0]]), 3)
    np.testing.assert_array_equal(values.numpy(), [[3, 3, 2], [0, 0, 0]])
    np.testing.assert_array_equal(indices.numpy(), [[1, 2, 3], [0, 1, 2]])
    assert indices.dtype == np.int32
    scores = np.array([[0.1, 0.5, 0.4], [0.3, 0.3, 0.4], [0.9, 0.1, 0.0], [0.1, 0.2, np.nan]])
    np.testing.assert_array_equal(ops.in_top_k([2, 0, 7, 2], scores, 1).numpy(), [False, False, False, False])
    np.testing.assert_array_equal(ops.in_top_k([2, 0, 1, 2], scores, 2).numpy(), [True, True, True, False])


def test_places_among_others() -> None:
    np.testing.assert_array_equal(ops.argsort([[2, 1, 1]], axis=None).numpy(), [1, 2, 0])
    assert X[0][ops.argpartition(X[0], 2).numpy()][2] == np.sort(X[0])[2]
    np.testing.assert_array_equal(ops.searchsorted([1, 2, 2, 3], [2, 4]).numpy(), [1, 4])
    np.testing.assert_array_equal(ops.searchsorted([1, 2, 2, 3], [2, 0], side="right").numpy(), [3, 0])
    np.testing.assert_array_equal(ops.digitize([0.5, 1.0, 9.0], [1.0, 2.0]).numpy(), [0, 1, 2])
    np.testing.assert_array_equal(ops.bincount([1, 2, 2], minlength=4).numpy(), [0, 1, 2, 0])
    np.testing.assert_array_equal(ops.bincount([[1, 0], [2, 2]]).numpy(), [[1, 1, 0], [0, 0, 2]])
    np.testing.assert_array_equal(ops.bincount([1, 2, 2], weights=[0.5, 1.0, 2.0]).numpy(), [0, 0.5, 3])
    np.testing.assert_array_equal(np.stack(ops.nonzero([[0, 1], [2, 0]])), [[0, 1], [1, 0]])
    assert ops.count_nonzero([[0, 1], [2, 3]], axis=0).numpy().tolist() == [1, 2]


def test_scattered_values() -> None:
    np.testing.assert_array_equal(ops.scatter([[0], [0]], [1, 2], (3,)).numpy(), [3, 0, 0])
    ones = np.ones(3)
    for reduction, expected in ((None, 7), ("add", 13), ("mul", 35), ("max", 7), ("min", 1)):
        result = ops.scatter_update(ones, [[0], [0]], [5.0, 7.0], reduction).numpy()
        np.testing.assert_array_equal(result, [expected, 1, 1], err_msg=str(reduction))
    np.testing.assert_array_equal(ops.slice_update(np.zeros((2, 3)), [0, 1], [[1, 2]]).numpy(), [[0, 1, 2], [0, 0, 0]])
    np.testing.assert_array_equal(ones, [1, 1, 1])


def test_segments() -> None:
    x, ids = np.array([[1.0, 5.0], [3.0, 2.0], [4.0, 0.0]]), [0, 2, 0]
    np.testing.assert_array_equal(ops.segment_sum(x, ids).numpy(), [[5, 5], [0, 0], [3, 2]])
    np.testing.assert_array_equal(ops.segment_prod(x, ids, 4).numpy(), [[4, 0], [1, 1], [3, 2], [1, 1]])
    least, most = np.finfo(np.float64).min, np.finfo(np.float64).max
    np.testing.assert_array_equal(ops.segment_max(x, ids).numpy(), [[4, 5], [least, least], [3, 2]])
    np.testing.assert_array_equal(ops.segment_min(x, [0, -1, 1], 3).numpy(), [[1, 5], [4, 0], [most, most]])


def test_ranges_and_grids() -> None:
    np.testing.assert_allclose(ops.linspace(1, 3, 4, endpoint=False).numpy(), [1, 1.5, 2, 2.5])
    numbers, step = ops.linspace(np.zeros(2), np.array([1.0, 2.0]), 3, retstep=True, axis=1)
    np.testing.assert_array_equal(numbers.numpy(), [[0, 0.5, 1], [0, 1, 2]])
    np.testing.assert_array_equal(step.numpy(), [0.5, 1])
    assert (numbers.dtype, ops.linspace(0, 1, 3).dtype) == (np.float64, np.float32)
    np.testing.assert_allclose(ops.logspace(0, 2, 3).numpy(), [1, 10, 100])
    for indexing in ("xy", "ij"):
        for ours, theirs in zip(
            ops.meshgrid(X[0], X[1, :3], X[2, :2], indexing=indexing),
            np.meshgrid(X[0], X[1, :3], X[2, :2], indexing=indexing),
            strict=True,
        ):
            np.testing.assert_array_equal(ours.numpy(), theirs)


def test_blocks_of_pixels_become_channels_and_back() -> None:
    x = np.arange(32).reshape(1, 2, 2, 8)
    frames = ops.depth_to_space(x, 2)
    np.testing.assert_array_equal(frames.numpy()[0, :2, :, 0], [[0, 2, 8, 10], [4, 6, 12, 14]])
    np.testing.assert_array_equal(ops.space_to_depth(frames, 2).numpy(), x)


def test_casts_that_stay_in_range() -> None:
    x = np.array([-5.0, 3.7, 300.0, np.nan, np.inf])
    np.testing.assert_array_equal(ops.saturate_cast(x, "uint8").numpy(), [0, 3, 255, 0, 255])
    np.testing.assert_array_equal(ops.saturate_cast(np.float32([1e20, -1e20]), "int32").numpy(), [2**31 - 1, -(2**31)])
    np.testing.assert_array_equal(ops.saturate_cast([-1, 200], "int8").numpy(), [-1, 127])
    assert ops.saturate_cast([1, 2], "float64").dtype == np.float64


def test_questions_about_tensors() -> None:
    assert (ops.ndim(X), ops.size(X)) == (2, 12)
    assert ops.is_tensor(ops.ones(1))
    assert (ops.dtype([1.0]), ops.dtype(X)) == ("float32", "float64")
    assert (ops.empty((2, 3)).shape, ops.empty_like(X).dtype) == ((2, 3), np.float64)
    np.testing.assert_array_equal(ops.signbit([-1.0, -0.0, 0.0]).numpy(), [True, True, False])
    assert not ops.is_tensor(X)
    assert ops.allclose([1.0, 2.0], [1.0, 2.0 + 1e-6])
    assert not ops.allclose([1.0, math.nan], [1.0, math.nan])
    assert ops.allclose([1.0, math.nan], [1.0, math.nan], equal_nan=True)


def test_multi_hot() -> None:
    np.testing.assert_array_equal(ops.multi_hot([1, 0, 1], 4).numpy(), [1, 1, 0, 0])
    np.testing.assert_array_equal(ops.multi_hot([[0, 2, -1], [1, 1, 5]], 4).numpy(), [[1, 0, 1, 0], [0, 1, 0, 0]])


def test_attention() -> None:
    query, key, value = RNG.normal(size=(3, 2, 3, 2, 4))
    mask = np.array([[True, True, False], [True, True, True], [True, False, True]])
    scores = np.einsum("bthd,bshd->bhts", query, key) / 2 + X[0, :3]
    weights = np.exp(np.where(mask & np.tri(3, dtype=bool), scores, -np.inf))
    expected = np.einsum("bhts,bshd->bthd", weights / weights.sum(-1, keepdims=True), value)
    result = ops.dot_product_attention(query, key, value, X[0, :3], mask, is_causal=True)
    np.testing.assert_allclose(result.numpy(), expected)
    alike = ops.dot_product_attention(query, key, value, mask=np.zeros((3, 3), bool))
    np.testing.assert_allclose(alike.numpy(), np.broadcast_to(value.mean(1, keepdims=True), value.shape))


def test_divisions_by_nothing() -> None:
    np.testing.assert_array_equal(ops.divide_no_nan([1.0, 0.0, 6.0], [0.0, 0.0, 3.0]).numpy(), [0, 0, 2])


def test_normalizations_divide_by_what_they_say() -> None:
    centred = X - X.mean(-1, keepdims=True)
    expected = centred / np.sqrt(X.var(-1, keepdims=True) + 1e-7) * Y[0] + Y[1]
    np.testing.assert_allclose(ops.layer_normalization(X, Y[0], Y[1]).numpy(), expected)
    expected = X / np.sqrt(np.square(X).mean(0) + 0.1) * Y[0]
    np.testing.assert_allclose(ops.rms_normalization(X, Y[0], axis=0, epsilon=0.1).numpy(), expected)
