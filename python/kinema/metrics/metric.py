"""What every metric shares: numbers that add up over batches."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kinema import config as settings
from kinema.autograd import Tensor, Variable
from kinema.saving.registry import deserialize_keras_object


class Metric:
    """A figure computed over all batches of an epoch.

    Subclass it: make variables with `add_variable` in `__init__`, add to them in `update_state`, and compute the
    figure from them in `result`.

    Args:
        dtype: Kept for files; sums are always computed in double precision.
        name: Its name in logs; made of the class's name when None.

    Example:
        >>> import numpy as np
        >>> import kinema
        >>> class LargestError(kinema.metrics.Metric):
        ...     def __init__(self):
        ...         super().__init__(name="largest_error")
        ...         self.largest = self.add_variable((), name="largest")
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         error = np.abs(np.asarray(y_pred) - np.asarray(y_true)).max()
        ...         self.largest.assign(max(error, self.largest.numpy()))
        ...     def result(self):
        ...         return self.largest.value
        >>> metric = LargestError()
        >>> metric.update_state([0.0, 1.0], [0.5, 3.0])
        >>> float(metric.result())
        2.0
    """

    #: Whether more is better ("up") or less ("down"), None when nobody knows.
    direction: str | None = None

    def __init__(self, dtype: DTypeLike | None = None, name: str | None = None) -> None:
        self.name = name or _snake_case(type(self).__name__)
        self.dtype = settings.floatx() if dtype is None else np.dtype(dtype).name
        self._variables: list[Variable] = []

    def add_variable(
        self,
        shape: Sequence[int] = (),
        initializer: Any = None,
        dtype: DTypeLike | None = None,
        name: str | None = None,
    ) -> Variable:
        """Makes a variable that `reset_state` sets back to zeros."""
        from kinema import initializers

        fill = initializers.get("zeros" if initializer is None else initializer)
        variable = Variable(fill(tuple(shape), dtype=dtype or np.float64), trainable=False, name=name or "variable")
        variable.path = f"{self.name}/{variable.name}"
        self._variables.append(variable)
        return variable

    add_weight = add_variable

    @property
    def variables(self) -> list[Variable]:
        """Everything that adds up."""
        return list(self._variables)

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Adds a batch."""
        raise NotImplementedError(f"{type(self).__name__} needs update_state(self, y_true, y_pred, sample_weight=None)")

    def result(self) -> Any:
        """The figure so far."""
        raise NotImplementedError(f"{type(self).__name__} needs result(self)")

    def reset_state(self) -> None:
        """Forgets all batches."""
        for variable in self._variables:
            variable.assign(np.zeros(variable.shape, variable.dtype))

    def reset_states(self) -> None:
        """The old name of `reset_state`."""
        self.reset_state()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Adds a batch and gives the figure so far."""
        self.update_state(*args, **kwargs)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, for a file."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Metric:
        """Makes the metric that `get_config` described."""
        return cls(**{name: deserialize_keras_object(value) for name, value in config.items()})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def ratio(numerator: Any, denominator: Any) -> Tensor:
    """A quotient that is 0 where nothing has been counted."""
    above, below = np.asarray(numerator), np.asarray(denominator)
    return Tensor(np.divide(above, below, out=np.zeros(np.broadcast(above, below).shape), where=below != 0))


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
