"""Names of layers that nobody named."""

from __future__ import annotations

import re
from collections import defaultdict

_counts: dict[str, int] = defaultdict(int)


def snake_case(class_name: str) -> str:
    """Keras's spelling of a class in names: "max_pooling2d" for MaxPooling2D."""
    spaced = re.sub(r"(?<=.)([A-Z][a-z]+)", r"_\1", re.sub(r"\W+", "", class_name))
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", spaced).lower()


def auto_name(class_name: str) -> str:
    """Keras's name for the next unnamed layer of a class: "max_pooling2d", then "max_pooling2d_1"."""
    base = snake_case(class_name)
    count = _counts[base]
    _counts[base] += 1
    return f"{base}_{count}" if count else base


def reset_names() -> None:
    """Starts the numbering of unnamed layers anew."""
    _counts.clear()
