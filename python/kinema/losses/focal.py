"""Focal cross-entropies: what is predicted well already counts less."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kinema import config as settings
from kinema import ops
from kinema.autograd import Tensor, as_array
from kinema.losses.labels import check_binary, check_distribution, check_smoothing
from kinema.losses.loss import NamedLoss, match_shapes
from kinema.saving.registry import builtin

_MODULE = "keras.losses"


@builtin(_MODULE)
def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """`binary_crossentropy` times a power of the probability of the wrong answer, averaged over an axis.

    Args:
        y_true: The targets, from 0 to 1, shaped as `y_pred`.
        y_pred: Probabilities, or logits.
        apply_class_balancing: Whether to weigh targets of 1 by `alpha` and those of 0 by `1 - alpha`.
        alpha: The weight of targets of 1.
        gamma: The power; with 0 all count alike.
        from_logits: Whether `y_pred` holds logits, as a layer without activation gives.
        label_smoothing: Moves the targets this far towards 0.5.
        axis: The axis over which the mean is taken.

    Raises:
        DataError: A target is outside 0 to 1.

    Example:
        >>> from kinema import losses
        >>> losses.binary_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy().round(4)
        array([0.1733], dtype=float32)
    """
    y_true, y_pred = match_shapes("binary_focal_crossentropy", y_true, y_pred)
    check_binary(as_array(y_true), y_pred.mask, "binary_focal_crossentropy")
    if label_smoothing:
        y_true = ops.add(ops.multiply(y_true, 1.0 - label_smoothing), 0.5 * label_smoothing)
    if from_logits:
        y_pred = ops.sigmoid(y_pred)
    entropy = ops.binary_crossentropy(y_true, y_pred)
    wrong = _blend(y_true, ops.subtract(1.0, y_pred), y_pred)
    loss = ops.multiply(_focus(wrong, gamma), entropy)
    if apply_class_balancing:
        loss = ops.multiply(loss, _blend(y_true, alpha, 1.0 - alpha))
    averaged: Tensor = ops.mean(loss, axis=axis)
    return averaged


@builtin(_MODULE)
def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float | Sequence[float] = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """`categorical_crossentropy`, each class's part times `alpha` and a power of 1 minus its probability.

    Args:
        y_true: The targets, shaped as `y_pred`: one-hot rows, or other non-negative numbers.
        y_pred: Probabilities (they are divided by their sum), or logits.
        alpha: The weight of all classes, or of each.
        gamma: The power; with 0 all count alike.
        from_logits: Whether `y_pred` holds logits, as a layer without activation gives.
        label_smoothing: The share of each target that is spread evenly over the classes.
        axis: The axis of the classes.

    Raises:
        DataError: A target is negative or not finite.

    Example:
        >>> from kinema import losses
        >>> losses.categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy().round(4)
        array([0.0433], dtype=float32)
    """
    y_true, y_pred = match_shapes("categorical_focal_crossentropy", y_true, y_pred)
    check_distribution(as_array(y_true), axis, y_pred.mask, "categorical_focal_crossentropy")
    if label_smoothing:
        share = label_smoothing / y_true.shape[axis]
        y_true = ops.add(ops.multiply(y_true, 1.0 - label_smoothing), share)
    logarithms = _log_probabilities(y_pred, from_logits, axis)
    weight = ops.multiply(_focus(ops.negative(ops.expm1(logarithms)), gamma), alpha)
    loss: Tensor = ops.negative(ops.sum(ops.multiply(weight, ops.multiply(y_true, logarithms)), axis=axis))
    return loss


@builtin(_MODULE)
class BinaryFocalCrossentropy(NamedLoss):
    """The cross-entropy of yes-or-no outputs in which those that are right already count less.

    Args:
        apply_class_balancing: Whether to weigh targets of 1 by `alpha` and those of 0 by `1 - alpha`.
        alpha: The weight of targets of 1.
        gamma: The power of the probability of the wrong answer.
        from_logits: Whether predictions are logits.
        label_smoothing: Moves the targets this far towards 0.5.
        axis: The axis over which the mean is taken.
        reduction: See `Loss`.
        name: See `Loss`.
        dtype: See `Loss`.

    Example:
        >>> from kinema import losses
        >>> round(float(losses.BinaryFocalCrossentropy()([[0.0], [1.0]], [[0.5], [0.5]])), 4)
        0.1733
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            binary_focal_crossentropy,
            reduction,
            name,
            dtype,
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=check_smoothing("BinaryFocalCrossentropy", label_smoothing),
            axis=axis,
        )


@builtin(_MODULE)
class CategoricalFocalCrossentropy(NamedLoss):
    """The cross-entropy of distributions over classes in which those that are right already count less.

    Args:
        alpha: The weight of all classes, or of each.
        gamma: The power of 1 minus the probability.
        from_logits: Whether predictions are logits.
        label_smoothing: The share of each target that is spread evenly over the classes.
        axis: The axis of the classes.
        reduction: See `Loss`.
        name: See `Loss`.
        dtype: See `Loss`.

    Example:
        >>> from kinema import losses
        >>> round(float(losses.CategoricalFocalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
        0.0433
    """

    def __init__(
        self,
        alpha: float | Sequence[float] = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            categorical_focal_crossentropy,
            reduction,
            name,
            dtype,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=check_smoothing("CategoricalFocalCrossentropy", label_smoothing),
            axis=axis,
        )


def _blend(share: Tensor, one: Any, other: Any) -> Tensor:
    mixed: Tensor = ops.add(ops.multiply(share, one), ops.multiply(ops.subtract(1.0, share), other))
    return mixed


def _focus(wrong: Tensor, gamma: float) -> Tensor:
    # Kept above 0, where powers below 1 have no finite gradient.
    power: Tensor = ops.power(ops.maximum(wrong, float(np.finfo(wrong.dtype).tiny)), gamma)
    return power


def _log_probabilities(y_pred: Tensor, from_logits: bool, axis: int) -> Tensor:
    """Exact where logits are known, of limited probabilities elsewhere."""
    logits = y_pred if from_logits else _softmax_logits(y_pred, axis)
    if logits is not None:
        return ops.log_softmax(logits, axis=axis)
    share = ops.divide(y_pred, ops.sum(y_pred, axis=axis, keepdims=True))
    return ops.log(ops.clip(share, settings.epsilon(), 1.0 - settings.epsilon()))


def _softmax_logits(y_pred: Tensor, axis: int) -> Tensor | None:
    """What a softmax along that axis made predictions of; a sigmoid leaves logits too, which are not meant."""
    logits = y_pred.logits
    last = axis in (-1, y_pred.ndim - 1)
    return logits.values if logits is not None and logits.activation == "softmax" and last else None
