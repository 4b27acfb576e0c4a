"""Ctrl-C at a moment when the model is whole."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

try:  # what `signal` calls; around it, it looks each handler up among two constants, with an exception: 12 us a step
    import _signal as _handlers  # type: ignore[import-not-found]
except ImportError:
    _handlers = signal


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Holds a Ctrl-C back until the block is done, and raises KeyboardInterrupt then.

    Outside the main thread nothing needs to be done: Python delivers the signal to the main thread only.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[Any] = []
    previous = _handlers.getsignal(signal.SIGINT)
    if previous is None:  # installed by other than Python: cannot be put back, so leave it
        yield
        return
    _handlers.signal(signal.SIGINT, lambda *arguments: pressed.append(arguments))
    try:
        yield
    finally:
        _handlers.signal(signal.SIGINT, previous)
    if pressed:
        signal.raise_signal(signal.SIGINT)
