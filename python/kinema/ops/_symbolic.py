"""Ops called before there is data: what a graph makes of them is the matter of `kinema.layers`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

Function = Callable[..., Any]


class Symbolic:
    """What stands for a tensor in a graph."""

    shape: tuple[int | None, ...]


_note: Callable[[Function, tuple[Any, ...], dict[str, Any]], Any] | None = None


def hand_symbolic_calls_to(note: Callable[[Function, tuple[Any, ...], dict[str, Any]], Any]) -> None:
    """Sets who gets the calls of ops on symbolic tensors: `note(op, args, kwargs)`."""
    global _note
    _note = note


def also_symbolic(function: Function) -> Function:
    """The op, which symbolic tensors among its arguments, alone or in a list, make a step of a graph.

    They have no values, so the op itself fails with them, and calls on data pay for no question.
    """

    @functools.wraps(function)
    def op(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception:
            if _note is None or not any(map(_is_symbolic, (*args, *kwargs.values()))):
                raise
        return _note(op, args, kwargs)

    return op


def _is_symbolic(value: Any) -> bool:
    if type(value) in (list, tuple):
        return any(isinstance(item, Symbolic) for item in value)
    return isinstance(value, Symbolic)
