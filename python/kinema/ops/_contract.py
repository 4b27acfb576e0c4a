"""The one contract of everything differentiable: a function that returns `(output, backward)`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any, overload

import numpy as np

from kinema._rust import RecycledMemory
from kinema._silence import without_warnings
from kinema.autograd import Array, Backward, Tensor, Variable, as_array, is_recording, record, settled
from kinema.errors import DTypeError

#: What the function under `@differentiable` returns: an array or a tuple of arrays, and the way back.
Result = tuple[Any, Backward]
Op = Callable[..., Tensor]

_NUMBERS = (bool, int, float, np.number, np.bool_)


@overload
def differentiable(function: Callable[..., Result]) -> Op: ...


@overload
def differentiable(*, promote: bool) -> Callable[[Callable[..., Result]], Op]: ...


def differentiable(function: Callable[..., Result] | None = None, *, promote: bool = True) -> Any:
    """Makes an op of a function over raw arrays.

    The function's positional parameters are tensors: it gets arrays (or None) there. Its keyword-only parameters are
    settings. It returns the output, an array or a tuple of arrays, and `backward`, which maps the output's gradient to
    one gradient per tensor, in order: an array, None, or a function that computes the array if somebody wants it. No
    gradient that comes in may be written to: others hold it too. With several outputs it gets a tuple, with None where
    no gradient came.

    The op takes arrays, tensors, variables, numbers and lists, gives tensors, and notes itself on the active tapes.
    Callers may name tensors and may pass settings by position, after the tensors.

    Args:
        function: The function.
        promote: Bring the tensors to one floating-point type first, see `promoted`. False for ops whose tensors play
            different roles, such as values and indices.
    """
    if function is None:
        return functools.partial(differentiable, promote=promote)
    call = _Call(function, promote)

    @functools.wraps(function)
    def op(*inputs: Any, **settings: Any) -> Any:
        inputs, (output, backward) = call(inputs, settings)
        if isinstance(output, tuple):
            outputs = tuple([Tensor(_detached(array, inputs)) for array in output])
            if is_recording():
                record(call.name, inputs, outputs, _in_own_types(backward, inputs, output[0].dtype))
            return outputs
        tensor = Tensor(_detached(output, inputs))
        if is_recording():
            record(call.name, inputs, (tensor,), _in_own_types(backward, inputs, output.dtype))
        return tensor

    op.__signature__ = call.signature  # type: ignore[attr-defined]
    return op


def not_differentiable(function: Callable[..., Array]) -> Op:
    """Makes an op without a gradient of a function over raw arrays that returns its output alone."""
    call = _Call(function, promote=True)

    @functools.wraps(function)
    def op(*inputs: Any, **settings: Any) -> Tensor:
        return Tensor(call(inputs, settings)[1])

    op.__signature__ = call.signature  # type: ignore[attr-defined]
    return op


class _Call:
    """How an op's arguments reach the function under it."""

    def __init__(self, function: Callable[..., Any], promote: bool) -> None:
        self.name = function.__name__.lstrip("_")
        self._function = without_warnings(function)
        self._promote = promote
        parameters = list(inspect.signature(function).parameters.values())
        tensors = [p for p in parameters if p.kind is not p.KEYWORD_ONLY]
        self._variadic = any(p.kind is p.VAR_POSITIONAL for p in tensors)
        self._names = [p.name for p in tensors]
        self._defaults = tuple(p.default for p in tensors)
        self._required = sum(p.default is p.empty for p in tensors)
        # Settings may come by position too, unless a required one follows a tensor that may be left out.
        by_keyword = self._variadic or (
            self._required < len(tensors) and any(p.default is p.empty for p in parameters[len(tensors) :])
        )
        self._by_position = () if by_keyword else tuple(p.name for p in parameters[len(tensors) :])
        positional = inspect.Parameter.POSITIONAL_OR_KEYWORD
        self.signature = inspect.Signature(
            parameters if by_keyword else [p.replace(kind=positional) for p in parameters]
        )

    def __call__(self, inputs: tuple[Any, ...], settings: dict[str, Any]) -> tuple[tuple[Any, ...], Any]:
        if len(inputs) != len(self._names) and not self._variadic:
            inputs, settings = self._bind(inputs, settings)
        arrays = _of_one_type(inputs)
        if arrays is not None:
            self._require(arrays)
            return inputs, self._function(*arrays, **settings)
        arrays = [None if value is None else _raw(value, self.name) for value in inputs]
        self._require(arrays)
        if self._promote:
            arrays = promoted(inputs, arrays)
        else:
            arrays = [_single(value, array) for value, array in zip(inputs, arrays, strict=True)]
        return inputs, self._function(*arrays, **settings)

    def _bind(self, inputs: tuple[Any, ...], settings: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        given = len(inputs)
        if self._required <= given < len(self._names) and settings.keys().isdisjoint(self._names[given:]):
            return inputs + self._defaults[given:], settings
        tensors, given_settings = inputs[: len(self._names)], inputs[len(self._names) :]
        names = self._by_position[: len(given_settings)]
        if given_settings and len(given_settings) == len(names) and settings.keys().isdisjoint((*self._names, *names)):
            return tensors, settings | dict(zip(names, given_settings, strict=True))
        bound = self.signature.bind(*inputs, **settings)
        bound.apply_defaults()
        values = bound.arguments
        return tuple(values.pop(name) for name in self._names), dict(values)

    def _require(self, arrays: Sequence[Array | None]) -> None:
        required = len(arrays) if self._variadic else self._required
        for position in range(required):
            if arrays[position] is None:
                name = position if self._variadic else f"'{self._names[position]}'"
                raise DTypeError(f"ops.{self.name}: argument {name} is None, but a tensor or an array is needed")


def _of_one_type(values: Iterable[Any]) -> list[Array | None] | None:
    """The arrays of tensors and variables of one type, which need no promotion; None if there is anything else."""
    dtype = None
    arrays: list[Array | None] = []
    for value in values:
        if value is None:
            arrays.append(None)
        elif type(value) is Tensor or type(value) is Variable:
            array = value._array
            if dtype is None:
                dtype = array.dtype
            elif array.dtype is not dtype:
                return None
            arrays.append(array)
        else:
            return None
    return arrays


def promoted(values: Iterable[Any], arrays: Sequence[Array | None]) -> list[Array | None]:
    """Brings an op's inputs to one floating-point type.

    Tensors and variables decide; where there are none, arrays; where there are none, it is float32 as soon as one input
    has a fractional type. Python's numbers and lists, and integers, follow. Booleans, and integers among themselves,
    stay as they are (a number takes the type of the array beside it, if it fits).
    """
    pairs = list(zip(values, arrays, strict=True))
    dtype = _common_float(pairs)
    if dtype is None:
        dtype = next((a.dtype for v, a in pairs if a is not None and a.dtype.kind in "iu" and not _is_number(v)), None)
        if dtype is None:
            return list(arrays)
        return [
            array.astype(dtype)
            if array is not None and array.dtype.kind in "iu" and _is_number(value) and array == array.astype(dtype)
            else array
            for value, array in pairs
        ]
    return [array if array is None or array.dtype.kind == "b" else array.astype(dtype, copy=False) for array in arrays]


def _common_float(pairs: Sequence[tuple[Any, Array | None]]) -> np.dtype[Any] | None:
    floats = [(value, array.dtype) for value, array in pairs if array is not None and array.dtype.kind == "f"]
    for kinds in ((Tensor, Variable), np.ndarray):
        deciding = [dtype for value, dtype in floats if isinstance(value, kinds)]
        if deciding:
            return functools.reduce(np.promote_types, deciding)
    return np.dtype(np.float32) if floats else None


def _raw(value: Any, op: str) -> Array:
    if isinstance(value, (Tensor, Variable)):
        return as_array(value)
    array = settled(np.asarray(value))
    if array.dtype.kind not in "fiub":
        raise DTypeError(
            f"ops.{op} works on real numbers, not on {type(value).__name__} of dtype {array.dtype}: "
            "convert it to a numeric array first"
        )
    return array


def _single(value: Any, array: Array | None) -> Array | None:
    """Python's numbers and lists of them mean what they mean in Keras: single precision."""
    if array is None or array.dtype != np.float64 or isinstance(value, (Tensor, Variable, np.ndarray, np.generic)):
        return array
    return array.astype(np.float32)


def _in_own_types(backward: Backward, inputs: tuple[Any, ...], computed: np.dtype[Any]) -> Backward:
    """The way back, with gradients in the types that tensors had before they were promoted."""
    for value in inputs:
        if isinstance(value, (Tensor, Variable)):
            own = value._array.dtype
            if own is not computed and own.kind == "f" and own != computed:
                break
    else:
        return backward
    types = [value._array.dtype if isinstance(value, (Tensor, Variable)) else None for value in inputs]

    def cast_back(dy: Any) -> tuple[Any, ...]:
        gradients = backward(dy)
        every = gradients if isinstance(gradients, tuple) else (gradients,)
        return tuple(functools.partial(_cast, *pair) for pair in zip(every, types, strict=True))

    return cast_back


def _cast(gradient: Any, dtype: np.dtype[Any] | None) -> Any:
    array = gradient() if callable(gradient) else gradient
    return array if array is None or dtype is None else array.astype(dtype, copy=False)


def _is_number(value: Any) -> bool:
    return isinstance(value, _NUMBERS)


def _detached(output: Any, inputs: tuple[Any, ...]) -> Any:
    """A copy where the output looks into a variable's live storage, which training will overwrite."""
    owner = output
    while type(owner.base) is np.ndarray:
        owner = owner.base
    if type(owner.base) is RecycledMemory:  # what a kernel has made
        return output
    for value in inputs:
        if isinstance(value, Variable):
            array = value._array
            if owner is array or (owner.base is not None and np.may_share_memory(output, array)):
                return output.copy()
    return output
