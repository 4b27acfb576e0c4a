"""What recurrent layers ask of a cell, a built-in one or the user's: its sizes, its first state, its steps."""

from __future__ import annotations

from typing import Any

from kinema import ops
from kinema.errors import ArgumentError


def require_cell(owner: str, argument: str, cell: Any) -> Any:
    """A cell, or an error that says what is missing."""
    hint = ": make one of the class, as in LSTMCell(8)" if isinstance(cell, type) else ""
    for name, meaning in (
        ("call", "call(inputs, states) that gives (output, new_states)"),
        ("state_size", "state_size, the length of its state or a list of lengths"),
    ):
        if isinstance(cell, type) or not hasattr(cell, name):
            raise ArgumentError(f"{owner}: {argument} is a cell and has {meaning}, got {cell!r}{hint}")
    return cell


def state_sizes(cell: Any) -> list[Any]:
    """The length of each entry of a cell's state; of cells in a stack a list of lengths where an entry has several."""
    size = cell.state_size
    return list(size) if isinstance(size, (list, tuple)) else [size]


def output_size(cell: Any) -> int:
    """The length of a cell's output: what it says, else the first length of its state."""
    size = getattr(cell, "output_size", None)
    return int(state_sizes(cell)[0] if size is None else size)


def initial_state(cell: Any, batch: int, dtype: str) -> Any:
    """The state that a cell begins with: what it says, else zeros."""
    if hasattr(cell, "get_initial_state"):
        return cell.get_initial_state(batch_size=batch)
    dtype = getattr(cell, "dtype", dtype)
    zeros = [ops.zeros((batch, size), dtype=dtype) for size in state_sizes(cell)]
    return zeros if isinstance(cell.state_size, (list, tuple)) else zeros[0]


def call_cell(cell: Any, inputs: Any, states: list[Any]) -> tuple[Any, list[Any]]:
    """The output of one step, and the new state as a list."""
    output, after = cell(inputs, states) if callable(cell) else cell.call(inputs, states)
    return output, list(after) if isinstance(after, (list, tuple)) else [after]
