"""Shapes and tensors, single or in a list: the two structures that layers take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from kinema.autograd import Tensor

#: The length of every axis; None where it is not known, as the batch's.
Shape: TypeAlias = "tuple[int | None, ...]"


def map_tensors(structure: Any, function: Callable[[Any], Any]) -> Any:
    """Applies a function to a tensor, or to each of a list of tensors (a list of plain numbers is one tensor)."""
    if isinstance(structure, (list, tuple)) and any(isinstance(item, (Tensor, np.ndarray)) for item in structure):
        return [function(item) for item in structure]
    return function(structure)


def map_shapes(shape: Any, function: Callable[[Any], Any]) -> Any:
    """Applies a function to a shape, or to each of a list of shapes."""
    if shape and isinstance(shape[0], (list, tuple)):
        return [function(one) for one in shape]
    return function(shape)
