"""Folding: what a model need not compute when it only predicts.

A batch normalisation with fixed statistics is a factor and a term for each channel; behind a convolution both go into
the convolution's weights, and an activation and pooling behind them into the kernel that computes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from kinema import ops
from kinema.autograd import Tensor, is_recording
from kinema.layers import BatchNormalization, MaxPooling2D, TimeDistributed
from kinema.layers.convolution import Convolution
from kinema.layers.fused import kernel_activation
from kinema.layers.layer import Layer, Shape
from kinema.models.fusion import Convolutions, as_convolution, join_neighbours, only_activation, tiles


class FoldedConvolution(Convolutions):
    """A convolution and the BatchNormalization behind it, with activation and pooling that follow; it predicts only."""

    def __init__(self, convolution: Convolution, normalization: BatchNormalization) -> None:
        super().__init__(f"{convolution.name}+{normalization.name}", convolution.dtype)
        self.convolution = convolution
        self.normalization = normalization
        self.activation: str | None = None
        self.pooling: MaxPooling2D | None = None
        self.built = True
        self._weights_as_folded: tuple[tuple[int, ...], tuple[Tensor, Tensor]] | None = None

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """The convolution's shape, pooled where there is pooling."""
        shape = self.convolution.compute_output_shape(input_shape)
        return shape if self.pooling is None else self.pooling.compute_output_shape(shape)

    def links(self) -> list[ops.ConvolutionLink]:
        """The convolution with other weights, and what follows."""
        kernel, bias = self._folded()
        pool_size = None if self.pooling is None else self.pooling.pool_size
        *before, last = self.convolution.links(activation=self.activation, pool_size=pool_size)
        return [*before, replace(last, kernel=kernel, kernel_shape=None, bias=bias)]

    def _folded(self) -> tuple[Tensor, Tensor]:
        """The convolution's weights with the normalisation in them; computed again when one of them has changed."""
        weights = [*self.convolution.weights, *self.normalization.weights]
        versions = tuple(variable.version for variable in weights)
        if self._weights_as_folded is not None and self._weights_as_folded[0] == versions and not is_recording():
            return self._weights_as_folded[1]
        convolution, normalization = self.convolution, self.normalization
        factor = ops.rsqrt(normalization.moving_variance + normalization.epsilon)
        if normalization.gamma is not None:
            factor = factor * normalization.gamma
        last = convolution.links()[-1]
        before = 0.0 if last.bias is None else last.bias
        bias = (before - normalization.moving_mean) * factor
        if normalization.beta is not None:
            bias = bias + normalization.beta
        folded = last.filters() * factor, bias
        if not is_recording():
            self._weights_as_folded = versions, folded
        return folded


def fold(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The layers for prediction: each normalisation behind a convolution folded, with what can follow it."""
    return join_neighbours(layers, _joined)


def _joined(first: Layer, second: Layer) -> Layer | None:
    """One step for two neighbours that treat every frame alike, or None."""
    if not isinstance(first, TimeDistributed):
        return _joined_on_frames(first, second, channels=3)
    if isinstance(second, TimeDistributed):
        inner = _joined_on_frames(first.layer, second.layer, channels=3)
    else:
        inner = _joined_on_frames(first.layer, second, channels=4)
    return None if inner is None else TimeDistributed(inner, name=f"time_distributed_{inner.name}")


def _joined_on_frames(first: Layer, second: Layer, channels: int) -> Layer | None:
    """The step for frames; `channels` is the axis of channels in the second layer's input. Steps made here may grow."""
    if first.activity_regularizer is not None or second.activity_regularizer is not None:
        return None
    convolution = as_convolution(first)
    if convolution is not None and type(second) is BatchNormalization:
        linear = kernel_activation(convolution.activation) == "linear"
        return FoldedConvolution(convolution, second) if linear and second.axis in (-1, channels) else None
    if not isinstance(first, FoldedConvolution) or first.pooling is not None:
        return None
    if first.activation is None and (activation := only_activation(second)) is not None:
        first.activation = activation
        return first
    if type(second) is MaxPooling2D and tiles(second) and first.activation in (None, "relu"):
        first.pooling = second
        return first
    return None
