"""The order in which Keras numbers the layers of a graph, which decides where their arrays stand in files.

Keras sorts layers by their distance from the outputs, and counts the operations by which it computes masks as steps on
the way. Here masks travel with the tensors, so these operations are only thought of, to count as Keras does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, TypeAlias

from kinema.layers import Bidirectional, Concatenate, Masking
from kinema.layers.layer import Layer, takes_mask
from kinema.layers.merging import Merge
from kinema.layers.over_time import OverTime
from kinema.layers.symbolic import KerasTensor, Node


@dataclass(frozen=True, eq=False)
class _Operation:
    """One of Keras's operations on the way to a mask."""

    parents: Sequence[_Step]


_Step: TypeAlias = "Node | _Operation"


def keras_order(done: Sequence[Node], unused: Sequence[Node], first_visits: Mapping[Layer, int]) -> list[Node]:
    """The calls, far layers first; among layers of one distance, as they were visited.

    Args:
        done: The calls on the way to the outputs, each behind those it needs.
        unused: Inputs that no output needs.
        first_visits: When a walk from the outputs first met each layer.
    """
    depth: dict[_Step, int] = {}
    of_layer: dict[Layer, int] = {}
    for step, parents in reversed(_with_masks(done)):
        mine = depth.get(step, 0)
        if isinstance(step, Node):
            mine = of_layer[step.running] = max(mine, of_layer.get(step.running, 0))
        for parent in parents:
            depth[parent] = max(depth.get(parent, 0), mine + 1)
    of_layer.update((node.running, 0) for node in unused)
    visits = {**first_visits, **{node.running: -1 for node in unused}}
    return sorted([*unused, *done], key=lambda node: (-of_layer[node.running], visits[node.running]))


def _with_masks(done: Sequence[Node]) -> list[tuple[_Step, Sequence[_Step]]]:
    """The calls and the operations of their masks, each behind those it needs, with what it needs."""
    steps: list[tuple[_Step, Sequence[_Step]]] = []
    masks: dict[KerasTensor, _Operation] = {}
    listed: set[_Operation] = set()

    def list_operation(operation: _Operation) -> None:
        if operation not in listed:
            listed.add(operation)
            for parent in operation.parents:
                if isinstance(parent, _Operation):
                    list_operation(parent)
            steps.append((operation, operation.parents))

    for node in done:
        parents: list[_Step] = [_source(tensor) for tensor in node.inputs]
        mask = masks.get(node.inputs[0]) if node.inputs else None
        if mask is not None and takes_mask(node.running):
            list_operation(mask)
            parents.append(mask)
        steps.append((node, parents))
        if (given := _mask_of(node, masks)) is not None:
            masks[node.outputs[0]] = given
    return steps


def _mask_of(node: Node, masks: Mapping[KerasTensor, _Operation]) -> _Operation | None:
    """What computes the mask of a call's (first) output in Keras."""
    layer: Any = node.running
    if node.is_input:
        return None
    if isinstance(layer, Masking):
        return _Operation([_Operation([_source(node.inputs[0])])])
    coming = [masks.get(tensor) for tensor in node.inputs]
    known = [mask for mask in coming if mask is not None]
    if isinstance(layer, Merge):
        return reduce(lambda one, other: _Operation([one, other]), known) if len(known) == len(coming) else None
    if isinstance(layer, Concatenate):
        return _Operation([_Operation(_wide(node, coming))]) if known else None
    if isinstance(layer, (OverTime, Bidirectional)) and not layer.return_sequences:
        return None
    return coming[0] if layer.supports_masking else None


def _wide(node: Node, masks: Sequence[_Operation | None]) -> list[_Operation]:
    """Masks brought to the shapes of the inputs that they are for."""
    pairs = [(_Operation([_source(tensor)]), mask) for tensor, mask in zip(node.inputs, masks, strict=True)]
    return [ones if mask is None else _Operation([_Operation([mask]), ones]) for ones, mask in pairs]


def _source(tensor: KerasTensor) -> Node:
    assert tensor.node is not None
    return tensor.node
