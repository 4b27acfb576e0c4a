"""Numbers as optimisers show them: plain ones, which scripts also treat as the variables that Keras has there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import numpy as np

from kinema.autograd import as_array

_Shown = TypeVar("_Shown", bound="ShownNumber")


class ShownNumber:
    """What a number of an optimiser has beside being a number.

    Asked as a variable it tells the optimiser's number of now, though what it is as a number does not change.

    Args:
        name: The name of the variable.
        dtype: The type that the optimiser keeps the number in.
        read: Gives the number.
        assign: Sets it.
    """

    name: str
    dtype: np.dtype[Any]
    shape = ()
    #: What a copy is, which belongs to no optimiser.
    _plain: ClassVar[type[Any]]
    _read: Callable[[], Any]
    _assign: Callable[[Any], None]

    def __new__(
        cls: type[_Shown], name: str, dtype: Any, read: Callable[[], Any], assign: Callable[[Any], None]
    ) -> _Shown:
        shown = super().__new__(cls, read())  # type: ignore[call-arg]
        shown.name, shown.dtype = name, np.dtype(dtype)
        shown._read, shown._assign = read, assign
        return shown

    @property
    def value(self) -> Any:
        """The number."""
        return self._read()

    def numpy(self) -> Any:
        """The number as NumPy's."""
        return self.dtype.type(self._read())

    def assign(self, value: Any) -> None:
        """Sets the optimiser's number."""
        self._assign(value)

    def assign_add(self, value: Any) -> None:
        """Adds to the optimiser's number."""
        self._assign(self._read() + as_array(value))

    def assign_sub(self, value: Any) -> None:
        """Subtracts from the optimiser's number."""
        self._assign(self._read() - as_array(value))

    def __reduce__(self) -> Any:
        return self._plain, (self._plain(self),)


class LearningRate(ShownNumber, float):
    """The learning rate of the next step."""

    _plain = float


class Iterations(ShownNumber, int):
    """How many steps have changed the weights."""

    _plain = int
