"""Layers that combine tensors element by element: what joins the branches of a graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, ClassVar, TypeAlias

import numpy as np

from kinema import ops
from kinema.autograd import Array, Tensor
from kinema.errors import ShapeError
from kinema.layers.configured import ConfiguredLayer
from kinema.layers.structure import Shape
from kinema.saving.registry import builtin

#: A tensor and the places of it that count, None for all.
_Counted: TypeAlias = "tuple[Any, Array | None]"


class Merge(ConfiguredLayer):
    """A layer of a list of tensors. Subclasses say how two are combined.

    Tensors with fewer axes get axes of length 1 behind the batch; lengths of 1 are broadcast.
    """

    #: What combines two tensors.
    combine: ClassVar[Callable[[Any, Any], Any]]
    supports_masking = True
    most_inputs: ClassVar[int | None] = None

    def build(self, input_shape: Any) -> None:
        """Checks that the shapes fit together."""
        self.compute_output_shape(input_shape)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The combination of all inputs, from the first to the last."""
        rank = max(tensor.ndim for tensor in several(self._title, inputs, self.most_inputs))
        return reduce(type(self).combine, [_with_rank(tensor, rank) for tensor in inputs])

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The shape to which all inputs are broadcast."""
        shapes = several(self._title, input_shape, self.most_inputs)
        rank = max(len(shape) for shape in shapes)
        even = [(shape[0], *(1,) * (rank - len(shape)), *shape[1:]) for shape in shapes]
        return tuple(self._length(lengths, shapes) for lengths in zip(*even, strict=True))

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The steps that count in one of the inputs; all of them where an input has no mask."""
        masks = list(previous_mask or [])
        return None if not masks or any(mask is None for mask in masks) else reduce(either_mask, masks)

    def _length(self, lengths: Sequence[int | None], shapes: Any) -> int | None:
        known = {length for length in lengths if length not in (1, None)}
        if len(known) > 1:
            raise ShapeError(
                f"inputs of shapes {', '.join(str(tuple(shape)) for shape in shapes)} do not fit together: "
                "their lengths must be equal, or 1, axis by axis"
            )
        if known:
            return known.pop()
        return None if None in lengths else 1


@builtin("keras.layers")
class Add(Merge):
    """The sum of tensors, such as a residual connection.

    Input shape:
        A list of tensors of one shape, or of shapes that broadcast.

    Output shape:
        That shape.

    Raises:
        ShapeError: The shapes do not fit together.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.Add()([np.float32([[1, 2]]), np.float32([[3, 4]])]).numpy()
        array([[4., 6.]], dtype=float32)
    """

    combine = staticmethod(ops.add)


@builtin("keras.layers")
class Subtract(Merge):
    """The first tensor minus the second.

    Input shape:
        A list of two tensors of one shape, or of shapes that broadcast.

    Output shape:
        That shape.

    Raises:
        ShapeError: The shapes do not fit together, or there are not two.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.Subtract()([np.float32([[5, 2]]), np.float32([[3, 4]])]).numpy()
        array([[ 2., -2.]], dtype=float32)
    """

    combine = staticmethod(ops.subtract)
    most_inputs = 2


class Extremum(Merge):
    """A merging layer that has no neutral number: where an input is masked, the others take its place."""

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The combination of what counts; where nothing does, the first input."""
        if mask is None or all(one is None for one in mask):
            return super().call(inputs)
        tensors, counted = _even(several(self._title, inputs), mask)
        return reduce(self._joined, zip(tensors, counted, strict=True))[0]

    def _joined(self, one: _Counted, other: _Counted) -> _Counted:
        (tensor, counts), (next_tensor, next_counts) = one, other
        if next_counts is not None:
            next_tensor = ops.where(next_counts, next_tensor, tensor)
        if counts is not None:
            tensor = ops.where(counts, tensor, next_tensor)
        both = None if counts is None or next_counts is None else counts | next_counts
        return type(self).combine(tensor, next_tensor), both


@builtin("keras.layers")
class Multiply(Merge):
    """The product of tensors, element by element.

    What is masked counts as 1, and where all inputs are masked the product is 0.

    Input shape:
        A list of tensors of one shape, or of shapes that broadcast.

    Output shape:
        That shape.

    Raises:
        ShapeError: The shapes do not fit together.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.Multiply()([np.float32([[1, 2]]), np.float32([[3, 4]])]).numpy()
        array([[3., 8.]], dtype=float32)
    """

    combine = staticmethod(ops.multiply)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The product of what counts."""
        if mask is None or all(one is None for one in mask):
            return super().call(inputs)
        tensors, counted = _even(several(self._title, inputs), mask)
        pairs = zip(tensors, counted, strict=True)
        product = super().call(
            [tensor if counts is None else ops.where(counts, tensor, 1.0) for tensor, counts in pairs]
        )
        known = [counts for counts in counted if counts is not None]
        return ops.where(reduce(np.logical_or, known), product, 0.0) if len(known) == len(counted) else product


