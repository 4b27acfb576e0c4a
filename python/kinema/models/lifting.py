"""Video lifting: layers made for single frames, applied to every frame of a clip.

A layer whose `frame_rank` forbids a (batch, time, height, width, channels) input is wrapped in `TimeDistributed`,
and so is a Flatten or Reshape directly after such a run. Layers that take any rank are left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kinema.layers import InputLayer
from kinema.layers.layer import Layer, Shape
from kinema.layers.on_frames import must_lift, on_every_frame


@dataclass(frozen=True)
class Lifted:
    """The layers as they run, each with its output shape.

    Args:
        layers: The user's layers, wrapped where they were lifted.
        shapes: The output shape of each.
        open_run: The name of the layer that began a lifted run which reaches the output with its time axis, or None.
    """

    layers: tuple[Layer, ...]
    shapes: tuple[Shape, ...]
    open_run: str | None


def lift(layers: Sequence[Layer], input_shape: Shape) -> Lifted:
    """Builds the layers one after the other for an input shape, and wraps those that must run on every frame.

    Args:
        layers: The user's layers in order.
        input_shape: The model's input shape, batch axis None.
    """
    running: list[Layer] = []
    shapes: list[Shape] = []
    run: str | None = None
    shape: Any = input_shape
    for layer in layers:
        if isinstance(layer, InputLayer):
            continue
        if must_lift(layer, shape, in_run=run is not None):
            run = run or layer.name
            layer = on_every_frame(layer)
        layer.ensure_built(shape)
        if layer.mixes_frames:
            run = None
        shape = layer.compute_output_shape(shape)
        running.append(layer)
        shapes.append(shape)
    return Lifted(tuple(running), tuple(shapes), run)


def is_lifted(layer: Layer, user_layers: Sequence[Layer]) -> bool:
    """Whether this running layer is a wrapper that lifting made, and not one of the user's layers."""
    return not any(layer is own for own in user_layers)
