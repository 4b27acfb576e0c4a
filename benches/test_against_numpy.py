"""Kinema's kernels beside vectorised NumPy, forward and backward: `pytest benches --benchmark-only`.

Shapes are those of a CNN-LSTM over 64 frames of 128x128 pixels, and an LSTM over 64 steps of 256 features. Each pair is
checked to agree before it is timed; the ratios of the medians are printed at the end (see conftest.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy_baselines as baseline
import pytest

from kinema import GradientTape, Tensor, ops

Array = np.ndarray[Any, np.dtype[Any]]
Pair = tuple[Callable[[], Any], Callable[[], Any]]

_CONVOLUTIONS = {"layer1": (128, 3, 32), "layer2": (63, 32, 64), "layer3": (30, 64, 128)}
_FRAMES = 64
#: Relative errors: of rounding; and where rounding swaps two nearly equal values of a pooling window, so that the
#: gradient of an output or two in millions goes to a neighbour.
_ROUNDED, _FLIPPED = 1e-4, 5e-3
#: Seconds that threads of a BLAS, which look around for more work after the check, get to fall asleep: they would take
#: half of a core from what is timed meanwhile (measured: the first tenth of a second after a product).
_QUIET = 0.4
#: Seconds that are filled with rounds, at least 7.
_TIMED = 0.25


def _normal(*shape: int, scale: float = 1.0) -> Array:
    return (np.random.default_rng(sum(shape)).normal(size=shape) * scale).astype("float32")


def _backward_of(function: Callable[..., Any], inputs: list[Array], dy: Array) -> Callable[[], list[Array]]:
    """A function that runs the way back of an op whose forward has been run once."""
    tensors = [Tensor(array) for array in inputs]
    with GradientTape(persistent=True) as tape:
        tape.watch(tensors)
        y = function(*tensors)
    return lambda: [gradient.numpy() for gradient in tape.gradient(y, tensors, output_gradients=dy)]


def _convolution(layer: str) -> tuple[Pair, Pair]:
    size, cin, cout = _CONVOLUTIONS[layer]
    x, w, b = _normal(_FRAMES, size, size, cin), _normal(3, 3, cin, cout, scale=0.1), _normal(cout)
    dy = _normal(_FRAMES, size - 2, size - 2, cout)
    patches = baseline.conv2d(x, w, b)[1]
    return (
        (lambda: ops.conv2d(x, w, b).numpy(), lambda: baseline.conv2d(x, w, b)[0]),
        (_backward_of(ops.conv2d, [x, w, b], dy), lambda: baseline.conv2d_backward(dy, patches, w, x.shape)),
    )


def _fused(layer: str) -> tuple[Pair, Pair]:
    """Convolution + ReLU + 2x2 max-pooling."""
    size, cin, cout = _CONVOLUTIONS[layer]
    x, w, b = _normal(_FRAMES, size, size, cin), _normal(3, 3, cin, cout, scale=0.1), _normal(cout)
    pooled = (size - 2) // 2
    dy = _normal(_FRAMES, pooled, pooled, cout)

    def ours(x: Any, w: Any, b: Any) -> Any:
        return ops.conv2d_pool(x, w, b, activation="relu", pool_size=(2, 2))

    def forward() -> tuple[Array, Array, Array]:
        z, patches = baseline.conv2d(x, w, b)
        active = np.maximum(z, 0)
        return baseline.max_pool(active), active, patches

    y, active, patches = forward()

    def backward() -> tuple[Array, Array, Array]:
        dz = baseline.max_pool_backward(dy, active, y) * (active > 0)
        return baseline.conv2d_backward(dz, patches, w, x.shape)

    return ((lambda: ours(x, w, b).numpy(), lambda: forward()[0]), (_backward_of(ours, [x, w, b], dy), backward))


def _pooling(layer: str) -> tuple[Pair, Pair]:
    size, _, channels = _CONVOLUTIONS[layer]
    x = _normal(_FRAMES, size - 2, size - 2, channels)
    y = baseline.max_pool(x)
    dy = _normal(*y.shape)

    def ours(x: Any) -> Any:
        return ops.max_pool(x, pool_size=(2, 2))

    return (
        (lambda: ours(x).numpy(), lambda: baseline.max_pool(x)),
        (_backward_of(ours, [x], dy), lambda: [baseline.max_pool_backward(dy, x, y)]),
    )


def _dense(rows: int, features: int, units: int) -> tuple[Pair, Pair]:
    x, w, b = _normal(rows, features), _normal(features, units, scale=0.02), _normal(units)
    dy = _normal(rows, units)
    return (
        (lambda: ops.dense(x, w, b).numpy(), lambda: baseline.dense(x, w, b)),
        (_backward_of(ops.dense, [x, w, b], dy), lambda: baseline.dense_backward(dy, x, w)),
    )


def _lstm(batch: int, time: int, features: int, units: int) -> tuple[Pair, Pair]:
    x = _normal(batch, time, features)
    w, u, b = _normal(features, 4 * units, scale=0.02), _normal(units, 4 * units, scale=0.05), _normal(4 * units)
    zeros = np.zeros((batch, units), "float32")
    dy = _normal(batch, time, units)
    saved = baseline.lstm(x, w, u, b)[1]

    def ours(x: Any, w: Any, u: Any, b: Any) -> Any:
        return ops.lstm(ops.dense(x, w, b), u, None, zeros, zeros)[0]

    return (
        (lambda: ours(x, w, u, b).numpy(), lambda: baseline.lstm(x, w, u, b)[0]),
        (_backward_of(ours, [x, w, u, b], dy), lambda: baseline.lstm_backward(dy, x, w, u, saved)),
    )


_CASES: dict[str, Callable[[], tuple[Pair, Pair]]] = {
    **{f"conv2d {layer}": (lambda layer=layer: _convolution(layer)) for layer in _CONVOLUTIONS},
    **{f"conv2d+relu+pool {layer}": (lambda layer=layer: _fused(layer)) for layer in _CONVOLUTIONS},
    **{f"max_pool {layer}": (lambda layer=layer: _pooling(layer)) for layer in _CONVOLUTIONS},
    "dense 64x25088x512": lambda: _dense(64, 25088, 512),
    "dense 32x512x128": lambda: _dense(32, 512, 128),
    "lstm 4x64x256 units 128": lambda: _lstm(4, 64, 256, 128),
    "lstm 4x16x25088 units 128": lambda: _lstm(4, 16, 25088, 128),
}


@pytest.mark.parametrize("library", ["kinema", "numpy"])
@pytest.mark.parametrize("way", ["forward", "backward"])
@pytest.mark.parametrize("case", _CASES)
def test_speed(benchmark: Any, case: str, way: str, library: str) -> None:
    ours, theirs = _CASES[case]()[way == "backward"]
    got, expected = ours(), theirs()
    most = _FLIPPED if "pool" in case and way == "backward" else _ROUNDED
    for a, b in zip(
        got if isinstance(got, list) else [got], expected if way == "backward" else [expected], strict=True
    ):
        error = np.linalg.norm((a - b).astype("float64")) / max(np.linalg.norm(b.astype("float64")), 1e-12)
        assert error < most, f"{case} {way}: the two disagree by {error:.2g}"
    benchmark.group = f"{case} {way}"
    benchmark.extra_info["library"] = library
    timed = ours if library == "kinema" else theirs
    time.sleep(_QUIET)
    start = time.perf_counter()
    timed()
    rounds = int(_TIMED / (time.perf_counter() - start))
    benchmark.pedantic(timed, rounds=min(max(rounds, 7), 200), warmup_rounds=2)
