"""Which layers must be applied to every frame of a clip: the rule of video lifting."""

from __future__ import annotations

from typing import Any

from kinema.layers.reshaping import Flatten, Reshape
from kinema.layers.structure import Shape
from kinema.layers.time_distributed import TimeDistributed


def must_lift(layer: Any, shape: Shape, in_run: bool) -> bool:
    """Whether a layer that meets an input of this shape has to be wrapped in `TimeDistributed`.

    Args:
        layer: The layer.
        shape: Its input's shape, batch axis included.
        in_run: Whether the input comes out of layers that were lifted.
    """
    if layer.frame_rank is not None:
        return bool(len(shape) == layer.frame_rank + 1)
    return in_run and isinstance(layer, (Flatten, Reshape)) and len(shape) > 2


def on_every_frame(layer: Any) -> TimeDistributed:
    """The layer, wrapped, always in the same wrapper: models and graphs that share the layer share this too."""
    name = f"time_distributed_{layer.name}"
    if layer._on_every_frame is None:
        layer._on_every_frame = TimeDistributed(layer, name=name)
    wrapper: TimeDistributed = layer._on_every_frame
    wrapper.name = name  # the layer may have got another one
    return wrapper
