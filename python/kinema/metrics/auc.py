"""The area under a curve of all thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kinema import config as settings
from kinema import ops
from kinema.autograd import Array, Tensor, no_tape
from kinema.errors import ArgumentError, ShapeError
from kinema.metrics.metric import ratio
from kinema.metrics.thresholds import ThresholdCounts, evenly_spaced, judged
from kinema.saving.registry import builtin

_MODULE = "keras.metrics"
_CURVES = ("ROC", "PR", "PRGAIN")
_METHODS = ("interpolation", "minoring", "majoring")


@builtin(_MODULE)
class AUC(ThresholdCounts):
    """The area under the curve of hits over false alarms, or of precision over recall.

    Args:
        num_thresholds: How many thresholds the curve is made of.
        curve: `"ROC"`, `"PR"` (precision over recall) or `"PRGAIN"` (their gains).
        summation_method: Between two thresholds `"interpolation"` takes the mean height (of precisions, Davis and
            Goadrich's area), `"minoring"` the lower and `"majoring"` the higher one.
        name: Its name in logs.
        dtype: See `Metric`.
        thresholds: The thresholds between 0 and 1, instead of `num_thresholds` evenly spaced ones.
        multi_label: Whether to average the areas of all outputs, instead of taking all of them together.
        num_labels: How many outputs there are, for `multi_label`; found out by the first batch when None.
        label_weights: How much each output counts.
        from_logits: Whether predictions are logits.

    Raises:
        ArgumentError: An argument is not one of the above.

    Example:
        >>> import kinema
        >>> round(float(kinema.metrics.AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])), 4)
        0.75
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: DTypeLike | None = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        if thresholds is None and num_thresholds < 2:
            raise ArgumentError(f"AUC: num_thresholds must be at least 2, got {num_thresholds}")
        if thresholds is not None and not all(0 <= one <= 1 for one in thresholds):
            raise ArgumentError(f"AUC: thresholds must lie between 0 and 1, got {thresholds!r}")
        if num_labels and not multi_label:
            raise ArgumentError("AUC: num_labels is for multi_label=True: leave it out, or add that")
        inner = evenly_spaced(num_thresholds) if thresholds is None else sorted(float(one) for one in thresholds)
        # At the first threshold all is positive, at the last one nothing.
        super().__init__([-settings.epsilon(), *inner, 1.0 + settings.epsilon()], name, dtype)
        self.num_thresholds = len(self.thresholds)
        self.curve = _one_of("curve", str(curve).upper(), _CURVES)
        self.summation_method = _one_of("summation_method", str(summation_method).lower(), _METHODS)
        self.multi_label = multi_label
        self.num_labels = num_labels
        self.label_weights = None if label_weights is None else np.asarray(label_weights, np.float64)
        self.from_logits = from_logits
        self._with_thresholds = thresholds is not None
        if num_labels:
            self.make_counts(num_labels)
        elif not multi_label:
            self.make_counts()

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        labels, scores, weights = judged(self.name, y_true, y_pred, sample_weight)
        if self.from_logits:
            with no_tape():
                scores = ops.sigmoid(scores).numpy()
        outputs = scores.shape[-1] if self.multi_label and scores.ndim > 1 else 1
        if self.multi_label and not self.variables:
            self.make_counts(outputs)
        if self.multi_label and outputs != self.true_positives.shape[1]:
            raise ShapeError(
                f"{self.name}: it counts {self.true_positives.shape[1]} outputs, but predictions {scores.shape} have "
                f"{outputs} on their last axis"
            )
        if self.label_weights is not None:
            if scores.shape[-1:] != self.label_weights.shape:
                raise ShapeError(
                    f"{self.name}: label_weights of shape {self.label_weights.shape} do not fit predictions "
                    f"{scores.shape}: give one weight per output"
                )
            if not self.multi_label:
                weights = weights * self.label_weights
        self.add_counts(*(each.reshape(-1, outputs) for each in (labels, scores, weights)))

    def result(self) -> Tensor:
        if not self.variables:
            return Tensor(np.zeros(()))
        areas = self._precision_areas() if self._interpolates_precision else self._areas()
        by_label = areas.sum(axis=0)
        if not self.multi_label:
            return Tensor(by_label)
        if self.label_weights is None:
            return Tensor(by_label.mean())
        return ratio((by_label * self.label_weights).sum(), self.label_weights.sum())

    def get_config(self) -> dict[str, Any]:
        config = {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": None if self.label_weights is None else self.label_weights.tolist(),
            "from_logits": self.from_logits,
        }
        return {**config, "thresholds": self.thresholds[1:-1]} if self._with_thresholds else config

    @property
    def _interpolates_precision(self) -> bool:
        return self.curve == "PR" and self.summation_method == "interpolation"

    def _areas(self) -> Array:
        """The area between each two thresholds."""
        x, y = self._points()
        left, right = y[:-1], y[1:]
        heights = {
            "interpolation": (left + right) / 2,
            "minoring": np.minimum(left, right),
            "majoring": np.maximum(left, right),
        }[self.summation_method]
        return np.asarray((x[:-1] - x[1:]) * heights)

    def _points(self) -> tuple[Array, Array]:
        if self.curve == "ROC":
            return self.false_alarms, self.recalls
        if self.curve == "PR":
            return self.recalls, self.precisions
        hits, missed, alarms = self.true_positives.array, self.false_negatives.array, self.false_positives.array
        scale = ratio(hits + missed, alarms + self.true_negatives.array).numpy()
        recall, precision = (1 - scale * ratio(mistakes, hits).numpy() for mistakes in (missed, alarms))
        return np.where(hits == 0, 0, np.maximum(recall, 0)), np.where(hits == 0, 1, precision)

    def _precision_areas(self) -> Array:
        """The area between each two thresholds, hits and positive answers rising linearly between them."""
        hits, answers = self.true_positives.array, self.true_positives.array + self.false_positives.array
        more_hits, more_answers = hits[:-1] - hits[1:], answers[:-1] - answers[1:]
        slope = ratio(more_hits, np.maximum(more_answers, 0)).numpy()
        start = hits[1:] - slope * answers[1:]
        growth = np.ones(start.shape)
        np.divide(answers[:-1], answers[1:], out=growth, where=(answers[:-1] > 0) & (answers[1:] > 0))
        positives = hits[1:] + self.false_negatives.array[1:]
        return ratio(slope * (more_hits + start * np.log(growth)), positives).numpy()


def _one_of(argument: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ArgumentError(f"AUC: {argument} is one of {', '.join(map(repr, allowed))}, not {value!r}")
    return value
