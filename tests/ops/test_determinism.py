"""The same bits for any number of threads, and for a sample in any batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from kinema import GradientTape, Variable, _rust, ops
from kinema.random import RandomKey

RNG = np.random.default_rng(6)
BATCH = 24


def _normal(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


FRAMES = _normal(BATCH, 20, 18, 8)
VECTORS = _normal(BATCH, 300)
STEPS = _normal(BATCH, 7, 4 * 24)
CONV, CONV_BIAS = Variable(_normal(3, 3, 8, 16) / 8), Variable(_normal(16))
DENSE, DENSE_BIAS = Variable(_normal(300, 40) / 17), Variable(_normal(40))
RECURRENT, PEEPHOLES = Variable(_normal(24, 96) / 5), Variable(_normal(3, 24))
GAMMA, BETA = Variable(_normal(300)), Variable(_normal(300))
ROW = Variable(_normal(300))
VARIABLES = [CONV, CONV_BIAS, DENSE, DENSE_BIAS, RECURRENT, PEEPHOLES, GAMMA, BETA, ROW]
KEY = RandomKey(3, 1, 4)

#: What is computed of a batch, sample by sample.
CALLS: dict[str, tuple[Callable[[Any], Any], np.ndarray]] = {
    "conv2d": (lambda x: ops.conv2d(x, CONV, CONV_BIAS, padding="same", activation="relu"), FRAMES),
    "conv2d-strides": (lambda x: ops.conv2d(x, CONV, CONV_BIAS, strides=2, activation="tanh"), FRAMES),
    "conv2d_pool": (lambda x: ops.conv2d_pool(x, CONV, CONV_BIAS, pool_size=2, activation="relu"), FRAMES),
    "max_pool": (lambda x: ops.max_pool(x, 2), FRAMES),
    "average_pool": (lambda x: ops.average_pool(x, 3, 2, "same"), FRAMES),
    "global_average_pool": (ops.global_average_pool, FRAMES),
    "dense": (lambda x: ops.dense(x, DENSE, DENSE_BIAS, activation="tanh"), VECTORS),
    "matmul": (lambda x: ops.matmul(x, DENSE), VECTORS),
    "lstm": (lambda x: ops.lstm(x, RECURRENT, PEEPHOLES)[0], STEPS),
    "layer_norm": (lambda x: ops.layer_norm(x, GAMMA, BETA), VECTORS),
    "softmax": (ops.softmax, VECTORS),
    "gelu": (lambda x: ops.gelu(x, False), VECTORS),
    "affine": (lambda x: x * ROW + GAMMA, VECTORS),
    "mean": (lambda x: ops.mean(x, axis=-1), VECTORS),
    "dropout": (lambda x: ops.dropout(x, 0.5, KEY), VECTORS),
}
BATCH_CALLS = {**CALLS, "batch_norm": (lambda x: ops.batch_norm(x, GAMMA, BETA)[0], VECTORS)}


@pytest.fixture
def _restored_threads() -> Iterator[None]:
    before = _rust.get_num_threads()
    yield
    _rust.set_num_threads(before)


@pytest.mark.usefixtures("_restored_threads")
@pytest.mark.parametrize("name", BATCH_CALLS)
def test_threads_do_not_change_a_bit(name: str) -> None:
    call, x = BATCH_CALLS[name]
    results = []
    for threads in (1, 2, 3):
        _rust.set_num_threads(threads)
        source = ops.convert_to_tensor(x)
        with GradientTape() as tape:
            tape.watch(source)
            y = call(source)
            loss = ops.sum(ops.square(y))
        gradients = tape.gradient(loss, [source, *VARIABLES])
        results.append([y.numpy(), *(gradient.numpy() for gradient in gradients if gradient is not None)])
    for other in results[1:]:
        for one, same in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(one, same)


@pytest.mark.parametrize("name", CALLS)
def test_a_sample_has_the_same_bits_in_any_batch(name: str) -> None:
    call, x = CALLS[name]
    whole = call(x).numpy()
    for first, last in ((0, 1), (0, 5), (0, BATCH - 1)):
        np.testing.assert_array_equal(call(x[first:last]).numpy(), whole[first:last])
    if name != "dropout":
        np.testing.assert_array_equal(call(x[7:8]).numpy()[0], whole[7])
        np.testing.assert_array_equal(call(x[::-1]).numpy(), whole[::-1])
