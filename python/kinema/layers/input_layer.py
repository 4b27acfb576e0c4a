"""Where a model's data enters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kinema.errors import ArgumentError
from kinema.layers.arguments import as_shape
from kinema.layers.layer import Layer
from kinema.layers.structure import Shape
from kinema.layers.symbolic import KerasTensor
from kinema.layers.symbolic import input_tensor as input_tensor_of
from kinema.saving.registry import builtin


@builtin("keras.layers")
class InputLayer(Layer):
    """Says what shape a model's input has; passes it on as it is.

    Args:
        shape: The shape of one sample; None as a length leaves it open.
        batch_size: The number of samples in a batch, where it is fixed.
        dtype: The type of the data, "float32" when None. Frames may be "uint8".
        batch_shape: The shape with the batch axis, instead of `shape` and `batch_size`.
        name: The layer's name.

    Output shape:
        (batch, *shape).

    Example:
        >>> import kinema
        >>> kinema.layers.InputLayer(shape=(32, 128, 128, 3)).batch_shape
        (None, 32, 128, 128, 3)
    """

    accepts_integers = True
    supports_masking = True

    def __init__(
        self,
        shape: Sequence[int | None] | int | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Sequence[int | None] | None = None,
        input_tensor: Any = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        shape = kwargs.pop("input_shape", shape)
        batch_shape = kwargs.pop("batch_input_shape", batch_shape)
        super().__init__(name=name, autocast=False, **kwargs)
        for argument, value in (("sparse", sparse), ("ragged", ragged), ("input_tensor", input_tensor)):
            if value not in (None, False):
                raise ArgumentError(f"{self._title}: {argument} is not supported: give the shape of plain arrays")
        if (shape is None) == (batch_shape is None):
            raise ArgumentError(f"{self._title}: give either shape, without the batch axis, or batch_shape, with it")
        if batch_shape is not None:
            self._declared_shape = as_shape(batch_shape)
        elif shape is not None:
            self._declared_shape = (batch_size, *as_shape(shape))
        self.dtype = "float32" if dtype is None else np.dtype(dtype).name
        self.optional = bool(optional)
        self.built = True
        input_tensor_of(self)

    @property
    def batch_shape(self) -> Shape:
        """The shape of the data, batch axis included."""
        assert self._declared_shape is not None
        return self._declared_shape

    def call(self, inputs: Any) -> Any:
        """The input itself."""
        return inputs

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape."""
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again, as Keras 3 writes them."""
        return {
            "batch_shape": self.batch_shape,
            "dtype": self.dtype,
            "sparse": False,
            "ragged": False,
            "name": self.name,
            "optional": self.optional,
        }


def Input(  # noqa: N802 (Keras's name)
    shape: Sequence[int | None] | int | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    tensor: Any = None,
    optional: bool = False,
) -> KerasTensor:
    """Where data enters: a symbolic tensor to call layers on, or the first entry of a `Sequential`.

    Args:
        shape: The shape of one sample; None as a length leaves it open.
        batch_size: The number of samples in a batch, where it is fixed.
        dtype: The type of the data, "float32" when None. Frames may be "uint8".
        batch_shape: The shape with the batch axis, instead of `shape` and `batch_size`.
        name: The layer's name.

    Example:
        >>> import kinema
        >>> kinema.layers.Input((32, 128, 128, 3)).shape
        (None, 32, 128, 128, 3)
    """
    layer = InputLayer(shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name)
    entry: KerasTensor = layer.output
    return entry
