"""Accuracies: how often the prediction is right."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kinema.autograd import Array, Tensor, as_array
from kinema.errors import ArgumentError, ShapeError
from kinema.losses.loss import match_shapes, mismatch
from kinema.metrics.reduction import NamedMean
from kinema.saving.registry import builtin

_MODULE = "keras.metrics"


@builtin(_MODULE)
def accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where prediction and target are equal, else 0."""
    target, prediction = match_shapes("accuracy", y_true, y_pred)
    return _right(target.numpy() == prediction.numpy())


@builtin(_MODULE)
def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Tensor:
    """1 where the prediction is on the target's side of the threshold, else 0.

    Example:
        >>> import kinema
        >>> kinema.metrics.binary_accuracy([0.0, 1.0], [0.4, 0.3]).numpy()
        array([1., 0.], dtype=float32)
    """
    target, prediction = match_shapes("binary_accuracy", y_true, y_pred)
    return _right(target.numpy() == (prediction.numpy() > threshold))


@builtin(_MODULE)
def categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where the most likely class is the target's largest entry, else 0.

    Example:
        >>> import kinema
        >>> kinema.metrics.categorical_accuracy([[0, 1], [1, 0]], [[0.2, 0.8], [0.3, 0.7]]).numpy()
        array([1., 0.], dtype=float32)
    """
    target, prediction = match_shapes("categorical_accuracy", y_true, y_pred)
    return _right(target.numpy().argmax(axis=-1) == prediction.numpy().argmax(axis=-1))


@builtin(_MODULE)
def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where the most likely class has the target's number, else 0.

    Example:
        >>> import kinema
        >>> kinema.metrics.sparse_categorical_accuracy([1, 0], [[0.2, 0.8], [0.3, 0.7]]).numpy()
        array([1., 0.], dtype=float32)
    """
    labels, prediction = _class_numbers("sparse_categorical_accuracy", y_true, y_pred)
    return _right(labels == prediction.argmax(axis=-1))


@builtin(_MODULE)
def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """1 where the target's largest entry is among the `k` most likely classes, else 0.

    Example:
        >>> import kinema
        >>> kinema.metrics.top_k_categorical_accuracy([[0, 0, 1]], [[0.5, 0.1, 0.4]], k=2).numpy()
        array([1.], dtype=float32)
    """
    target, prediction = match_shapes("top_k_categorical_accuracy", y_true, y_pred)
    return _in_top(target.numpy().argmax(axis=-1), prediction.numpy(), k)


@builtin(_MODULE)
def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False) -> Tensor:
    """1 where the target's class is among the `k` most likely ones, else 0.

    Args:
        y_true: Class numbers.
        y_pred: Probabilities, or class numbers from the most likely down with `from_sorted_ids`.
        k: How many classes count.
        from_sorted_ids: Whether `y_pred` holds class numbers.

    Example:
        >>> import kinema
        >>> kinema.metrics.sparse_top_k_categorical_accuracy([2], [[0.5, 0.1, 0.4]], k=2).numpy()
        array([1.], dtype=float32)
    """
    labels, prediction = _class_numbers("sparse_top_k_categorical_accuracy", y_true, y_pred)
    if from_sorted_ids:
        return _right((prediction[..., :k] == labels[..., None]).any(axis=-1))
    return _in_top(labels.astype(np.int64), prediction, k)


@builtin(_MODULE)
class Accuracy(NamedMean):
    """How often prediction and target are equal.

    Args:
        name: Its name in logs.
        dtype: See `Metric`.

    Example:
        >>> import kinema
        >>> float(kinema.metrics.Accuracy()([[1], [2], [3], [4]], [[0], [2], [3], [4]]))
        0.75
    """

    direction = "up"

    def __init__(self, name: str = "accuracy", dtype: DTypeLike | None = None) -> None:
        super().__init__(accuracy, name, dtype)


