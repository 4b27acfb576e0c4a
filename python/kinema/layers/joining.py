"""Layers that put tensors side by side, or multiply them along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from kinema import ops
from kinema.autograd import Tensor
from kinema.errors import ArgumentError, ShapeError
from kinema.layers.configured import ConfiguredLayer
from kinema.layers.merging import either_mask, several
from kinema.layers.structure import Shape
from kinema.saving.registry import builtin

#: The smallest sum of squares that `Dot(normalize=True)` divides by the root of.
_SMALLEST_SQUARE = 1e-14


@builtin("keras.layers")
class Concatenate(ConfiguredLayer):
    """Puts tensors side by side along an axis, such as the features of a frame and of its sound.

    Args:
        axis: The axis; the last one by default.

    Input shape:
        A list of tensors whose shapes are equal but for that axis.

    Output shape:
        The same, with the axis as long as all together.

    Raises:
        ShapeError: The shapes do not fit together.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.Concatenate()([np.ones((2, 8, 3), "float32"), np.ones((2, 8, 1), "float32")]).shape
        (2, 8, 4)
    """

    supports_masking = True
    config_names = ("axis",)

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)) or axis == 0:
            raise ArgumentError(f"{self._title}: axis is the number of an axis behind the batch's, not {axis!r}")
        self.axis = int(axis)

    def build(self, input_shape: Any) -> None:
        """Checks that the shapes fit together."""
        rank = len(self.compute_output_shape(input_shape))
        # Along the axis of time, clips are put one behind the other.
        self.mixes_frames = self.axis % rank == 1
        self.built = True

    def call(self, inputs: Any) -> Any:
        """All inputs along one axis."""
        self.compute_output_shape([tensor.shape for tensor in several(self._title, inputs)])
        return ops.concatenate(inputs, axis=self.axis)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The inputs' shape with their lengths along the axis added up."""
        shapes = [tuple(shape) for shape in several(self._title, input_shape)]
        rank = len(shapes[0])
        if any(len(shape) != rank for shape in shapes) or not -rank < self.axis < rank:
            raise self._misfit(shapes)
        axis = self.axis % rank
        out: list[int | None] = list(shapes[0])
        for shape in shapes[1:]:
            for place, length in enumerate(shape):
                if place == axis:
                    continue
                if length is not None and out[place] not in (None, length) and place > 0:
                    raise self._misfit(shapes)
                out[place] = length if out[place] is None else out[place]
        along = [shape[axis] for shape in shapes]
        out[axis] = None if None in along else sum(length for length in along if length is not None)
        return tuple(out)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The inputs' masks along time; along other axes a step counts where it counts in one of the inputs."""
        masks = list(previous_mask or [])
        if all(mask is None for mask in masks):
            return None
        pairs = zip(inputs, masks, strict=True)
        whole = [_every_step(tensor) if mask is None else mask for tensor, mask in pairs]
        if self.axis % inputs[0].ndim != 1:
            return reduce(either_mask, whole)
        along = ops.concatenate(whole, axis=1)
        return along.numpy() if isinstance(along, Tensor) else along

    def _misfit(self, shapes: Any) -> ShapeError:
        return ShapeError(
            f"inputs of shapes {', '.join(map(str, shapes))} cannot be put side by side along axis {self.axis}: "
            "all their other lengths must be equal"
        )


@builtin("keras.layers")
class Dot(ConfiguredLayer):
    """The scalar products of two tensors along an axis of each.

    Args:
        axes: The axis to sum over, one for both or one for each.
        normalize: Divide by the lengths of the vectors first: the products are then cosines.

    Input shape:
        A list of two tensors.

    Output shape:
        (batch, the first one's other axes, the second one's other axes), at least (batch, 1).

    Raises:
        ShapeError: There are not two, or the axes differ in length.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.Dot(axes=1)([np.float32([[1, 2]]), np.float32([[3, 4]])]).numpy()
        array([[11.]], dtype=float32)
    """

    mixes_frames = True
    config_names = ("axes", "normalize")

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pair = axes if isinstance(axes, (list, tuple)) else (axes, axes)
        if len(pair) != 2 or not all(isinstance(axis, (int, np.integer)) and axis != 0 for axis in pair):
            raise ArgumentError(f"{self._title}: axes is one axis behind the batch's or a pair of them, not {axes!r}")
        self.axes = tuple(int(axis) for axis in pair) if isinstance(axes, (list, tuple)) else int(axes)
        self._pair = tuple(int(axis) for axis in pair)
        self.normalize = bool(normalize)

    def build(self, input_shape: Any) -> None:
        """Checks that the shapes fit together."""
        self.compute_output_shape(input_shape)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The products."""
        left, right = inputs
        first, second = self._places([left.shape, right.shape])
        shape = self.compute_output_shape([left.shape, right.shape])
        left, right = ops.moveaxis(left, first, -1), ops.moveaxis(right, second, -1)
        if self.normalize:
            left, right = _unit(left), _unit(right)
        rows = ops.reshape(left, (left.shape[0], -1, left.shape[-1]))
        columns = ops.swapaxes(ops.reshape(right, (right.shape[0], -1, right.shape[-1])), 1, 2)
        return ops.reshape(ops.matmul(rows, columns), shape)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """(batch, the first one's other axes, the second one's other axes)."""
        first, second = self._places(input_shape)
        left, right = (tuple(shape) for shape in input_shape)
        others = (*left[1:first], *left[first + 1 :], *right[1:second], *right[second + 1 :])
        return (left[0], *(others or (1,)))

    def _places(self, shapes: Any) -> tuple[int, int]:
        if len(several(self._title, shapes, most=2)) != 2:
            raise ShapeError(f"two tensors are multiplied, got {len(shapes)}")
        left, right = shapes
        if not (-len(left) < self._pair[0] < len(left) and -len(right) < self._pair[1] < len(right)):
            raise ShapeError(f"axes {self._pair} are not among those of inputs of shapes {left} and {right}")
        first, second = self._pair[0] % len(left), self._pair[1] % len(right)
        if None not in (left[first], right[second]) and left[first] != right[second]:
            raise ShapeError(
                f"axis {first} of shape {tuple(left)} and axis {second} of shape {tuple(right)} differ in length: "
                "choose axes of the same length"
            )
        return first, second


def concatenate(inputs: Sequence[Any], axis: int = -1, **kwargs: Any) -> Any:
    """What `Concatenate(axis, **kwargs)` gives for these inputs."""
    return Concatenate(axis, **kwargs)(list(inputs))


def dot(inputs: Sequence[Any], axes: Any = -1, normalize: bool = False, **kwargs: Any) -> Any:
    """What `Dot(axes, normalize, **kwargs)` gives for these inputs."""
    return Dot(axes, normalize, **kwargs)(list(inputs))


def _unit(vectors: Any) -> Any:
    squares = ops.sum(ops.square(vectors), axis=-1, keepdims=True)
    return vectors * ops.rsqrt(ops.maximum(squares, _SMALLEST_SQUARE))


def _every_step(tensor: Any) -> Any:
    """A mask that counts all steps of a tensor."""
    first = (..., *(0,) * (tensor.ndim - 2))
    return ops.ones_like(tensor[first], dtype="bool")
