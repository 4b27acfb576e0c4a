"""Recurrences over time. Inputs are projected beforehand (`z = dense(x, kernel, bias)`, all gates side by side).

Every op walks time forwards, or backwards with `go_backwards`, and gives its states in the order in which it walked. A
step that the mask leaves out repeats the state before it. The recurrent mask, a dropout mask for each sample,
multiplies the state before it meets the recurrent kernel.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema import _rust
from kinema.autograd import Array, is_recording
from kinema.errors import ShapeError
from kinema.ops._activation import code_of
from kinema.ops._arrays import check_rank, floating, native
from kinema.ops._contract import Result, differentiable


@differentiable
def simple_rnn(
    z: Array,
    recurrent_kernel: Array,
    initial_state: Array | None = None,
    mask: Array | None = None,
    recurrent_mask: Array | None = None,
    *,
    activation: str | None = "tanh",
    go_backwards: bool = False,
) -> Result:
    """`h = activation(z + h @ recurrent_kernel)` at every step.

    Args:
        z: Projected inputs (batch, time, units).
        recurrent_kernel: Weights (units, units).
        initial_state: The state before the first step (batch, units), zeros when None.
        mask: Booleans (batch, time): which steps count.
        recurrent_mask: A dropout mask (batch, units) for the state, or None.
        activation: The name of an activation, or None.
        go_backwards: Walk from the last step to the first.

    Returns:
        The states (batch, time, units).
    """
    op = "simple_rnn"
    z, u, (h0,), mask, dropped = _checked(op, 1, z, recurrent_kernel, (initial_state,), mask, recurrent_mask)
    code = code_of(op, activation)
    hs, saved = _rust.simple_rnn(z, u, h0, mask, dropped, go_backwards, code)

    def backward(dhs: Array) -> Any:
        dz, du, dh0 = _rust.simple_rnn_grad(native(dhs), hs, saved, u, h0, mask, dropped, go_backwards, code)
        return dz, du, dh0, None, None

    return hs, backward


@differentiable
def gru(
    z: Array,
    recurrent_kernel: Array,
    recurrent_bias: Array | None = None,
    initial_state: Array | None = None,
    mask: Array | None = None,
    recurrent_mask: Array | None = None,
    *,
    activation: str | None = "tanh",
    recurrent_activation: str | None = "sigmoid",
    reset_after: bool = True,
    go_backwards: bool = False,
) -> Result:
    """The gated recurrent unit; gates in the order update, reset, candidate.

    Args:
        z: Projected inputs (batch, time, 3 * units).
        recurrent_kernel: Weights (units, 3 * units).
        recurrent_bias: What is added to the recurrent product (3 * units), or None; only with `reset_after`.
        initial_state: The state before the first step (batch, units), zeros when None.
        mask: Booleans (batch, time): which steps count.
        recurrent_mask: A dropout mask (batch, units) for the state, or None.
        activation: The name of the candidate's activation, or None.
        recurrent_activation: The name of the gates' activation, or None.
        reset_after: Apply the reset gate after the recurrent product instead of before it.
        go_backwards: Walk from the last step to the first.

    Returns:
        The states (batch, time, units).
    """
    op = "gru"
    z, u, (h0,), mask, dropped = _checked(op, 3, z, recurrent_kernel, (initial_state,), mask, recurrent_mask)
    if recurrent_bias is not None and (recurrent_bias.shape != u.shape[1:] or not reset_after):
        raise ShapeError(
            f"ops.gru: recurrent_bias has shape {recurrent_bias.shape}; "
            f"expected {u.shape[1:]} with reset_after, else None"
        )
    bias = None if recurrent_bias is None else native(recurrent_bias)
    codes = code_of(op, activation), code_of(op, recurrent_activation)
    hs, saved = _rust.gru(z, u, bias, h0, mask, dropped, go_backwards, *codes, reset_after, is_recording())

    def backward(dhs: Array) -> Any:
        gradients = _rust.gru_grad(
            native(dhs), hs, saved, u, bias, h0, mask, dropped, go_backwards, *codes, reset_after
        )
        return (*gradients, None, None)

    return hs, backward


@differentiable
def lstm(
    z: Array,
    recurrent_kernel: Array,
    peepholes: Array | None = None,
    initial_state: Array | None = None,
    initial_carry: Array | None = None,
    mask: Array | None = None,
    recurrent_mask: Array | None = None,
    *,
    activation: str | None = "tanh",
    recurrent_activation: str | None = "sigmoid",
    go_backwards: bool = False,
) -> Result:
    """Long short-term memory; gates in the order input, forget, candidate, output.

    Args:
        z: Projected inputs (batch, time, 4 * units).
        recurrent_kernel: Weights (units, 4 * units).
        peepholes: Weights (3, units) with which input, forget and output gate look at the cell state, or None. The
            first two look at the old state, the output gate at the new one.
        initial_state: The state before the first step (batch, units), zeros when None.
        initial_carry: The cell state before the first step (batch, units), zeros when None.
        mask: Booleans (batch, time): which steps count.
        recurrent_mask: A dropout mask (batch, units) for the state, or None.
        activation: The name of the activation of candidate and output, or None.
        recurrent_activation: The name of the gates' activation, or None.
        go_backwards: Walk from the last step to the first.

    Returns:
        The states (batch, time, units) and the last cell state (batch, units).
    """
    op = "lstm"
    states = (initial_state, initial_carry)
    z, u, (h0, c0), mask, dropped = _checked(op, 4, z, recurrent_kernel, states, mask, recurrent_mask)
    if peepholes is not None and peepholes.shape != (3, u.shape[0]):
        raise ShapeError(
            f"ops.lstm: peepholes has shape {peepholes.shape}, expected {(3, u.shape[0])}: input, forget, output"
        )
    peeps = None if peepholes is None else native(peepholes)
    codes = code_of(op, activation), code_of(op, recurrent_activation)
    hs, cs, saved = _rust.lstm(z, u, peeps, h0, c0, mask, dropped, go_backwards, *codes, is_recording())

    def backward(gradients: tuple[Array | None, Array | None]) -> Any:
        dhs = np.zeros_like(hs) if gradients[0] is None else native(gradients[0])
        dc = None if gradients[1] is None else native(gradients[1])
        found = _rust.lstm_grad(dhs, dc, hs, cs, saved, u, peeps, h0, c0, mask, dropped, go_backwards, *codes)
        return (*found, None, None)

    return (hs, cs[:, -1]), backward


def _checked(
    op: str,
    gates: int,
    z: Array,
    recurrent_kernel: Array,
    states: tuple[Array | None, ...],
    mask: Array | None,
    recurrent_mask: Array | None,
) -> tuple[Array, Array, list[Array], Array | None, Array | None]:
    z, u = native(floating(z)), native(floating(recurrent_kernel))
    check_rank(op, "z", z, "batch, time, gates")
    batch, time, width = z.shape
    if u.ndim != 2 or u.shape[1] != gates * u.shape[0] or width != u.shape[1]:
        raise ShapeError(
            f"ops.{op}: z has shape {z.shape} and recurrent_kernel {u.shape}; expected (batch, time, {gates} * units) "
            f"and (units, {gates} * units)"
        )
    if not time:
        raise ShapeError(f"ops.{op}: z has shape {z.shape}, which has no time step; at least one is needed")
    shape = (batch, u.shape[0])
    filled = [np.zeros(shape, z.dtype) if state is None else native(floating(state)) for state in states]
    for state in (*filled, recurrent_mask):
        if state is not None and state.shape != shape:
            raise ShapeError(
                f"ops.{op}: states and recurrent_mask have shape (batch, units), here {shape}, not {state.shape}"
            )
    if mask is not None and mask.shape != (batch, time):
        raise ShapeError(f"ops.{op}: mask has shape {mask.shape}, expected (batch, time), here {(batch, time)}")
    counts = None if mask is None else native(mask.astype(bool, copy=False))
    return z, u, filled, counts, None if recurrent_mask is None else native(recurrent_mask)
