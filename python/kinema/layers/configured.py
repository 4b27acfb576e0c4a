"""What the built-in layers share: arguments that are attributes, and checks of input shapes."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

from kinema import activations, constraints, initializers, regularizers
from kinema.autograd import Variable
from kinema.errors import ShapeError
from kinema.layers.layer import Layer
from kinema.saving.registry import serialize_keras_object


def weight_settings(*kinds: str) -> tuple[str, ...]:
    """The names of the arguments that describe weights, such as "kernel_initializer"."""
    return tuple(f"{kind}_{setting}" for setting in ("initializer", "regularizer", "constraint") for kind in kinds)


class ConfiguredLayer(Layer):
    """A layer whose arguments are attributes, so that its config follows from their names."""

    #: The arguments that a file keeps, in Keras's order.
    config_names: ClassVar[tuple[str, ...]] = ()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again, as Keras 3 writes them."""
        return {**super().get_config(), **{name: _plain(getattr(self, name)) for name in self.config_names}}

    def _describe_weight(self, kind: str, initializer: Any, regularizer: Any = None, constraint: Any = None) -> None:
        """Keeps how a kind of weight starts, what penalises it and what bounds it, as attributes named after it."""
        setattr(self, f"{kind}_initializer", initializers.get(initializer))
        setattr(self, f"{kind}_regularizer", regularizers.get(regularizer))
        setattr(self, f"{kind}_constraint", constraints.get(constraint))

    def _add_described(self, kind: str, shape: tuple[int, ...], name: str | None = None) -> Variable:
        """Creates a weight as `_describe_weight` said."""
        return self.add_weight(
            shape,
            initializer=getattr(self, f"{kind}_initializer"),
            regularizer=getattr(self, f"{kind}_regularizer"),
            constraint=getattr(self, f"{kind}_constraint"),
            name=name or kind,
        )

    def _known_length(self, input_shape: Any, axis: int, meaning: str) -> int:
        """The length of an axis that weights depend on."""
        length = input_shape[axis]
        if length is None:
            raise ShapeError(f"the number of {meaning} (axis {axis}) must be known, got an input shape {input_shape}")
        return int(length)

    def _require_features(self, input_shape: Any, expected: int, meaning: str = "features") -> None:
        """Refuses an input whose last axis differs from the one that the layer was built for."""
        if input_shape[-1] != expected:
            raise ShapeError(
                f"expected {expected} {meaning} on the last axis, as when it was built, but got an input of shape "
                f"{tuple(input_shape)}: feed it the {meaning} it was built for, or make a new layer"
            )


def _plain(value: Any) -> Any:
    if inspect.isfunction(value):
        return activations.serialize(value)
    return serialize_keras_object(value) if hasattr(value, "get_config") else value
