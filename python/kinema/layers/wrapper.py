"""What layers around a layer share."""

from __future__ import annotations

from typing import Any

from kinema.errors import DTypeError
from kinema.layers.layer import Layer
from kinema.saving.registry import deserialize_keras_object, serialize_keras_object


def require_layer(owner: str, argument: str, value: Any) -> Layer:
    """A layer, or an error that says what came instead."""
    if not isinstance(value, Layer):
        hint = ": make one of the class, as in LSTM(8)" if isinstance(value, type) else ""
        raise DTypeError(f"{owner}: {argument} is a layer, not {value!r}{hint}")
    return value


class Wrapper(Layer):
    """A layer that applies another one in a way of its own."""

    supports_masking = True

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.layer = require_layer(self._title, "layer", layer)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again, as Keras 3 writes them."""
        return {**super().get_config(), "layer": serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Makes the layer that `get_config` described, with the one inside."""
        return cls(**{name: deserialize_keras_object(value, expected="keras.layers") for name, value in config.items()})
