"""Arithmetic as in Keras: numbers follow IEEE 754 without a word. The training loop finds a loss that is not finite."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numpy as np

P = ParamSpec("P")
R = TypeVar("R")

_thread = threading.local()


def without_warnings(function: Callable[P, R]) -> Callable[P, R]:
    """Makes a function whose arithmetic gives no warning of NumPy's.

    What one such function calls of others costs nothing: entering NumPy's own context takes as long as a small op does.
    """

    @functools.wraps(function)
    def silent(*args: P.args, **kwargs: P.kwargs) -> R:
        if getattr(_thread, "silent", False):
            return function(*args, **kwargs)
        with np.errstate(all="ignore"):
            _thread.silent = True
            try:
                return function(*args, **kwargs)
            finally:
                _thread.silent = False

    return silent
