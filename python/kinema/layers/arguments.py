"""What layers are told: checking arguments, and reading them back for files."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from kinema.errors import ArgumentError, ShapeError
from kinema.layers.structure import Shape

BASE_ARGUMENTS = ("name", "trainable", "dtype", "activity_regularizer", "input_shape", "autocast")


def bind_arguments(initializer: Callable[..., None], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a constructor call by name."""
    signature = inspect.signature(initializer)
    try:
        bound = signature.bind(None, *args, **kwargs)
    except TypeError:
        return {}  # the constructor itself is about to say what is wrong
    arguments = dict(list(bound.arguments.items())[1:])
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            arguments.update(arguments.pop(name, {}))
    return arguments


def declared_input_shape(owner: str, kwargs: dict[str, Any]) -> Shape | None:
    """The shape, batch axis included, that the first layer of a model was told in one of Keras's ways."""
    batch_size = kwargs.pop("batch_size", None)
    batch_shape = kwargs.pop("batch_input_shape", None)
    shape = kwargs.pop("input_shape", None)
    dim = kwargs.pop("input_dim", None)
    if kwargs:
        raise ArgumentError(f"{owner} does not know the argument(s) {', '.join(sorted(kwargs))}")
    if batch_shape is not None:
        return as_shape(batch_shape)
    if shape is None and dim is not None:
        shape = (dim,)
    if shape is None:
        return None
    return (batch_size, *as_shape(shape))


def as_shape(shape: Any) -> Shape:
    """A shape, or the only length of one, as a tuple of plain integers and None."""
    given = tuple(shape) if isinstance(shape, Iterable) and not isinstance(shape, str) else (shape,)
    for length in given:
        if length is not None and (not isinstance(length, (int, np.integer)) or length < 0):
            raise ShapeError(
                f"a shape is a tuple of whole numbers of at least 0, with None where it is open, not {shape!r}"
            )
    return tuple(None if length is None else int(length) for length in given)


def dtype_policy(dtype: str) -> dict[str, Any]:
    """A type as Keras 3 files spell it."""
    return {"module": "keras", "class_name": "DTypePolicy", "config": {"name": dtype}, "registered_name": None}


def drop_legacy(owner: str, kwargs: dict[str, Any], harmless: dict[str, tuple[Any, ...]]) -> None:
    """Removes arguments of earlier Keras versions where they change nothing, and refuses them where they would.

    Args:
        owner: Who was given them, for the error.
        kwargs: The arguments; changed in place.
        harmless: For each old argument, the values that mean what happens anyway.
    """
    for name, values in harmless.items():
        if name in kwargs and (value := kwargs.pop(name)) not in values:
            raise ArgumentError(f"{owner}: {name}={value!r} of earlier Keras versions is not supported: leave it out")


def positive_int(owner: str, argument: str, value: Any) -> int:
    """A count of at least 1."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ArgumentError(f"{owner}: {argument} is a positive integer, not {value!r}")
    return int(value)


def positive_ints(owner: str, argument: str, value: Any, count: int) -> tuple[int, ...]:
    """A count for each of one or two axes, from one number for all or from one for each."""
    each = (value,) * count if isinstance(value, (int, np.integer)) else value
    if not isinstance(each, (tuple, list)) or len(each) != count:
        several = {1: "one in a tuple", 2: "a pair of them"}[count]
        raise ArgumentError(f"{owner}: {argument} is a positive integer or {several}, not {value!r}")
    return tuple(positive_int(owner, argument, one) for one in each)


def positive_pair(owner: str, argument: str, value: Any) -> tuple[int, int]:
    """A count per axis (height, width), from one number for both or a pair."""
    height, width = positive_ints(owner, argument, value, 2)
    return height, width


def fraction(owner: str, argument: str, value: Any) -> float:
    """A number from 0 to 1, as the part of values to drop."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not 0 <= value <= 1:
        raise ArgumentError(f"{owner}: {argument} is a number from 0 to 1, not {value!r}")
    return float(value)


def one_of(owner: str, argument: str, value: Any, allowed: tuple[Any, ...]) -> Any:
    """One of a few values; text in any case."""
    plain = value.lower() if isinstance(value, str) else value
    if plain not in allowed:
        raise ArgumentError(f"{owner}: {argument} is one of {', '.join(map(repr, allowed))}, not {value!r}")
    return plain


def channels_last(owner: str, data_format: Any) -> str:
    """The only order of axes there is, or an error that says how to get there."""
    if data_format not in (None, "channels_last"):
        raise ArgumentError(
            f"{owner}: data_format={data_format!r} is not supported, frames are (height, width, channels): "
            "leave data_format out and move the channel axis of the data to the end, "
            "as numpy.moveaxis(frames, -3, -1) does"
        )
    return "channels_last"
