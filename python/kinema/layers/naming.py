"""Names of layers that nobody named."""

from __future__ import annotations

import re
from collections import defaultdict

_counts: dict[str, int] = defaultdict(int)


def auto_name(class_name: str) -> str:
    """Keras's name for the next unnamed layer of a class: "max_pooling2d", then "max_pooling2d_1"."""
    spaced = re.sub(r"(?<=.)([A-Z][a-z]+)", r"_\1", re.sub(r"\W+", "", class_name))
    base = re.sub(r"(?<=[a-z])([A-Z])", r"_\1", spaced).lower()
    count = _counts[base]
    _counts[base] += 1
    return f"{base}_{count}" if count else base


def reset_names() -> None:
    """Starts the numbering of unnamed layers anew."""
    _counts.clear()
