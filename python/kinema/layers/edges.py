"""What layers share that add or take away steps, or rows and columns, at the ends of axes."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from kinema.errors import ArgumentError, ShapeError
from kinema.layers.configured import ConfiguredLayer
from kinema.layers.structure import Shape
from kinema.layers.windows import require_frames, require_sequences

Edge = tuple[int, int]


class EdgeLayer(ConfiguredLayer):
    """A layer that changes the lengths of time, or of height and width, by as much at each end as it is told."""

    #: The argument that says by how much.
    amounts: ClassVar[str]
    #: 1 where it adds, -1 where it takes away.
    sign: ClassVar[int]

    def build(self, input_shape: Shape) -> None:
        """Checks the input's rank and lengths."""
        self.compute_output_shape(input_shape)
        self.built = True

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape with the changed lengths."""
        (require_frames if self.frame_rank == 4 else require_sequences)(input_shape)
        lengths = [
            None if length is None else length + self.sign * sum(edge)
            for length, edge in zip(input_shape[1:-1], self._edges(), strict=True)
        ]
        if self.sign < 0 and any(length is not None and length <= 0 for length in lengths):
            raise ShapeError(
                f"{self.amounts}={getattr(self, self.amounts)} leaves nothing of an input of shape {input_shape}: "
                "take away less"
            )
        return (input_shape[0], *lengths, input_shape[-1])

    def _edges(self) -> tuple[Edge, ...]:
        """What happens at both ends of each axis between the batch and the channels."""
        amounts: Any = getattr(self, self.amounts)
        return amounts if self.frame_rank == 4 else (amounts,)


def edge_of_steps(owner: str, argument: str, value: Any) -> Edge:
    """How many steps at the beginning and the end, from one number for both or a pair."""
    numbers = _pair(value)
    if len(numbers) == 2 and _are_counts(numbers):
        return int(numbers[0]), int(numbers[1])
    raise ArgumentError(
        f"{owner}: {argument} is a number of steps or a pair (at the beginning, at the end), none of them negative, "
        f"not {value!r}"
    )


def edges_of_frames(owner: str, argument: str, value: Any) -> tuple[Edge, Edge]:
    """How many rows and columns at each side, from one number, a number for each axis, or a pair for each axis."""
    numbers = [side for axis in _pair(value) for side in _pair(axis)]
    if len(numbers) == 4 and _are_counts(numbers):
        top, bottom, left, right = (int(n) for n in numbers)
        return (top, bottom), (left, right)
    raise ArgumentError(
        f"{owner}: {argument} is a number of rows and columns, a pair of numbers, or ((top, bottom), (left, right)), "
        f"none of them negative, not {value!r}"
    )


def _pair(value: Any) -> tuple[Any, ...]:
    """Two of a number; a tuple or list as it is."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)


def _are_counts(numbers: Any) -> bool:
    return all(isinstance(n, (int, np.integer)) and n >= 0 for n in numbers)
