"""Pooling over time."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema import ops
from kinema.layers.arguments import channels_last
from kinema.layers.configured import ConfiguredLayer
from kinema.layers.structure import Shape
from kinema.layers.windows import require_sequences
from kinema.saving.registry import builtin


class GlobalPooling1D(ConfiguredLayer):
    """A layer that keeps one number of each feature of a sequence."""

    mixes_frames = True
    supports_masking = True
    config_names = ("data_format", "keepdims")

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = channels_last(self._title, data_format)
        self.keepdims = bool(keepdims)

    def build(self, input_shape: Shape) -> None:
        """Checks the input's rank."""
        require_sequences(input_shape)
        self.built = True

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(batch, features), or (batch, 1, features) with `keepdims`."""
        return (input_shape[0], 1, input_shape[2]) if self.keepdims else (input_shape[0], input_shape[2])

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """None: the output has no time."""
        return None


@builtin("keras.layers", "GlobalAvgPool1D")
class GlobalAveragePooling1D(GlobalPooling1D):
    """Keeps the mean of each feature over time; steps that a mask leaves out do not count.

    Args:
        data_format: "channels_last", the only order of axes.
        keepdims: Keep time as an axis of length 1.

    Input shape:
        (batch, time, features). The call also takes a `mask` (batch, time).

    Output shape:
        (batch, features).

    Raises:
        ShapeError: The input has other axes.

    Example:
        >>> import kinema, numpy as np
        >>> x = np.float32([[[1.0], [3.0], [100.0]]])
        >>> kinema.layers.GlobalAveragePooling1D()(x, mask=np.array([[True, True, False]])).numpy()
        array([[2.]], dtype=float32)
    """

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The mean of each feature."""
        if mask is None:
            return ops.mean(inputs, axis=1, keepdims=self.keepdims)
        counts = np.asarray(mask, bool)[..., None]
        number = np.maximum(counts.sum(axis=1, keepdims=self.keepdims), 1).astype(inputs.dtype)
        return ops.sum(ops.where(counts, inputs, 0.0), axis=1, keepdims=self.keepdims) / number


@builtin("keras.layers", "GlobalMaxPool1D")
class GlobalMaxPooling1D(GlobalPooling1D):
    """Keeps the largest number of each feature over time; steps that a mask leaves out do not count.

    (Keras's layer of this name ignores masks.) A sequence without any step that counts gives zeros.

    Args:
        data_format: "channels_last", the only order of axes.
        keepdims: Keep time as an axis of length 1.

    Input shape:
        (batch, time, features). The call also takes a `mask` (batch, time).

    Output shape:
        (batch, features).

    Raises:
        ShapeError: The input has other axes.

    Example:
        >>> import kinema, numpy as np
        >>> x = np.float32([[[1.0], [3.0], [100.0]]])
        >>> kinema.layers.GlobalMaxPooling1D()(x, mask=np.array([[True, True, False]])).numpy()
        array([[3.]], dtype=float32)
    """

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The largest number of each feature."""
        if mask is None:
            return ops.max(inputs, axis=1, keepdims=self.keepdims)
        counts = np.asarray(mask, bool)[..., None]
        lowest = float(np.finfo(inputs.dtype).min)
        largest = ops.max(ops.where(counts, inputs, lowest), axis=1, keepdims=self.keepdims)
        return ops.where(counts.any(axis=1, keepdims=self.keepdims), largest, 0.0)


GlobalAvgPool1D = GlobalAveragePooling1D
GlobalMaxPool1D = GlobalMaxPooling1D