@builtin(_MODULE)
class BinaryAccuracy(NamedMean):
    """How often the prediction is on the target's side of a threshold.

    Args:
        name: Its name in logs.
        dtype: See `Metric`.
        threshold: Above it a prediction means 1.

    Example:
        >>> import kinema
        >>> float(kinema.metrics.BinaryAccuracy()([[1], [1], [0], [0]], [[0.98], [1], [0], [0.6]]))
        0.75
    """

    direction = "up"

    def __init__(self, name: str = "binary_accuracy", dtype: DTypeLike | None = None, threshold: float = 0.5) -> None:
        if not 0 < threshold < 1:
            raise ArgumentError(f"BinaryAccuracy: threshold must lie between 0 and 1, got {threshold!r}")
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


@builtin(_MODULE)
class CategoricalAccuracy(NamedMean):
    """How often the most likely class is right, for one-hot targets.

    Args:
        name: Its name in logs.
        dtype: See `Metric`.

    Example:
        >>> import kinema
        >>> float(kinema.metrics.CategoricalAccuracy()([[0, 1], [1, 0]], [[0.2, 0.8], [0.3, 0.7]]))
        0.5
    """

    direction = "up"

    def __init__(self, name: str = "categorical_accuracy", dtype: DTypeLike | None = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)


@builtin(_MODULE)
class SparseCategoricalAccuracy(NamedMean):
    """How often the most likely class is right, for class numbers as targets.

    Args:
        name: Its name in logs.
        dtype: See `Metric`.

    Example:
        >>> import kinema
        >>> float(kinema.metrics.SparseCategoricalAccuracy()([1, 0], [[0.2, 0.8], [0.3, 0.7]]))
        0.5
    """

    direction = "up"

    def __init__(self, name: str = "sparse_categorical_accuracy", dtype: DTypeLike | None = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)


@builtin(_MODULE)
class TopKCategoricalAccuracy(NamedMean):
    """How often the right class is among the `k` most likely, for one-hot targets.

    Args:
        k: How many classes count.
        name: Its name in logs.
        dtype: See `Metric`.

    Example:
        >>> import kinema
        >>> float(kinema.metrics.TopKCategoricalAccuracy(k=2)([[0, 0, 1]], [[0.5, 0.1, 0.4]]))
        1.0
    """

    direction = "up"

    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy", dtype: DTypeLike | None = None) -> None:
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)


@builtin(_MODULE)
class SparseTopKCategoricalAccuracy(NamedMean):
    """How often the right class is among the `k` most likely, for class numbers as targets.

    Args:
        k: How many classes count.
        name: Its name in logs.
        dtype: See `Metric`.
        from_sorted_ids: Whether predictions are class numbers from the most likely down.

    Example:
        >>> import kinema
        >>> float(kinema.metrics.SparseTopKCategoricalAccuracy(k=2)([2], [[0.5, 0.1, 0.4]]))
        1.0
    """

    direction = "up"

    def __init__(
        self,
        k: int = 5,
        name: str = "sparse_top_k_categorical_accuracy",
        dtype: DTypeLike | None = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, k=k, from_sorted_ids=from_sorted_ids)


def _right(equal: Array) -> Tensor:
    return Tensor(equal.astype(np.float32))


def _class_numbers(name: str, y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    labels, prediction = as_array(y_true), as_array(y_pred)
    if labels.ndim == prediction.ndim and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.shape != prediction.shape[:-1]:
        raise ShapeError(mismatch(name, labels.shape, prediction.shape[:-1]) + " (class axis not counted)")
    return labels, prediction


def _in_top(labels: Array, prediction: Array, k: int) -> Tensor:
    # Ties count as hits: a class is out only when k others are strictly more likely.
    is_class = (labels >= 0) & (labels < prediction.shape[-1])
    own = np.take_along_axis(prediction, np.where(is_class, labels, 0)[..., None], axis=-1)
    return _right(is_class & ((prediction > own).sum(axis=-1) < k) & np.isfinite(own[..., 0]))
