"""A function as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from kinema import ops
from kinema.autograd import Tensor, no_tape
from kinema.errors import ArgumentError, FileFormatError, ShapeError
from kinema.layers.layer import Layer
from kinema.layers.structure import leaves, map_shapes, map_tensors, open_shapes
from kinema.saving.registry import (
    builtin,
    deserialize_keras_object,
    find,
    get_registered_object,
    serialize_keras_object,
)

#: What a config says in place of a function without a name.
_NAMELESS = "__lambda__"
#: Arguments that Keras 2 wrote to find code by.
_LEGACY = ("module", "function_type", "output_shape_type", "output_shape_module", "mask_type", "mask_module")


@builtin("keras.layers")
class Lambda(Layer):
    """Applies a function of tensors, composed of `kinema.ops`.

    Files hold the function's name and no code. What a model with a Python `lambda` was saved as is loaded with
    `custom_objects={name of the layer: function}`; a function that has a name is found by it, registered with
    `kinema.saving.register_keras_serializable` or in `custom_objects`.

    Args:
        function: A function of the input; it may also take `mask` and `training`.
        output_shape: The output's shape without the batch axis, or a function of the input's shape that gives it with
            that axis; found by a call when None.
        mask: The output's mask, or a function of (inputs, mask) that gives it.
        arguments: More arguments for the function, by name.

    Input shape:
        Any, or a list or dict of any.

    Output shape:
        Whatever the function gives.

    Raises:
        FileFormatError: A file's function is not known to the program that loads it.

    Example:
        >>> import kinema
        >>> kinema.layers.Lambda(lambda x, power: x**power, arguments={"power": 2})([1.0, 3.0]).numpy()
        array([1., 9.], dtype=float32)
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise ArgumentError(f"{self._title}: function is a function of tensors, not {function!r}")
        self.function = function
        self.arguments = dict(arguments or {})
        self.mask = mask
        self.supports_masking = mask is not None
        self._output_shape = output_shape
        self._told = {"mask", "training"} & _parameters(function)

    def call(self, inputs: Any, mask: Any = None, training: bool = False) -> Any:
        """What the function gives."""
        told = {"mask": mask, "training": training}
        outputs = self.function(inputs, **self.arguments, **{name: told[name] for name in self._told})
        return map_tensors(outputs, ops.convert_to_tensor)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape as it was given, or what calls on zeros give."""
        if callable(self._output_shape):
            return map_shapes(self._output_shape(input_shape), tuple)
        if self._output_shape is not None:
            first = leaves(input_shape)[0]
            return map_shapes(self._output_shape, lambda shape: (first, *shape))
        return open_shapes(lambda length: self._tried(input_shape, length))

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask that `mask` says."""
        if self.mask is None and any(one is not None for one in leaves(previous_mask)):
            self._warn_of_lost_mask()
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this layer again; a function without a name has to be handed over then."""
        config = {**super().get_config(), "function": _described(self.function)}
        if self._output_shape is not None:
            config["output_shape"] = _described(self._output_shape)
        if self.mask is not None:
            config["mask"] = _described(self.mask)
        return {**config, "arguments": serialize_keras_object(self.arguments)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Makes the layer that `get_config` described, of functions that the program knows."""
        given = {name: value for name, value in config.items() if name not in _LEGACY}
        name = str(given.get("name", "lambda"))
        given["function"] = _function(name, "function", given.get("function"))
        if _is_function(mask := given.get("mask")):
            given["mask"] = _function(name, "mask", mask)
        shape = given.get("output_shape")
        if _is_nameless(shape):
            given["output_shape"] = None  # a call finds it
        elif _is_function(shape):
            given["output_shape"] = _function(name, "output_shape", shape)
        elif shape is not None:
            given["output_shape"] = map_shapes(deserialize_keras_object(shape), tuple)
        for plain in ("arguments", "dtype", "mask"):
            if isinstance(given.get(plain), dict):
                given[plain] = deserialize_keras_object(given[plain])
        return super().from_config(given)

    def _tried(self, input_shape: Any, length: int) -> Any:
        """What comes out where lengths that are not known are this one."""
        zeros = map_shapes(
            input_shape, lambda shape: Tensor(np.zeros([length if n is None else n for n in shape], self.dtype))
        )
        try:
            with no_tape():
                return self.call(zeros)
        except Exception as error:
            raise ShapeError(
                f"{self._title}: the output's shape for an input of shape {input_shape} cannot be found by a call on "
                f"zeros ({error}): pass output_shape"
            ) from error


def _parameters(function: Callable[..., Any]) -> set[str]:
    try:
        return set(inspect.signature(function).parameters)
    except ValueError:  # functions written in C need not say
        return set()


def _described(value: Any) -> Any:
    if getattr(value, "__name__", None) == "<lambda>":
        return {"class_name": _NAMELESS, "config": {}}
    return serialize_keras_object(list(value) if isinstance(value, tuple) else value)


def _is_nameless(described: Any) -> bool:
    """Whether a config stands for a Python lambda, in the form of Keras 3 or of Keras 2, which listed its code."""
    if isinstance(described, list):
        return len(described) == 3 and isinstance(described[0], str)
    return isinstance(described, dict) and described.get("class_name") == _NAMELESS


def _is_function(described: Any) -> bool:
    names = isinstance(described, dict) and described.get("class_name") == "function"
    return names or isinstance(described, str) or _is_nameless(described)


def _function(layer: str, argument: str, described: Any) -> Any:
    """The function that a config names, among those that the program knows: code in a file is not even read."""
    if _is_nameless(described):
        found = get_registered_object(layer) if argument == "function" else None
        way_out = f"pass custom_objects={{'{layer}': the function}}, or " if argument == "function" else ""
        problem = f"its {argument} was a Python lambda, and files hold no code: {way_out}save it with a function that"
    else:
        name, registered = described, None
        if isinstance(described, dict):
            name, registered = described.get("config"), described.get("registered_name")
        try:
            found = find(str(name), None, registered, {})
        except FileFormatError:
            found = None
        problem = (
            f"its {argument} '{name}' is not known here: pass custom_objects={{'{name}': ...}}, or a function that"
        )
    if not callable(found) or inspect.isclass(found):
        raise FileFormatError(
            f"layer '{layer}' (Lambda): {problem} is registered with @kinema.saving.register_keras_serializable()"
        )
    return found
