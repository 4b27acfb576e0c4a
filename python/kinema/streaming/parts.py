"""A model in two parts: what is computed of each frame once and kept, and what looks at the frames kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kinema.autograd import Tensor
from kinema.errors import ArgumentError
from kinema.models.functional import Functional
from kinema.models.graph_plan import GraphPlan
from kinema.models.graph_steps import Line
from kinema.models.plan import Plan
from kinema.models.sequential import Sequential


class LineParts:
    """The parts of a line of layers.

    Args:
        plan: The line's plan.
    """

    def __init__(self, plan: Plan) -> None:
        self.input_shape = plan.input_shape
        #: What a state can be carried through.
        self.line: Plan | None = plan
        self._plan = plan

    def of_frames(self, frames: Any) -> list[Tensor]:
        """What is kept of frames (frames, 1, ...)."""
        return [self._plan.frame_features(frames, False)]

    def of_clips(self, features: Sequence[Tensor]) -> Any:
        """The output for clips (batch, time, ...) of what was kept of their frames."""
        return self._plan.run_features(features[0], False)


class GraphParts:
    """The parts of a graph with one input and one output.

    Args:
        plan: The graph's plan.
    """

    def __init__(self, plan: GraphPlan) -> None:
        (self._entry,) = plan.graph.inputs
        self.input_shape = self._entry.shape
        self.line = None
        self._plan = plan
        self._part = plan.frame_part(self._entry, training=False)

    def of_frames(self, frames: Any) -> list[Tensor]:
        """What is kept of frames (frames, 1, ...)."""
        return self._part.frame_features(Tensor(frames))

    def of_clips(self, features: Sequence[Tensor]) -> Any:
        """The output for clips (batch, time, ...) of what was kept of their frames."""
        (output,) = self._plan.run([None], False, {self._entry: features})
        return output


def parts_of(model: Any) -> LineParts | GraphParts:
    """The parts of a built model on clips.

    Raises:
        ArgumentError: It is none whose layers say what can be kept from frame to frame.
    """
    call = getattr(type(model), "call", None)
    if call is Sequential.call:
        return LineParts(model.plan)
    if call is not Functional.call:
        raise ArgumentError(
            f"StreamPredictor takes a Sequential or a Model(inputs, outputs) on clips, not {type(model).__name__}: "
            "their layers say what can be kept from frame to frame"
        )
    inputs, outputs, steps = len(model.inputs), len(model.outputs), model.graph_plan.steps
    if (inputs, outputs) != (1, 1):
        raise ArgumentError(
            f"StreamPredictor takes a model with one input and one output, this one has {inputs} and {outputs}"
        )
    return LineParts(steps[0].plan) if len(steps) == 1 and isinstance(steps[0], Line) else GraphParts(model.graph_plan)
