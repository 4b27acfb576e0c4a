"""How much of the targets' variance predictions explain."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kinema._warnings import warn
from kinema.autograd import Tensor
from kinema.errors import ArgumentError
from kinema.metrics.metric import Metric
from kinema.metrics.rows import rows_of_outputs
from kinema.saving.registry import builtin

_MODULE = "keras.metrics"
_AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


@builtin(_MODULE, "r2_score")
class R2Score(Metric):
    """The coefficient of determination: 1 for perfect predictions, 0 for those as good as the targets' mean.

    Args:
        class_aggregation: What becomes of the outputs' scores: None gives each, `"uniform_average"` their mean and
            `"variance_weighted_average"` their mean by the variance of the targets.
        num_regressors: How many quantities the model predicts from, for the adjusted score; 0 for the plain one.
        name: Its name in logs.
        dtype: See `Metric`.

    Raises:
        ArgumentError: An argument is not one of the above.

    Example:
        >>> import kinema
        >>> round(float(kinema.metrics.R2Score()([[1], [4], [3]], [[2], [4], [4]])), 4)
        0.5714
    """

    direction = "up"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str = "r2_score",
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__(dtype, name)
        if class_aggregation not in _AGGREGATIONS:
            allowed = ", ".join(map(repr, _AGGREGATIONS))
            raise ArgumentError(f"R2Score: class_aggregation is one of {allowed}, not {class_aggregation!r}")
        if num_regressors < 0:
            raise ArgumentError(f"R2Score: num_regressors must be at least 0, got {num_regressors!r}")
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors
        self.num_samples = self.add_variable(name="num_samples")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        target, prediction, weights = rows_of_outputs(self.name, y_true, y_pred, sample_weight)
        if len(self.variables) == 1:
            self._make_sums(prediction.shape[-1])
        weighted = target * weights[:, None]
        self.sum.assign_add(weighted.sum(axis=0))
        self.squared_sum.assign_add((target * weighted).sum(axis=0))
        self.total_mse.assign_add((np.square(target - prediction) * weights[:, None]).sum(axis=0))
        self.count.assign_add(np.full(self.count.shape, weights.sum()))
        self.num_samples.assign_add(target.size)

    def result(self) -> Tensor:
        if len(self.variables) == 1:
            return Tensor(np.zeros(()))
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = self.squared_sum.array - np.square(self.sum.array) / self.count.array
            scores = 1 - self.total_mse.array / variance
            scores[np.isinf(scores)] = 0
            if self.class_aggregation == "uniform_average":
                scores = scores.mean()
            elif self.class_aggregation == "variance_weighted_average":
                scores = (variance * scores).sum() / variance.sum()
        return Tensor(np.asarray(self._adjusted(scores)))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "class_aggregation": self.class_aggregation,
            "num_regressors": self.num_regressors,
        }

    def _make_sums(self, outputs: int) -> None:
        self.squared_sum = self.add_variable((outputs,), name="squared_sum")
        self.sum = self.add_variable((outputs,), name="sum")
        self.total_mse = self.add_variable((outputs,), name="residual")
        self.count = self.add_variable((outputs,), name="count")

    def _adjusted(self, scores: Any) -> Any:
        samples = float(self.num_samples.array)
        if not self.num_regressors:
            return scores
        if self.num_regressors >= samples - 1:
            warn(
                f"R2Score: {samples:g} targets are too few to adjust the score to {self.num_regressors} regressors: "
                "it is the plain score"
            )
            return scores
        return 1 - (1 - scores) * (samples - 1) / (samples - self.num_regressors - 1)
