"""Several arrays where a plain model has one: the inputs, targets and outputs of models with several of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kinema.autograd import Array
from kinema.errors import DataError
from kinema.layers.structure import leaves, map_leaves
from kinema.models.frames import Rows
from kinema.models.lengths import joined as joined_arrays


class Several:
    """Arrays by name, each with one row a sample.

    Args:
        parts: The arrays; by their numbers where they came in a list and the model has no names for them.
        name: What they are, for errors.
        kind: What they came in, and go to code of the user's in: a dict, a list or a tuple.
    """

    def __init__(self, parts: Mapping[Any, Any], name: str, kind: type = dict) -> None:
        self.parts = dict(parts)
        self.name = name
        self.kind = kind

    @property
    def has_names(self) -> bool:
        """Whether they came by names."""
        return self.kind is dict

    def map(self, function: Callable[[str, Any], Any]) -> Several:
        """A function of the name and the array, applied to each."""
        parts = {key: function(f"{self.name}[{key!r}]", part) for key, part in self.parts.items()}
        return Several(parts, self.name, self.kind)

    def checked(self) -> Several:
        """Itself, when all arrays have as many rows."""
        lengths = {key: len(part) for key, part in self.parts.items()}
        if len(set(lengths.values())) > 1:
            counts = ", ".join(f"{key!r} {length}" for key, length in lengths.items())
            raise DataError(f"the arrays of {self.name} have different numbers of samples ({counts}): give one each")
        return self

    def __len__(self) -> int:
        return len(next(iter(self.parts.values())))

    def __getitem__(self, index: Array) -> Several:
        return self.map(lambda _, part: part[index])


@dataclass(frozen=True)
class SeveralRows:
    """Some samples of several arrays, not gathered yet.

    Args:
        parts: The samples of each input by its name.
        kind: What the inputs came in: a dict, a list or a tuple.
    """

    parts: Mapping[Any, Rows]
    kind: type = dict

    def __len__(self) -> int:
        return len(next(iter(self.parts.values())))

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array with most axes: frames, where there are some."""
        return max((rows.shape for rows in self.parts.values()), key=len)

    @property
    def input_shape(self) -> Any:
        """The shapes that models are built for, in what the inputs came in."""
        return arranged({name: rows.input_shape for name, rows in self.parts.items()}, self.kind)

    @property
    def mask(self) -> None:
        """None: each input has a mask of its own."""
        return None

    def take(self, positions: Array) -> SeveralRows:
        """Some of these samples."""
        return SeveralRows({name: rows.take(positions) for name, rows in self.parts.items()}, self.kind)

    def gather(self) -> Any:
        """The samples as one array for each input, in what they came in."""
        return arranged({name: rows.gather() for name, rows in self.parts.items()}, self.kind)

    def gather_masked(self) -> Any:
        """The samples of each input, as a tensor with their mask where there is one, in what they came in."""
        return arranged({name: rows.gather_masked() for name, rows in self.parts.items()}, self.kind)


def arranged(parts: Mapping[Any, Any], kind: type) -> Any:
    """Parts in a dict by their names, or in a list or tuple."""
    return dict(parts) if kind is dict else kind(parts.values())


def arrays_in(outputs: Any) -> Iterator[Array]:
    """The arrays of an output, or of several."""
    return (np.asarray(leaf) for leaf in leaves(outputs))


def copied(outputs: Any) -> Any:
    """The outputs as arrays of their own."""
    return map_leaves(outputs, lambda leaf: np.array(leaf))


def joined(batches: Sequence[Any]) -> Any:
    """The outputs of several batches, one behind the other."""
    if len(batches) == 1:
        return batches[0]
    first = batches[0]
    if isinstance(first, dict):
        return {name: joined([batch[name] for batch in batches]) for name in first}
    if isinstance(first, (list, tuple)):
        return type(first)(joined(list(parts)) for parts in zip(*batches, strict=True))
    return joined_arrays(batches)
