"""The best of one figure that a threshold gives while another figure is good enough."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kinema.autograd import Array, Tensor
from kinema.errors import ArgumentError
from kinema.metrics.thresholds import ThresholdCounts, evenly_spaced, judged, of_class
from kinema.saving.registry import builtin

_MODULE = "keras.metrics"


class _OperatingPoint(ThresholdCounts):
    """What looks for the best figure among the thresholds at which another one reaches a bound."""

    _bound: str

    def __init__(
        self, least: float, num_thresholds: int, class_id: int | None, name: str | None, dtype: DTypeLike | None
    ) -> None:
        title = type(self).__name__
        if not 0 <= least <= 1:
            raise ArgumentError(f"{title}: {self._bound} must be from 0 to 1, got {least!r}")
        if num_thresholds < 1:
            raise ArgumentError(f"{title}: num_thresholds must be at least 1, got {num_thresholds!r}")
        super().__init__([0.5] if num_thresholds == 1 else [0.0, *evenly_spaced(num_thresholds), 1.0], name, dtype)
        self.num_thresholds = num_thresholds
        self.class_id = class_id
        self._least = least
        self.make_counts()

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        answers = judged(self.name, y_true, y_pred, sample_weight)
        if self.class_id is not None:
            answers = of_class(self.name, self.class_id, *answers)
        self.add_counts(*(each.reshape(-1, 1) for each in answers))

    def best(self, wanted: Array, bound: Array) -> Tensor:
        """The largest wanted figure where the other one is large enough; 0 where it nowhere is."""
        return Tensor(np.where(bound >= self._least, wanted, 0).max())

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "class_id": self.class_id,
            self._bound: self._least,
        }


@builtin(_MODULE, "precision_at_recall")
class PrecisionAtRecall(_OperatingPoint):
    """The best precision of all thresholds whose recall is at least a given one.

    Args:
        recall: The least recall, from 0 to 1.
        num_thresholds: How many evenly spaced thresholds are tried.
        class_id: Look at this output alone.
        name: Its name in logs.
        dtype: See `Metric`.

    Raises:
        ArgumentError: `recall` is not from 0 to 1, or `num_thresholds` below 1.

    Example:
        >>> import kinema
        >>> round(float(kinema.metrics.PrecisionAtRecall(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.9])), 4)
        1.0
    """

    _bound = "recall"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        self.recall = recall
        super().__init__(recall, num_thresholds, class_id, name, dtype)

    def result(self) -> Tensor:
        return self.best(self.precisions, self.recalls)


@builtin(_MODULE, "recall_at_precision")
class RecallAtPrecision(_OperatingPoint):
    """The best recall of all thresholds whose precision is at least a given one.

    Args:
        precision: The least precision, from 0 to 1.
        num_thresholds: How many evenly spaced thresholds are tried.
        class_id: Look at this output alone.
        name: Its name in logs.
        dtype: See `Metric`.

    Raises:
        ArgumentError: `precision` is not from 0 to 1, or `num_thresholds` below 1.

    Example:
        >>> import kinema
        >>> round(float(kinema.metrics.RecallAtPrecision(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.9])), 4)
        1.0
    """

    _bound = "precision"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        self.precision = precision
        super().__init__(precision, num_thresholds, class_id, name, dtype)

    def result(self) -> Tensor:
        return self.best(self.recalls, self.precisions)


@builtin(_MODULE, "sensitivity_at_specificity")
class SensitivityAtSpecificity(_OperatingPoint):
    """The best sensitivity (recall) of all thresholds whose specificity is at least a given one.

    Args:
        specificity: The least specificity, from 0 to 1.
        num_thresholds: How many evenly spaced thresholds are tried.
        class_id: Look at this output alone.
        name: Its name in logs.
        dtype: See `Metric`.

    Raises:
        ArgumentError: `specificity` is not from 0 to 1, or `num_thresholds` below 1.

    Example:
        >>> import kinema
        >>> round(float(kinema.metrics.SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.9])), 4)
        0.5
    """

    _bound = "specificity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        self.specificity = specificity
        super().__init__(specificity, num_thresholds, class_id, name, dtype)

    def result(self) -> Tensor:
        return self.best(self.recalls, self.specificities)


@builtin(_MODULE, "specificity_at_sensitivity")
class SpecificityAtSensitivity(_OperatingPoint):
    """The best specificity of all thresholds whose sensitivity is at least a given one.

    Args:
        sensitivity: The least sensitivity, from 0 to 1.
        num_thresholds: How many evenly spaced thresholds are tried.
        class_id: Look at this output alone.
        name: Its name in logs.
        dtype: See `Metric`.

    Raises:
        ArgumentError: `sensitivity` is not from 0 to 1, or `num_thresholds` below 1.

    Example:
        >>> import kinema
        >>> round(float(kinema.metrics.SpecificityAtSensitivity(0.5)([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.9])), 4)
        1.0
    """

    _bound = "sensitivity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        self.sensitivity = sensitivity
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)

    def result(self) -> Tensor:
        return self.best(self.specificities, self.recalls)
