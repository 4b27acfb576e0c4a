"""Several arrays where a plain model has one: the inputs, targets and outputs of models with several of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kinema.autograd import Array, Tensor
from kinema.errors import DataError
from kinema.layers.structure import leaves, map_leaves
from kinema.models.frames import Rows
from kinema.models.lengths import joined as joined_arrays


class Several:
    """Arrays by name, each with one row a sample.

    Args:
        parts: The arrays.
        name: What they are, for errors.
    """

    def __init__(self, parts: Mapping[str, Any], name: str) -> None:
        self.parts = dict(parts)
        self.name = name

    def map(self, function: Callable[[str, Any], Any]) -> Several:
        """A function of the name and the array, applied to each."""
        return Several({key: function(f"{self.name}['{key}']", part) for key, part in self.parts.items()}, self.name)

    def checked(self) -> Several:
        """Itself, when all arrays have as many rows."""
        lengths = {key: len(part) for key, part in self.parts.items()}
        if len(set(lengths.values())) > 1:
            counts = ", ".join(f"'{key}' {length}" for key, length in lengths.items())
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
    """

    parts: Mapping[str, Rows]

    def __len__(self) -> int:
        return len(next(iter(self.parts.values())))

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array with most axes: frames, where there are some."""
        return max((rows.shape for rows in self.parts.values()), key=len)

    @property
    def input_shape(self) -> dict[str, Any]:
        """The shapes that models are built for, by the names of the inputs."""
        return {name: rows.input_shape for name, rows in self.parts.items()}

    @property
    def mask(self) -> None:
        """None: each input has a mask of its own."""
        return None

    def take(self, positions: Array) -> SeveralRows:
        """Some of these samples."""
        return SeveralRows({name: rows.take(positions) for name, rows in self.parts.items()})

    def gather(self) -> dict[str, Array]:
        """The samples as one array for each input."""
        return {name: rows.gather() for name, rows in self.parts.items()}

    def gather_masked(self) -> dict[str, Array | Tensor]:
        """The samples of each input, as a tensor with their mask where there is one."""
        return {name: rows.gather_masked() for name, rows in self.parts.items()}


@dataclass(frozen=True)
class Ports:
    """How a model's data is arranged: the names of its inputs and outputs, none where it has one and takes it plainly.

    Args:
        inputs: The names of the inputs.
        outputs: The names of the outputs.
        free: Whether a dict of arrays goes to the model as it is, whatever its names.
    """

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    free: bool = False

    def takes(self, x: Any) -> bool:
        """Whether `x` holds an array for each input, rather than batches."""
        if isinstance(x, Mapping):
            return self.free or bool(self.inputs)
        arrays = isinstance(x, (list, tuple)) and all(_is_array(item) for item in x)
        if len(self.inputs) == 1:  # a list of samples is no list of inputs
            return arrays and len(x) == 1
        return bool(self.inputs) and arrays

    def arrange(self, x: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
        """Data by the names of inputs and outputs; as it is where the model has one input, one output."""
        if not (self.inputs or self.outputs or self.free):
            return x, y, sample_weight
        if self.free and isinstance(x, Mapping):
            x = Several({str(name): part for name, part in x.items()}, "x")
        elif self.takes(x) or len(self.inputs) > 1:
            x = _by_name("x", x, self.inputs, "input")
        return (
            x,
            self._targets("y", y),
            self._targets("sample_weight", sample_weight),
        )

    def _targets(self, what: str, value: Any) -> Any:
        if value is None:
            return None
        if len(self.outputs) == 1 and isinstance(value, (list, tuple)) and len(value) == 1 and _is_array(value[0]):
            return value[0]
        if len(self.outputs) == 1:
            return value[self.outputs[0]] if isinstance(value, Mapping) and self.outputs[0] in value else value
        if not self.outputs:
            return value
        if what == "sample_weight" and _is_array(value):
            return Several(dict.fromkeys(self.outputs, value), what)
        return _by_name(what, value, self.outputs, "output", complete=False)


def _by_name(what: str, value: Any, names: tuple[str, ...], kind: str, complete: bool = True) -> Any:
    """An array for each name, the array itself where there is one name."""
    if isinstance(value, Mapping):
        unknown = [str(name) for name in value if name not in names]
        missing = [name for name in names if name not in value] if complete else []
        if unknown or missing:
            raise DataError(
                f"{what} has the entries {', '.join(map(repr, value))}, and the model's {kind}s are "
                f"{', '.join(map(repr, names))}: give one entry for each"
            )
        named = {name: value[name] for name in names if value.get(name) is not None}
    elif isinstance(value, (list, tuple)) and len(value) == len(names):
        named = {name: part for name, part in zip(names, value, strict=True) if part is not None}
    else:
        came = f"a list of {len(value)}" if isinstance(value, (list, tuple)) else f"one {type(value).__name__}"
        raise DataError(
            f"the model has {len(names)} {kind}s ({', '.join(map(repr, names))}), and {what} is {came}: "
            "give a list in that order, or a dict by these names"
        )
    if not named:
        return None
    return next(iter(named.values())) if len(names) == 1 else Several(named, what)


def _is_array(value: Any) -> bool:
    return hasattr(value, "__array__") or isinstance(value, (Tensor, np.ndarray))


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


def leaves_of(outputs: Any) -> Any:
    """An output; of several, a list of them in the order of their names in the model."""
    return outputs if isinstance(outputs, Tensor) else list(leaves(outputs))
