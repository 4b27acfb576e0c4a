"""The graph between symbolic inputs and outputs: which calls of layers belong to it, in which order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kinema.errors import ArgumentError
from kinema.layers.layer import Layer
from kinema.layers.structure import leaves, map_leaves
from kinema.layers.symbolic import KerasTensor, Node, call_symbolically
from kinema.models.keras_order import keras_order


class Graph:
    """The calls that lead from inputs to outputs.

    Args:
        inputs: Symbolic tensors that `Input` gave.
        outputs: Symbolic tensors computed from them.

    Raises:
        ArgumentError: An output needs an input that is not among the inputs, or two layers have one name.
    """

    def __init__(self, inputs: Sequence[KerasTensor], outputs: Sequence[KerasTensor]) -> None:
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        walk = _Walk(self.inputs)
        for tensor in self.outputs:
            walk.visit(tensor)
        for tensor in self.inputs:
            assert tensor.node is not None
            if tensor.node not in walk.seen:  # an input that no output needs
                walk.unused.append(tensor.node)
        #: The calls, each behind those it needs.
        self.nodes = [*walk.unused, *walk.done]
        self._order = keras_order(walk.done, walk.unused, walk.first_visits)
        names = [layer.name for layer in self.running_layers]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ArgumentError(f"two layers of the model are named '{twice[0]}': give one of them another name=")

    @property
    def layers(self) -> list[Layer]:
        """The layers as the user made them, inputs included, in the order in which Keras numbers them."""
        return distinct(node.layer for node in self._order)

    @property
    def running_layers(self) -> list[Layer]:
        """The same layers as they run and as files hold them: wrapped where they were lifted."""
        return distinct(node.running for node in self._order)

    def use_order(self, names: Sequence[str]) -> None:
        """Takes over a file's order of layers, by which its arrays are numbered."""
        place = {name: index for index, name in enumerate(names)}
        self._order.sort(key=lambda node: place.get(node.running.name, len(place)))

    def calls_of(self, running: Layer) -> list[Node]:
        """The calls of a layer in this graph, in the order in which they were made."""
        return sorted((node for node in self.nodes if node.running is running), key=lambda node: node.number)

    def address(self, tensor: KerasTensor) -> list[Any]:
        """Where a tensor comes from: the layer's name, the number of its call, the number of the output."""
        assert tensor.node is not None
        running = tensor.node.running
        return [running.name, self.calls_of(running).index(tensor.node), tensor.position]


class _Walk:
    """A walk from the outputs to the inputs, depth first."""

    def __init__(self, inputs: Sequence[KerasTensor]) -> None:
        self._entries = {id(tensor.node) for tensor in inputs}
        self.seen: dict[Node, int] = {}  # with the number of the first visit
        self.first_visits: dict[Layer, int] = {}
        self.done: list[Node] = []
        self.unused: list[Node] = []

    def visit(self, tensor: KerasTensor) -> None:
        stack: list[tuple[KerasTensor, bool]] = [(tensor, False)]
        while stack:
            current, finished = stack.pop()
            node = current.node
            if node is None:
                raise ArgumentError(f"{current!r} does not come from a layer: make it with kinema.Input(shape)")
            if finished:
                self.done.append(node)
                continue
            if node in self.seen:
                continue
            if node.is_input and id(node) not in self._entries:
                raise ArgumentError(
                    f"the outputs need the input '{node.layer.name}', which is not among the model's inputs: "
                    "add it to inputs="
                )
            self.seen[node] = len(self.seen)
            self.first_visits.setdefault(node.running, len(self.first_visits))
            stack.append((current, True))
            stack.extend((parent, False) for parent in reversed(node.inputs))


def with_own_inputs(inputs: Any, outputs: Any) -> tuple[Any, Any]:
    """The graph between tensors in the midst of another one, called again on `Input`s of its own."""
    from kinema.layers import Input

    new: dict[int, KerasTensor] = {}
    for tensor in leaves(inputs):
        if tensor.node is None or not tensor.node.is_input:
            name = None if tensor.node is None else f"{tensor.node.layer.name}_input"
            new[id(tensor)] = Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=name)
            new[id(tensor)].run = tensor.run
    if not new:
        return inputs, outputs

    def renewed(leaf: Any) -> Any:
        if not isinstance(leaf, KerasTensor) or id(leaf) in new or leaf.node is None or leaf.node.is_input:
            return new.get(id(leaf), leaf)
        node = leaf.node
        args, kwargs = map_leaves(node.args, renewed), map_leaves(node.kwargs, renewed)
        if all(before is after for before, after in zip(node.inputs, leaves_of(args, kwargs), strict=True)):
            return leaf
        results = leaves(call_symbolically(node.layer, *args, **kwargs))
        for old, result in zip(node.outputs, results, strict=True):
            new[id(old)] = result
        return new[id(leaf)]

    def leaves_of(*structures: Any) -> list[KerasTensor]:
        return [leaf for leaf in leaves(list(structures)) if isinstance(leaf, KerasTensor)]

    return map_leaves(inputs, renewed), map_leaves(outputs, renewed)


def distinct(layers: Any) -> list[Layer]:
    """Layers without repetition."""
    found: dict[int, Layer] = {}
    for layer in layers:
        found.setdefault(id(layer), layer)
    return list(found.values())
