"""Loops, branches and functions with gradients of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kinema import GradientTape, Tensor, Variable, ops
from kinema.errors import ArgumentError, ShapeError


def test_branches() -> None:
    assert ops.cond(ops.convert_to_tensor(2.0) > 1, lambda: "yes", lambda: "no") == "yes"
    assert ops.cond(False, lambda: "yes", lambda: "no") == "no"
    branches = [lambda x: x, lambda x: x * 2]
    assert [ops.switch(index, branches, 3) for index in (-1, 0, 1, 5)] == [3, 3, 6, 6]


def test_while_loops() -> None:
    assert ops.while_loop(lambda x: x < 3, lambda x: x + 1, 0).item() == 3
    last = ops.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x + i), [0, 10])
    assert isinstance(last, tuple)
    assert [one.item() for one in last] == [3, 13]
    assert ops.while_loop(lambda x: True, lambda x: x * 2, 1, maximum_iterations=4).item() == 16


def test_gradients_flow_through_loops() -> None:
    x = Variable([2.0, 3.0])
    with GradientTape(persistent=True) as tape:
        powers = ops.fori_loop(0, 3, lambda i, y: y * x, ops.ones(2))
        mapped = ops.map(lambda one: one * one, x)
        state, outputs = ops.scan(lambda state, one: (state * one, state + one), ops.ones(()), x)
    np.testing.assert_array_equal(tape.gradient(powers, x).numpy(), [12, 27])
    np.testing.assert_array_equal(tape.gradient(mapped, x).numpy(), [4, 6])
    np.testing.assert_array_equal(tape.gradient(state, x).numpy(), [3, 2])
    np.testing.assert_array_equal(tape.gradient(outputs, x).numpy(), [2, 1])


def test_map_of_structures() -> None:
    x, y = np.arange(3.0), np.arange(6.0).reshape(3, 2)
    total, parts = ops.map(lambda e: (e["x"] + ops.sum(e["y"]), {"y": e["y"]}), {"x": x, "y": y})
    np.testing.assert_array_equal(total.numpy(), x + y.sum(1))
    np.testing.assert_array_equal(parts["y"].numpy(), y)
    np.testing.assert_array_equal(ops.vectorized_map(lambda e: e[0] * e[1], (x, x)).numpy(), x * x)
    np.testing.assert_array_equal(ops.map(lambda e: e + 1, [1.0, 2.0]).numpy(), [2, 3])


def test_scans() -> None:
    x = np.arange(4)

    def step(state: Any, one: Any) -> Any:
        return state + one, state * one

    for reverse, expected in ((False, [0, 0, 2, 9]), (True, [0, 5, 6, 0])):
        state, outputs = ops.scan(step, 0, x, reverse=reverse)
        assert state.item() == 6
        np.testing.assert_array_equal(outputs.numpy(), expected)
    state, outputs = ops.scan(lambda state, _: (state + 1, None), 0, length=3)
    assert state.item() == 3
    assert outputs is None


def test_what_loops_cannot_go_through() -> None:
    with pytest.raises(ArgumentError, match="ops.scan: give xs, or length"):
        ops.scan(lambda state, x: (state, x), 0)
    with pytest.raises(ArgumentError, match="ops.scan: length is 2, but xs has 3 elements"):
        ops.scan(lambda state, x: (state, x), 0, np.zeros(3), length=2)
    with pytest.raises(ShapeError, match=r"ops.map: xs need first axes of one length, got \[2, 3\]"):
        ops.map(lambda x: x[0], (np.zeros(2), np.zeros(3)))
    with pytest.raises(ShapeError, match="ops.map: there is no element"):
        ops.map(lambda x: x, np.zeros((0, 2)))


def test_a_gradient_of_ones_own() -> None:
    @ops.custom_gradient
    def product(a: Any, b: Any) -> Any:
        def gradient(*args: Any, upstream: Any = None) -> Any:
            assert upstream is None
            (upstream,) = args
            return upstream * b, upstream * 7

        return a * b, gradient

    a, b = Variable(2.0), Variable(3.0)
    with GradientTape() as tape:
        y = product(a, b) * 2
    assert y.item() == 12
    assert [one.item() for one in tape.gradient(y, [a, b])] == [6, 14]


def test_a_gradient_of_ones_own_for_several_outputs() -> None:
    @ops.custom_gradient
    def both(x: Any) -> Any:
        return (x + 1, x * 2), lambda first, second: first * 10 + second * 100

    x = Tensor(np.ones(2))
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        first, second = both(x)
    np.testing.assert_array_equal(tape.gradient([first, second], x).numpy(), [110, 110])
    np.testing.assert_array_equal(tape.gradient(second, x).numpy(), [100, 100])

    @ops.custom_gradient
    def forgetful(x: Any, y: Any) -> Any:
        return x + y, lambda upstream: upstream

    with GradientTape() as tape:
        tape.watch(x)
        y = forgetful(x, x)
    with pytest.raises(ShapeError, match="forgetful has 2 arguments, but its gradient gave 1"):
        tape.gradient(y, x)
