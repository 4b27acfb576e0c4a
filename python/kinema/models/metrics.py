"""The metrics of a compiled model: the mean loss, and what the user asked for."""

from __future__ import annotations

from typing import Any

from kinema.autograd import Array, Tensor, as_array
from kinema.models.lengths import counted_steps
from kinema.models.result_names import Wanted, result_names


class CompiledMetrics:
    """Keeps the mean loss and the metrics of an epoch.

    Args:
        metrics: What `compile(metrics=...)` got: names, metrics, functions, or None.
        weighted_metrics: The same, to be computed with sample weights.
    """

    def __init__(self, metrics: Any, weighted_metrics: Any) -> None:
        self._identifiers = [(item, False) for item in _as_list(metrics)] + [
            (item, True) for item in _as_list(weighted_metrics)
        ]
        self._metrics: list[tuple[Any, bool]] | None = None if self._identifiers else []
        self._loss_sum = 0.0
        self._samples = 0

    @property
    def metrics(self) -> list[Any]:
        """The metric objects; empty until the first batch tells which accuracy is meant."""
        return [metric for metric, _ in self._metrics or []]

    def reset(self) -> None:
        """Starts anew."""
        self._loss_sum, self._samples = 0.0, 0
        for metric in self.metrics:
            metric.reset_state()

    def update(
        self, loss: float, target: Array | None, outputs: Tensor, sample_weight: Array | None, samples: int
    ) -> None:
        """Takes one batch in; the metrics see the steps that the outputs' mask counts, and no others."""
        self._loss_sum += loss * samples
        self._samples += samples
        if target is None:
            return
        target, counted, sample_weight = counted_steps(target, outputs, sample_weight)
        predicted = counted.numpy()
        if self._metrics is None:
            self._metrics = self._resolve(target, predicted)
        for metric, weighted in self._metrics:
            seen = counted if metric.reads_logits else predicted
            metric.update_state(target, seen, sample_weight=sample_weight if weighted else None)

    @property
    def loss(self) -> float:
        """The mean loss since the last reset."""
        return self._loss_sum / self._samples if self._samples else 0.0

    def wanted(self, prefix: str = "") -> list[Wanted]:
        """What each of `metrics` would be called alone."""
        return [Wanted(prefix, metric.name, weighted) for metric, weighted in self._metrics or []]

    @property
    def named_metrics(self) -> dict[str, Any]:
        """The metric objects by their names in `results`."""
        return dict(zip(result_names(self.wanted()), self.metrics, strict=True))

    @property
    def names(self) -> list[str]:
        """The names of the results in their order."""
        return ["loss", *self.named_metrics]

    def results(self) -> dict[str, Any]:
        """The mean loss since the last reset, and each metric's value: a number, or an array of several."""
        return {"loss": self.loss, **{name: _figure(metric.result()) for name, metric in self.named_metrics.items()}}

    def _resolve(self, target: Array, outputs: Array) -> list[tuple[Any, bool]]:
        from kinema import metrics

        return [
            (metrics.metric_for(identifier, target, outputs), weighted) for identifier, weighted in self._identifiers
        ]


def _figure(result: Any) -> Any:
    values = as_array(result)
    return values.item() if values.size == 1 else values.copy()


def _as_list(metrics: Any) -> list[Any]:
    if metrics is None:
        return []
    if isinstance(metrics, dict):
        metrics = list(metrics.values())
    if not isinstance(metrics, (list, tuple)):
        return [metrics]
    flat: list[Any] = []
    for item in metrics:
        flat.extend(item if isinstance(item, (list, tuple)) else [item])
    return flat
