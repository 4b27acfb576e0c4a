"""Kernels that are kept in the order in which products read them, while they do not change."""

import pickle

import numpy as np
import pytest

import kinema
from kinema import _rust, ops
from kinema.ops._activation import NAMES

K, N = 700, 130


def _random(*shape, dtype="float32"):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(dtype)


@pytest.fixture
def kernel():
    return kinema.Variable(_random(K, N), name="kernel")


@pytest.fixture
def packed(monkeypatch):
    """Counts kernels packed and products with them."""
    count = {"packed": 0, "products": 0}
    pack, multiply = _rust.PackedKernel, _rust.dense_chain

    def counted_pack(array):
        count["packed"] += 1
        return pack(array)

    def counted_multiply(x, links):
        count["products"] += sum(isinstance(link[0], pack) for link in links)
        return multiply(x, links)

    monkeypatch.setattr(_rust, "PackedKernel", counted_pack)
    monkeypatch.setattr(_rust, "dense_chain", counted_multiply)
    return count


@pytest.mark.parametrize("activation", [None, *NAMES])
def test_a_packed_kernel_gives_the_same_bits(kernel, packed, activation):
    x, bias = _random(3, 5, K), kinema.Variable(_random(N))
    plain = ops.dense(x, kernel.numpy(), bias, activation=activation).numpy()
    for _ in range(3):
        np.testing.assert_array_equal(ops.dense(x, kernel, bias, activation).numpy(), plain)
    assert packed == {"packed": 1, "products": 2}


def test_a_kernel_that_changes_is_packed_again(kernel, packed):
    x = _random(20, K)
    for _ in range(2):
        for _ in range(3):
            y = ops.dense(x, kernel)
        np.testing.assert_array_equal(y.numpy(), ops.dense(x, kernel.numpy()).numpy())
        kernel.assign(-kernel.numpy())
    assert packed == {"packed": 2, "products": 4}


def test_training_uses_and_keeps_no_packed_kernel(packed):
    model = kinema.Sequential([kinema.layers.Input((K,)), kinema.layers.Dense(N), kinema.layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = _random(32, K), _random(32, 1)
    model.fit(x, y, epochs=3, batch_size=16, verbose=0)
    assert packed == {"packed": 0, "products": 0}
    first = model.predict(x, batch_size=16, verbose=0)
    assert packed == {"packed": 1, "products": 1}
    model.train_on_batch(x, y)
    assert model.layers[0].kernel._packed is None
    assert not np.array_equal(model.predict(x, batch_size=16, verbose=0), first)


@pytest.mark.parametrize(
    ("x", "variable"),
    [
        (_random(4, K), _random(K, N)),  # few rows
        (_random(40, 8), _random(8, N)),  # a small kernel
        (_random(40, K, dtype="float64"), _random(K, N, dtype="float64")),
        (_random(40, K, dtype="float64"), _random(K, N)),
    ],
)
def test_what_is_not_worth_packing_is_read_where_it_lies(packed, x, variable):
    kernel = kinema.Variable(variable)
    for _ in range(3):
        y = ops.dense(x, kernel)
    np.testing.assert_allclose(y.numpy(), x @ variable, rtol=1e-3, atol=1e-4)
    assert packed == {"packed": 0, "products": 0}


def test_shapes_that_do_not_fit_are_refused_as_ever(kernel):
    for _ in range(3):
        with pytest.raises(kinema.errors.ShapeError, match="expected"):
            ops.dense(_random(40, K - 1), kernel)
        with pytest.raises(kinema.errors.ShapeError, match="bias has shape"):
            ops.dense(_random(40, K), kernel, np.ones(N - 1, "float32"))


def test_a_pickled_variable_leaves_the_packed_kernel_behind(kernel):
    x = _random(20, K)
    for _ in range(3):
        y = ops.dense(x, kernel).numpy()
    copy = pickle.loads(pickle.dumps(kernel))
    assert len(pickle.dumps(kernel)) < 1.1 * kernel.numpy().nbytes
    np.testing.assert_array_equal(ops.dense(x, copy).numpy(), y)
