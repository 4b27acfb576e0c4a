"""Initialisers that draw nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kinema import config
from kinema.autograd import Tensor, as_array
from kinema.errors import ShapeError
from kinema.initializers.initializer import MODULE, Initializer
from kinema.saving.registry import builtin, deserialize_keras_object, serialize_keras_object


@builtin(MODULE, "zeros", "zero")
class Zeros(Initializer):
    """All zeros.

    Example:
        >>> import kinema
        >>> kinema.initializers.Zeros()((2,)).numpy()
        array([0., 0.], dtype=float32)
    """

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        return Tensor(np.zeros(tuple(shape), dtype or config.floatx()))


@builtin(MODULE, "ones", "one")
class Ones(Initializer):
    """All ones.

    Example:
        >>> import kinema
        >>> kinema.initializers.Ones()((2,)).numpy()
        array([1., 1.], dtype=float32)
    """

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        return Tensor(np.ones(tuple(shape), dtype or config.floatx()))


@builtin(MODULE, "constant")
class Constant(Initializer):
    """One value everywhere, or an array.

    Args:
        value: A number, or an array that broadcasts to the weight's shape.

    Example:
        >>> import kinema
        >>> kinema.initializers.Constant(3.0)((2,)).numpy()
        array([3., 3.], dtype=float32)
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = deserialize_keras_object(value)

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        value = as_array(self.value)
        try:
            return Tensor(np.broadcast_to(value, tuple(shape)).astype(dtype or config.floatx()))
        except ValueError as error:
            raise ShapeError(
                f"Constant: a value of shape {value.shape} does not fill a weight of shape {tuple(shape)}"
            ) from error

    def get_config(self) -> dict[str, Any]:
        return {"value": serialize_keras_object(self.value)}


@builtin(MODULE, "identity", "IdentityInitializer")
class Identity(Initializer):
    """A matrix with `gain` on its diagonal and zeros elsewhere.

    Args:
        gain: The value on the diagonal.

    Raises:
        ShapeError: The weight is not a matrix.

    Example:
        >>> import kinema
        >>> kinema.initializers.Identity(2.0)((2, 2)).numpy()
        array([[2., 0.],
               [0., 2.]], dtype=float32)
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        if len(shape) != 2:
            raise ShapeError(f"Identity fills matrices, not weights of shape {tuple(shape)}")
        return Tensor((self.gain * np.eye(shape[0], shape[1])).astype(dtype or config.floatx()))

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}
