"""What every initialiser shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import DTypeLike

MODULE = "keras.initializers"


class Initializer:
    """A function of a shape and a type that gives a weight's first value.

    Subclass it with `__call__(shape, dtype=None)` and `get_config()`.

    Example:
        >>> import kinema
        >>> kinema.initializers.Constant(3.0)((2,)).numpy()
        array([3., 3.], dtype=float32)
    """

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Any:
        raise NotImplementedError(f"{type(self).__name__} needs a __call__(self, shape, dtype=None)")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, for a file."""
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Initializer:
        """Makes the initialiser that `get_config`, of any Keras, described."""
        arguments = {name: value for name, value in config.items() if name != "dtype"}
        if isinstance(arguments.get("seed"), Mapping):
            arguments["seed"] = arguments["seed"]["config"].get("seed")
        return cls(**arguments)
