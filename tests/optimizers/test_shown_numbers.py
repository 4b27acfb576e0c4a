"""The learning rate and the count of steps: numbers that scripts also treat as the variables that Keras has there."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import kinema
from kinema import layers, optimizers
from kinema.errors import ArgumentError
from kinema.optimizers.schedules import ExponentialDecay


def _after(steps: int, optimizer: optimizers.Optimizer) -> optimizers.Optimizer:
    w = kinema.Variable(np.ones(2), name="w")
    for _ in range(steps):
        optimizer.apply([np.ones(2)], [w])
    return optimizer


def test_iterations_are_a_number() -> None:
    optimizer = _after(3, optimizers.SGD(0.1))
    assert optimizer.iterations == 3
    assert isinstance(optimizer.iterations, int)
    assert (f"{optimizer.iterations:03d}", str(optimizer.iterations), optimizer.iterations % 2) == ("003", "3", 1)
    assert type(copy.deepcopy(optimizer.iterations)) is type(pickle.loads(pickle.dumps(optimizer.iterations))) is int


def test_iterations_are_a_variable() -> None:
    iterations = _after(3, optimizers.SGD(0.1)).iterations
    assert (iterations.numpy(), iterations.value, iterations.name, iterations.shape) == (3, 3, "iteration", ())
    assert iterations.dtype == "int64"
    assert isinstance(iterations.numpy(), np.int64)


def test_the_rate_is_a_variable() -> None:
    for rate in (0.5, ExponentialDecay(0.5, 10, 0.5), lambda: 0.5):
        shown = optimizers.SGD(rate).learning_rate
        assert (shown.numpy(), shown.value, shown.name, shown.shape) == (0.5, 0.5, "learning_rate", ())
        assert shown.dtype == "float32"
        assert isinstance(shown.numpy(), np.float32)


def test_what_was_kept_tells_the_number_of_now() -> None:
    optimizer = optimizers.SGD(0.5)
    rate, iterations = optimizer.learning_rate, optimizer.iterations
    _after(2, optimizer)
    optimizer.learning_rate = 0.25
    assert (rate.numpy(), iterations.numpy()) == (0.25, 2)
    iterations.assign_add(1)
    iterations.assign_add(np.int64(3))
    rate.assign_sub(0.125)
    assert (optimizer.learning_rate, optimizer.iterations) == (0.125, 6)


def test_a_warm_restart_begins_the_schedule_and_the_correction_anew() -> None:
    optimizer = _after(4, optimizers.Adam(ExponentialDecay(0.5, 1, 0.5)))
    assert optimizer.learning_rate == 0.5**5
    optimizer.iterations.assign(0)
    assert (optimizer.iterations, optimizer.learning_rate) == (0, 0.5)
    fresh = optimizers.Adam(0.5)
    (w, v) = (kinema.Variable(np.zeros(2), name=name) for name in "wv")
    fresh.apply([np.ones(2)], [w])
    for variable in (w, v):
        optimizer = optimizers.Adam(0.5)
        optimizer.build([variable])
        if variable is v:
            optimizer.iterations.assign(9)
            optimizer.iterations.assign(0)
        variable.assign(np.zeros(2))
        optimizer.apply([np.ones(2)], [variable])
    np.testing.assert_array_equal(w, v)
    late = optimizers.Adam(0.5)
    late.build([v])
    late.iterations.assign(99)
    v.assign(np.zeros(2))
    late.apply([np.ones(2)], [v])
    assert (abs(v.numpy()) < abs(w.numpy())).all()  # as if 99 gradients of zero had gone before
    assert late.iterations == 100


def test_steps_that_gather_gradients_count_once() -> None:
    optimizer = _after(6, optimizers.SGD(0.1, gradient_accumulation_steps=3))
    assert optimizer.iterations == 2
    optimizer.iterations.assign(5)
    assert optimizer.iterations == 5


@pytest.mark.parametrize("number", [-1, 0.5, float("nan"), [1, 2], "x"])
def test_iterations_are_whole(number: object) -> None:
    with pytest.raises(ArgumentError, match="iterations is a whole number of at least 0"):
        optimizers.Adam().iterations.assign(number)


def test_fit_goes_on_from_the_count() -> None:
    model = kinema.Sequential([layers.Input((2,)), layers.Dense(1)])
    model.compile("adam", "mse")
    x = np.ones((4, 2), "float32")
    model.optimizer.iterations.assign(7)
    model.fit(x, x[:, :1], batch_size=2, verbose=0)
    assert model.optimizer.iterations == 9


def test_losses_are_not_scaled() -> None:
    assert optimizers.Adam().loss_scale_factor is None
