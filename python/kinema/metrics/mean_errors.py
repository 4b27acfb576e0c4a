"""Mean errors of predicted numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kinema.autograd import Tensor
from kinema.losses.loss import match_shapes
from kinema.losses.regression import half_mean_squared_error, huber, log_cosh, mean_absolute_error, mean_squared_error
from kinema.losses.relative import mean_absolute_percentage_error, mean_squared_logarithmic_error
from kinema.metrics.reduction import Average, NamedMean, masked
from kinema.saving.registry import builtin

_MODULE = "keras.metrics"

builtin(_MODULE, "mse", "MSE")(mean_squared_error)
builtin(_MODULE, "mae", "MAE")(mean_absolute_error)
builtin(_MODULE)(half_mean_squared_error)
builtin(_MODULE, "mape", "MAPE")(mean_absolute_percentage_error)
builtin(_MODULE, "msle", "MSLE")(mean_squared_logarithmic_error)
builtin(_MODULE)(huber)
builtin(_MODULE, "logcosh")(log_cosh)


@builtin(_MODULE)
class MeanSquaredError(NamedMean):
    """The mean of squared differences.

    Args:
        name: Its name in logs.
        dtype: See `Metric`.

    Example:
        >>> import kinema
        >>> float(kinema.metrics.MeanSquaredError()([[0, 1], [0, 0]], [[1, 1], [0, 0]]))
        0.25
    """

    direction = "down"

    def __init__(self, name: str = "mean_squared_error", dtype: DTypeLike | None = None) -> None:
        super().__init__(mean_squared_error, name, dtype)


@builtin(_MODULE)
class MeanAbsoluteError(NamedMean):
    """The mean of absolute differences.

    Args:
        name: Its name in logs.
        dtype: See `Metric`.

    Example:
        >>> import kinema
        >>> float(kinema.metrics.MeanAbsoluteError()([[0, 1], [0, 0]], [[1, 1], [0, 0]]))
        0.25
    """

    direction = "down"

    def __init__(self, name: str = "mean_absolute_error", dtype: DTypeLike | None = None) -> None:
        super().__init__(mean_absolute_error, name, dtype)


@builtin(_MODULE)
class RootMeanSquaredError(Average):
    """The root of the mean of squared differences.

    Args:
        name: Its name in logs.
        dtype: See `Metric`.

    Example:
        >>> import kinema
        >>> float(kinema.metrics.RootMeanSquaredError()([[0, 1], [0, 0]], [[1, 1], [0, 0]]))
        0.5
    """

    direction = "down"

    def __init__(self, name: str = "root_mean_squared_error", dtype: DTypeLike | None = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        target, prediction = match_shapes(self.name, y_true, y_pred)
        squares = np.square(prediction.numpy() - target.numpy())
        self.add(squares, masked(self.name, sample_weight, getattr(y_pred, "mask", None), squares.shape))

    def result(self) -> Tensor:
        return Tensor(np.sqrt(super().result().numpy()))


@builtin(_MODULE)
class MeanAbsolutePercentageError(NamedMean):
    """The mean of absolute differences in percent of the targets.

    Args:
        name: Its name in logs.
        dtype: See `Metric`.

    Example:
        >>> import kinema
        >>> round(float(kinema.metrics.MeanAbsolutePercentageError()([[2.0, 4.0]], [[1.0, 5.0]])), 4)
        37.5
    """

    direction = "down"

    def __init__(self, name: str = "mean_absolute_percentage_error", dtype: DTypeLike | None = None) -> None:
        super().__init__(mean_absolute_percentage_error, name, dtype)


@builtin(_MODULE)
class MeanSquaredLogarithmicError(NamedMean):
    """The mean of squared differences of `log(1 + value)`.

    Args:
        name: Its name in logs.
        dtype: See `Metric`.

    Example:
        >>> import kinema
        >>> round(float(kinema.metrics.MeanSquaredLogarithmicError()([[0.0, 3.0]], [[0.0, 1.0]])), 4)
        0.2402
    """

    direction = "down"

    def __init__(self, name: str = "mean_squared_logarithmic_error", dtype: DTypeLike | None = None) -> None:
        super().__init__(mean_squared_logarithmic_error, name, dtype)


@builtin(_MODULE, "log_cosh_error")
class LogCoshError(NamedMean):
    """The mean logarithm of the differences' hyperbolic cosine.

    Args:
        name: Its name in logs.
        dtype: See `Metric`.

    Example:
        >>> import kinema
        >>> round(float(kinema.metrics.LogCoshError()([[0.0, 0.0]], [[1.0, -3.0]])), 4)
        1.3716
    """

    direction = "down"

    def __init__(self, name: str = "logcosh", dtype: DTypeLike | None = None) -> None:
        super().__init__(log_cosh, name, dtype)
