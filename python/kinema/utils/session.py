"""What scripts ask between one model and the next."""

from __future__ import annotations

from typing import Any

from kinema import _rust
from kinema.layers.naming import reset_names
from kinema.layers.symbolic import KerasTensor


def clear_session(free_memory: bool = True) -> None:
    """Starts the numbering of unnamed layers anew. Models that exist stay as they are.

    Args:
        free_memory: Give buffers back that wait to be used again.

    Example:
        >>> import kinema
        >>> kinema.utils.clear_session()
        >>> kinema.layers.Dense(2).name
        'dense'
    """
    reset_names()
    if free_memory:
        _rust.clear_memory()


def is_keras_tensor(x: Any) -> bool:
    """Whether this is a symbolic tensor, as `Input` and layers called on it give."""
    return isinstance(x, KerasTensor)
