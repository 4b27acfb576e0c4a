"""Every op of the table against central finite differences in float64."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from kinema import GradientTape, Tensor, ops

from .table import TABLE, Case

STEP = 1e-6


def _outputs(case: Case, inputs: list[Any]) -> list[Tensor]:
    result = case.op(*inputs, **case.settings)
    return list(result) if isinstance(result, (list, tuple)) else [result]


def _weights(outputs: list[Any]) -> list[np.ndarray]:
    """A different weight for every output value, so that no two gradients can stand in for each other."""
    rng = np.random.default_rng(9)
    return [rng.uniform(0.5, 1.5, output.shape) for output in outputs]


def _weighted_sum(case: Case, inputs: list[Any], weights: list[np.ndarray]) -> float:
    outputs = _outputs(case, inputs)
    return float(np.sum([np.sum(np.asarray(y) * w) for y, w in zip(outputs, weights, strict=True)]))


def _numeric(case: Case, position: int, weights: list[np.ndarray]) -> np.ndarray:
    x = np.array(case.inputs[position])
    gradient = np.empty_like(x)
    for index in np.ndindex(x.shape):
        ends = []
        for sign in (1, -1):
            moved = x.copy()
            moved[index] += sign * STEP
            ends.append(_weighted_sum(case, _replaced(case.inputs, position, moved), weights))
        gradient[index] = (ends[0] - ends[1]) / (2 * STEP)
    return gradient


def _replaced(inputs: tuple[Any, ...], position: int, value: Any) -> list[Any]:
    return [value if i == position else one for i, one in enumerate(inputs)]


def _differentiable(case: Case) -> list[int]:
    return [
        i
        for i, value in enumerate(case.inputs)
        if i not in case.constant and isinstance(value, (np.ndarray, np.floating)) and value.dtype == np.float64
    ]


#: Ops that have no gradient, and functions that make or convert.
WITHOUT_GRADIENT = {
    *("equal", "not_equal", "greater", "greater_equal", "less", "less_equal", "logical_and", "logical_or"),
    *("logical_not", "isnan", "isinf", "isfinite", "any", "all", "argmax", "argmin", "sign", "floor", "ceil", "round"),
    *("floor_divide", "one_hot", "dropout_mask", "stop_gradient", "convert_to_numpy", "shape", "arange", "eye"),
    *("zeros", "ones", "full", "zeros_like", "ones_like", "full_like", "identity", "tri", "linspace", "logspace"),
    *("logical_xor", "isposinf", "isneginf", "isclose", "allclose", "isin", "trunc", "saturate_cast", "multi_hot"),
    *("argsort", "argpartition", "in_top_k", "searchsorted", "digitize", "bincount", "count_nonzero", "nonzero"),
    *("ndim", "size", "is_tensor", "dtype", "empty", "empty_like", "signbit"),
    # Loops and branches of ops: tests/ops/test_control.py.
    *("cond", "switch", "while_loop", "fori_loop", "map", "vectorized_map", "scan", "custom_gradient"),
}


def test_every_op_is_in_the_table() -> None:
    every = {name: getattr(ops, name) for name in ops.__all__} | {"image.resize": ops.image.resize}
    covered = {case.op for case in TABLE} | {getattr(ops, case.op.__name__.lstrip("_"), None) for case in TABLE}
    functions = {name: function for name, function in every.items() if not isinstance(function, (type, ModuleType))}
    missing = {name for name, function in functions.items() if function not in covered}
    assert missing == WITHOUT_GRADIENT


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.id)
def test_gradient_agrees_with_finite_differences(case: Case) -> None:
    positions = _differentiable(case)
    inputs = [Tensor(value) if i in positions else value for i, value in enumerate(case.inputs)]
    with GradientTape() as tape:
        tape.watch([inputs[i] for i in positions])
        outputs = _outputs(case, inputs)
    weights = _weights(outputs)
    gradients = tape.gradient(outputs, [inputs[i] for i in positions], output_gradients=weights)
    assert positions
    for position, gradient in zip(positions, gradients, strict=True):
        expected = _numeric(case, position, weights)
        assert gradient is not None, f"input {position} got no gradient"
        assert gradient.dtype == np.float64
        np.testing.assert_allclose(gradient.numpy(), expected, rtol=2e-6, atol=2e-7, err_msg=f"input {position}")


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.id)
def test_gradient_leaves_its_inputs_alone(case: Case) -> None:
    """Neither an op nor its way back may write to arrays that others hold."""
    positions = _differentiable(case)
    before = [np.array(value) if i in positions else None for i, value in enumerate(case.inputs)]
    inputs = [Tensor(value) if i in positions else value for i, value in enumerate(case.inputs)]
    with GradientTape() as tape:
        tape.watch([inputs[i] for i in positions])
        outputs = _outputs(case, inputs)
    values = [output.numpy().copy() for output in outputs]
    weights = _weights(outputs)
    for weight in weights:
        weight.flags.writeable = False
    tape.gradient(outputs, [inputs[i] for i in positions], output_gradients=weights)
    for output, value in zip(outputs, values, strict=True):
        np.testing.assert_array_equal(output.numpy(), value)
    for i in positions:
        np.testing.assert_array_equal(np.asarray(case.inputs[i]), before[i])


# `cast` has its type as a setting.
@pytest.mark.parametrize("case", [case for case in TABLE if case.op is not ops.cast], ids=lambda case: case.id)
def test_float32_in_gives_float32_out_and_back(case: Case) -> None:
    positions = _differentiable(case)
    inputs = [
        Tensor(np.asarray(value).astype(np.float32)) if i in positions else _single(value)
        for i, value in enumerate(case.inputs)
    ]
    with GradientTape() as tape:
        tape.watch([inputs[i] for i in positions])
        outputs = _outputs(case, inputs)
    gradients = tape.gradient(outputs, [inputs[i] for i in positions])
    reference = _outputs(case, list(case.inputs))
    for output, expected in zip(outputs, reference, strict=True):
        assert output.dtype == np.float32
        np.testing.assert_allclose(output.numpy(), expected.numpy(), rtol=2e-5, atol=2e-6)
    for gradient in gradients:
        assert gradient.dtype == np.float32


def _single(value: Any) -> Any:
    return value.astype(np.float32) if isinstance(value, np.ndarray) and value.dtype == np.float64 else value


def test_poles_that_where_leaves_out_have_no_gradient():
    for function in (ops.sqrt, ops.rsqrt, ops.reciprocal):
        x = Tensor(np.array([-1.0, 0.0, 2.0]))
        with GradientTape() as tape:
            tape.watch(x)
            total = ops.sum(ops.where(x > 0, function(x), 0.0))
        gradient = tape.gradient(total, x).numpy()
        np.testing.assert_array_equal(gradient[:2], [0, 0])
        assert 0 < abs(gradient[2]) < 1


def test_selu_at_zero_has_the_slope_of_positive_numbers():
    x = Tensor(np.zeros(9, np.float32))
    with GradientTape() as tape:
        tape.watch(x)
        total = ops.sum(ops.selu(x))
    np.testing.assert_allclose(tape.gradient(total, x).numpy(), 1.0507, rtol=1e-4)


def test_limits_of_clip_are_trained():
    x, low, high = (Tensor(np.array(values)) for values in ([-2.0, 0.5, 3.0], [-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]))
    with GradientTape() as tape:
        tape.watch([x, low, high])
        total = ops.sum(ops.clip(x, low, high) * np.array([2.0, 3.0, 4.0]))
    gradients = [gradient.numpy().tolist() for gradient in tape.gradient(total, [x, low, high])]
    assert gradients == [[0, 3, 0], [2, 0, 0], [0, 0, 4]]


def test_indices_in_a_tuple_may_repeat():
    x = Tensor(np.ones((2, 3)))
    with GradientTape() as tape:
        tape.watch(x)
        total = ops.sum(x[(0, 0, 1),])
    np.testing.assert_array_equal(tape.gradient(total, x).numpy(), [[2, 2, 2], [1, 1, 1]])


def test_broadcast_indices_take_gradients_along():
    x = Tensor(np.ones((2, 3)))
    with GradientTape() as tape:
        tape.watch(x)
        total = ops.sum(ops.take_along_axis(x, np.array([[1, 0]]), axis=1))
    np.testing.assert_array_equal(tape.gradient(total, x).numpy(), [[1, 1, 0], [1, 1, 0]])
