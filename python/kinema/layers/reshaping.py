"""Other shapes for the same numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kinema import ops
from kinema.errors import ArgumentError, ShapeError
from kinema.layers.arguments import channels_last, positive_int
from kinema.layers.configured import ConfiguredLayer
from kinema.layers.structure import Shape
from kinema.saving.registry import builtin


@builtin("keras.layers")
class Flatten(ConfiguredLayer):
    """Makes one row of numbers of each sample.

    In a `Sequential`, directly after layers that work on single frames, it flattens every frame and keeps time.

    Args:
        data_format: "channels_last", the only order of axes.

    Input shape:
        (batch, ...).

    Output shape:
        (batch, product of the other lengths).

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.Flatten()(np.ones((2, 3, 4), "float32")).shape
        (2, 12)
    """

    mixes_frames = True
    config_names = ("data_format",)

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = channels_last(self._title, data_format)

    def call(self, inputs: Any) -> Any:
        """The samples as rows."""
        return ops.reshape(inputs, (inputs.shape[0], math.prod(inputs.shape[1:])))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, product of the other lengths)."""
        return (input_shape[0], _product(input_shape[1:]))


@builtin("keras.layers")
class Reshape(ConfiguredLayer):
    """Gives each sample another shape.

    Args:
        target_shape: The shape of one sample, without the batch axis; one length may be -1 for what is left.

    Input shape:
        (batch, ...).

    Output shape:
        (batch, *target_shape).

    Raises:
        ShapeError: The numbers of a sample do not fill the target shape.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.Reshape((-1, 2))(np.ones((2, 3, 4), "float32")).shape
        (2, 6, 2)
    """

    mixes_frames = True
    config_names = ("target_shape",)

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        lengths = tuple(target_shape) if isinstance(target_shape, (tuple, list)) else (target_shape,)
        whole = all(isinstance(length, (int, np.integer)) and length >= -1 for length in lengths)
        if not whole or lengths.count(-1) > 1:
            raise ArgumentError(
                f"{self._title}: target_shape is a tuple of lengths without the batch axis, at most one of them -1, "
                f"not {target_shape!r}"
            )
        self.target_shape = tuple(int(length) for length in lengths)

    def call(self, inputs: Any) -> Any:
        """The samples in their new shape."""
        return ops.reshape(inputs, (inputs.shape[0], *self._resolved(inputs.shape[1:])))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, *target_shape) with -1 worked out."""
        return (input_shape[0], *self._resolved(input_shape[1:]))

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The input's mask, where the time axis stays as it is, so that every step is reshaped by itself."""
        if previous_mask is None or self._resolved(inputs.shape[1:])[:1] == inputs.shape[1:2]:
            return previous_mask
        self._warn_of_lost_mask()
        return None

    def _resolved(self, shape: Shape) -> Shape:
        size = _product(shape)
        fixed = math.prod(length for length in self.target_shape if length != -1)
        if size is None:
            return tuple(None if length == -1 else length for length in self.target_shape)
        fits = size == fixed if -1 not in self.target_shape else fixed > 0 and size % fixed == 0
        if not fits:
            raise ShapeError(
                f"a sample of shape {tuple(shape)} with {size} numbers does not fill target_shape {self.target_shape}"
            )
        return tuple(size // fixed if length == -1 else length for length in self.target_shape)


@builtin("keras.layers")
class Permute(ConfiguredLayer):
    """Puts the axes of each sample in another order.

    Args:
        dims: The axes in their new order, counted from 1, without the batch axis.

    Input shape:
        (batch, ...), with as many axes behind the batch's as `dims` has.

    Output shape:
        The same lengths in the order of `dims`.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.Permute((2, 1))(np.ones((2, 3, 4), "float32")).shape
        (2, 4, 3)
    """

    mixes_frames = True
    config_names = ("dims",)

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        numbers = list(dims) if isinstance(dims, (tuple, list)) else []
        if not numbers or sorted(numbers) != list(range(1, len(numbers) + 1)):
            raise ArgumentError(
                f"{self._title}: dims is a tuple of the numbers of all axes behind the batch's, each once, counted "
                f"from 1, not {dims!r}"
            )
        self.dims = tuple(int(axis) for axis in numbers)

    def build(self, input_shape: Shape) -> None:
        """Checks the input's rank."""
        self.compute_output_shape(input_shape)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The samples with their axes in the new order."""
        self.compute_output_shape(inputs.shape)
        return ops.transpose(inputs, (0, *self.dims))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The same lengths in the new order."""
        if len(input_shape) != len(self.dims) + 1:
            raise ShapeError(
                f"dims={self.dims} orders {len(self.dims)} axes behind the batch's, got an input of shape {input_shape}"
            )
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))


@builtin("keras.layers")
class RepeatVector(ConfiguredLayer):
    """Makes a sequence of each vector, which is the same in every step.

    Args:
        n: The number of steps.

    Input shape:
        (batch, features).

    Output shape:
        (batch, n, features).

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.RepeatVector(3)(np.ones((2, 4), "float32")).shape
        (2, 3, 4)
    """

    mixes_frames = True
    config_names = ("n",)

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = positive_int(self._title, "n", n)

    def build(self, input_shape: Shape) -> None:
        """Checks the input's rank."""
        self.compute_output_shape(input_shape)
        self.built = True

    def call(self, inputs: Any) -> Any:
        """Each vector, `n` times."""
        batch, _, features = self.compute_output_shape(inputs.shape)
        return ops.broadcast_to(ops.expand_dims(inputs, 1), (batch, self.n, features))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, n, features)."""
        if len(input_shape) != 2:
            raise ShapeError(f"expected (batch, features), got an input of shape {input_shape}")
        return (input_shape[0], self.n, input_shape[1])


def _product(lengths: Shape) -> int | None:
    return None if any(length is None for length in lengths) else math.prod(n for n in lengths if n is not None)
