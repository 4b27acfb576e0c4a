"""The variables that an optimiser keeps beside the trainable ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from numpy.typing import DTypeLike

from kinema import config, initializers
from kinema.autograd import Variable


class Slots:
    """The part of an optimiser that makes its variables, with what a subclass needs to use them."""

    name: str
    _slots: list[Variable]
    _indices: dict[int, int]

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: DTypeLike | None = None,
        aggregation: str = "none",
        layout: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Makes a variable that is saved with the optimiser.

        Args:
            shape: Its shape.
            initializer: How it starts.
            dtype: Its type, that of `kinema.config.floatx()` when None.
            aggregation: Accepted for Keras's sake.
            layout: Accepted for Keras's sake.
            name: Its name.
        """
        make = initializers.get(initializer)
        label = name or "variable"
        variable = Variable(make(tuple(shape), dtype=dtype or config.floatx()), trainable=False, name=label)
        variable.path = f"{self.name}/{label}"
        self._slots.append(variable)
        return variable

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """Makes a slot of a trainable variable's shape and type."""
        owner = reference_variable.path.replace("/", "_")
        shape, dtype = reference_variable.shape, reference_variable.dtype
        return self.add_variable(shape, initializer, dtype, name=f"{owner}_{name or 'var'}")

    def add_optimizer_variables(
        self, trainable_variables: Iterable[Variable], name: Any, initializer: Any = "zeros"
    ) -> Any:
        """Makes slots for each trainable variable, all of the first one first.

        Args:
            trainable_variables: The variables.
            name: The name of a slot, or a list of names.
            initializer: How slots start, or a list with one for each name.

        Returns:
            A list of slots in the order of the variables; with a list of names a tuple of such lists.
        """
        names = [name] if isinstance(name, str) else list(name)
        several = isinstance(initializer, (list, tuple))
        kinds = list(zip(names, initializer if several else [initializer] * len(names), strict=True))
        rows = [[self.add_variable_from_reference(v, *kind) for kind in kinds] for v in trainable_variables]
        columns = tuple([row[index] for row in rows] for index in range(len(names)))
        return columns[0] if isinstance(name, str) else columns

    def index(self, variable: Variable) -> int:
        """The position of a trainable variable, which is that of its slots."""
        return self._indices[id(variable)]

    _get_variable_index = index  # Keras's name, which optimisers of one's own use

    def assign(self, variable: Variable, value: Any) -> None:
        """Sets a variable, for optimisers written by subclassing."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """Adds to a variable, for optimisers written by subclassing."""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """Subtracts from a variable, for optimisers written by subclassing."""
        variable.assign_sub(value)
