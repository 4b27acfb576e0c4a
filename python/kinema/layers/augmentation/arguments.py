"""What augmentations are told: ranges to draw from."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema.errors import ArgumentError

Range = tuple[float, float]


def drawn_range(owner: str, argument: str, value: Any, low: float, high: float, lowest: float | None = None) -> Range:
    """The range to draw from: a pair as it is, a number as from its negative, or from `low`, to itself.

    Args:
        owner: Who was given it, for the error.
        argument: Its name.
        value: What was given.
        low: The least that is allowed.
        high: The most.
        lowest: Where the range of a single number begins; its negative, but no less than `low`, when None.
    """
    pair = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    if len(pair) > 2 or not pair or not all(_is_number(one) and low <= one <= high for one in pair):
        raise ArgumentError(
            f"{owner}: {argument} is a number from {low:g} to {high:g}, or a pair (lower, upper) of them, not {value!r}"
        )
    if len(pair) == 2:
        return float(min(pair)), float(max(pair))
    most = abs(float(pair[0]))
    return (max(-most, low) if lowest is None else lowest), most


def value_range(owner: str, value: Any) -> Range:
    """The darkest and the brightest value of pictures."""
    if not isinstance(value, (tuple, list)) or len(value) != 2 or not all(_is_number(one) for one in value):
        raise ArgumentError(f"{owner}: value_range is a pair such as (0, 255), not {value!r}")
    return min(value), max(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool) and bool(np.isfinite(value))
