"""Ops against real Keras 3: values and types."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np
import pytest

from kinema import ops

from .table import TABLE, Case

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    keras: Any = pytest.importorskip("keras")

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("ignore")]

RNG = np.random.default_rng(4)
X = RNG.normal(size=(3, 4)).astype(np.float32)
Y = RNG.normal(size=(3, 4)).astype(np.float32)
WHOLE = np.arange(12, dtype=np.int32).reshape(3, 4)
ANSWERS = X > 0
GAPS = np.where(X > 1, np.nan, X)
FRAMES = RNG.normal(size=(2, 4, 6, 4)).astype(np.float32)

FUNCTIONS = "tan arcsinh arctan sinh cosh deg2rad rad2deg cbrt exp2 erf trunc"
OF_WHOLE_NUMBERS = "tan arctan sinh log10 exp2 cbrt trunc sort argsort nonzero size"
OF_TWO = "arctan2 hypot logaddexp logaddexp2 divide_no_nan logical_xor isclose"
OF_ALL = "median average ptp amax amin norm normalize ravel diff cumprod trace tril"
WHOLE_OF_ALL = "median average ptp amax amin norm ravel diff cumprod count_nonzero tril"
ALONG_AN_AXIS = "median average ptp amax norm normalize sort argsort cumprod count_nonzero"

#: Calls of an op: its name, its tensors, and its settings by position.
CALLS: list[tuple[str, tuple[Any, ...], tuple[Any, ...]]] = [
    *((name, (X,), ()) for name in FUNCTIONS.split()),
    *((name, (np.abs(X) + 1,), ()) for name in ["arccosh", "log2", "log10"]),
    *((name, (np.tanh(X),), ()) for name in ["arcsin", "arccos", "arctanh", "erfinv"]),
    *((name, (WHOLE,), ()) for name in OF_WHOLE_NUMBERS.split()),
    *((name, (X, Y), ()) for name in OF_TWO.split()),
    *((name, (WHOLE, WHOLE), ()) for name in ["arctan2", "logaddexp", "divide_no_nan", "inner"]),
    *((name, (X, Y), ()) for name in ["outer", "inner", "vdot", "allclose", "append"]),
    ("dot", (WHOLE, WHOLE.T), ()),
    ("dot", (X, Y.T), ()),
    ("tensordot", (X, Y), (2,)),
    ("tensordot", (FRAMES, FRAMES), ([[1, 3], [1, 3]],)),
    *((name, (X,), ()) for name in OF_ALL.split()),
    *((name, (WHOLE,), ()) for name in WHOLE_OF_ALL.split()),
    *((name, (X,), (1,)) for name in ALONG_AN_AXIS.split()),
    *((f"nan{name}", (GAPS,), (1,)) for name in ["sum", "prod", "max", "min", "mean", "var", "std", "cumsum"]),
    *((f"nan{name}", (WHOLE,), (1,)) for name in ["max", "min", "mean", "var", "std"]),
    *(("norm", (X,), (order, 1)) for order in (0, 1, 2, 3, np.inf, -np.inf)),
    *(("norm", (X,), (order, (1, 0), True)) for order in ("fro", 1, -1, np.inf, -np.inf)),
    *(("normalize", (X,), (0, order)) for order in (1, 2, 3)),
    *(("quantile", (X,), ([0.1, 0.66], 1, method)) for method in ("linear", "lower", "higher", "midpoint", "nearest")),
    ("quantile", (GAPS,), (0.3, 0, "linear", True)),
    ("quantile", (FRAMES,), ([0.3, 0.4], (0, 2), "linear", True)),
    ("percentile", (X,), (30.0, 0)),
    ("average", (X, 0, np.abs(Y[:, 0])), ()),
    ("nancumprod", (GAPS,), (1,)),
    ("signbit", (X,), ()),
    ("array_split", (X,), (3, 1)),
    *((name, (FRAMES,), (2,)) for name in ("vsplit", "hsplit", "dsplit")),
    ("dot_product_attention", (FRAMES, FRAMES[:, :3], FRAMES[:, :3] + 1), (None, FRAMES[0, :, 0, :3] > -1)),
    ("dot_product_attention", (FRAMES, FRAMES, FRAMES, FRAMES[0, :, 0]), (None, 0.3, True)),
    ("dot_product_attention", (FRAMES, FRAMES, FRAMES), (None, np.zeros((4, 4), bool))),
    ("moments", (X,), ((0,), True)),
    ("top_k", (X,), (2,)),
    ("top_k", (WHOLE // 2,), (3,)),
    ("in_top_k", (np.array([0, 3, 1]), X), (2,)),
    ("searchsorted", (np.sort(X[0]), X[1]), ()),
    ("searchsorted", (WHOLE[0], WHOLE[0]), ("right",)),
    ("digitize", (X, np.array([-0.5, 0.5], np.float32)), ()),
    ("bincount", (np.array([1, 2, 2]),), ()),
    ("bincount", (np.array([1, 2, 2]), np.array([0.5, 1, 2], np.float32), 6), ()),
    ("bincount", (np.array([[1, 2], [2, 2]]), None, 5), ()),
    ("isin", (WHOLE, np.array([1, 5], np.int32)), ()),
    ("nan_to_num", (np.array([np.nan, np.inf, -np.inf, 1], np.float32),), (1.0, 2.0, None)),
    *((name, (X,), (k,)) for name in ("tril", "triu", "diag", "diagonal", "diagflat", "trace") for k in (-1, 1)),
    ("diag", (X[0],), (1,)),
    ("linspace", (0, 1), (5,)),
    ("linspace", (X[0], X[1]), (5, False, True, None, 1)),
    ("linspace", (0, 10), (4, True, False, "int32")),
    ("logspace", (0, 2), (3,)),
    ("tri", (), (3, 4, 1)),
    ("identity", (), (3,)),
    *((name, ([X, Y],), ()) for name in ("hstack", "vstack", "dstack")),
    *((name, ([X[0], Y[0]],), ()) for name in ("hstack", "dstack")),
    *((name, (X,), ()) for name in ("fliplr", "flipud", "rot90")),
    ("rot90", (FRAMES,), (3, (2, 1))),
    ("meshgrid", (X[0], Y[1, :3]), ()),
    ("diff", (X,), (2, 0)),
    ("depth_to_space", (FRAMES,), (2,)),
    ("space_to_depth", (FRAMES,), (2,)),
    ("select", ([ANSWERS, X > -1], [X, Y], 0.5), ()),
    ("slice_update", (X, np.array([1, 0]), Y[:2, :3]), ()),
    ("scatter", (np.array([[0, 1], [2, 2], [0, 1]]), X[:, 0], (3, 4)), ()),
    ("scatter", (np.array([[0], [2], [0]]), WHOLE, (3, 4)), ()),
    *(("scatter_update", (X, np.array([[2], [0]]), Y[:2], how), ()) for how in (None, "add", "mul", "max", "min")),
    ("scatter_update", (X, np.array([[0, 1], [0, 1]]), Y[0, :2]), ()),
    *((f"segment_{name}", (X, np.array([0, 2, 0]), 4), ()) for name in ("sum", "max", "min", "prod")),
    *((f"segment_{name}", (WHOLE, np.array([0, 1, 0])), ()) for name in ("sum", "max", "min")),
    ("saturate_cast", (100 * X,), ("uint8",)),
    ("saturate_cast", (WHOLE * 100,), ("int8",)),
    ("multi_hot", (np.array([1, 0, 1]), 4), ()),
    ("multi_hot", (np.array([[0, 2, -1], [1, 1, 3]]), 4), (0,)),
    ("layer_normalization", (FRAMES, X[0], Y[0]), ()),
    ("layer_normalization", (FRAMES,), (None, None, (1, 2), 0.1)),
    ("rms_normalization", (FRAMES, X[0]), ()),
    ("conv", (FRAMES, RNG.normal(size=(2, 3, 4, 2)).astype(np.float32)), ((2, 1), "same")),
    ("conv", (FRAMES, RNG.normal(size=(2, 3, 2, 4)).astype(np.float32)), ()),
    ("conv", (FRAMES[0], RNG.normal(size=(2, 4, 3)).astype(np.float32)), (2, "same")),
    ("conv", (FRAMES[0], RNG.normal(size=(2, 4, 3)).astype(np.float32)), (1, "valid", None, 2)),
    ("depthwise_conv", (FRAMES, RNG.normal(size=(2, 2, 4, 2)).astype(np.float32)), (1, "same")),
    ("depthwise_conv", (FRAMES[0], RNG.normal(size=(2, 4, 2)).astype(np.float32)), ()),
    (
        "separable_conv",
        (FRAMES, RNG.normal(size=(2, 2, 4, 2)).astype(np.float32), RNG.normal(size=(1, 1, 8, 3)).astype(np.float32)),
        ((2, 2),),
    ),
]


@pytest.mark.parametrize(("name", "tensors", "settings"), CALLS, ids=[f"{i}-{call[0]}" for i, call in enumerate(CALLS)])
def test_values_and_types(name: str, tensors: tuple[Any, ...], settings: tuple[Any, ...]) -> None:
    ours = getattr(ops, name)(*map(_ours, tensors), *settings)
    theirs = getattr(keras.ops, name)(*map(_theirs, tensors), *settings)
    for one, other in zip(_listed(ours), _listed(theirs), strict=True):
        other = np.asarray(other)
        np.testing.assert_allclose(np.asarray(one), other, rtol=2e-5, atol=2e-6)
        if name != "size":  # Keras's is a tensor.
            assert (one.dtype, one.shape) == (other.dtype, other.shape)


def _ours(value: Any) -> Any:
    return ops.convert_to_tensor(value) if isinstance(value, np.ndarray) else value


def _theirs(value: Any) -> Any:
    return keras.ops.convert_to_tensor(value) if isinstance(value, np.ndarray) else value


def _listed(result: Any) -> list[Any]:
    return list(result) if isinstance(result, (list, tuple)) else [result]


#: What follows NumPy where TensorFlow refuses it, or leaves the axes of an implicit output in another order.
NUMPYS = {"...,...", "ba", "ij,kj->ikj"}
EINSUM = [case for case in TABLE if case.id.startswith("_einsum") and case.name not in NUMPYS]


@pytest.mark.parametrize("case", EINSUM, ids=lambda case: case.id)
def test_einsum(case: Case) -> None:
    for dtype in (np.float32, np.int32):
        arrays = [(4 * array).astype(dtype) for array in case.inputs]
        ours = ops.einsum(case.settings["subscripts"], *map(_ours, arrays))
        theirs = np.asarray(keras.ops.einsum(case.settings["subscripts"], *map(_theirs, arrays)))
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=2e-5, atol=1e-5)
        assert ours.dtype == theirs.dtype


@pytest.mark.parametrize("namespace", ["nn", "numpy", "linalg", "image"])
def test_namespaces_hold_what_keras_has_there(namespace: str) -> None:
    ours, theirs = getattr(ops, namespace), getattr(keras.ops, namespace)
    expected = {name for name in dir(theirs) if not name.startswith("_") and hasattr(ops, name)}
    assert expected <= {*dir(ours)}
    assert all(getattr(ours, name) is getattr(ops, name) for name in expected)
