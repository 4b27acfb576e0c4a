"""Loops, branches and functions applied to every element, in plain Python: what is computed is recorded as it goes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kinema.autograd import Array, Tensor, Variable, no_tape, record
from kinema.errors import ArgumentError, ShapeError
from kinema.ops.creation import convert_to_tensor
from kinema.ops.shaping import stack


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """What one of two functions gives.

    Args:
        pred: Whether it is the first one.
        true_fn: A function without arguments.
        false_fn: Another one.
    """
    return true_fn() if pred else false_fn()


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """What one of several functions gives.

    Args:
        index: Its number; what is too small or too large stands for the first or the last one.
        branches: The functions.
        *operands: What it is called with.
    """
    return branches[max(0, min(int(index), len(branches) - 1))](*operands)


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, maximum_iterations: int | None = None
) -> Any:
    """Applies a function to its own result as long as a condition holds.

    Args:
        cond: A function of the variables that says whether to go on.
        body: A function of the variables that gives the next ones.
        loop_vars: The first variables: a tuple or list, or a single one.
        maximum_iterations: The most times.

    Returns:
        The last variables, in a tuple unless there was a single one.

    Example:
        >>> import kinema
        >>> last, doubled = kinema.ops.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * 2), (0, 1.0))
        >>> doubled.item()
        8.0
    """
    single = not isinstance(loop_vars, (tuple, list))
    variables = tuple(_tensors((loop_vars,) if single else loop_vars))
    count = 0
    while (maximum_iterations is None or count < maximum_iterations) and cond(*variables):
        result = body(*variables)
        variables = tuple(_tensors(result if isinstance(result, (tuple, list)) else (result,)))
        count += 1
    return variables[0] if single else variables


def fori_loop(lower: Any, upper: Any, body_fun: Callable[[Any, Any], Any], init_val: Any) -> Any:
    """Applies a function to a number, from `lower` up to and without `upper`, and to its own last result.

    Args:
        lower: The first number.
        upper: The number before which it ends.
        body_fun: A function of the number and the value that gives the next value.
        init_val: The first value.
    """
    value = _tensors(init_val)
    for i in range(int(lower), int(upper)):
        value = body_fun(i, value)
    return value


def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """A function's results for each element of the first axis, stacked.

    Args:
        f: A function of an element; it may give tuples, lists or dicts of tensors.
        xs: An array, or a tuple, list or dict of arrays, whose elements come together.

    Example:
        >>> import kinema
        >>> kinema.ops.map(lambda row: kinema.ops.sum(row), [[1.0, 2.0], [3.0, 4.0]]).numpy()
        array([3., 7.], dtype=float32)
    """
    results = [f(element) for element in _elements("map", _as_arrays(xs))]
    return _stacked("map", results)


def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """`map`."""
    return map(function, elements)


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: Any = 1,
) -> tuple[Any, Any]:
    """Takes a state from one element of the first axis to the next.

    Args:
        f: A function of the state and an element that gives the next state and an output.
        init: The first state.
        xs: An array, or a tuple, list or dict of arrays, whose elements come together; None for elements that
            are None.
        length: How many elements there are, needed where `xs` is None.
        reverse: Begin with the last element; outputs have the places of their elements.
        unroll: Makes no difference.

    Returns:
        The last state, and the outputs, stacked.

    Example:
        >>> import kinema
        >>> total, running = kinema.ops.scan(lambda state, x: (state + x, state + x), 0.0, [1.0, 2.0, 3.0])
        >>> running.numpy()
        array([1., 3., 6.], dtype=float32)
    """
    if xs is None and length is None:
        raise ArgumentError("ops.scan: give xs, or length where there is nothing to go through")
    elements = [None] * (length or 0) if xs is None else _elements("scan", _as_arrays(xs))
    if length is not None and length != len(elements):
        raise ArgumentError(f"ops.scan: length is {length}, but xs has {len(elements)} elements")
    state, outputs = _tensors(init), []
    for element in reversed(elements) if reverse else elements:
        state, output = f(state, element)
        outputs.append(output)
    return state, _stacked("scan", outputs[::-1] if reverse else outputs)


def custom_gradient(f: Callable[..., tuple[Any, Callable[..., Any]]]) -> Callable[..., Any]:
    """Makes an op of a function that knows its own gradient.

    Args:
        f: A function of tensors that returns its output, a tensor or a tuple of them, and a function that is called
            with the gradient of each output and returns that of each argument. Variables have a gradient where
            they are arguments.

    Example:
        >>> import kinema
        >>> @kinema.ops.custom_gradient
        ... def reversed_gradient(x):
        ...     return kinema.ops.multiply(x, 1), lambda upstream: -upstream
        >>> x = kinema.Variable([2.0])
        >>> with kinema.GradientTape() as tape:
        ...     y = reversed_gradient(x)
        >>> tape.gradient(y, x).numpy()
        array([-1.], dtype=float32)
    """

    @functools.wraps(f)
    def op(*inputs: Any, **settings: Any) -> Any:
        with no_tape():
            result, gradient = f(*inputs, **settings)
        several = isinstance(result, (tuple, list))
        arrays = [convert_to_tensor(one).numpy() for one in (result if several else (result,))]
        outputs = tuple(Tensor(array) for array in arrays)

        def backward(coming: Any) -> Any:
            given = coming if isinstance(coming, tuple) else (coming,)
            with no_tape():
                going = gradient(*(_zeros_or(one, array) for one, array in zip(given, arrays, strict=True)))
            every = going if isinstance(going, (tuple, list)) else (going,)
            if len(every) != len(inputs):
                raise ShapeError(
                    f"ops.custom_gradient: {f.__name__} has {len(inputs)} arguments, but its gradient gave {len(every)}"
                )
            return tuple(None if one is None else convert_to_tensor(one).numpy() for one in every)

        record(f.__name__, inputs, outputs, backward)
        return outputs if several else outputs[0]

    return op


def _zeros_or(gradient: Array | None, output: Array) -> Tensor:
    return Tensor(output * 0 if gradient is None else gradient)


def _nested(function: Callable[..., Any], *structures: Any) -> Any:
    """A function applied to what nested tuples, lists and dicts of one structure hold at each place."""
    first = structures[0]
    if isinstance(first, dict):
        return {key: _nested(function, *(one[key] for one in structures)) for key in first}
    if isinstance(first, (list, tuple)):
        parts = [_nested(function, *each) for each in zip(*structures, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    return function(*structures)


def _tensors(structure: Any) -> Any:
    return _nested(lambda value: value if isinstance(value, Variable) else convert_to_tensor(value), structure)


def _as_arrays(xs: Any) -> Any:
    """Lists of numbers are arrays, not structures."""
    if isinstance(xs, dict):
        return {key: _as_arrays(value) for key, value in xs.items()}
    if isinstance(xs, tuple) or (
        isinstance(xs, list) and any(isinstance(x, (Tensor, Variable, np.ndarray)) for x in xs)
    ):
        return type(xs)([_as_arrays(x) for x in xs])
    return convert_to_tensor(xs)


def _elements(op: str, xs: Any) -> list[Any]:
    lengths: list[int] = []
    _nested(lambda tensor: lengths.append(len(tensor) if tensor.ndim else -1), xs)
    if len(set(lengths)) != 1 or lengths[0] < 0:
        raise ShapeError(f"ops.{op}: xs need first axes of one length, got {lengths} (-1: no axis)")
    return [_nested(lambda tensor, place=i: tensor[place], xs) for i in range(lengths[0])]


def _stacked(op: str, results: list[Any]) -> Any:
    if not results:
        raise ShapeError(f"ops.{op}: there is no element, so nothing can be said of the results")
    return _nested(lambda *each: None if each[0] is None else stack(list(each)), *results)
