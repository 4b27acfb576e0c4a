"""Warnings that point at the user's line."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

#: What has been said in the surrounding `once_each`, None outside of one.
_said: ContextVar[set[str] | None] = ContextVar("kinema_warnings", default=None)


@contextmanager
def once_each() -> Iterator[None]:
    """Inside, `warn_once` gives each warning once: the training loop runs a whole `fit` in it."""
    token = _said.set(set())
    try:
        yield
    finally:
        _said.reset(token)


def warn_once(message: str) -> None:
    """Warns, unless the surrounding `once_each` has heard it already."""
    said = _said.get()
    if said is not None:
        if message in said:
            return
        said.add(message)
    warn(message)


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warns as if the nearest caller outside of the package had done it."""
    level = 1
    frame = sys._getframe(0)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "kinema":
        frame = frame.f_back
        level += 1
    warnings.warn(message, category, stacklevel=level)
