"""The steps in which a graph runs. Each reads values at its places and puts values at others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from kinema.layers import Concatenate
from kinema.layers.merging import Merge
from kinema.layers.operation import Operation
from kinema.layers.structure import Shape, leaves, map_leaves
from kinema.layers.symbolic import KerasTensor, Node
from kinema.models.frame_wise import is_pure
from kinema.models.plan import Plan

Values = dict[Hashable, Any]


class Step(ABC):
    """What all steps have.

    They are told in training how often the batch shows each frame, where `values` are those of single frames.
    """

    #: Multiplications for each frame in what sees frames for themselves.
    frame_products: float = 0.0

    @property
    @abstractmethod
    def needs(self) -> Sequence[Hashable]:
        """The places it reads."""

    @property
    @abstractmethod
    def gives(self) -> Sequence[Hashable]:
        """The places it fills."""

    @abstractmethod
    def run(self, values: Values, training: bool | None, counts: Any = None) -> None:
        """Computes what it gives."""


@dataclass(frozen=True, eq=False)
class Line(Step):
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
    def frame_products(self) -> float:  # type: ignore[override]
        """Multiplications for each frame in what sees frames for themselves."""
        return self.plan.frame_products

    @property
    def needs(self) -> Sequence[Hashable]:
        """The places it reads."""
        return (self.source,)

    @property
    def gives(self) -> Sequence[Hashable]:
        """The places it fills."""
        return (self.target,)

    def is_frame_wise(self, training: bool) -> bool:
        """Whether it sees each frame for itself, from its beginning to its end."""
        return self.plan.is_frame_wise(training)

    def run(self, values: Values, training: bool | None, counts: Any = None) -> None:
        """Runs the layers."""
        values[self.target] = self.plan.run(values[self.source], training, counts=counts)

    def shapes(self) -> list[Shape]:
        """The output shapes of what runs in training."""
        found: list[Shape] = []
        for layer in self.plan.steps[True]:
            found.append(layer.compute_output_shape(found[-1] if found else self.source.shape))
        return found


@dataclass(frozen=True, eq=False)
class Head(Step):
    """The beginning of a line, as far as it sees frames for themselves. What it gives stands under the line itself.

    Args:
        line: The line.
    """

    line: Line

    @property
    def frame_products(self) -> float:  # type: ignore[override]
        """Multiplications for each frame."""
        return self.line.frame_products

    @property
    def needs(self) -> Sequence[Hashable]:
        """The places it reads."""
        return self.line.needs

    @property
    def gives(self) -> Sequence[Hashable]:
        """The places it fills."""
        return (self.line,)

    def run(self, values: Values, training: bool | None, counts: Any = None) -> None:
        """Runs the layers, and the input product of a recurrent layer behind them."""
        values[self.line] = self.line.plan.frame_features(values[self.line.source], bool(training), counts)


@dataclass(frozen=True, eq=False)
class Tail(Step):
    """What is left of a line behind its head.

    Args:
        line: The line.
    """

    line: Line

    @property
    def needs(self) -> Sequence[Hashable]:
        """The places it reads."""
        return (self.line,)

    @property
    def gives(self) -> Sequence[Hashable]:
        """The places it fills."""
        return self.line.gives

    def run(self, values: Values, training: bool | None, counts: Any = None) -> None:
        """Runs the layers on clips."""
        values[self.line.target] = self.line.plan.run_features(values[self.line], bool(training))


@dataclass(frozen=True, eq=False)
class Call(Step):
    """One call with several inputs, several outputs or arguments of its own.

    Args:
        node: The call.
    """

    node: Node

    @property
    def needs(self) -> Sequence[Hashable]:
        """The places it reads."""
        return self.node.inputs

    @property
    def gives(self) -> Sequence[Hashable]:
        """The places it fills."""
        return self.node.outputs

    def is_frame_wise(self, training: bool) -> bool:
        """Whether it joins branches frame by frame."""
        layer, node = self.node.running, self.node
        kinds = (Merge, Concatenate, Operation)
        joins = isinstance(layer, kinds) and not layer.mixes_frames and is_pure(layer)
        if not joins or len(node.args) > 1 or node.kwargs or len({tensor.ndim for tensor in node.inputs}) > 1:
            return False
        return not isinstance(layer, Concatenate) or layer.axis % node.inputs[0].ndim != 1

    def run(self, values: Values, training: bool | None, counts: Any = None) -> None:
        """Calls the layer."""

        def filled(leaf: Any) -> Any:
            return values[leaf] if isinstance(leaf, KerasTensor) else leaf

        node = self.node
        arguments = {"training": training, **map_leaves(node.kwargs, filled)}
        results = node.running(*map_leaves(node.args, filled), **arguments)
        for tensor, value in zip(node.outputs, leaves(results), strict=True):
            values[tensor] = value

    def shapes(self) -> list[Shape]:
        """The output shapes."""
        return [tensor.shape for tensor in self.node.outputs]
