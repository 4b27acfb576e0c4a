"""What a tape keeps of an op, and what depends on what along such records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from kinema.tensor import Array, Tensor, Variable

#: What an op may get as a gradient: an array, nothing, or a function that computes it when it is wanted.
Gradient: TypeAlias = "Array | Callable[[], Array] | None"
Backward: TypeAlias = Callable[..., Any]


class Record:
    """One recorded op: which keys went in and out, and how gradients flow back through it."""

    __slots__ = ("backward", "inputs", "name", "outputs", "versions")

    def __init__(
        self,
        name: str,
        inputs: list[int | None],
        outputs: list[int],
        versions: list[tuple[Variable, int]],
        backward: Backward,
    ) -> None:
        self.name = name
        self.inputs = inputs
        self.outputs = outputs
        self.versions = versions
        self.backward = backward


def dependents(records: Iterable[Record | None], keys: Iterable[int]) -> set[int]:
    """The keys, and those of all that was computed from them."""
    found = set(keys)
    for record in records:
        if record is not None and not found.isdisjoint(record.inputs):
            found.update(record.outputs)
    return found


def keys_between(
    records: Sequence[Record | None], sources: Iterable[Tensor | Variable], targets: Iterable[Tensor | Variable]
) -> set[int]:
    """The keys of the sources, and of what was computed on the way from them to the targets."""
    starts = {source._key for source in sources}
    behind = dependents(records, starts)
    needed = {target._key for target in targets}
    found = set(starts)
    for record in reversed(records):
        if record is None or needed.isdisjoint(record.outputs):
            continue
        needed.update(key for key in record.inputs if key is not None)
        found.update(key for key in record.outputs if key in behind)
    return found
