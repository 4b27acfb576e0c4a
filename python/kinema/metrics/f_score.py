"""The F scores: means of precision and recall."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kinema import config as settings
from kinema.autograd import Array, Tensor
from kinema.errors import ArgumentError
from kinema.metrics.metric import Metric
from kinema.metrics.rows import rows_of_outputs
from kinema.saving.registry import builtin

_MODULE = "keras.metrics"
_AVERAGES = (None, "micro", "macro", "weighted")


@builtin(_MODULE, "f_beta_score", "fbeta_score")
class FBetaScore(Metric):
    """The harmonic mean of precision and recall, of which recall counts `beta` times as much.

    Args:
        average: What becomes of the outputs' scores: None gives each, `"macro"` their mean, `"weighted"` their mean by
            the number of positive targets, and `"micro"` the score of all outputs taken together.
        beta: How much recall counts.
        threshold: Above it a prediction means yes; when None, each sample's largest one does.
        name: Its name in logs.
        dtype: See `Metric`.

    Raises:
        ArgumentError: An argument is not one of the above.

    Example:
        >>> import kinema
        >>> metric = kinema.metrics.FBetaScore(beta=2.0, threshold=0.5)
        >>> metric([[1, 1], [1, 0]], [[0.9, 0.6], [0.2, 0.7]]).numpy().round(4)
        array([0.5556, 0.8333])
    """

    direction = "up"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str = "fbeta_score",
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__(dtype, name)
        title = type(self).__name__
        if average not in _AVERAGES:
            raise ArgumentError(f"{title}: average is one of {', '.join(map(repr, _AVERAGES))}, not {average!r}")
        if not beta > 0:
            raise ArgumentError(f"{title}: beta must be above 0, got {beta!r}")
        if threshold is not None and not 0 < threshold <= 1:
            raise ArgumentError(f"{title}: threshold must be above 0 and at most 1, got {threshold!r}")
        self.average = average
        self.beta = beta
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        target, prediction, weights = rows_of_outputs(self.name, y_true, y_pred, sample_weight)
        if not self.variables:
            self._make_counts(() if self.average == "micro" else (prediction.shape[-1],))
        yes = self._answers(prediction)
        for count, values in (
            (self.true_positives, yes * target),
            (self.false_positives, yes * (1 - target)),
            (self.false_negatives, (1 - yes) * target),
            (self.intermediate_weights, target),
        ):
            count.assign_add((values * weights[:, None]).sum(axis=None if self.average == "micro" else 0))

    def result(self) -> Tensor:
        if not self.variables:
            return Tensor(np.zeros(()))
        epsilon, hits = settings.epsilon(), self.true_positives.array
        precision = hits / (hits + self.false_positives.array + epsilon)
        recall = hits / (hits + self.false_negatives.array + epsilon)
        square = self.beta**2
        score = (1 + square) * precision * recall / (square * precision + recall + epsilon)
        if self.average == "weighted":
            positives = self.intermediate_weights.array
            return Tensor(np.asarray((score * positives).sum() / (positives.sum() + epsilon)))
        return Tensor(np.asarray(score if self.average is None else score.mean()))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "average": self.average, "beta": self.beta, "threshold": self.threshold}

    def _make_counts(self, shape: tuple[int, ...]) -> None:
        self.true_positives = self.add_variable(shape, name="true_positives")
        self.false_positives = self.add_variable(shape, name="false_positives")
        self.false_negatives = self.add_variable(shape, name="false_negatives")
        self.intermediate_weights = self.add_variable(shape, name="intermediate_weights")

    def _answers(self, prediction: Array) -> Array:
        if self.threshold is not None:
            return np.asarray(prediction > np.float32(self.threshold), np.float64)
        largest = prediction == prediction.max(axis=-1, keepdims=True)
        return np.asarray(largest & (np.abs(prediction) > 1e-9), np.float64)


@builtin(_MODULE, "f1_score")
class F1Score(FBetaScore):
    """The harmonic mean of precision and recall.

    Args:
        average: What becomes of the outputs' scores; see `FBetaScore`.
        threshold: Above it a prediction means yes; when None, each sample's largest one does.
        name: Its name in logs.
        dtype: See `Metric`.

    Example:
        >>> import kinema
        >>> metric = kinema.metrics.F1Score(threshold=0.5)
        >>> metric([[1, 1], [1, 0]], [[0.9, 0.6], [0.2, 0.7]]).numpy().round(4)
        array([0.6667, 0.6667])
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str = "f1_score",
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["beta"]
        return config
