"""A neutral description of a network, from which each framework's builder makes its model: layers, shapes, weights.

Shapes are without the batch axis, channels last: (time, height, width, channels), (height, width, channels),
(time, features) or (features,).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Conv:
    """A convolution of each frame. Depthwise: one filter a channel, and `filters` is ignored."""

    filters: int = 0
    kernel: int = 3
    strides: int = 1
    padding: str = "valid"
    relu: bool = False
    bias: bool = True
    depthwise: bool = False


@dataclass(frozen=True)
class BatchNorm:
    """Batch normalisation of channels."""


@dataclass(frozen=True)
class Relu:
    """A ReLU of its own, behind a normalisation."""


@dataclass(frozen=True)
class MaxPool:
    """Maxima of windows that do not overlap."""

    size: int = 2


@dataclass(frozen=True)
class GlobalAverage:
    """The mean of every channel."""


@dataclass(frozen=True)
class Flatten:
    """Frames to rows of features, in the order (height, width, channels)."""


@dataclass(frozen=True)
class Lstm:
    """An LSTM, with the output of every step or of the last one."""

    units: int
    sequences: bool = False


@dataclass(frozen=True)
class Gru:
    """A GRU whose reset gate comes after the recurrent product."""

    units: int
    sequences: bool = False


@dataclass(frozen=True)
class Dropout:
    """Dropout while training."""

    rate: float


@dataclass(frozen=True)
class Dense:
    """A dense layer; the activation is relu, softmax or none."""

    units: int
    activation: str | None = None


Layer = Conv | BatchNorm | Relu | MaxPool | GlobalAverage | Flatten | Lstm | Gru | Dropout | Dense


def output_shape(layer: Layer, shape: Shape) -> Shape:
    """The shape that a layer makes of a shape."""
    match layer:
        case Conv():
            *outer, height, width, channels = shape
            sizes = [_slide(size, layer) for size in (height, width)]
            return (*outer, *sizes, channels if layer.depthwise else layer.filters)
        case MaxPool():
            *outer, height, width, channels = shape
            return (*outer, height // layer.size, width // layer.size, channels)
        case GlobalAverage():
            return (*shape[:-3], shape[-1])
        case Flatten():
            return (*shape[:-3], math.prod(shape[-3:]))
        case Lstm() | Gru():
            return (shape[0], layer.units) if layer.sequences else (layer.units,)
        case Dense():
            return (*shape[:-1], layer.units)
        case _:
            return shape


def with_shapes(layers: Sequence[Layer], shape: Shape) -> Iterator[tuple[Layer, Shape]]:
    """Every layer with the shape it is given."""
    for layer in layers:
        yield layer, shape
        shape = output_shape(layer, shape)


def weights(layers: Sequence[Layer], shape: Shape) -> list[list[Array]]:
    """Random weights of every layer, in Keras's order and layout; a depthwise kernel is (k, k, 1, channels)."""
    rng = np.random.default_rng(1)
    return [_weights(layer, given, rng) for layer, given in with_shapes(layers, shape)]


def _slide(size: int, layer: Conv) -> int:
    return -(-size // layer.strides) if layer.padding == "same" else (size - layer.kernel) // layer.strides + 1


def _weights(layer: Layer, shape: Shape, rng: np.random.Generator) -> list[Array]:
    def normal(*dimensions: int, fan_in: int) -> Array:
        return rng.standard_normal(dimensions, dtype=np.float32) * np.float32(fan_in**-0.5)

    def small(*dimensions: int) -> Array:
        return rng.uniform(-0.1, 0.1, dimensions).astype(np.float32)

    channels = shape[-1]
    match layer:
        case Conv():
            inner, filters = (1, channels) if layer.depthwise else (channels, layer.filters)
            k = layer.kernel
            kernel = normal(k, k, inner, filters, fan_in=k * k * inner)
            return [kernel, small(filters)] if layer.bias else [kernel]
        case BatchNorm():
            return [1 + small(channels), small(channels), small(channels), 1 + small(channels)]
        case Lstm(units=units):
            return [
                normal(channels, 4 * units, fan_in=channels),
                normal(units, 4 * units, fan_in=units),
                small(4 * units),
            ]
        case Gru(units=units):
            return [
                normal(channels, 3 * units, fan_in=channels),
                normal(units, 3 * units, fan_in=units),
                small(2, 3 * units),
            ]
        case Dense(units=units):
            return [normal(channels, units, fan_in=channels), small(units)]
        case _:
            return []
