"""Penalties on weights and outputs, added to the loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kinema import ops
from kinema.autograd import Tensor
from kinema.errors import ArgumentError
from kinema.saving.identifiers import resolve
from kinema.saving.registry import builtin, serialize_keras_object

_MODULE = "keras.regularizers"


class Regularizer:
    """A penalty: a function of a tensor that gives a number to add to the loss.

    Subclass it with `__call__(x)`, composed of `kinema.ops`, and `get_config()`.

    Example:
        >>> import kinema
        >>> penalty = kinema.regularizers.L2(0.5)
        >>> float(penalty(kinema.Tensor([1.0, 2.0])))
        2.5
    """

    def __call__(self, x: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} needs a __call__(self, x) that returns the penalty")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, for a file."""
        raise NotImplementedError(f"{type(self).__name__} needs a get_config() before it can be saved")

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Regularizer:
        """Makes the regulariser that `get_config` described."""
        return cls(**config)


@builtin(_MODULE, "l1_l2")
class L1L2(Regularizer):
    """`l1 * sum(abs(x)) + l2 * sum(x**2)`.

    Args:
        l1: The factor of the sum of magnitudes.
        l2: The factor of the sum of squares.

    Example:
        >>> import kinema
        >>> float(kinema.regularizers.L1L2(l1=1.0, l2=0.5)(kinema.Tensor([-1.0, 2.0])))
        5.5
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = _factor("L1L2", "l1", l1)
        self.l2 = _factor("L1L2", "l2", l2)

    def __call__(self, x: Any) -> Tensor:
        terms = []
        if self.l1 or not self.l2:
            terms.append(ops.multiply(ops.sum(ops.abs(x)), self.l1))
        if self.l2:
            terms.append(ops.multiply(ops.sum(ops.square(x)), self.l2))
        total: Tensor = terms[0] if len(terms) == 1 else ops.add(*terms)
        return total

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}


@builtin(_MODULE, "l1")
class L1(L1L2):
    """`l1 * sum(abs(x))`.

    Args:
        l1: The factor.

    Example:
        >>> import kinema
        >>> float(kinema.regularizers.L1(0.5)(kinema.Tensor([-1.0, 2.0])))
        1.5
    """

    def __init__(self, l1: float = 0.01) -> None:
        super().__init__(l1=_factor("L1", "l1", l1))

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


@builtin(_MODULE, "l2")
class L2(L1L2):
    """`l2 * sum(x**2)`.

    Args:
        l2: The factor.

    Example:
        >>> import kinema
        >>> float(kinema.regularizers.L2(0.5)(kinema.Tensor([-1.0, 2.0])))
        2.5
    """

    def __init__(self, l2: float = 0.01) -> None:
        super().__init__(l2=_factor("L2", "l2", l2))

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


@builtin(_MODULE, "orthogonal_regularizer")
class OrthogonalRegularizer(Regularizer):
    """Draws the rows (or columns) of a matrix towards being orthogonal to each other.

    The penalty is `factor` times the sum of the magnitudes of the cosines between different rows, over the number of
    pairs.

    Args:
        factor: How strong the penalty is.
        mode: `"rows"` or `"columns"`.

    Raises:
        ArgumentError: The mode is another one, or the regularised tensor is not a matrix.

    Example:
        >>> import kinema
        >>> penalty = kinema.regularizers.OrthogonalRegularizer(factor=1.0)
        >>> round(float(penalty(kinema.Tensor([[1.0, 0.0], [1.0, 1.0]]))), 4)
        0.7071
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = _factor("OrthogonalRegularizer", "factor", factor)
        if mode not in ("rows", "columns"):
            raise ArgumentError(f"OrthogonalRegularizer: mode is 'rows' or 'columns', not {mode!r}")
        self.mode = mode

    def __call__(self, x: Any) -> Tensor:
        if len(x.shape) != 2:
            raise ArgumentError(
                f"OrthogonalRegularizer regularises matrices, not tensors of shape {tuple(x.shape)}: use it on a "
                "Dense kernel"
            )
        rows = x if self.mode == "rows" else ops.transpose(x)
        length = ops.sqrt(ops.maximum(ops.sum(ops.square(rows), axis=1, keepdims=True), 1e-12))
        unit = ops.divide(rows, length)
        count = rows.shape[0]
        off_diagonal = ops.subtract(1.0, ops.eye(count, dtype=x.dtype))
        cosines = ops.multiply(ops.matmul(unit, ops.transpose(unit)), off_diagonal)
        pairs = max(count * (count - 1) / 2, 1)
        penalty: Tensor = ops.multiply(ops.sum(ops.abs(cosines)), 0.5 * self.factor / pairs)
        return penalty

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "mode": self.mode}


# Keras's other spellings.
l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer


def get(identifier: Any) -> Any:
    """The regulariser that a name, a class, a config or an object means; None for None."""
    return resolve(identifier, _MODULE, "regularizer")


def serialize(regularizer: Any) -> Any:
    """What a file says about a regulariser."""
    return serialize_keras_object(regularizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The regulariser that a file describes."""
    return resolve(config, _MODULE, "regularizer", custom_objects)


def _factor(owner: str, name: str, value: Any) -> float:
    number = 0.0 if value is None else float(value)
    if not 0 <= number < float("inf"):
        raise ArgumentError(f"{owner}: {name} must be finite and not negative, got {value!r}")
    return number
