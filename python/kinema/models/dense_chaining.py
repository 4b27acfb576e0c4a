"""Dense layers in a row, which a model that predicts computes in one call.

Between two small products the interpreter would take longer than they do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeGuard

from kinema import ops
from kinema.layers import Dense
from kinema.layers.fused import apply_fused, kernel_activation
from kinema.layers.layer import Layer, Shape
from kinema.models.fusion import join_neighbours


class DenseChain(Layer):
    """Dense layers as one step, all but the last with an activation that kernels know; it has no weights of its own."""

    supports_masking = True

    def __init__(self, steps: Sequence[Dense]) -> None:
        super().__init__(name="+".join(step.name for step in steps), dtype=steps[0].dtype)
        self.steps = list(steps)
        self.built = True

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """(batch, ..., units of the last one)."""
        return (*input_shape[:-1], self.steps[-1].units)

    def call(self, inputs: Any) -> Any:
        """All of them in one pass."""
        *hidden, last = self.steps
        first = hidden[0]
        first._require_features(inputs.shape, first.kernel.shape[0])
        links = [(step.kernel, step.bias, kernel_activation(step.activation)) for step in hidden]

        def compute(activation: str | None) -> Any:
            return ops.dense_chain(inputs, [*links, (last.kernel, last.bias, activation)])

        return apply_fused(compute, last.activation)


def chain_dense(steps: Sequence[Layer]) -> tuple[Layer, ...]:
    """The steps with each run of Dense layers replaced by one step."""
    return join_neighbours(steps, _joined)


def _joined(first: Layer, second: Layer) -> DenseChain | None:
    before = first.steps if isinstance(first, DenseChain) else [first] if _is_dense(first) else []
    if not before or not _is_dense(second) or first.dtype != second.dtype:
        return None
    return None if kernel_activation(before[-1].activation) is None else DenseChain([*before, second])


def _is_dense(step: Layer) -> TypeGuard[Dense]:
    """Whether a step is a Dense layer of ours, with nothing that looks at what it gives."""
    return type(step) is Dense and step.activity_regularizer is None
