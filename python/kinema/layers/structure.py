"""Shapes and tensors, single, in a list or in a dict: the structures that layers take."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np

from kinema.autograd import Tensor

#: The length of every axis; None where it is not known, as the batch's.
Shape: TypeAlias = "tuple[int | None, ...]"
#: What stands for unknown lengths in trial calls.
_TRIALS = (3, 5)


def map_tensors(structure: Any, function: Callable[[Any], Any]) -> Any:
    """Applies a function to a tensor, or to each of a list or dict of tensors (a list of numbers is one tensor)."""
    if isinstance(structure, dict):
        return {name: map_tensors(value, function) for name, value in structure.items()}
    if isinstance(structure, (list, tuple)) and any(isinstance(item, (Tensor, np.ndarray)) for item in structure):
        return _like(structure, map(function, structure))
    return function(structure)


def map_shapes(shape: Any, function: Callable[[Any], Any]) -> Any:
    """Applies a function to a shape, or to each of a list or dict of shapes, which may hold lists of shapes again."""
    if isinstance(shape, dict):
        return {name: map_shapes(one, function) for name, one in shape.items()}
    if shape and isinstance(shape[0], (list, tuple)):
        return _like(shape, (map_shapes(one, function) for one in shape))
    return function(shape)


def _like(structure: Any, items: Iterable[Any]) -> Any:
    return tuple(items) if isinstance(structure, tuple) else list(items)


def shapes_in(structure: Any) -> list[Shape]:
    """A shape alone, or those in a list or dict, the latter in the order of their sorted names."""
    if isinstance(structure, dict):
        return [shape for name in sorted(structure) for shape in shapes_in(structure[name])]
    if structure and isinstance(structure[0], (list, tuple)):
        return [tuple(shape) for shape in structure]
    return [tuple(structure)]


def leaves(structure: Any) -> list[Any]:
    """What lists, tuples and dicts hold at their ends; dicts in the order of their sorted names, as in Keras."""
    if isinstance(structure, dict):
        return [leaf for name in sorted(structure) for leaf in leaves(structure[name])]
    if isinstance(structure, (list, tuple)):
        return [leaf for item in structure for leaf in leaves(item)]
    return [structure]


def map_leaves(structure: Any, function: Callable[[Any], Any]) -> Any:
    """The same lists, tuples and dicts with a function applied at their ends."""
    if isinstance(structure, dict):
        return {name: map_leaves(value, function) for name, value in structure.items()}
    if isinstance(structure, (list, tuple)):
        return type(structure)(map_leaves(item, function) for item in structure)
    return function(structure)


def open_shapes(call: Callable[[int], Any], make: Callable[[Shape, Any], Any] = lambda shape, tensor: shape) -> Any:
    """The shapes that a call gives, None along axes that depend on lengths which are not known.

    Args:
        call: Gives tensors, where this number stands for every unknown length.
        make: Makes the answer for one tensor of its shape and the tensor of a trial.
    """
    one, other = (call(length) for length in _TRIALS)
    others = iter(leaves(other))

    def made(tensor: Any) -> Any:
        lengths = zip(tensor.shape, next(others).shape, strict=True)
        return make(tuple(length if length == same else None for length, same in lengths), tensor)

    return map_leaves(one, made)
