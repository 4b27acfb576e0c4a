"""Walking through time with any cell: in one kernel where there is one, else step by step."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kinema import ops, random
from kinema.autograd import Array
from kinema.errors import ShapeError
from kinema.layers.cells import call_cell
from kinema.layers.recurrent_cell import RecurrentCell
from kinema.layers.stacked_rnn_cells import StackedRNNCells


def walk(
    cell: Any, sequences: Any, states: list[Any], mask: Any, go_backwards: bool, training: bool
) -> tuple[Any, list[Any]]:
    """All outputs of a cell in walking order, and its state at the end.

    A step that the mask leaves out repeats the output before it and keeps the state.

    Args:
        cell: The cell, built.
        sequences: (batch, time, ...).
        states: The state before the first step.
        mask: (batch, time), False for steps to skip, or None.
        go_backwards: Walk from the last step to the first.
        training: Whether dropout is active.
    """
    if not sequences.shape[1]:
        raise ShapeError(f"sequences of shape {sequences.shape} have no time step; at least one is needed")
    counts = None if mask is None else np.asarray(mask, bool)
    if isinstance(cell, RecurrentCell) and cell.walks_in_one_kernel:
        return cell.walk(sequences, states, counts, go_backwards, training)
    if isinstance(cell, StackedRNNCells) and cell.walks_cell_by_cell:
        return _cell_by_cell(cell.cells, sequences, states, counts, go_backwards, training)
    with random.one_step():
        return step_by_step(functools.partial(call_cell, cell), sequences, states, counts, go_backwards)


def _cell_by_cell(
    cells: Sequence[Any], sequences: Any, states: list[Any], mask: Any, go_backwards: bool, training: bool
) -> tuple[Any, list[Any]]:
    """Each cell of a stack walks through all outputs of the one below it."""
    outputs, after = sequences, []
    for cell, before in zip(cells, states, strict=True):
        several = isinstance(before, (list, tuple))
        outputs, last = walk(cell, outputs, list(before) if several else [before], mask, go_backwards, training)
        after.append(last if several else last[0])
        if go_backwards:  # from here on the outputs lie in walking order
            go_backwards, mask = False, None if mask is None else mask[:, ::-1]
    return outputs, after


def step_by_step(
    call: Callable[[Any, Any], tuple[Any, Any]],
    sequences: Any,
    states: list[Any],
    mask: Array | None,
    go_backwards: bool,
    before: Any = None,
) -> tuple[Any, list[Any]]:
    """All outputs in walking order, and the state at the end.

    Args:
        call: Gives the output of a step and the state after it, from what comes in and the state before.
        sequences: (batch, time, ...).
        states: The state before the first step.
        mask: (batch, time), False for steps to skip, or None.
        go_backwards: Walk from the last step to the first.
        before: What stands for the output before the first one; zeros when None.
    """
    steps = ops.unstack(sequences, axis=1)
    order = range(len(steps))
    outputs: list[Any] = []
    for step in reversed(order) if go_backwards else order:
        output, after = call(steps[step], states)
        counts = None if mask is None else mask[:, step]
        if counts is not None and not counts.all():
            last = outputs[-1] if outputs else ops.zeros_like(output) if before is None else before
            output = _where(counts, output, last)
            after = _where(counts, after, states)
        outputs.append(output)
        states = after
    return ops.stack(outputs, axis=1), states


def _where(counts: Array, new: Any, old: Any) -> Any:
    """The new state of the samples that count, the old one of the others."""
    if isinstance(new, (list, tuple)):
        return [_where(counts, one, other) for one, other in zip(new, old, strict=True)]
    return ops.where(counts.reshape(-1, *(1,) * (len(new.shape) - 1)), new, old)
