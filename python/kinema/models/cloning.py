"""A model again, of new layers with weights of their own."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from kinema.errors import ArgumentError, DTypeError
from kinema.layers import Input
from kinema.layers.input_layer import InputLayer
from kinema.layers.layer import Layer
from kinema.layers.structure import leaves, map_leaves
from kinema.layers.symbolic import KerasTensor
from kinema.models.functional import Functional
from kinema.models.model import Model
from kinema.models.sequential import Sequential
from kinema.saving.registry import deserialize_keras_object, serialize_keras_object
from kinema.saving.training_state import compile_config, compile_from_config


def clone_model(
    model: Any,
    input_tensors: Any = None,
    clone_function: Callable[[Any], Any] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
) -> Any:
    """A model of the same layers, newly made: with new weights, and compiled as the model is.

    Args:
        model: A `Sequential`, a graph of layers, or a model of your own class, which takes none of the others.
        input_tensors: What `Input` gave, arranged as the model's own inputs; new ones when None.
        clone_function: Makes a layer out of a layer; by default of its config. It may change it, or give it back itself
            to share its weights. Inputs are made anew in any case.
        call_function: For graphs: called as (layer, *args, **kwargs) with each new layer and gives its output.
        recursive: Go into models among the layers, instead of handing them to `clone_function`.

    Raises:
        ArgumentError: The inputs do not fit, or the model's class takes no such argument.

    Example:
        >>> import kinema
        >>> model = kinema.Sequential([kinema.layers.Input((3,)), kinema.layers.Dense(2)])
        >>> copy = kinema.models.clone_model(model)
        >>> copy.set_weights(model.get_weights())
        >>> copy.layers[0] is model.layers[0]
        False
    """
    if not isinstance(model, Model):
        raise DTypeError(f"clone_model takes a model, not {type(model).__name__}")
    clone: Any
    if isinstance(model, Sequential):
        if call_function is not None:
            raise ArgumentError("call_function is for graphs of layers, kinema.Model(inputs, outputs): leave it out")
        clone = _clone_line(model, input_tensors, _Cloner(clone_function, None, recursive))
    elif isinstance(model, Functional):
        clone = _clone_graph(model, input_tensors, _Cloner(clone_function, call_function, recursive))
    elif input_tensors is None and clone_function is None and call_function is None:
        clone = deserialize_keras_object(serialize_keras_object(model), {type(model).__name__: type(model)})
    else:
        raise ArgumentError(
            "input_tensors, clone_function and call_function are for Sequential and graphs of layers, and "
            f"{type(model).__name__} computes with a call method of its own: leave them out"
        )
    if (compiled := compile_config(model)) is not None:
        compile_from_config(clone, compiled, _objects_in(model._compile_arguments))
    return clone


class _Cloner:
    """Makes each layer once, however often it is called."""

    def __init__(
        self, function: Callable[[Any], Any] | None, call_function: Callable[..., Any] | None, recursive: bool
    ) -> None:
        self._function = function or (lambda layer: type(layer).from_config(layer.get_config()))
        self._call_function = call_function
        self._recursive = recursive
        self._made: dict[int, Any] = {}

    def make(self, layer: Layer) -> Any:
        if id(layer) not in self._made:
            self._made[id(layer)] = self._nested(layer) if self._recursive else self._function(layer)
        return self._made[id(layer)]

    def call(self, layer: Layer, *args: Any, **kwargs: Any) -> Any:
        made = self.make(layer)
        return made(*args, **kwargs) if self._call_function is None else self._call_function(made, *args, **kwargs)

    def _nested(self, layer: Layer) -> Any:
        if isinstance(layer, Sequential):
            return _clone_line(layer, None, self)
        if isinstance(layer, Functional):
            return _clone_graph(layer, None, self)
        return self._function(layer)


def _clone_line(model: Sequential, input_tensors: Any, cloner: _Cloner) -> Sequential:
    layers = [cloner.make(layer) for layer in model.layers]
    if input_tensors is not None:
        tensors = _checked(input_tensors, 1)
        layers = [_entry(tensors[0]), *layers]
    elif model._line and isinstance(model._line[0], InputLayer):
        layers = [InputLayer.from_config(model._line[0].get_config()), *layers]
    clone = Sequential(layers, name=model.name, trainable=model.trainable)
    if model.built and not clone.built:
        clone.build(model.input_shape)
    return clone


def _clone_graph(model: Functional, input_tensors: Any, cloner: _Cloner) -> Functional:
    if input_tensors is None:
        entries = [Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=tensor.name) for tensor in model.inputs]
    else:
        entries = [_entry(tensor) for tensor in _checked(input_tensors, len(model.inputs))]
    new = dict(zip(model.inputs, entries, strict=True))

    def renewed(leaf: Any) -> Any:
        return new[leaf] if isinstance(leaf, KerasTensor) else leaf

    for node in model.graph.nodes:
        if not node.is_input:
            result = cloner.call(node.layer, *map_leaves(node.args, renewed), **map_leaves(node.kwargs, renewed))
            new.update(zip(node.outputs, leaves(result), strict=True))
    plain = type(model).__init__ is Functional.__init__
    cls = type(model) if plain else Functional
    return cls(map_leaves(model.input, renewed), map_leaves(model.output, renewed), name=model.name)


def _entry(tensor: KerasTensor) -> KerasTensor:
    """A tensor where data may enter: itself, or an Input of its shape where layers lead to it."""
    if tensor.node is not None and tensor.node.is_input:
        return tensor
    return Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=tensor.name)


def _checked(input_tensors: Any, count: int) -> list[KerasTensor]:
    tensors = leaves(input_tensors)
    if len(tensors) != count or not all(isinstance(tensor, KerasTensor) for tensor in tensors):
        raise ArgumentError(
            f"input_tensors are symbolic tensors, as kinema.Input gives, one for each of the model's {count} input(s), "
            f"not {input_tensors!r}"
        )
    return tensors


def _objects_in(arguments: Any) -> dict[str, Any]:
    """Functions and classes among the arguments of `compile`, by their names: they need not be registered."""
    found: dict[str, Any] = {}
    for item in leaves(arguments.as_dict()):
        if inspect.isfunction(item):
            found[item.__name__] = item
        elif hasattr(item, "get_config"):
            found[type(item).__name__] = type(item)
    return found
