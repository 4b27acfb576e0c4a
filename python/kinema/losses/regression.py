"""Losses of numbers: squared, absolute, Huber and log-cosh errors."""

from __future__ import annotations

import math
from typing import Any

from kinema import ops
from kinema.autograd import Tensor
from kinema.errors import ArgumentError
from kinema.losses.loss import NamedLoss, match_shapes
from kinema.saving.registry import builtin

_MODULE = "keras.losses"


@builtin(_MODULE, "mse", "MSE")
def mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    """The mean of squared differences over the last axis.

    Example:
        >>> from kinema import losses
        >>> losses.mean_squared_error([[0.0, 0.0]], [[1.0, 3.0]]).numpy()
        array([5.], dtype=float32)
    """
    y_true, y_pred = match_shapes("mean_squared_error", y_true, y_pred)
    error: Tensor = ops.mean(ops.square(ops.subtract(y_pred, y_true)), axis=-1)
    return error


@builtin(_MODULE)
def half_mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    """Half of `mean_squared_error`, so that its gradient is the mean difference itself.

    Example:
        >>> from kinema import losses
        >>> losses.half_mean_squared_error([[0.0, 0.0]], [[1.0, 3.0]]).numpy()
        array([2.5], dtype=float32)
    """
    y_true, y_pred = match_shapes("half_mean_squared_error", y_true, y_pred)
    error: Tensor = ops.multiply(ops.mean(ops.square(ops.subtract(y_pred, y_true)), axis=-1), 0.5)
    return error


@builtin(_MODULE, "mae", "MAE")
def mean_absolute_error(y_true: Any, y_pred: Any) -> Tensor:
    """The mean of absolute differences over the last axis.

    Example:
        >>> from kinema import losses
        >>> losses.mean_absolute_error([[0.0, 0.0]], [[1.0, -3.0]]).numpy()
        array([2.], dtype=float32)
    """
    y_true, y_pred = match_shapes("mean_absolute_error", y_true, y_pred)
    error: Tensor = ops.mean(ops.abs(ops.subtract(y_pred, y_true)), axis=-1)
    return error


@builtin(_MODULE, "huber_loss")
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Tensor:
    """Half the squared difference where it is at most `delta`, a straight line beyond; the mean over the last axis.

    Args:
        y_true: The targets.
        y_pred: The predictions.
        delta: Where the parabola goes over into the line.

    Example:
        >>> from kinema import losses
        >>> losses.huber([[0.0, 0.0]], [[1.0, -3.0]]).numpy()
        array([1.5], dtype=float32)
    """
    y_true, y_pred = match_shapes("huber", y_true, y_pred)
    error = ops.abs(ops.subtract(y_pred, y_true))
    # With b = min(e, delta), b * (e - b / 2) is the parabola below delta and the line above it.
    bounded = ops.minimum(error, delta)
    value: Tensor = ops.mean(ops.multiply(bounded, ops.subtract(error, ops.multiply(bounded, 0.5))), axis=-1)
    return value


@builtin(_MODULE, "logcosh")
def log_cosh(y_true: Any, y_pred: Any) -> Tensor:
    """The logarithm of the difference's hyperbolic cosine, the mean over the last axis: half a square, then a line.

    Example:
        >>> from kinema import losses
        >>> losses.log_cosh([[0.0, 0.0]], [[1.0, -3.0]]).numpy().round(4)
        array([1.3716], dtype=float32)
    """
    y_true, y_pred = match_shapes("log_cosh", y_true, y_pred)
    error = ops.subtract(y_pred, y_true)
    # cosh(e) = exp(e) * (1 + exp(-2e)) / 2
    logarithms = ops.subtract(ops.add(error, ops.softplus(ops.multiply(error, -2.0))), math.log(2.0))
    value: Tensor = ops.mean(logarithms, axis=-1)
    return value


@builtin(_MODULE)
class MeanSquaredError(NamedLoss):
    """The mean of squared differences.

    Args:
        reduction: See `Loss`.
        name: See `Loss`.
        dtype: See `Loss`.

    Example:
        >>> from kinema import losses
        >>> float(losses.MeanSquaredError()([[0.0, 0.0]], [[1.0, 3.0]]))
        5.0
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "mean_squared_error", dtype: Any = None
    ) -> None:
        super().__init__(mean_squared_error, reduction, name, dtype)


@builtin(_MODULE)
class HalfMeanSquaredError(NamedLoss):
    """Half the mean of squared differences.

    Args:
        reduction: See `Loss`.
        name: See `Loss`.
        dtype: See `Loss`.

    Example:
        >>> from kinema import losses
        >>> float(losses.HalfMeanSquaredError()([[0.0, 0.0]], [[1.0, 3.0]]))
        2.5
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "half_mean_squared_error", dtype: Any = None
    ) -> None:
        super().__init__(half_mean_squared_error, reduction, name, dtype)


@builtin(_MODULE)
class MeanAbsoluteError(NamedLoss):
    """The mean of absolute differences.

    Args:
        reduction: See `Loss`.
        name: See `Loss`.
        dtype: See `Loss`.

    Example:
        >>> from kinema import losses
        >>> float(losses.MeanAbsoluteError()([[0.0, 0.0]], [[1.0, -3.0]]))
        2.0
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "mean_absolute_error", dtype: Any = None
    ) -> None:
        super().__init__(mean_absolute_error, reduction, name, dtype)


@builtin(_MODULE)
class Huber(NamedLoss):
    """Squared differences that become linear for large ones, so that single outliers count less.

    Args:
        delta: Where the parabola goes over into the line.
        reduction: See `Loss`.
        name: See `Loss`.
        dtype: See `Loss`.

    Raises:
        ArgumentError: `delta` is not above 0.

    Example:
        >>> from kinema import losses
        >>> float(losses.Huber()([[0.0, 0.0]], [[1.0, -3.0]]))
        1.5
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "huber_loss",
        dtype: Any = None,
    ) -> None:
        if not delta > 0:
            raise ArgumentError(f"Huber: delta must be above 0, got {delta!r}")
        super().__init__(huber, reduction, name, dtype, delta=delta)


@builtin(_MODULE)
class LogCosh(NamedLoss):
    """The logarithm of the difference's hyperbolic cosine, which large errors move as little as absolute ones.

    Args:
        reduction: See `Loss`.
        name: See `Loss`.
        dtype: See `Loss`.

    Example:
        >>> from kinema import losses
        >>> round(float(losses.LogCosh()([[0.0, 0.0]], [[1.0, -3.0]])), 4)
        1.3716
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "log_cosh", dtype: Any = None
    ) -> None:
        super().__init__(log_cosh, reduction, name, dtype)
