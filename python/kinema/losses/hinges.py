"""Hinge losses: they ask for a margin between right and wrong."""

from __future__ import annotations

from typing import Any

from kinema import ops
from kinema.autograd import Tensor, as_array
from kinema.losses.loss import NamedLoss, match_shapes
from kinema.saving.registry import builtin

_MODULE = "keras.losses"


@builtin(_MODULE)
def hinge(y_true: Any, y_pred: Any) -> Tensor:
    """How far `y_true * y_pred` stays below 1; the mean over the last axis.

    Args:
        y_true: -1 or 1; targets of nothing but 0 and 1 are taken for -1 and 1.
        y_pred: Numbers whose sign is the answer, shaped as `y_true`.

    Example:
        >>> from kinema import losses
        >>> losses.hinge([[-1.0, 1.0]], [[0.5, 3.0]]).numpy()
        array([0.75], dtype=float32)
    """
    value: Tensor = ops.mean(_shortfall("hinge", y_true, y_pred), axis=-1)
    return value


@builtin(_MODULE)
def squared_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """The square of how far `y_true * y_pred` stays below 1; the mean over the last axis. See `hinge`.

    Example:
        >>> from kinema import losses
        >>> losses.squared_hinge([[-1.0, 1.0]], [[0.5, 3.0]]).numpy()
        array([1.125], dtype=float32)
    """
    value: Tensor = ops.mean(ops.square(_shortfall("squared_hinge", y_true, y_pred)), axis=-1)
    return value


@builtin(_MODULE)
def categorical_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """How far the right class's score stays below the best wrong one's plus 1.

    Args:
        y_true: One-hot rows, classes on the last axis.
        y_pred: Scores, shaped as `y_true`.

    Example:
        >>> from kinema import losses
        >>> losses.categorical_hinge([[0.0, 1.0, 0.0]], [[0.5, 1.0, 0.25]]).numpy()
        array([0.5], dtype=float32)
    """
    y_true, y_pred = match_shapes("categorical_hinge", y_true, y_pred)
    right = ops.sum(ops.multiply(y_true, y_pred), axis=-1)
    wrong = ops.max(ops.multiply(ops.subtract(1.0, y_true), y_pred), axis=-1)
    value: Tensor = ops.maximum(ops.add(ops.subtract(wrong, right), 1.0), 0.0)
    return value


@builtin(_MODULE)
class Hinge(NamedLoss):
    """How far the product of target, -1 or 1, and prediction stays below 1; 0 and 1 are taken for -1 and 1.

    Args:
        reduction: See `Loss`.
        name: See `Loss`.
        dtype: See `Loss`.

    Example:
        >>> from kinema import losses
        >>> float(losses.Hinge()([[-1.0, 1.0]], [[0.5, 3.0]]))
        0.75
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = "hinge", dtype: Any = None) -> None:
        super().__init__(hinge, reduction, name, dtype)


@builtin(_MODULE)
class SquaredHinge(NamedLoss):
    """The square of how far the product of target and prediction stays below 1; see `Hinge`.

    Args:
        reduction: See `Loss`.
        name: See `Loss`.
        dtype: See `Loss`.

    Example:
        >>> from kinema import losses
        >>> float(losses.SquaredHinge()([[-1.0, 1.0]], [[0.5, 3.0]]))
        1.125
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "squared_hinge", dtype: Any = None
    ) -> None:
        super().__init__(squared_hinge, reduction, name, dtype)


@builtin(_MODULE)
class CategoricalHinge(NamedLoss):
    """How far the right class's score stays below the best wrong one's plus 1, for one-hot targets.

    Args:
        reduction: See `Loss`.
        name: See `Loss`.
        dtype: See `Loss`.

    Example:
        >>> from kinema import losses
        >>> float(losses.CategoricalHinge()([[0.0, 1.0, 0.0]], [[0.5, 1.0, 0.25]]))
        0.5
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "categorical_hinge", dtype: Any = None
    ) -> None:
        super().__init__(categorical_hinge, reduction, name, dtype)


def _shortfall(name: str, y_true: Any, y_pred: Any) -> Tensor:
    target, prediction = match_shapes(name, y_true, y_pred)
    labels = as_array(target)
    if ((labels == 0) | (labels == 1)).all():
        target = ops.subtract(ops.multiply(target, 2.0), 1.0)
    missing: Tensor = ops.maximum(ops.subtract(1.0, ops.multiply(target, prediction)), 0.0)
    return missing
