"""How a graph runs: its straight lines of layers as plans of their own, what joins and forks them call by call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from kinema.autograd import Tensor
from kinema.layers.settings import Snapshot
from kinema.layers.structure import Shape
from kinema.layers.symbolic import KerasTensor, Node
from kinema.models.graph import Graph
from kinema.models.graph_steps import Call, Head, Line, Step, Tail
from kinema.models.plan import Plan


class FramePart:
    """What of a graph sees each frame of one input for itself, through forks and joins, up to what looks at clips.

    Args:
        entry: The input.
        steps: The steps of the graph.
        outputs: The outputs of the graph.
        training: Whether the model is trained.
    """

    def __init__(
        self, entry: KerasTensor, steps: Sequence[Line | Call], outputs: Sequence[KerasTensor], training: bool
    ) -> None:
        self._entry, self._training = entry, training
        self._steps: list[Step] = []
        #: What is left of the graph's steps behind this part, by their numbers: the end of a line, or nothing.
        self.left: dict[int, Tail | None] = {}
        inside: set[Hashable] = {entry}
        read: set[Hashable] = set(outputs)
        for number, step in enumerate(steps):
            if not inside.issuperset(step.needs):
                read.update(step.needs)
            elif step.is_frame_wise(training):
                self._steps.append(step)
                self.left[number] = None
                inside.update(step.gives)
            elif isinstance(step, Line) and step.plan.shares_frames(training):
                self._steps.append(Head(step))
                self.left[number] = Tail(step)
                read.add(step)
            else:
                read.update(step.needs)
        made = [entry, *(place for step in self._steps for place in step.gives)]
        #: Whether nothing is left.
        self.is_whole = len(self.left) == len(steps) and not any(self.left.values())
        #: What the rest of the graph reads of this part.
        self.borders = [place for place in made if place in read]
        #: Multiplications that one frame costs.
        self.frame_products = sum(step.frame_products for step in self._steps)

    @property
    def shares_frames(self) -> bool:
        """Whether something can be computed once per distinct frame of a batch of overlapping clips."""
        return bool(self._steps)

    def frame_features(self, frames: Any, counts: Any = None) -> list[Tensor]:
        """What stands at the borders, for single frames.

        Args:
            frames: (frames, 1, ...).
            counts: In training, how often the batch shows each frame.
        """
        return _run(self._steps, {self._entry: frames}, self.borders, self._training, counts)


class GraphPlan:
    """Runs a graph.

    Args:
        graph: The graph.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.steps = _steps(graph)
        #: Once stale, because somebody has changed a layer, such as its activation, it takes a new plan.
        self.settings = Snapshot(graph.running_layers)
        self._frame_parts = {
            (entry, training): FramePart(entry, self.steps, graph.outputs, training)
            for entry in graph.inputs
            for training in (True, False)
        }

    def frame_part(self, entry: KerasTensor, training: bool) -> FramePart:
        """What sees each frame of an input for itself."""
        return self._frame_parts[entry, training]

    def shapes(self) -> list[Shape]:
        """The output shapes of all that runs in training."""
        return [shape for step in self.steps for shape in step.shapes()]

    def run(
        self,
        inputs: Sequence[Any],
        training: bool | None,
        features: Mapping[KerasTensor, Sequence[Tensor]] | None = None,
    ) -> list[Any]:
        """The outputs for a batch.

        Args:
            inputs: A tensor for each input of the graph.
            training: Whether the model is trained; None where nobody has said.
            features: In place of inputs: what stands for their clips at the borders of their frame-wise part.
        """
        values: dict[Hashable, Any] = {}
        left: dict[int, Tail | None] = {}
        for entry, value in zip(self.graph.inputs, inputs, strict=True):
            if features is None or entry not in features:
                values[entry] = value
                continue
            part = self.frame_part(entry, bool(training))
            values.update(zip(part.borders, features[entry], strict=True))
            left.update(part.left)
        steps = [left.get(number, step) for number, step in enumerate(self.steps)]
        return _run([step for step in steps if step is not None], values, self.graph.outputs, training)


def _run(
    steps: Sequence[Step],
    values: dict[Hashable, Any],
    wanted: Sequence[Hashable],
    training: bool | None,
    counts: Any = None,
) -> list[Any]:
    """What stands at the places wanted, after all steps; what nobody reads any more goes at once."""
    readers = Counter(place for step in steps for place in step.needs)
    readers.update(wanted)
    for step in steps:
        step.run(values, training, counts)
        for place in step.needs:
            readers[place] -= 1
            if not readers[place]:
                del values[place]
    return [values[place] for place in wanted]


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
    return Line(Plan([node.running for node in nodes], source.shape), source, nodes[-1].outputs[0])


def _is_plain(node: Node) -> bool:
    """Whether a call has one symbolic input, one output and nothing else to say."""
    alone = len(node.args) == 1 and not node.kwargs
    return alone and isinstance(node.args[0], KerasTensor) and isinstance(node.result, KerasTensor)
