"""The neutral description in the words of Keras: used for Keras and, since Kinema speaks them too, for Kinema."""

from __future__ import annotations

from typing import Any

from description import (
    Array,
    BatchNorm,
    Conv,
    Dense,
    Dropout,
    Flatten,
    GlobalAverage,
    Gru,
    Layer,
    Lstm,
    MaxPool,
    Relu,
    Shape,
)


def make_layer(api: Any, layer: Layer, shape: Shape) -> Any:
    """A layer of `api`, a module of layers."""
    match layer:
        case Conv():
            settings: dict[str, Any] = {
                "strides": layer.strides,
                "padding": layer.padding,
                "activation": "relu" if layer.relu else None,
                "use_bias": layer.bias,
            }
            if not layer.depthwise:
                return api.Conv2D(layer.filters, layer.kernel, **settings)
            if hasattr(api, "DepthwiseConv2D"):
                return api.DepthwiseConv2D(layer.kernel, **settings)
            return api.Conv2D(shape[-1], layer.kernel, groups=shape[-1], **settings)
        case BatchNorm():
            return api.BatchNormalization()
        case Relu():
            return api.ReLU()
        case MaxPool():
            return api.MaxPooling2D(layer.size)
        case GlobalAverage():
            return api.GlobalAveragePooling2D()
        case Flatten():
            return api.Flatten()
        case Lstm():
            return api.LSTM(layer.units, return_sequences=layer.sequences)
        case Gru():
            return api.GRU(layer.units, return_sequences=layer.sequences)
        case Dropout():
            return api.Dropout(layer.rate)
        case Dense():
            return api.Dense(layer.units, activation=layer.activation)


def set_weights(made: Any, layer: Layer, arrays: list[Array]) -> None:
    """Gives a layer that is built the weights of the description."""
    if isinstance(layer, Conv) and layer.depthwise and type(made).__name__ == "DepthwiseConv2D":
        arrays = [arrays[0].transpose(0, 1, 3, 2), *arrays[1:]]
    if arrays:
        made.set_weights(arrays)
