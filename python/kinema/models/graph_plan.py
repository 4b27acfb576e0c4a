"""How a graph runs: its straight lines of layers as plans of their own, what joins and forks them call by call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kinema.layers.structure import Shape, leaves, map_leaves
from kinema.layers.symbolic import KerasTensor, Node
from kinema.models.frame_memory import FrameMemory
from kinema.models.frames import SharedFrames
from kinema.models.graph import Graph
from kinema.models.plan import Plan

#: The distinct frames of an input's clips, and where their features are kept.
Remembered = tuple[SharedFrames, FrameMemory | None]


@dataclass(frozen=True)
class Line:
    """Calls in a row, each with the output of the one before as its only input.

    Args:
        plan: Runs them.
        source: What goes in.
        target: What comes out.
    """

    plan: Plan
    source: KerasTensor
    target: KerasTensor

    @property
    def needs(self) -> Sequence[KerasTensor]:
        """What has to be there first."""
        return (self.source,)


@dataclass(frozen=True)
class Call:
    """One call with several inputs, several outputs or arguments of its own."""

    node: Node

    @property
    def needs(self) -> Sequence[KerasTensor]:
        """What has to be there first."""
        return self.node.inputs


class GraphPlan:
    """Runs a graph.

    Args:
        graph: The graph.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.steps = _steps(graph)
        #: How many steps, or outputs of the model, read each tensor.
        self._readers = Counter(tensor for step in self.steps for tensor in step.needs)
        self._readers.update(tensor for tensor in graph.outputs)

    def sharing_line(self, entry: KerasTensor, training: bool) -> Line | None:
        """The line that alone reads an input and can compute each frame of overlapping clips once."""
        for step in self.steps:
            if isinstance(step, Line) and step.source is entry and self._readers[entry] == 1:
                return step if step.plan.shares_frames(training) else None
        return None

    def shapes(self) -> list[Shape]:
        """The output shapes of all that runs in training."""
        found: list[Shape] = []
        for step in self.steps:
            if isinstance(step, Call):
                found += [tensor.shape for tensor in step.node.outputs]
                continue
            shape = step.source.shape
            for layer in step.plan.steps[True]:
                shape = layer.compute_output_shape(shape)
                found.append(shape)
        return found

    def run(
        self,
        inputs: Sequence[Any],
        training: bool,
        shared: Mapping[KerasTensor, Remembered] | None = None,
    ) -> list[Any]:
        """The outputs for a batch.

        Args:
            inputs: A tensor for each input of the graph.
            training: Whether the model is trained.
            shared: The distinct frames of inputs that a `sharing_line` reads, and what is remembered of them, by the
                symbolic input.
        """
        values = dict(zip(self.graph.inputs, inputs, strict=True))
        readers = Counter(self._readers)
        for step in self.steps:
            if isinstance(step, Call):
                _run_call(step.node, values, training)
            elif shared and step.source in shared:
                frames, memory = shared[step.source]
                values[step.target] = step.plan.run_shared(frames, training, memory)
            else:
                values[step.target] = step.plan.run(values[step.source], training)
            for tensor in step.needs:  # what nobody reads any more may go
                readers[tensor] -= 1
                if not readers[tensor]:
                    del values[tensor]
        return [values[tensor] for tensor in self.graph.outputs]


def _run_call(node: Node, values: dict[KerasTensor, Any], training: bool) -> None:
    def filled(leaf: Any) -> Any:
        return values[leaf] if isinstance(leaf, KerasTensor) else leaf

    arguments = {"training": training, **map_leaves(node.kwargs, filled)}
    results = node.running(*map_leaves(node.args, filled), **arguments)
    for tensor, value in zip(node.outputs, leaves(results), strict=True):
        values[tensor] = value


def _steps(graph: Graph) -> list[Line | Call]:
    readers: dict[KerasTensor, list[Node | None]] = {}
    for node in graph.nodes:
        for tensor in node.inputs:
            readers.setdefault(tensor, []).append(node)
    for tensor in graph.outputs:
        readers.setdefault(tensor, []).append(None)
    steps: list[Line | Call] = []
    taken: set[int] = set()
    for node in graph.nodes:
        if node.is_input or id(node) in taken:
            continue
        line = [node] if _is_plain(node) else []
        while line:
            following = readers.get(line[-1].outputs[0], [])
            after = following[0] if len(following) == 1 else None
            if after is None or not _is_plain(after):
                break
            line.append(after)
        taken.update(id(one) for one in line)
        steps.append(_line(line) if line else Call(node))
    return steps


def _line(nodes: Sequence[Node]) -> Line:
    source = nodes[0].inputs[0]
    return Line(Plan([node.running for node in nodes], source.shape, {}), source, nodes[-1].outputs[0])


def _is_plain(node: Node) -> bool:
    """Whether a call has one symbolic input, one output and nothing else to say."""
    return len(node.args) == 1 and isinstance(node.args[0], KerasTensor) and not node.kwargs and len(node.outputs) == 1
