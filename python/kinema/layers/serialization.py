"""Layers as plain values, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kinema.errors import ArgumentError
from kinema.layers.layer import Layer
from kinema.saving.registry import builtin_objects, deserialize_keras_object, serialize_keras_object

_MODULE = "keras.layers"


def serialize(layer: Layer) -> dict[str, Any]:
    """What a file says about a layer: its class and what makes it again, without its weights' values."""
    described: dict[str, Any] = serialize_keras_object(layer)
    return described


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Layer:
    """The layer that a config describes.

    Args:
        config: What `serialize` gave, or Keras wrote.
        custom_objects: Your own classes and functions by name.

    Raises:
        ArgumentError: It describes something else than a layer.
        FileFormatError: It names a class that is not known.

    Example:
        >>> import kinema
        >>> kinema.layers.deserialize(kinema.layers.serialize(kinema.layers.Dense(3))).units
        3
    """
    if isinstance(config, dict) and not config.get("module") and config.get("class_name") in builtin_objects(_MODULE):
        config = {**config, "module": _MODULE}  # other classes may have a layer's name
    layer = deserialize_keras_object(config, custom_objects)
    if not isinstance(layer, Layer):
        raise ArgumentError(
            f"layers.deserialize: the config describes a {type(layer).__name__}, not a layer: pass what "
            "layers.serialize gave"
        )
    return layer
