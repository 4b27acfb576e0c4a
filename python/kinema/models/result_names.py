"""The names under which metrics appear in logs, each its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Wanted(NamedTuple):
    """What a metric would be called if no other had that name.

    Args:
        prefix: What stands in front of all metrics of its output.
        name: The metric's name.
        weighted: Whether it counts sample weights.
    """

    prefix: str
    name: str
    weighted: bool


def result_names(wanted: Sequence[Wanted]) -> list[str]:
    """The names in logs, in the metrics' order: a weighted one gives way as "weighted_...", others by a number.

    Example:
        >>> result_names([Wanted("", "mae", False), Wanted("", "mae", True), Wanted("", "mae", False)])
        ['mae', 'weighted_mae', 'mae_1']
    """
    names = [""] * len(wanted)
    taken: set[str] = set()
    for index in sorted(range(len(wanted)), key=lambda index: wanted[index].weighted):
        prefix, name, weighted = wanted[index]
        full = f"{prefix}{name}"
        if weighted and full in taken:
            full = f"{prefix}weighted_{name}"
        number, unique = 0, full
        while unique in taken:
            number += 1
            unique = f"{full}_{number}"
        taken.add(unique)
        names[index] = unique
    return names
