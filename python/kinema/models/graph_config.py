"""Graphs as Keras 3 writes them, and as Keras 2 did: layers with the calls that lead to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from kinema import layers as standard
from kinema._warnings import warn
from kinema.errors import FileFormatError, KinemaError
from kinema.layers.layer import Layer
from kinema.layers.operation import Operation
from kinema.layers.over_time import OverTime
from kinema.layers.structure import leaves, map_leaves
from kinema.layers.symbolic import KerasTensor, Node
from kinema.models.graph import Graph
from kinema.models.model import Model
from kinema.models.operation_config import known_operation, make_operation, operation_config
from kinema.saving.registry import deserialize_keras_object, serialize_keras_object

#: In our files: the mode that a call was given. Keras writes `training` for every call and does not mean it.
_FIXED_TRAINING = "kinema_training"
#: Keras's operations that compute masks, as `.h5` files name them: without a module.
_OF_MASKS = ("NotEqual", "Any", "ExpandDims", "ZerosLike", "OnesLike", "LogicalOr", "LogicalAnd", "Concatenate")


def graph_config(graph: Graph, inputs: Any, outputs: Any) -> dict[str, Any]:
    """The layers of a graph with their calls, and where its inputs and outputs are."""
    _warn_of_shared_weights(graph)
    entries = []
    for layer in graph.running_layers:
        if isinstance(layer, Operation):
            (node,) = graph.calls_of(layer)
            inputs_of_call = [_described(graph, tensor) for tensor in node.inputs]
            entries.append(operation_config(layer, inputs_of_call.__getitem__))
            continue
        calls = [_call_config(graph, node) for node in graph.calls_of(layer) if not node.is_input]
        entries.append({**serialize_keras_object(layer), "name": layer.name, "inbound_nodes": calls})

    def place(tensor: KerasTensor) -> list[Any]:
        name, call, output = graph.address(tensor)
        assert tensor.node is not None
        return [name, call + _first_call(tensor.node.running), output]

    return {"layers": entries, "input_layers": map_leaves(inputs, place), "output_layers": map_leaves(outputs, place)}


def graph_from_config(config: dict[str, Any]) -> tuple[Any, Any, list[str]]:
    """The inputs and outputs of the graph that a config describes, and the names of its layers in order.

    Raises:
        FileFormatError: The config does not describe a graph, or an output needs an operation that is not known.
    """
    with _calling_it_damaged():
        builder = _Builder(config["layers"])
    builder.make_calls()
    with _calling_it_damaged():
        return builder.tensors(config["input_layers"]), builder.tensors(config["output_layers"]), builder.names


@contextmanager
def _calling_it_damaged() -> Iterator[None]:
    """Around what reads a description: what trips over it says that the file is damaged."""
    try:
        yield
    except KinemaError:
        raise
    except (KeyError, IndexError, AttributeError, TypeError, ValueError) as error:
        raise FileFormatError(
            f"a graph of layers in this file is not whole ({type(error).__name__}: {error}): the file is damaged"
        ) from error


def _warn_of_shared_weights(graph: Graph) -> None:
    owners: dict[int, Layer] = {}
    for layer in graph.running_layers:
        for weight in layer.weights:
            first = owners.setdefault(id(weight), layer)
            if first is not layer:
                warn(
                    f"layers '{first.name}' and '{layer.name}' share weights, as a layer does that is used on "
                    "clips and on single frames: a file holds them as two layers, which go their own ways after loading"
                )
                return


def _described(graph: Graph, tensor: KerasTensor) -> dict[str, Any]:
    config = {"shape": list(tensor.shape), "dtype": tensor.dtype, "keras_history": graph.address(tensor)}
    return {"class_name": "__keras_tensor__", "config": config}


def _call_config(graph: Graph, node: Node) -> dict[str, Any]:
    def described(leaf: Any) -> Any:
        if isinstance(leaf, KerasTensor):
            return _described(graph, leaf)
        return np.asarray(leaf) if hasattr(leaf, "__array__") else leaf

    call = {
        "args": [serialize_keras_object(map_leaves(argument, described)) for argument in node.args],
        "kwargs": serialize_keras_object(map_leaves(node.kwargs, described)),
    }
    training = node.kwargs.get("training")
    return call if training is None else {**call, _FIXED_TRAINING: bool(training)}


def _first_call(layer: Any) -> int:
    """Keras counts the calls of a nested graph from 1, where it says which outputs are the model's."""
    from kinema.models.functional import Functional

    return int(isinstance(layer, Functional))


