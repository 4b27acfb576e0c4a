"""Frames of bytes straight into the first convolution.

What Rescaling and Normalization make of a byte, its kernel computes as it loads a row: a batch of numbers, four times
the size of the frames, is never written. Padding stays zero and the weights are untouched, so the bits are those of the
layers one by one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from kinema import ops
from kinema.autograd import as_array
from kinema.layers import Normalization, Rescaling
from kinema.layers.layer import Layer, Shape
from kinema.models.chaining import is_convolution, links_of, on_clips, on_frames


class ByteConvolution(Layer):
    """A convolution, or a chain of them, and the Rescaling and Normalization before it, if any, as one step.

    It has no weights of its own. Masked frames go through the layers one by one.
    """

    accepts_integers = True

    def __init__(self, conversions: Sequence[Layer], convolution: Layer) -> None:
        names = [layer.name for layer in (*conversions, convolution)]
        super().__init__(name="+".join(names), dtype=convolution.dtype)
        self.conversions = list(conversions)
        self.convolution = convolution
        self._prepared = ops.PreparedChain()
        self.built = True

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """The convolution's shape."""
        return self.convolution.compute_output_shape(input_shape)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """What the layers one by one make of the mask."""
        for layer in (*self.conversions, self.convolution):
            previous_mask = layer.compute_mask(inputs, previous_mask)
        return previous_mask

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Conversion and convolution in one pass."""
        frames = as_array(inputs)
        takes = mask is None and frames.ndim == (5 if on_clips(self.convolution) else 4)
        scaling = self._scaling() if takes else None
        if scaling is None or not scaling.fits(frames.shape[-3:]):
            return self._one_by_one(inputs, mask)
        bytes_ = ops.ByteFrames(frames.reshape(-1, *frames.shape[-3:]), scaling)
        outputs = ops.conv2d_chain(bytes_, links_of(self.convolution), self._prepared)
        return ops.reshape(outputs, (*frames.shape[:-3], *outputs.shape[1:]))

    def _one_by_one(self, inputs: Any, mask: Any) -> Any:
        outputs = inputs
        for index, layer in enumerate((*self.conversions, self.convolution)):
            outputs = layer(outputs, mask=mask if index == 0 else None)
        return outputs

    def _scaling(self) -> ops.ByteScaling | None:
        scaling: ops.ByteScaling | None = None
        for layer in map(on_frames, self.conversions):
            scaling = layer.byte_scaling() if isinstance(layer, Rescaling) else layer.byte_scaling(scaling)  # type: ignore[attr-defined]
            if scaling is None:
                return None
        return scaling or ops.ByteScaling(np.ones((), self.dtype), np.zeros((), self.dtype))


def read_bytes(steps: Sequence[Layer]) -> tuple[Layer, ...]:
    """The steps, the first ones joined where they bring frames of bytes into a convolution."""
    conversions = list(itertools.takewhile(_converts, steps))
    kinds = [type(on_frames(layer)) for layer in conversions]
    rest = steps[len(conversions) :]
    known = kinds in ([], [Rescaling], [Normalization], [Rescaling, Normalization])
    if not known or not rest or not is_convolution(rest[0]):
        return tuple(steps)
    if len({on_frames(layer).dtype for layer in (*conversions, rest[0])}) > 1:
        return tuple(steps)
    return (ByteConvolution(conversions, rest[0]), *rest[1:])


def _converts(step: Layer) -> bool:
    frames = on_frames(step)
    regularized = step.activity_regularizer is not None or frames.activity_regularizer is not None
    return type(frames) in (Rescaling, Normalization) and not regularized
