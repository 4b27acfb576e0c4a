"""Steps that do not count."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema import ops
from kinema.autograd import Array, as_array
from kinema.errors import ShapeError
from kinema.layers.activation import ElementwiseLayer
from kinema.layers.structure import Shape
from kinema.layers.symbolic import KerasTensor
from kinema.saving.registry import builtin


@builtin("keras.layers")
class Masking(ElementwiseLayer):
    """Marks time steps in which every number is the mask value, so that layers behind it skip them.

    On clips of frames a step is one whole frame: it is skipped when every number of the frame is the mask value.

    Args:
        mask_value: The number that stands for "nothing here".

    Input shape:
        (batch, time, ...).

    Output shape:
        The input's; skipped steps are zero.

    Example:
        >>> import kinema, numpy as np
        >>> kinema.layers.Masking()(np.float32([[[1, 2], [0, 0]]])).mask
        array([[ True, False]])
    """

    config_names = ("mask_value",)

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value

    def build(self, input_shape: Shape) -> None:
        """Checks the input's rank."""
        if len(input_shape) < 3:
            raise ShapeError(f"expected (batch, time, ...), got an input of shape {input_shape}")
        self.built = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The input with zeros in the steps that do not count."""
        counts = self.compute_mask(inputs, mask)
        outputs = ops.where(counts.reshape(*counts.shape, *(1,) * (inputs.ndim - 2)), inputs, 0.0)
        outputs.mask = counts
        return outputs

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """(batch, time): which steps hold something else than the mask value, and were not masked before."""
        if isinstance(inputs, KerasTensor):
            holds = ops.any(ops.not_equal(inputs, self.mask_value), axis=tuple(range(2, inputs.ndim)))
            return holds if previous_mask is None else ops.logical_and(holds, previous_mask)
        array = as_array(inputs)
        counts: Array = np.any(array != self.mask_value, axis=tuple(range(2, array.ndim)))
        return counts if previous_mask is None else counts & np.asarray(previous_mask, bool)
