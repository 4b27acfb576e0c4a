"""How layers describe themselves for files, and are made from such descriptions."""

from __future__ import annotations

import inspect
from typing import Any

from kinema.errors import KinemaError
from kinema.layers.arguments import BASE_ARGUMENTS, dtype_policy


class Configurable:
    """The part of a layer that says by which arguments it is made again."""

    name: str
    dtype: str
    activity_regularizer: Any
    _trainable: bool
    _auto_config: dict[str, Any]

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again, as plain values. Subclasses add their own to it."""
        return self._automatic_config() if self._is_automatic() else self._base_config()

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Makes the layer that `get_config` described."""
        from kinema.saving.registry import deserialize_keras_object

        if cls._is_automatic():
            config = deserialize_keras_object(config)
        elif isinstance(config.get("dtype"), dict):
            config = {**config, "dtype": deserialize_keras_object(config["dtype"])}
        return cls(**config)

    @classmethod
    def _is_automatic(cls) -> bool:
        """Whether the class leaves it to this one to keep its constructor's arguments for files."""
        return cls.get_config is Configurable.get_config

    def _base_config(self) -> dict[str, Any]:
        from kinema.regularizers import serialize

        base: dict[str, Any] = {"name": self.name, "trainable": self._trainable, "dtype": dtype_policy(self.dtype)}
        if self.activity_regularizer is not None:
            base["activity_regularizer"] = serialize(self.activity_regularizer)
        return base

    def _automatic_config(self) -> dict[str, Any]:
        base = self._base_config()
        if not _takes(type(self), "name"):
            del base["name"]
        return {**base, **self._plain_arguments()}

    def _plain_arguments(self) -> dict[str, Any]:
        from kinema.saving.registry import serialize_keras_object

        arguments = {name: value for name, value in self._auto_config.items() if name not in BASE_ARGUMENTS}
        try:
            return {name: serialize_keras_object(value) for name, value in arguments.items()}
        except KinemaError as error:
            raise NotImplementedError(
                f"layer class {type(self).__name__} takes arguments that a file cannot hold: give it get_config"
            ) from error


def _takes(cls: Any, argument: str) -> bool:
    """Whether a class's constructor takes an argument of that name."""
    parameters = inspect.signature(cls.__init__).parameters.values()
    return any(one.name == argument or one.kind is one.VAR_KEYWORD for one in parameters)