@dataclass(frozen=True)
class _Place:
    """Which output of which call of which layer a config means."""

    layer: str
    call: int
    output: int
    #: Written by Keras 2, which counted the calls of models from 1.
    old: bool = False


class _Builder:
    """Calls the layers of a config again, each as soon as its inputs are there."""

    def __init__(self, entries: list[dict[str, Any]]) -> None:
        self.names = [str(entry["name"]) for entry in entries]
        self._layers: dict[str, Any] = {}
        self._operations: dict[str, str] = {}
        self._settings: dict[str, dict[str, Any]] = {}
        #: Operations that may do nothing but compute masks.
        self._masks: set[str] = set()
        #: Operations that are not known. Those of masks are not missed: masks travel with the tensors here.
        self._unknown: dict[str, str] = {}
        self._results: dict[str, list[list[KerasTensor]]] = {name: [] for name in self.names}
        self._waiting: dict[str, list[tuple[list[Any], dict[str, Any]]]] = {}
        for name, entry in zip(self.names, entries, strict=True):
            self._add(name, entry)

    def _add(self, name: str, entry: dict[str, Any]) -> None:
        calls = [_arguments(call) for call in entry.get("inbound_nodes") or []]
        if _is_operation(entry):
            kind = str(entry["class_name"])
            sources = {place.layer for place in _places(calls[0])}
            if kind in _OF_MASKS and sources & self._operations.keys() <= self._masks:
                self._masks.add(name)
            if not known_operation(kind) or sources & self._unknown.keys():
                self._unknown[name] = kind
                return
            self._operations[name] = kind
            self._settings[name] = deserialize_keras_object(entry.get("config", {}))
        else:
            described = {key: value for key, value in entry.items() if key != "inbound_nodes"}
            layer = deserialize_keras_object(described, expected="keras.layers")
            if not isinstance(layer, Layer):
                raise FileFormatError(f"'{name}' in a graph of layers is a {type(layer).__name__}, not a layer")
            self._layers[name] = layer
            if isinstance(layer, (OverTime, standard.Bidirectional)):
                calls = [_with_states(args, kwargs) for args, kwargs in calls]
            if isinstance(layer, standard.InputLayer):
                self._results[name].append([layer.output])
        self._waiting[name] = calls

    def make_calls(self) -> None:
        """Makes all calls, those of one layer in their order."""
        while any(self._waiting.values()):
            made = False
            for name, calls in self._waiting.items():
                while calls and self._make(name, calls[0]):
                    calls.pop(0)
                    made = True
            if not made:
                stuck = next(name for name, calls in self._waiting.items() if calls)
                raise FileFormatError(
                    f"layer '{stuck}' in a graph of layers has inputs that nothing gives: the file is damaged"
                )

    def tensors(self, places: Any) -> Any:
        """The tensors at places [layer, call, output], in lists or dicts as the places are."""
        if isinstance(places, dict):
            return {name: self.tensors(place) for name, place in places.items()}
        if len(places) == 3 and isinstance(places[0], str):
            name, call, output = places
            self._require_known(name)
            results, layer = self._results[name], self._layers.get(name)
            call = max(int(call) - _first_call(layer), 0)
            if isinstance(layer, Model):  # Keras 2 counted the calls of a Sequential from 1 as well
                call = min(call, len(results) - 1)
            return results[call][int(output)]
        return [self.tensors(place) for place in places]

    def _make(self, name: str, call: tuple[list[Any], dict[str, Any]]) -> bool:
        """Makes a call, if its inputs are there."""
        args, kwargs = call[0], dict(call[1])
        mask = kwargs.get("mask")
        if isinstance(mask, _Place) and self._travels(mask):
            del kwargs["mask"]
        places = _places([args, kwargs])
        for place in places:
            self._require_known(place.layer)
            if place.layer not in self._results:
                raise FileFormatError(
                    f"layer '{name}' in a graph of layers is fed by '{place.layer}', which is not there: "
                    "the file is damaged"
                )
        if any(self._number(place) >= len(self._results[place.layer]) for place in places):
            return False
        args, kwargs = map_leaves([args, kwargs], self._revived)
        operation = self._operations.get(name)
        if operation is None:
            result = self._layers[name](*args, **kwargs)
        else:
            result = make_operation(operation, self._settings[name], args, kwargs, name)
        self._results[name].append(leaves(result))
        return True

    def _travels(self, mask: _Place) -> bool:
        """Whether a mask comes with the tensors, because a layer has made it, or must be computed."""
        inner = (one for layer in self._layers.values() for one in layer.flatten_layers())
        made = any(isinstance(layer, standard.Masking) for layer in inner)
        return mask.layer in self._unknown or (made and mask.layer in self._masks)

    def _revived(self, leaf: Any) -> Any:
        if not isinstance(leaf, _Place):
            return leaf
        with _calling_it_damaged():
            return self._results[leaf.layer][self._number(leaf)][leaf.output]

    def _number(self, place: _Place) -> int:
        counted_from_1 = place.old and hasattr(self._layers.get(place.layer), "running_layers")
        return max(place.call - 1, 0) if counted_from_1 else place.call

    def _require_known(self, name: str) -> None:
        if name in self._unknown:
            raise FileFormatError(
                f"the model needs Keras's operation '{self._unknown[name]}' on tensors, which Kinema cannot load: "
                "put the computation into a layer of your own and pass it as custom_objects"
            )


