"""How data is arranged for a model: what goes to which input, and what is the target of which output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kinema.autograd import Tensor
from kinema.errors import DataError
from kinema.models.structure import Several


@dataclass(frozen=True)
class Ports:
    """How a model's data is arranged: the names of its inputs and outputs, none where it has one and takes it plainly.

    Args:
        inputs: The names of the inputs.
        outputs: The names of the outputs.
        free: Whether several arrays go to the model as they are, in a list or by whatever names.
        plain: Whether the only input comes as an array too, and so does not in a list.
    """

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    free: bool = False
    plain: bool = False

    def takes(self, x: Any) -> bool:
        """Whether `x` holds an array for each input, rather than batches."""
        if isinstance(x, Mapping):
            return self.free or bool(self.inputs)
        listed = _is_list_of_arrays(x)
        if len(self.inputs) == 1:  # a list of samples is no list of inputs
            return listed and len(x) == 1 and not self.plain
        return listed and (self.free or bool(self.inputs))

    def arrange(self, x: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
        """Data by the names of inputs and outputs; as it is where the model has one input, one output."""
        if not (self.inputs or self.outputs or self.free):
            return x, y, sample_weight
        if self.free and self.takes(x):
            x = _as_they_are("x", x)
        elif self.takes(x) or len(self.inputs) > 1:
            x = _by_name("x", x, self.inputs, "input")
        if self.free and not _has_rows(y, x):  # a list of rows is no list of targets
            return x, y, sample_weight
        return x, *self.arrange_targets(y, sample_weight)

    def arrange_targets(self, y: Any, sample_weight: Any) -> tuple[Any, Any]:
        """Targets and weights by the names of outputs."""
        return self._targets("y", y), self._targets("sample_weight", sample_weight)

    def _targets(self, what: str, value: Any) -> Any:
        if value is None or isinstance(value, Several):
            return value
        if self.free:
            several = isinstance(value, Mapping) or _is_list_of_arrays(value)
            return _as_they_are(what, value) if several else value
        if len(self.outputs) == 1 and _is_list_of_arrays(value) and len(value) == 1:
            return value[0]
        if len(self.outputs) == 1:
            return value[self.outputs[0]] if isinstance(value, Mapping) and self.outputs[0] in value else value
        if not self.outputs:
            return value
        if what == "sample_weight" and is_array(value):
            return Several(dict.fromkeys(self.outputs, value), what)
        return _by_name(what, value, self.outputs, "output", complete=False)


def is_array(value: Any) -> bool:
    """Whether a value is an array or tensor, rather than a structure of them."""
    return hasattr(value, "__array__") or isinstance(value, (Tensor, np.ndarray))


def _is_list_of_arrays(value: Any) -> bool:
    return (
        isinstance(value, (list, tuple)) and len(value) > 0 and all(is_array(item) and np.ndim(item) for item in value)
    )


def _has_rows(y: Any, x: Any) -> bool:
    """Whether a list of arrays has a row for each sample in each of them."""
    if not _is_list_of_arrays(y):
        return True
    samples = x if not isinstance(x, Several) else next(iter(x.parts.values()))
    return all(len(part) == len(samples) for part in y)


def _as_they_are(what: str, value: Any) -> Several:
    if isinstance(value, Mapping):
        return Several({str(name): part for name, part in value.items()}, what)
    return Several(dict(enumerate(value)), what, _kind(value))


def _kind(value: Any) -> type:
    return dict if isinstance(value, Mapping) else tuple if isinstance(value, tuple) else list


def _by_name(what: str, value: Any, names: Sequence[str], kind: str, complete: bool = True) -> Any:
    """An array for each name, the array itself where there is one name. What inputs a model does not need is left."""
    if isinstance(value, Mapping):
        unknown = [] if complete else [str(name) for name in value if name not in names]
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
    if len(names) == 1:
        return next(iter(named.values()))
    return Several(named, what, _kind(value))
