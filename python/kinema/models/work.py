"""How much work a frame is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from kinema.autograd import Variable
from kinema.layers import TimeDistributed
from kinema.layers.convolution import Convolution
from kinema.layers.layer import Layer, Shape


def frame_products(layers: Iterable[Layer], shapes: Iterable[Shape]) -> float:
    """Multiplications that one frame costs in the layers that see each frame for itself, to be had without running it.

    The input product of the recurrent layer behind them counts; what has no kernel does not.

    Args:
        layers: The layers as they run.
        shapes: The output shape of each.
    """
    total = 0.0
    for layer, shape in zip(layers, shapes, strict=True):
        if layer.mixes_frames:
            return total + (_products(layer, ()) if hasattr(layer, "project_frames") else 0.0)
        if isinstance(layer, TimeDistributed):
            total += _products(layer.layer, shape[2:])
        elif (plans := _plans_of(layer)) is not None:
            total += sum(plan.frame_products for plan in plans)
        else:
            total += _products(layer, shape[2:])
    return total


def _products(layer: Any, shape: Shape) -> float:
    """Of one layer, whose output has this shape for one frame."""
    if (plans := _plans_of(layer)) is not None:
        return sum(
            _products(inner, inner_shape[1:])
            for plan in plans
            for inner, inner_shape in zip(plan.lifted.layers, plan.lifted.shapes, strict=True)
        )
    kernels: list[Any] = []
    if isinstance(layer, Convolution):
        kernels = [link.kernel for link in layer.links()]
    elif isinstance(kernel := getattr(layer, "kernel", None), Variable):
        kernels = [kernel]
    places = math.prod(n or 1 for n in shape[:-1])
    return float(sum(math.prod(kernel.shape) * places for kernel in kernels))


def _plans_of(layer: Any) -> list[Any] | None:
    """The plans of the lines within a model; None for a layer that is none."""
    from kinema.models.functional import Functional
    from kinema.models.graph_steps import Line
    from kinema.models.sequential import Sequential

    if isinstance(layer, Functional):
        return [step.plan for step in layer.graph_plan.steps if isinstance(step, Line)]
    return [layer.plan] if isinstance(layer, Sequential) else None
