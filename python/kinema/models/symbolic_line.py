"""The calls of a line of layers on symbolic tensors, by which each layer has an `input` and an `output`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kinema.layers.layer import Layer
from kinema.layers.structure import map_leaves
from kinema.layers.symbolic import KerasTensor, Node, call_as_planned
from kinema.models.plan import Plan


class SymbolicLine:
    """One call of each layer on what the one before gives, as the line's plan runs them.

    A call that a layer has noted for the same tensor is this one: a line that changes at its end keeps the tensors of
    its beginning.

    Args:
        entry: Where data enters.
        layers: The user's layers in order.
        plan: How they run.
    """

    def __init__(self, entry: KerasTensor, layers: Sequence[Layer], plan: Plan) -> None:
        self.entry, self.plan = entry, plan
        #: What the last layer gives.
        self.end: Any = entry
        self.calls: list[Node] = []
        for layer, running, shape in zip(layers, plan.lifted.layers, plan.lifted.shapes, strict=True):
            call = _noted(layer, running, self.end, shape) or call_as_planned(layer, running, self.end, shape)
            self.calls.append(call)
            self.end = call.result

    def forget(self) -> None:
        """Takes the calls away from the layers, whose `output` they are no longer."""
        for call in self.calls:
            call.layer._nodes[:] = [node for node in call.layer._nodes if node is not call]


def _noted(layer: Layer, running: Layer, inputs: Any, output_shape: Any) -> Node | None:
    """The call on these inputs, with nothing beside them, that the layer knows already."""
    for node in layer._nodes:
        alone = len(node.args) == 1 and node.args[0] is inputs and not node.kwargs
        if alone and node.running is running and map_leaves(node.result, lambda tensor: tensor.shape) == output_shape:
            return node
    return None
