"""Counts of right and wrong positives and negatives, precision and recall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kinema.autograd import Array, Tensor
from kinema.errors import ArgumentError
from kinema.metrics.metric import Metric, ratio
from kinema.metrics.thresholds import judged, of_class
from kinema.saving.registry import builtin

_MODULE = "keras.metrics"


class _Thresholded(Metric):
    """What adds up, per threshold, the predictions that fall on one side of it."""

    def __init__(
        self,
        thresholds: float | Sequence[float] | None,
        name: str | None,
        dtype: DTypeLike | None,
        top_k: int | None = None,
        class_id: int | None = None,
    ) -> None:
        super().__init__(dtype, name)
        self.init_thresholds = thresholds
        self.top_k = top_k
        self.class_id = class_id
        default = 0.5 if top_k is None else -np.inf
        self.thresholds = np.atleast_1d(np.asarray(default if thresholds is None else thresholds, np.float64))
        finite = self.thresholds[np.isfinite(self.thresholds)]
        if np.isnan(self.thresholds).any() or ((finite < 0) | (finite > 1)).any():
            raise ArgumentError(f"{type(self).__name__}: thresholds must lie between 0 and 1, got {thresholds!r}")

    def counts(self, y_true: Any, y_pred: Any, sample_weight: Any) -> tuple[Array, Array, Array, Array]:
        """True positives, false positives, true negatives and false negatives of a batch, per threshold."""
        labels, scores, weights = judged(self.name, y_true, y_pred, sample_weight)
        if self.top_k is not None:
            scores = _only_top(scores, self.top_k)
        if self.class_id is not None:
            labels, scores, weights = of_class(self.name, self.class_id, labels, scores, weights)
        positive = scores.reshape(1, -1) > self.thresholds[:, None]
        actual, flat = labels.reshape(1, -1), weights.reshape(1, -1)
        return (
            (flat * (actual & positive)).sum(axis=1),
            (flat * (~actual & positive)).sum(axis=1),
            (flat * (~actual & ~positive)).sum(axis=1),
            (flat * (actual & ~positive)).sum(axis=1),
        )

    def per_threshold(self, values: Tensor) -> Tensor:
        """The only value, or one per threshold."""
        return Tensor(values.numpy()[0]) if len(self.thresholds) == 1 else values

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "thresholds": self.init_thresholds}


class _Count(_Thresholded):
    """One of the four counts."""

    _which: int

    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        name: str | None = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__(thresholds, name, dtype)
        self.accumulator = self.add_variable((len(self.thresholds),), name="accumulator")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.accumulator.assign_add(self.counts(y_true, y_pred, sample_weight)[self._which])

    def result(self) -> Tensor:
        return self.per_threshold(self.accumulator.value)


@builtin(_MODULE)
class TruePositives(_Count):
    """How many predictions above the threshold are right.

    Args:
        thresholds: A number or several between 0 and 1; 0.5 when None.
        name: Its name in logs.
        dtype: See `Metric`.

    Example:
        >>> import kinema
        >>> float(kinema.metrics.TruePositives()([0, 1, 1, 1], [1, 0, 1, 1]))
        2.0
    """

    direction = "up"
    _which = 0


@builtin(_MODULE)
class FalsePositives(_Count):
    """How many predictions above the threshold are wrong.

    Args:
        thresholds: A number or several between 0 and 1; 0.5 when None.
        name: Its name in logs.
        dtype: See `Metric`.

    Example:
        >>> import kinema
        >>> float(kinema.metrics.FalsePositives()([0, 1, 0, 0], [0, 0, 1, 1]))
        2.0
    """

    direction = "down"
    _which = 1


@builtin(_MODULE)
class TrueNegatives(_Count):
    """How many predictions up to the threshold are right.

    Args:
        thresholds: A number or several between 0 and 1; 0.5 when None.
        name: Its name in logs.
        dtype: See `Metric`.

    Example:
        >>> import kinema
        >>> float(kinema.metrics.TrueNegatives()([0, 1, 0, 0], [1, 1, 0, 0]))
        2.0
    """

    direction = "up"
    _which = 2


@builtin(_MODULE)
class FalseNegatives(_Count):
    """How many predictions up to the threshold are wrong.

    Args:
        thresholds: A number or several between 0 and 1; 0.5 when None.
        name: Its name in logs.
        dtype: See `Metric`.

    Example:
        >>> import kinema
        >>> float(kinema.metrics.FalseNegatives()([0, 1, 1, 1], [0, 1, 0, 0]))
        2.0
    """

    direction = "down"
    _which = 3


class _HitRate(_Thresholded):
    """True positives as a share of them and one kind of mistake."""

    direction = "up"
    _mistakes: tuple[str, int]

    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__(thresholds, name, dtype, top_k, class_id)
        self.true_positives = self.add_variable((len(self.thresholds),), name="true_positives")
        self._missed = self.add_variable((len(self.thresholds),), name=self._mistakes[0])

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        counts = self.counts(y_true, y_pred, sample_weight)
        self.true_positives.assign_add(counts[0])
        self._missed.assign_add(counts[self._mistakes[1]])

    def result(self) -> Tensor:
        hits = self.true_positives.array
        return self.per_threshold(ratio(hits, hits + self._missed.array))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "top_k": self.top_k, "class_id": self.class_id}


@builtin(_MODULE)
class Precision(_HitRate):
    """The share of positive predictions that are right.

    Args:
        thresholds: A number or several between 0 and 1 above which a prediction is positive; 0.5 when None.
        top_k: Only each sample's `k` highest predictions can be positive.
        class_id: Look at this output alone.
        name: Its name in logs.
        dtype: See `Metric`.

    Example:
        >>> import kinema
        >>> round(float(kinema.metrics.Precision()([0, 1, 1, 1], [1, 0, 1, 1])), 4)
        0.6667
    """

    _mistakes = ("false_positives", 1)


@builtin(_MODULE)
class Recall(_HitRate):
    """The share of what is positive that is found.

    Args:
        thresholds: A number or several between 0 and 1 above which a prediction is positive; 0.5 when None.
        top_k: Only each sample's `k` highest predictions can be positive.
        class_id: Look at this output alone.
        name: Its name in logs.
        dtype: See `Metric`.

    Example:
        >>> import kinema
        >>> round(float(kinema.metrics.Recall()([0, 1, 1, 1], [1, 0, 1, 1])), 4)
        0.6667
    """

    _mistakes = ("false_negatives", 3)


def _only_top(scores: Array, k: int) -> Array:
    """Scores with all but the `k` highest of each sample set to minus infinity; of equal ones, the first count."""
    order = np.argsort(-scores, axis=-1, kind="stable")[..., :k]
    kept = np.full(scores.shape, -np.inf)
    np.put_along_axis(kept, order, np.take_along_axis(scores, order, axis=-1), axis=-1)
    return kept
