"""Chaining: convolutions in a row that one kernel computes frame by frame when a model predicts.

What one convolution writes the next one reads from the cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kinema import ops
from kinema.layers import TimeDistributed
from kinema.layers.fused import kernel_activation
from kinema.layers.layer import Layer, Shape
from kinema.models.fusion import Convolutions, as_convolution


class ConvolutionChain(Convolutions):
    """Steps that each are one convolution."""

    def __init__(self, steps: Sequence[Layer]) -> None:
        super().__init__("+".join(step.name for step in steps), steps[0].dtype)
        self.steps = list(steps)
        self.built = True

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """The last step's shape."""
        shape = input_shape
        for step in self.steps:
            shape = step.compute_output_shape(shape)
        return shape

    def links(self) -> list[ops.ConvolutionLink]:
        """Those of the steps."""
        return [link for step in self.steps for link in links_of(step)]


def chain(steps: Sequence[Layer]) -> tuple[Layer, ...]:
    """The steps with each run of convolutions replaced by one step."""
    chained: list[Layer] = []
    run: list[Layer] = []
    for step in [*steps, None]:
        if step is not None and is_convolution(step) and (not run or _go_together(run[-1], step)):
            run.append(step)
            continue
        chained += _joined(run)
        run = []
        if step is not None and is_convolution(step):
            run = [step]
        elif step is not None:
            chained.append(step)
    return tuple(chained)


def _joined(run: Sequence[Layer]) -> Sequence[Layer]:
    if len(run) < 2:
        return run
    inner = ConvolutionChain([on_frames(step) for step in run])
    return [TimeDistributed(inner, name=f"time_distributed_{inner.name}") if on_clips(run[0]) else inner]


def _go_together(first: Layer, second: Layer) -> bool:
    return on_clips(first) == on_clips(second) and on_frames(first).dtype == on_frames(second).dtype


def on_clips(step: Layer) -> bool:
    """Whether a step takes clips."""
    return isinstance(step, TimeDistributed)


def on_frames(step: Layer) -> Layer:
    """What a step does to each frame."""
    return step.layer if isinstance(step, TimeDistributed) else step


def is_convolution(step: Layer) -> bool:
    """Whether a step is one convolution, on frames or on clips, that kernels compute whole."""
    frames = on_frames(step)
    if frames.activity_regularizer is not None or step.activity_regularizer is not None:
        return False
    if (convolution := as_convolution(frames)) is not None:
        return kernel_activation(convolution.activation) is not None
    return isinstance(frames, Convolutions)


def links_of(step: Layer) -> list[ops.ConvolutionLink]:
    """What a convolution, or a chain of them, on frames or on clips, computes of each frame."""
    frames: Any = on_frames(step)
    if isinstance(frames, Convolutions):
        return frames.links()
    links: list[ops.ConvolutionLink] = frames.links(activation=kernel_activation(frames.activation))
    return links