def _places(structure: Any) -> list[_Place]:
    return [leaf for leaf in leaves(structure) if isinstance(leaf, _Place)]


def _arguments(call: Any) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a call, with places where tensors go. `None` and Keras's own `training` are left out."""
    if isinstance(call, dict):
        if not call["args"]:
            raise ValueError("a call without arguments")
        kwargs = {name: value for name, value in call["kwargs"].items() if value is not None and name != "training"}
        if _FIXED_TRAINING in call:
            kwargs["training"] = bool(call[_FIXED_TRAINING])
        return [_parsed(argument) for argument in call["args"]], {name: _parsed(kwargs[name]) for name in kwargs}
    places = [_Place(str(layer), int(number), int(output), old=True) for layer, number, output, *_ in call]
    given = dict(call[0][3]) if len(call[0]) > 3 else {}
    kwargs = {name: _old_places(value) for name, value in given.items() if value is not None and name != "training"}
    return [places[0] if len(places) == 1 else places], kwargs


def _with_states(args: list[Any], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """A recurrent layer's call, whose states Keras 2 put behind its input."""
    if not isinstance(args[0], list):
        return args, kwargs
    first, *states = args[0]
    return [first, *args[1:]], {"initial_state": states, **kwargs}


def _old_places(value: Any) -> Any:
    """An argument of Keras 2, in which a list of a name and two numbers is a tensor."""
    if not isinstance(value, list):
        return value
    if len(value) == 3 and isinstance(value[0], str) and all(isinstance(number, int) for number in value[1:]):
        return _Place(value[0], value[1], value[2], old=True)
    return [_old_places(item) for item in value]


def _parsed(value: Any) -> Any:
    if isinstance(value, list):
        return [_parsed(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") == "__keras_tensor__":
        layer, call, output = value["config"]["keras_history"]
        return _Place(str(layer), int(call), int(output))
    if value.get("class_name") == "__tuple__":
        return tuple(_parsed(item) for item in value["items"])
    if "class_name" in value:
        return deserialize_keras_object(value)
    return {name: _parsed(item) for name, item in value.items()}


def _is_operation(entry: dict[str, Any]) -> bool:
    """Whether Keras wrote a function of tensors here, not a layer."""
    module = entry.get("module")
    if module is not None:
        return str(module).startswith(("keras.src.ops", "keras.ops"))
    calls = entry.get("inbound_nodes")
    named = known_operation(entry["class_name"]) is not None and "trainable" not in entry.get("config", {})
    return bool(named and calls and isinstance(calls[0], dict))  # Keras 2 had none, and wrote calls as lists