@builtin("keras.layers")
class Average(Merge):
    """The mean of tensors, element by element.

    Input shape:
        A list of tensors of one shape, or of shapes that broadcast.

    Output shape:
        That shape.

    Raises:
        ShapeError: The shapes do not fit together.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.Average()([np.float32([[1, 2]]), np.float32([[3, 4]])]).numpy()
        array([[2., 3.]], dtype=float32)
    """

    combine = staticmethod(ops.add)

    def call(self, inputs: Any) -> Any:
        """The sum divided by the number of inputs."""
        return super().call(inputs) * (1.0 / len(inputs))


@builtin("keras.layers")
class Maximum(Extremum):
    """The largest of the tensors' elements at each place; what is masked does not count where another input does.

    Input shape:
        A list of tensors of one shape, or of shapes that broadcast.

    Output shape:
        That shape.

    Raises:
        ShapeError: The shapes do not fit together.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.Maximum()([np.float32([[5, 2]]), np.float32([[3, 4]])]).numpy()
        array([[5., 4.]], dtype=float32)
    """

    combine = staticmethod(ops.maximum)


@builtin("keras.layers")
class Minimum(Extremum):
    """The smallest of the tensors' elements at each place; what is masked does not count where another input does.

    Input shape:
        A list of tensors of one shape, or of shapes that broadcast.

    Output shape:
        That shape.

    Raises:
        ShapeError: The shapes do not fit together.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.Minimum()([np.float32([[5, 2]]), np.float32([[3, 4]])]).numpy()
        array([[3., 2.]], dtype=float32)
    """

    combine = staticmethod(ops.minimum)


def add(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """What `Add(**kwargs)` gives for these inputs."""
    return Add(**kwargs)(list(inputs))


def subtract(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """What `Subtract(**kwargs)` gives for these inputs."""
    return Subtract(**kwargs)(list(inputs))


def multiply(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """What `Multiply(**kwargs)` gives for these inputs."""
    return Multiply(**kwargs)(list(inputs))


def average(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """What `Average(**kwargs)` gives for these inputs."""
    return Average(**kwargs)(list(inputs))


def maximum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """What `Maximum(**kwargs)` gives for these inputs."""
    return Maximum(**kwargs)(list(inputs))


def minimum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """What `Minimum(**kwargs)` gives for these inputs."""
    return Minimum(**kwargs)(list(inputs))


def several(title: str, inputs: Any, most: int | None = None) -> Any:
    """The list of inputs, or an error that says what came instead."""
    is_one_shape = isinstance(inputs, tuple) and all(length is None or isinstance(length, int) for length in inputs)
    if not isinstance(inputs, (list, tuple)) or is_one_shape or not inputs or len(inputs) > (most or len(inputs)):
        wanted = "a list of tensors" if most is None else f"a list of {most} tensors"
        came = "one tensor" if not isinstance(inputs, (list, tuple)) or is_one_shape else f"{len(inputs)} of them"
        raise ShapeError(f"{title} takes {wanted}, as in layer([a, b]), and got {came}")
    return inputs


def either_mask(one: Any, other: Any) -> Any:
    """Where one of two masks counts, be they arrays or symbolic."""
    joined = ops.logical_or(one, other)
    return joined.numpy() if isinstance(joined, Tensor) else joined


def _with_rank(tensor: Any, rank: int) -> Any:
    missing = rank - tensor.ndim
    return ops.reshape(tensor, (tensor.shape[0], *(1,) * missing, *tensor.shape[1:])) if missing else tensor


def _even(tensors: Sequence[Any], masks: Sequence[Any]) -> tuple[list[Any], list[Array | None]]:
    """Tensors brought to one rank, and for each the places that its mask counts, in that rank."""
    rank = max(tensor.ndim for tensor in tensors)

    def places(mask: Any, tensor: Any) -> Array:
        counts = np.asarray(mask, bool)
        filled = (1,) * (rank - tensor.ndim)
        return counts.reshape(counts.shape[0], *filled, *counts.shape[1:], *(1,) * (tensor.ndim - counts.ndim))

    counted = [None if mask is None else places(mask, tensor) for mask, tensor in zip(masks, tensors, strict=True)]
    return [_with_rank(tensor, rank) for tensor in tensors], counted
