"""Rules that a weight is brought back to after every update."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kinema import config, ops
from kinema.autograd import Tensor
from kinema.saving.identifiers import resolve
from kinema.saving.registry import builtin, serialize_keras_object

_MODULE = "keras.constraints"


class Constraint:
    """A function of a weight's new value that gives the nearest allowed one.

    Subclass it with `__call__(w)` and `get_config()`.

    Example:
        >>> import kinema
        >>> kinema.constraints.NonNeg()(kinema.Tensor([-1.0, 2.0])).numpy()
        array([0., 2.], dtype=float32)
    """

    def __call__(self, w: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} needs a __call__(self, w) that returns the allowed value")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, for a file."""
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Constraint:
        """Makes the constraint that `get_config` described."""
        return cls(**config)


@builtin(_MODULE, "non_neg", "nonneg")
class NonNeg(Constraint):
    """Sets negative weights to zero.

    Example:
        >>> import kinema
        >>> kinema.constraints.NonNeg()(kinema.Tensor([-1.0, 2.0])).numpy()
        array([0., 2.], dtype=float32)
    """

    def __call__(self, w: Any) -> Tensor:
        kept: Tensor = ops.maximum(w, 0.0)
        return kept


@builtin(_MODULE, "max_norm")
class MaxNorm(Constraint):
    """Scales weights down where their norm along an axis exceeds a maximum.

    Args:
        max_value: The largest norm.
        axis: The axis or axes along which a norm is taken: 0 for a Dense kernel, `[0, 1, 2]` for a Conv2D kernel.

    Example:
        >>> import kinema
        >>> kinema.constraints.MaxNorm(1.0)(kinema.Tensor([[3.0], [4.0]])).numpy().round(3)
        array([[0.6],
               [0.8]], dtype=float32)
    """

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None:
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        norm = _norm(w, self.axis)
        wanted = ops.clip(norm, x_min=0.0, x_max=self.max_value)
        scaled: Tensor = ops.multiply(w, ops.divide(wanted, ops.add(norm, config.epsilon())))
        return scaled

    def get_config(self) -> dict[str, Any]:
        return {"max_value": self.max_value, "axis": self.axis}


@builtin(_MODULE, "min_max_norm")
class MinMaxNorm(Constraint):
    """Scales weights so that their norm along an axis lies between two values.

    Args:
        min_value: The smallest norm.
        max_value: The largest norm.
        rate: How far to go at each update: 1 all the way, 0 not at all.
        axis: The axis or axes along which a norm is taken.

    Example:
        >>> import kinema
        >>> kinema.constraints.MinMaxNorm(10.0, 20.0)(kinema.Tensor([[3.0], [4.0]])).numpy().round(3)
        array([[6.],
               [8.]], dtype=float32)
    """

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0) -> None:
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        norm = _norm(w, self.axis)
        clipped = ops.clip(norm, x_min=self.min_value, x_max=self.max_value)
        wanted = ops.add(ops.multiply(clipped, self.rate), ops.multiply(norm, 1.0 - self.rate))
        scaled: Tensor = ops.multiply(w, ops.divide(wanted, ops.add(norm, config.epsilon())))
        return scaled

    def get_config(self) -> dict[str, Any]:
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate, "axis": self.axis}


@builtin(_MODULE, "unit_norm")
class UnitNorm(Constraint):
    """Scales weights so that their norm along an axis is 1.

    Args:
        axis: The axis or axes along which a norm is taken.

    Example:
        >>> import kinema
        >>> kinema.constraints.UnitNorm()(kinema.Tensor([[3.0], [4.0]])).numpy().round(3)
        array([[0.6],
               [0.8]], dtype=float32)
    """

    def __init__(self, axis: Any = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        scaled: Tensor = ops.divide(w, ops.add(_norm(w, self.axis), config.epsilon()))
        return scaled

    def get_config(self) -> dict[str, Any]:
        return {"axis": self.axis}


# Keras's other spellings.
non_neg = NonNeg
max_norm = MaxNorm
min_max_norm = MinMaxNorm
unit_norm = UnitNorm


def get(identifier: Any) -> Any:
    """The constraint that a name, a class, a config or an object means; None for None."""
    return resolve(identifier, _MODULE, "constraint")


def serialize(constraint: Any) -> Any:
    """What a file says about a constraint."""
    return serialize_keras_object(constraint)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The constraint that a file describes."""
    return resolve(config, _MODULE, "constraint", custom_objects)


def _norm(w: Any, axis: Any) -> Tensor:
    axes = tuple(axis) if isinstance(axis, list) else axis
    norm: Tensor = ops.sqrt(ops.sum(ops.square(w), axis=axes, keepdims=True))
    return norm
