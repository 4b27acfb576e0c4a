"""What metrics of yes-or-no answers share: labels, scores and weights, and counts at many thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kinema.autograd import Array, as_array
from kinema.errors import ShapeError
from kinema.losses.loss import align_weights, match_shapes
from kinema.metrics.metric import Metric, ratio


class ThresholdCounts(Metric):
    """What adds up the four kinds of answers at rising thresholds and makes a figure of them.

    Args:
        thresholds: The thresholds, rising; a score above one is a yes.
        name: See `Metric`.
        dtype: See `Metric`.
    """

    direction = "up"

    def __init__(self, thresholds: Sequence[float], name: str | None, dtype: DTypeLike | None) -> None:
        super().__init__(dtype, name)
        self.thresholds = list(thresholds)
        self._levels = np.asarray(self.thresholds, np.float32)

    def make_counts(self, *columns: int) -> None:
        """Makes the counts, one for each threshold, or one for each threshold and column."""
        shape = (len(self.thresholds), *columns)
        self.true_positives = self.add_variable(shape, name="true_positives")
        self.false_positives = self.add_variable(shape, name="false_positives")
        self.true_negatives = self.add_variable(shape, name="true_negatives")
        self.false_negatives = self.add_variable(shape, name="false_negatives")

    def add_counts(self, labels: Array, scores: Array, weights: Array) -> None:
        """Adds the answers of a batch, arrays of shape (answers, columns)."""
        clipped = np.clip(scores, 0, 1).astype(np.float32)
        # How many thresholds a score exceeds; it is a yes at all of them.
        exceeded = np.searchsorted(self._levels, clipped, side="left")
        for right, wrong, own in (
            (self.true_positives, self.false_negatives, weights * labels),
            (self.false_positives, self.true_negatives, weights * ~labels),
        ):
            yes = _sums_from(exceeded, own, len(self._levels) + 1)
            right.assign_add(yes[1:].reshape(right.shape))
            wrong.assign_add((yes[:1] - yes[1:]).reshape(wrong.shape))

    @property
    def recalls(self) -> Array:
        """The share of what is positive that is found."""
        return self._share(self.true_positives, self.false_negatives)

    @property
    def precisions(self) -> Array:
        """The share of positive answers that are right."""
        return self._share(self.true_positives, self.false_positives)

    @property
    def specificities(self) -> Array:
        """The share of what is negative that is found."""
        return self._share(self.true_negatives, self.false_positives)

    @property
    def false_alarms(self) -> Array:
        """The share of what is negative that is taken for positive."""
        return self._share(self.false_positives, self.true_negatives)

    @staticmethod
    def _share(of: Any, beside: Any) -> Array:
        return ratio(of.array, of.array + beside.array).numpy()


def evenly_spaced(count: int) -> list[float]:
    """The numbers that part 0 to 1 evenly, without both ends, when there are `count` with them."""
    return [i / (count - 1) for i in range(1, count - 1)]


def judged(name: str, y_true: Any, y_pred: Any, sample_weight: Any) -> tuple[Array, Array, Array]:
    """Which targets are positive, the scores predicted for them and how much each counts, all of one shape."""
    target, prediction = match_shapes(name, y_true, y_pred)
    scores = prediction.numpy()
    weights = np.ones(scores.shape)
    for factor in (sample_weight, getattr(y_pred, "mask", None)):
        if factor is not None:
            weights = weights * align_weights(name, as_array(factor), scores.shape)
    return target.numpy() != 0, scores, weights


def of_class(name: str, class_id: int, labels: Array, scores: Array, weights: Array) -> tuple[Array, Array, Array]:
    """What `judged` gave, of one output alone.

    Raises:
        ShapeError: There is no such output.
    """
    if scores.ndim < 2 or not 0 <= class_id < scores.shape[-1]:
        raise ShapeError(f"{name}: class_id={class_id} is not an output of predictions {scores.shape}")
    return labels[..., class_id], scores[..., class_id], weights[..., class_id]


def _sums_from(places: Array, weights: Array, count: int) -> Array:
    """For each of `count` places and each column, the weights at that place and behind it."""
    columns = places.shape[1]
    flat = places * columns + np.arange(columns)
    sums = np.bincount(flat.ravel(), weights.ravel(), count * columns).reshape(count, columns)
    return np.asarray(sums[::-1].cumsum(axis=0)[::-1])
