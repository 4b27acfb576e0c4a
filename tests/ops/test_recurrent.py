"""Recurrences against plain loops over time, written down from their definition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kinema import ops

RNG = np.random.default_rng(8)
BATCH, TIME, UNITS = 3, 5, 4
MASK = RNG.random((BATCH, TIME)) < 0.6
DROPPED = RNG.choice([0.0, 2.0], (BATCH, UNITS))


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a[:, :, None] * b).sum(1)


def walk(step: Any, z: np.ndarray, states: list[np.ndarray], mask: np.ndarray | None, backwards: bool) -> Any:
    """Calls `step(z_t, *states)` in walking order; a masked sample keeps its states."""
    outputs = []
    for t in reversed(range(TIME)) if backwards else range(TIME):
        new = step(z[:, t], *states)
        counts = np.ones((BATCH, 1), bool) if mask is None else mask[:, t, None]
        states = [np.where(counts, n, o) for n, o in zip(new, states, strict=True)]
        outputs.append(states[0])
    return np.stack(outputs, 1), states


def given(gates: int) -> tuple[np.ndarray, np.ndarray]:
    return RNG.normal(size=(BATCH, TIME, gates * UNITS)), RNG.normal(size=(UNITS, gates * UNITS)) / 2


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("mask", [None, MASK], ids=["all", "masked"])
@pytest.mark.parametrize("dropped", [None, DROPPED], ids=["whole", "dropped"])
class TestAgainstLoops:
    def test_simple_rnn(self, backwards: bool, mask: Any, dropped: Any) -> None:
        z, u = given(1)
        h0 = RNG.normal(size=(BATCH, UNITS))
        keep = 1 if dropped is None else dropped
        expected, _ = walk(lambda zt, h: [np.tanh(zt + product(h * keep, u))], z, [h0], mask, backwards)
        result = ops.simple_rnn(z, u, h0, mask, dropped, go_backwards=backwards)
        np.testing.assert_allclose(result.numpy(), expected, rtol=1e-10)

    @pytest.mark.parametrize("reset_after", [False, True])
    def test_gru(self, backwards: bool, mask: Any, dropped: Any, reset_after: bool) -> None:
        z, u = given(3)
        h0, bias = RNG.normal(size=(BATCH, UNITS)), RNG.normal(size=3 * UNITS)
        keep = 1 if dropped is None else dropped
        n = UNITS

        def step(zt: np.ndarray, h: np.ndarray) -> list[np.ndarray]:
            if reset_after:
                inner = product(h * keep, u) + bias
                update, reset = sigmoid(zt[:, :n] + inner[:, :n]), sigmoid(zt[:, n : 2 * n] + inner[:, n : 2 * n])
                candidate = np.tanh(zt[:, 2 * n :] + reset * inner[:, 2 * n :])
            else:
                inner = product(h * keep, u[:, : 2 * n])
                update, reset = sigmoid(zt[:, :n] + inner[:, :n]), sigmoid(zt[:, n : 2 * n] + inner[:, n:])
                candidate = np.tanh(zt[:, 2 * n :] + product(reset * h * keep, u[:, 2 * n :]))
            return [update * h + (1 - update) * candidate]

        expected, _ = walk(step, z, [h0], mask, backwards)
        given_bias = bias if reset_after else None
        result = ops.gru(z, u, given_bias, h0, mask, dropped, reset_after=reset_after, go_backwards=backwards)
        np.testing.assert_allclose(result.numpy(), expected, rtol=1e-10)

    @pytest.mark.parametrize("peepholes", [False, True])
    def test_lstm(self, backwards: bool, mask: Any, dropped: Any, peepholes: bool) -> None:
        z, u = given(4)
        h0, c0 = RNG.normal(size=(2, BATCH, UNITS))
        peeps = RNG.normal(size=(3, UNITS)) if peepholes else np.zeros((3, UNITS))
        keep = 1 if dropped is None else dropped

        def step(zt: np.ndarray, h: np.ndarray, c: np.ndarray) -> list[np.ndarray]:
            i, f, g, o = np.split(zt + product(h * keep, u), 4, axis=1)
            new = sigmoid(f + peeps[1] * c) * c + sigmoid(i + peeps[0] * c) * np.tanh(g)
            return [sigmoid(o + peeps[2] * new) * np.tanh(new), new]

        expected, (_, carry) = walk(step, z, [h0, c0], mask, backwards)
        hs, c = ops.lstm(z, u, peeps if peepholes else None, h0, c0, mask, dropped, go_backwards=backwards)
        np.testing.assert_allclose(hs.numpy(), expected, rtol=1e-10)
        np.testing.assert_allclose(c.numpy(), carry, rtol=1e-10)


def test_states_start_at_zero() -> None:
    z, u = given(4)
    zeros = np.zeros((BATCH, UNITS))
    for one, other in zip(ops.lstm(z, u), ops.lstm(z, u, None, zeros, zeros), strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
