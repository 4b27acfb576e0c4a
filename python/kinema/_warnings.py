"""Warnings that point at the user's line."""

from __future__ import annotations

import sys
import warnings


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warns as if the nearest caller outside of the package had done it."""
    level = 1
    frame = sys._getframe(0)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "kinema":
        frame = frame.f_back
        level += 1
    warnings.warn(message, category, stacklevel=level)
