"""Losses of distributions and counts: the Kullback-Leibler divergence and Poisson's."""

from __future__ import annotations

from typing import Any

from kinema import config as settings
from kinema import ops
from kinema.autograd import Tensor
from kinema.losses.loss import NamedLoss, match_shapes
from kinema.saving.registry import builtin

_MODULE = "keras.losses"


@builtin(_MODULE, "kld", "KLD", "kullback_leibler_divergence")
def kl_divergence(y_true: Any, y_pred: Any) -> Tensor:
    """How much a distribution differs from the target's: the sum of `y_true * log(y_true / y_pred)` over the last axis.

    Both are limited to the range from `kinema.config.epsilon()` to 1.

    Example:
        >>> from kinema import losses
        >>> losses.kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]).numpy().round(4)
        array([0.1438], dtype=float32)
    """
    y_true, y_pred = match_shapes("kl_divergence", y_true, y_pred)
    wanted, predicted = (ops.clip(value, settings.epsilon(), 1.0) for value in (y_true, y_pred))
    divergence: Tensor = ops.sum(ops.multiply(wanted, ops.log(ops.divide(wanted, predicted))), axis=-1)
    return divergence


@builtin(_MODULE)
def poisson(y_true: Any, y_pred: Any) -> Tensor:
    """`y_pred - y_true * log(y_pred)`, the mean over the last axis: for counts and their predicted means.

    Example:
        >>> from kinema import losses
        >>> losses.poisson([[0.0, 2.0]], [[1.0, 2.0]]).numpy().round(4)
        array([0.8069], dtype=float32)
    """
    y_true, y_pred = match_shapes("poisson", y_true, y_pred)
    logarithm = ops.log(ops.add(y_pred, settings.epsilon()))
    value: Tensor = ops.mean(ops.subtract(y_pred, ops.multiply(y_true, logarithm)), axis=-1)
    return value


@builtin(_MODULE)
class KLDivergence(NamedLoss):
    """How much predicted distributions differ from those of the targets.

    Args:
        reduction: See `Loss`.
        name: See `Loss`.
        dtype: See `Loss`.

    Example:
        >>> from kinema import losses
        >>> round(float(losses.KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]])), 4)
        0.1438
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "kl_divergence", dtype: Any = None
    ) -> None:
        super().__init__(kl_divergence, reduction, name, dtype)


@builtin(_MODULE)
class Poisson(NamedLoss):
    """The loss of predicted means of counts.

    Args:
        reduction: See `Loss`.
        name: See `Loss`.
        dtype: See `Loss`.

    Example:
        >>> from kinema import losses
        >>> round(float(losses.Poisson()([[0.0, 2.0]], [[1.0, 2.0]])), 4)
        0.8069
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = "poisson", dtype: Any = None) -> None:
        super().__init__(poisson, reduction, name, dtype)
