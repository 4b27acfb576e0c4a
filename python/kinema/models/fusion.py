"""Fusion: neighbouring layers that one kernel computes, so that what lies between them is never written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from kinema import ops
from kinema.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    DepthwiseConv2D,
    MaxPooling2D,
    ReLU,
    SeparableConv2D,
    TimeDistributed,
)
from kinema.layers.convolution import Convolution
from kinema.layers.fused import WITH_LOGITS, kernel_activation
from kinema.layers.layer import Layer, Shape

_FUSED_ACTIVATIONS = ("linear", "relu")
#: The layers of convolutions over frames, by exact type: a subclass may compute something else.
_CONVOLUTIONS = (Conv2D, DepthwiseConv2D, SeparableConv2D)


class Convolutions(Layer):
    """One convolution or several in a row, with what follows each, as one step; it has no weights of its own."""

    frame_rank = 4

    def __init__(self, name: str, dtype: str) -> None:
        super().__init__(name=name, dtype=dtype)
        self._prepared = ops.PreparedChain()

    def call(self, inputs: Any) -> Any:
        """All of it in one pass, but for a last activation that leaves its logits."""
        *links, last = self.links()
        if last.activation != WITH_LOGITS:
            return ops.conv2d_chain(inputs, [*links, last], self._prepared)
        return ops.sigmoid(ops.conv2d_chain(inputs, [*links, replace(last, activation=None)], self._prepared))

    def links(self) -> list[ops.ConvolutionLink]:
        """What the step computes."""
        raise NotImplementedError(f"{type(self).__name__} does not say which convolutions it computes")


class ConvolutionPooling(Convolutions):
    """A convolution and the MaxPooling2D behind it."""

    def __init__(self, convolution: Convolution, pooling: MaxPooling2D) -> None:
        super().__init__(f"{convolution.name}+{pooling.name}", convolution.dtype)
        self.convolution = convolution
        self.pooling = pooling
        self.built = True

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """The pooled shape."""
        return self.pooling.compute_output_shape(self.convolution.compute_output_shape(input_shape))

    def links(self) -> list[ops.ConvolutionLink]:
        """Convolution, bias, activation and pooling."""
        activation = kernel_activation(self.convolution.activation)
        return self.convolution.links(activation=activation, pool_size=self.pooling.pool_size)


class NormalizationRelu(Layer):
    """A BatchNormalization and the ReLU behind it as one step; it has no weights of its own."""

    supports_masking = True

    def __init__(self, normalization: BatchNormalization, relu: Layer) -> None:
        super().__init__(name=f"{normalization.name}+{relu.name}", dtype=normalization.dtype)
        self.normalization = normalization
        self.built = True

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """The input's shape."""
        return self.normalization.compute_output_shape(input_shape)

    def call(self, inputs: Any, training: bool = False, mask: Any = None, frame_counts: Any = None) -> Any:
        """Normalisation and ReLU in one pass."""
        return self.normalization.normalise(inputs, training, mask, frame_counts, relu=True)


def as_convolution(layer: Layer) -> Convolution | None:
    """A layer of convolutions over frames, None for any other, also for one of a subclass."""
    return layer if isinstance(layer, Convolution) and type(layer) in _CONVOLUTIONS else None


def fuse(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The layers with each pair that has a kernel of its own replaced by one step."""
    return join_neighbours(layers, _fused_pair)


def join_neighbours(layers: Sequence[Layer], joined: Callable[[Layer, Layer], Layer | None]) -> tuple[Layer, ...]:
    """The layers with neighbours replaced by what `joined` makes of them, which may take in the next one as well."""
    steps: list[Layer] = []
    for layer in layers:
        step = joined(steps[-1], layer) if steps else None
        if step is None:
            steps.append(layer)
        else:
            steps[-1] = step
    return tuple(steps)


def _fused_pair(first: Layer, second: Layer) -> Layer | None:
    if isinstance(first, TimeDistributed) and isinstance(second, TimeDistributed):
        inner = _fused_pair(first.layer, second.layer)
        return None if inner is None else TimeDistributed(inner, name=f"time_distributed_{inner.name}")
    if first.activity_regularizer is not None or second.activity_regularizer is not None:
        return None
    if type(first) is BatchNormalization and only_activation(second) == "relu" and first.dtype == second.dtype:
        return NormalizationRelu(first, second)
    convolution = as_convolution(first)
    if convolution is None or type(second) is not MaxPooling2D:
        return None
    if tiles(second) and kernel_activation(convolution.activation) in _FUSED_ACTIVATIONS:
        return ConvolutionPooling(convolution, second)
    return None


def only_activation(layer: Layer) -> str | None:
    """The activation that a layer is nothing but, as kernels know it."""
    if type(layer) is ReLU:
        plain = layer.max_value is None and not layer.negative_slope and not layer.threshold
        return "relu" if plain else None
    return kernel_activation(layer.activation) if type(layer) is Activation else None


def tiles(pooling: MaxPooling2D) -> bool:
    """Whether the windows stand side by side."""
    return pooling.padding == "valid" and pooling.strides == pooling.pool_size
