"""Intersection over union of classes, as segmentations use it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kinema import config as settings
from kinema.autograd import Array, Tensor, as_array
from kinema.errors import ArgumentError, ShapeError
from kinema.losses.loss import align_weights, mismatch
from kinema.metrics.metric import Metric
from kinema.metrics.reduction import masked
from kinema.saving.registry import builtin

_MODULE = "keras.metrics"
_NOT_OF_BINARY = ("num_classes", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")


@builtin(_MODULE, "io_u")
class IoU(Metric):
    """The overlap of predicted and true regions over their union, averaged over some classes.

    Classes that neither are there nor are predicted do not count, nor do numbers that are no class.

    Args:
        num_classes: How many classes there are.
        target_class_ids: The classes that are looked at.
        name: Its name in logs.
        dtype: See `Metric`.
        ignore_class: A label whose elements do not count.
        sparse_y_true: Whether targets are class numbers; else one number a class, of which the largest counts.
        sparse_y_pred: Whether predictions are class numbers; else one number a class.
        axis: The axis of the classes where there is one.

    Raises:
        ArgumentError: A target class is not one of the classes.

    Example:
        >>> import kinema
        >>> round(float(kinema.metrics.IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1])), 4)
        0.3333
    """

    direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: DTypeLike | None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(dtype, name)
        self.num_classes = num_classes
        self.target_class_ids = list(target_class_ids)
        if not all(0 <= one < num_classes for one in self.target_class_ids):
            raise ArgumentError(
                f"{type(self).__name__}: target_class_ids {self.target_class_ids} are not all among the classes 0 to "
                f"{num_classes - 1}"
            )
        self.ignore_class = ignore_class
        self.sparse_y_true = sparse_y_true
        self.sparse_y_pred = sparse_y_pred
        self.axis = axis
        self.total_cm = self.add_variable((num_classes, num_classes), name="total_confusion_matrix")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        labels, predicted = as_array(y_true), self.class_numbers(as_array(y_pred))
        if not self.sparse_y_true:
            labels = labels.argmax(axis=self.axis)
        labels, predicted = _alike(self.name, labels, predicted)
        factors = masked(self.name, sample_weight, getattr(y_pred, "mask", None), labels.shape)
        weights = np.ones(labels.shape)
        if factors is not None:
            weights = weights * align_weights(self.name, factors, labels.shape)
        counted = (labels >= 0) & (labels < self.num_classes) & (predicted >= 0) & (predicted < self.num_classes)
        if self.ignore_class is not None:
            counted &= labels != self.ignore_class
        cells = labels[counted].astype(np.int64) * self.num_classes + predicted[counted].astype(np.int64)
        table = np.bincount(cells, weights[counted], self.num_classes**2)
        self.total_cm.assign_add(table.reshape(self.total_cm.shape))

    def class_numbers(self, predictions: Array) -> Array:
        """The predicted class of each element."""
        return predictions if self.sparse_y_pred else predictions.argmax(axis=self.axis)

    def result(self) -> Tensor:
        table = self.total_cm.array
        overlap = np.diag(table)
        union = (table.sum(axis=0) + table.sum(axis=1) - overlap)[self.target_class_ids]
        there = union > 1e-9
        shares = overlap[self.target_class_ids][there] / (union[there] + settings.epsilon())
        return Tensor(np.asarray(shares.sum() / (there.sum() + settings.epsilon())))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "target_class_ids": self.target_class_ids,
            "ignore_class": self.ignore_class,
            "sparse_y_true": self.sparse_y_true,
            "sparse_y_pred": self.sparse_y_pred,
            "axis": self.axis,
        }


@builtin(_MODULE, "binary_io_u")
class BinaryIoU(IoU):
    """The intersection over union of yes and no, or one of them.

    Args:
        target_class_ids: The classes that are looked at: 0 is no, 1 is yes.
        threshold: From it on a prediction means yes.
        name: Its name in logs.
        dtype: See `Metric`.

    Example:
        >>> import kinema
        >>> metric = kinema.metrics.BinaryIoU(threshold=0.3)
        >>> round(float(metric([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])), 4)
        0.3333
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def class_numbers(self, predictions: Array) -> Array:
        return np.asarray(predictions.astype(np.float32) >= np.float32(self.threshold))

    def get_config(self) -> dict[str, Any]:
        return {**_but(super().get_config(), *_NOT_OF_BINARY), "threshold": self.threshold}


@builtin(_MODULE, "mean_io_u")
class MeanIoU(IoU):
    """The intersection over union, averaged over all classes.

    Args:
        num_classes: How many classes there are.
        name: Its name in logs.
        dtype: See `Metric`.
        ignore_class: A label whose elements do not count.
        sparse_y_true: Whether targets are class numbers; else one number a class, of which the largest counts.
        sparse_y_pred: Whether predictions are class numbers; else one number a class.
        axis: The axis of the classes where there is one.

    Example:
        >>> import kinema
        >>> round(float(kinema.metrics.MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1])), 4)
        0.3333
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: DTypeLike | None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, range(num_classes), name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return _but(super().get_config(), "target_class_ids")


@builtin(_MODULE, "one_hot_io_u")
class OneHotIoU(IoU):
    """`IoU` of one-hot targets.

    Args:
        num_classes: How many classes there are.
        target_class_ids: The classes that are looked at.
        name: Its name in logs.
        dtype: See `Metric`.
        ignore_class: A label whose elements do not count.
        sparse_y_pred: Whether predictions are class numbers; else one number a class.
        axis: The axis of the classes.

    Example:
        >>> import kinema
        >>> metric = kinema.metrics.OneHotIoU(num_classes=2, target_class_ids=[1])
        >>> round(float(metric([[0, 1], [1, 0]], [[0.3, 0.7], [0.2, 0.8]])), 4)
        0.5
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: DTypeLike | None = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return _but(super().get_config(), "sparse_y_true")


@builtin(_MODULE, "one_hot_mean_io_u")
class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` of one-hot targets.

    Args:
        num_classes: How many classes there are.
        name: Its name in logs.
        dtype: See `Metric`.
        ignore_class: A label whose elements do not count.
        sparse_y_pred: Whether predictions are class numbers; else one number a class.
        axis: The axis of the classes.

    Example:
        >>> import kinema
        >>> metric = kinema.metrics.OneHotMeanIoU(num_classes=2)
        >>> round(float(metric([[0, 1], [1, 0]], [[0.3, 0.7], [0.2, 0.8]])), 4)
        0.25
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: DTypeLike | None = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return _but(super().get_config(), "sparse_y_true")


def _but(config: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in config.items() if name not in names}


def _alike(name: str, labels: Array, predicted: Array) -> tuple[Array, Array]:
    """Both without a last axis of length 1 that only one of them has."""
    if labels.ndim == predicted.ndim + 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    elif predicted.ndim == labels.ndim + 1 and predicted.shape[-1] == 1:
        predicted = predicted[..., 0]
    if labels.shape != predicted.shape:
        raise ShapeError(mismatch(name, labels.shape, predicted.shape))
    return labels, predicted
