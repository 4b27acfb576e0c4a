"""Chaining: convolutions in a row that one kernel computes frame by frame when a model predicts.

What one convolution writes the next one reads from the cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kinema import ops
from kinema.layers import Conv2D, TimeDistributed
from kinema.layers.fused import kernel_activation
from kinema.layers.layer import Layer, Shape
from kinema.models.folding import FoldedConvolution
from kinema.models.fusion import ConvolutionPooling, link_of


class ConvolutionChain(Layer):
    """Steps that each are one convolution, as one step; it has no weights of its own."""

    frame_rank = 4

    def __init__(self, steps: Sequence[Layer]) -> None:
        super().__init__(name="+".join(step.name for step in steps), dtype=steps[0].dtype)
        self.steps = list(steps)
        self.built = True

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """The last step's shape."""
        shape = input_shape
        for step in self.steps:
            shape = step.compute_output_shape(shape)
        return shape

    def call(self, inputs: Any) -> Any:
        """All of them in one pass."""
        return ops.conv2d_chain(inputs, [_link(step) for step in self.steps])


def chain(steps: Sequence[Layer]) -> tuple[Layer, ...]:
    """The steps with each run of convolutions replaced by one step."""
    chained: list[Layer] = []
    run: list[Layer] = []
    for step in [*steps, None]:
        if step is not None and _is_convolution(step) and (not run or _go_together(run[-1], step)):
            run.append(step)
            continue
        chained += _joined(run)
        run = []
        if step is not None and _is_convolution(step):
            run = [step]
        elif step is not None:
            chained.append(step)
    return tuple(chained)


def _joined(run: Sequence[Layer]) -> Sequence[Layer]:
    if len(run) < 2:
        return run
    inner = ConvolutionChain([_on_frames(step) for step in run])
    return [TimeDistributed(inner, name=f"time_distributed_{inner.name}") if _on_clips(run[0]) else inner]


def _go_together(first: Layer, second: Layer) -> bool:
    return _on_clips(first) == _on_clips(second) and _on_frames(first).dtype == _on_frames(second).dtype


def _on_clips(step: Layer) -> bool:
    return isinstance(step, TimeDistributed)


def _on_frames(step: Layer) -> Layer:
    return step.layer if isinstance(step, TimeDistributed) else step


def _is_convolution(step: Layer) -> bool:
    frames = _on_frames(step)
    if frames.activity_regularizer is not None or step.activity_regularizer is not None:
        return False
    if type(frames) is Conv2D:
        return kernel_activation(frames.activation) is not None
    return isinstance(frames, (ConvolutionPooling, FoldedConvolution))


def _link(step: Any) -> ops.ConvolutionLink:
    if isinstance(step, Conv2D):
        return link_of(step, step.kernel, step.bias, kernel_activation(step.activation), None)
    link: ops.ConvolutionLink = step.link()
    return link
