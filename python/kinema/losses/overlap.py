"""Losses of the overlap of two regions, as segmentations use them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kinema import config as settings
from kinema import ops
from kinema.autograd import Array, Tensor
from kinema.losses.loss import NamedLoss, match_shapes
from kinema.saving.registry import builtin

_MODULE = "keras.losses"

Axes = int | Sequence[int] | None


@builtin(_MODULE)
def dice(y_true: Any, y_pred: Any, axis: Axes = None) -> Tensor:
    """1 minus Dice's coefficient: twice the overlap over the sum of both sizes.

    Args:
        y_true: The targets, from 0 to 1.
        y_pred: The predictions, shaped as `y_true`.
        axis: The axes of a region; all, so that a batch has one loss, when None.

    Example:
        >>> from kinema import losses
        >>> losses.dice([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]], axis=-1).numpy().round(4)
        array([0.3333], dtype=float32)
    """
    y_true, y_pred, mask = _counted("dice", y_true, y_pred, axis)
    overlap, target, prediction = (
        ops.sum(values, axis=_axes(axis)) for values in (ops.multiply(y_true, y_pred), y_true, y_pred)
    )
    sizes = ops.add(ops.add(target, prediction), settings.epsilon())
    loss: Tensor = ops.subtract(1.0, ops.divide(ops.multiply(overlap, 2.0), sizes))
    loss.mask = mask
    return loss


@builtin(_MODULE)
def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Axes = None) -> Tensor:
    """1 minus Tversky's index: the overlap over itself and both kinds of mistakes, each with a weight.

    Args:
        y_true: The targets, from 0 to 1.
        y_pred: The predictions, shaped as `y_true`.
        alpha: The weight of what only the target has.
        beta: The weight of what only the prediction has.
        axis: The axes of a region; all, so that a batch has one loss, when None.

    Example:
        >>> from kinema import losses
        >>> losses.tversky([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]], alpha=1.0, axis=-1).numpy().round(4)
        array([0.5], dtype=float32)
    """
    y_true, y_pred, mask = _counted("tversky", y_true, y_pred, axis)
    overlap, missed, invented = (
        ops.sum(values, axis=_axes(axis))
        for values in (
            ops.multiply(y_true, y_pred),
            ops.multiply(y_true, ops.subtract(1.0, y_pred)),
            ops.multiply(ops.subtract(1.0, y_true), y_pred),
        )
    )
    mistakes = ops.add(ops.multiply(missed, alpha), ops.multiply(invented, beta))
    union = ops.add(ops.add(overlap, mistakes), settings.epsilon())
    loss: Tensor = ops.subtract(1.0, ops.divide(overlap, union))
    loss.mask = mask
    return loss


@builtin(_MODULE)
class Dice(NamedLoss):
    """1 minus Dice's coefficient of two regions.

    Args:
        reduction: See `Loss`.
        name: See `Loss`.
        axis: The axes of a region; all, so that a batch has one loss, when None.
        dtype: See `Loss`.

    Example:
        >>> from kinema import losses
        >>> round(float(losses.Dice()([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])), 4)
        0.3333
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "dice",
        axis: Axes = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(dice, reduction, name, dtype, axis=axis)


@builtin(_MODULE)
class Tversky(NamedLoss):
    """1 minus Tversky's index of two regions: `Dice` with a weight for each kind of mistakes.

    Args:
        alpha: The weight of what only the target has.
        beta: The weight of what only the prediction has.
        reduction: See `Loss`.
        name: See `Loss`.
        axis: The axes of a region; all, so that a batch has one loss, when None.
        dtype: See `Loss`.

    Example:
        >>> from kinema import losses
        >>> round(float(losses.Tversky(alpha=1.0)([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])), 4)
        0.5
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str = "tversky",
        axis: Axes = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(tversky, reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)


def _counted(name: str, y_true: Any, y_pred: Any, axis: Axes) -> tuple[Tensor, Tensor, Array | None]:
    """Targets and predictions with nothing in masked steps, and which regions have a step that counts."""
    target, prediction = match_shapes(name, y_true, y_pred)
    mask = prediction.mask
    if mask is None:
        return target, prediction, None
    factor = mask.reshape(mask.shape + (1,) * (prediction.ndim - mask.ndim)).astype(prediction.dtype)
    region = range(prediction.ndim) if axis is None else np.atleast_1d(axis) % prediction.ndim
    counts = np.asarray(mask.any(axis=tuple(int(own) for own in region if own < mask.ndim)))
    return ops.multiply(target, factor), ops.multiply(prediction, factor), counts


def _axes(axis: Axes) -> int | tuple[int, ...] | None:
    return axis if axis is None or isinstance(axis, int) else tuple(axis)
