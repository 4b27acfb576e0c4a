"""What every op does with its arguments: types, names, positions, and the errors before it computes."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from kinema import GradientTape, Tensor, Variable, ops
from kinema.errors import DTypeError
from kinema.ops._contract import differentiable

SINGLE, DOUBLE = np.ones(2, np.float32), np.ones(2, np.float64)


@pytest.mark.parametrize(
    ("x1", "x2", "expected"),
    [
        ([1.0, 2.0], [3.0, 4.0], "float32"),
        (1.5, 2, "float32"),
        ([1, 2], 0.5, "float32"),
        ([1, 2], 3, "int64"),
        (np.int32([1, 2]), 3, "int32"),
        (np.uint8([1, 2]), np.int32([1, 2]), "int32"),
        (np.int32([1, 2]), 0.5, "float32"),
        (SINGLE, 2.5, "float32"),
        (SINGLE, np.float64(2.5), "float32"),
        (SINGLE, np.int64([1, 2]), "float32"),
        (SINGLE, [1.0, 2.0], "float32"),
        (SINGLE, DOUBLE, "float64"),
        (DOUBLE, [1.0, 2.0], "float64"),
        (Tensor(SINGLE), DOUBLE, "float32"),
        (Variable(SINGLE), DOUBLE, "float32"),
        (Tensor(SINGLE), Tensor(DOUBLE), "float64"),
        (Tensor(DOUBLE), SINGLE, "float64"),
        (SINGLE, np.array([True, False]), "float32"),
        (True, 2.0, "float32"),
    ],
)
def test_the_common_type(x1: object, x2: object, expected: str) -> None:
    assert ops.multiply(x1, x2).dtype == expected
    assert ops.multiply(x2, x1).dtype == expected
    assert ops.concatenate([np.atleast_1d(np.asarray(v)) if np.ndim(v) == 0 else v for v in (x1, x2)]).ndim == 1


def test_numbers_are_as_exact_as_the_tensor_beside_them() -> None:
    assert ops.add(np.zeros(1), 0.1).numpy()[0] == 0.1
    assert ops.clip(np.ones(1), 0.0, 0.1).numpy()[0] == 0.1


def test_gradients_have_the_type_of_their_tensor() -> None:
    a, b = Variable(SINGLE), Variable(DOUBLE)
    with GradientTape() as tape:
        loss = ops.sum(a * b)
    gradients = tape.gradient(loss, [a, b])
    assert [gradient.dtype for gradient in gradients] == [np.float32, np.float64]


def test_tensors_by_name_and_settings_by_position() -> None:
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(ops.sum(x, 0).numpy(), ops.sum(x=x, axis=0).numpy())
    np.testing.assert_array_equal(ops.sum(x, 1, True).numpy(), x.sum(1, keepdims=True))
    np.testing.assert_array_equal(ops.subtract(x2=x, x1=2 * x).numpy(), x)
    assert list(inspect.signature(ops.sum).parameters) == ["x", "axis", "keepdims"]


def test_a_tensor_given_by_name_gets_its_gradient() -> None:
    x = Variable([1.0, 2.0])
    with GradientTape() as tape:
        loss = ops.sum(x=ops.multiply(x2=x, x1=x))
    np.testing.assert_array_equal(tape.gradient(loss, x).numpy(), [2, 4])


def test_wrong_arguments_are_python_errors() -> None:
    with pytest.raises(TypeError, match="missing a required argument: 'x2'"):
        ops.add(1.0)
    with pytest.raises(TypeError, match="too many positional arguments"):
        ops.add(1.0, 2.0, 3.0)
    with pytest.raises(TypeError, match="unexpected keyword argument 'axes'"):
        ops.sum([1.0], axes=0)


def test_none_is_refused_where_a_tensor_is_needed() -> None:
    with pytest.raises(DTypeError, match=r"ops\.add: argument 'x2' is None, but a tensor or an array is needed"):
        ops.add(1.0, None)
    with pytest.raises(DTypeError, match=r"ops\.concatenate: argument 1 is None"):
        ops.concatenate([[1.0], None])


def test_what_is_not_a_number_is_refused() -> None:
    with pytest.raises(DTypeError, match=r"ops\.exp works on real numbers, not on str of dtype <U3"):
        ops.exp("one")
    with pytest.raises(DTypeError, match="not on ndarray of dtype complex128"):
        ops.exp(np.ones(2, complex))


def test_single_precision_for_lists_in_ops_that_do_not_promote() -> None:
    assert ops.take([1.0, 2.0], [0]).dtype == np.float32
    assert ops.take(DOUBLE, [0]).dtype == np.float64


def test_arrays_of_any_layout() -> None:
    x = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    reversed_, strided = x[::-1, :, ::-1], x.transpose(2, 0, 1)
    frozen = x.copy()
    frozen.flags.writeable = False
    for array in (reversed_, strided, frozen):
        np.testing.assert_array_equal(ops.relu(array - 5).numpy(), np.maximum(array - 5, 0))
        np.testing.assert_allclose(ops.sum(array, -1).numpy(), array.sum(-1))


def test_numbers_out_of_range_pass_in_silence() -> None:
    x = Variable([0.0, -1.0])
    with GradientTape() as tape:
        y = ops.log(x) / 0
    assert not np.isfinite(tape.gradient(y, x).numpy()).any()
    assert np.isinf(ops.exp([1e4]).numpy()).all()


def test_an_op_of_ones_own() -> None:
    @differentiable
    def twice(x):
        """Twice the value."""
        return 2 * x, lambda dy: 2 * dy

    x = Variable([1.0, 2.0])
    with GradientTape() as tape:
        y = twice(x)
    assert isinstance(y, Tensor)
    assert (twice.__name__, twice.__doc__) == ("twice", "Twice the value.")
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), [2, 2])


def test_every_name_in_the_table_of_contents_has_a_docstring() -> None:
    missing = [name for name in ops.__all__ if not (getattr(ops, name).__doc__ or "").strip()]
    assert not missing
