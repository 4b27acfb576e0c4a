"""How alike the courses of targets and predictions are: cosines and correlations."""

from __future__ import annotations

from typing import Any

from numpy.typing import DTypeLike

from kinema import config as settings
from kinema import ops
from kinema.autograd import Tensor
from kinema.losses.loss import match_shapes
from kinema.losses.similarity import cosine_of_angle
from kinema.metrics.reduction import NamedMean
from kinema.saving.registry import builtin

_MODULE = "keras.metrics"


@builtin(_MODULE)
def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Pearson's correlation of targets and predictions along an axis: 1 where one is a rising line of the other.

    Example:
        >>> import kinema
        >>> kinema.metrics.pearson_correlation([[0.0, 1.0, 2.0]], [[1.0, 3.0, 2.0]]).numpy().round(4)
        array([0.5], dtype=float32)
    """
    target, prediction = match_shapes("pearson_correlation", y_true, y_pred)
    deviations = ops.multiply(ops.std(target, axis=axis), ops.std(prediction, axis=axis))
    correlation: Tensor = ops.divide(_covariance(target, prediction, axis), deviations)
    return correlation


@builtin(_MODULE)
def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Lin's concordance of targets and predictions along an axis: 1 only where they are equal.

    Example:
        >>> import kinema
        >>> kinema.metrics.concordance_correlation([[0.0, 1.0, 2.0]], [[1.0, 3.0, 2.0]]).numpy().round(4)
        array([0.2857], dtype=float32)
    """
    target, prediction = match_shapes("concordance_correlation", y_true, y_pred)
    offset = ops.square(ops.subtract(ops.mean(target, axis=axis), ops.mean(prediction, axis=axis)))
    spread = ops.add(ops.var(target, axis=axis), ops.var(prediction, axis=axis))
    whole = ops.add(ops.add(spread, offset), settings.epsilon())
    concordance: Tensor = ops.divide(ops.multiply(_covariance(target, prediction, axis), 2.0), whole)
    return concordance


def _covariance(target: Tensor, prediction: Tensor, axis: int) -> Tensor:
    centred = (ops.subtract(values, ops.mean(values, axis=axis, keepdims=True)) for values in (target, prediction))
    covariance: Tensor = ops.mean(ops.multiply(*centred), axis=axis)
    return covariance


@builtin(_MODULE, "cosine_similarity")
class CosineSimilarity(NamedMean):
    """The cosine of the angle between target and prediction: 1 for the same direction.

    Args:
        name: Its name in logs.
        dtype: See `Metric`.
        axis: The axis of the vectors.

    Example:
        >>> import kinema
        >>> round(float(kinema.metrics.CosineSimilarity()([[3.0, 4.0]], [[4.0, 3.0]])), 4)
        0.96
    """

    direction = "up"

    def __init__(self, name: str = "cosine_similarity", dtype: DTypeLike | None = None, axis: int = -1) -> None:
        super().__init__(cosine_of_angle, name, dtype, axis=axis)


@builtin(_MODULE)
class PearsonCorrelation(NamedMean):
    """The mean of Pearson's correlations of targets and predictions.

    Args:
        name: Its name in logs.
        dtype: See `Metric`.
        axis: The axis of the vectors.

    Example:
        >>> import kinema
        >>> round(float(kinema.metrics.PearsonCorrelation()([[0, 1, 2]], [[1, 3, 2]])), 4)
        0.5
    """

    direction = "up"

    def __init__(self, name: str = "pearson_correlation", dtype: DTypeLike | None = None, axis: int = -1) -> None:
        super().__init__(pearson_correlation, name, dtype, axis=axis)


@builtin(_MODULE)
class ConcordanceCorrelation(NamedMean):
    """The mean of Lin's concordances of targets and predictions.

    Args:
        name: Its name in logs.
        dtype: See `Metric`.
        axis: The axis of the vectors.

    Example:
        >>> import kinema
        >>> round(float(kinema.metrics.ConcordanceCorrelation()([[0, 1, 2]], [[1, 3, 2]])), 4)
        0.2857
    """

    direction = "up"

    def __init__(self, name: str = "concordance_correlation", dtype: DTypeLike | None = None, axis: int = -1) -> None:
        super().__init__(concordance_correlation, name, dtype, axis=axis)
