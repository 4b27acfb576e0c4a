"""Losses of numbers judged by their size: percentages and logarithms."""

from __future__ import annotations

from typing import Any

from kinema import config as settings
from kinema import ops
from kinema.autograd import Tensor
from kinema.losses.loss import NamedLoss, match_shapes
from kinema.saving.registry import builtin

_MODULE = "keras.losses"


@builtin(_MODULE, "mape", "MAPE")
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Tensor:
    """The mean over the last axis of absolute differences, in percent of the targets.

    Targets nearer to 0 than `kinema.config.epsilon()` count as that far from it.

    Example:
        >>> from kinema import losses
        >>> losses.mean_absolute_percentage_error([[2.0, 4.0]], [[1.0, 5.0]]).numpy()
        array([37.5], dtype=float32)
    """
    y_true, y_pred = match_shapes("mean_absolute_percentage_error", y_true, y_pred)
    size = ops.maximum(ops.abs(y_true), settings.epsilon())
    share = ops.mean(ops.abs(ops.divide(ops.subtract(y_true, y_pred), size)), axis=-1)
    error: Tensor = ops.multiply(share, 100.0)
    return error


@builtin(_MODULE, "msle", "MSLE")
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Tensor:
    """The mean over the last axis of squared differences of `log(1 + value)`; values below 0 count as 0.

    Example:
        >>> from kinema import losses
        >>> losses.mean_squared_logarithmic_error([[0.0, 3.0]], [[0.0, 1.0]]).numpy().round(4)
        array([0.2402], dtype=float32)
    """
    y_true, y_pred = match_shapes("mean_squared_logarithmic_error", y_true, y_pred)
    predicted, wanted = (ops.log1p(ops.maximum(value, settings.epsilon())) for value in (y_pred, y_true))
    error: Tensor = ops.mean(ops.square(ops.subtract(predicted, wanted)), axis=-1)
    return error


@builtin(_MODULE)
class MeanAbsolutePercentageError(NamedLoss):
    """The mean of absolute differences in percent of the targets.

    Args:
        reduction: See `Loss`.
        name: See `Loss`.
        dtype: See `Loss`.

    Example:
        >>> from kinema import losses
        >>> float(losses.MeanAbsolutePercentageError()([[2.0, 4.0]], [[1.0, 5.0]]))
        37.5
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_absolute_percentage_error, reduction, name, dtype)


@builtin(_MODULE)
class MeanSquaredLogarithmicError(NamedLoss):
    """The mean of squared differences of `log(1 + value)`, for positive numbers of different size.

    Args:
        reduction: See `Loss`.
        name: See `Loss`.
        dtype: See `Loss`.

    Example:
        >>> from kinema import losses
        >>> round(float(losses.MeanSquaredLogarithmicError()([[0.0, 3.0]], [[0.0, 1.0]])), 4)
        0.2402
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(mean_squared_logarithmic_error, reduction, name, dtype)
