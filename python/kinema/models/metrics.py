"""The metrics of a compiled model: the mean loss, and what the user asked for."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from kinema.autograd import Array, Tensor, as_array
from kinema.metrics.metric import Metric
from kinema.metrics.reduction import Mean
from kinema.models.result_names import Wanted, result_names


class MeanLoss(Metric):
    """The mean of a loss over samples: what `Mean` computes, in plain numbers, which take no time in a small step.

    Args:
        name: Its name in logs.
    """

    direction = "down"

    def __init__(self, name: str = "loss") -> None:
        super().__init__(name=name)
        self._sum = self._samples = 0.0

    def add_batch(self, loss: float, samples: int) -> None:
        """Takes the mean loss of so many samples in."""
        self._sum += loss * samples
        self._samples += samples

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        mean = Mean()
        mean.update_state(values, sample_weight)
        self._sum += float(mean.total.array)
        self._samples += float(mean.count.array)

    def result(self) -> Tensor:
        return Tensor(self.value)

    def reset_state(self) -> None:
        self._sum = self._samples = 0.0

    @property
    def value(self) -> float:
        """The mean since the last reset."""
        return self._sum / self._samples if self._samples else 0.0


class OutputMetrics:
    """The metrics of one output.

    Args:
        metrics: What `compile(metrics=...)` got for it: names, metrics, functions, or None.
        weighted_metrics: The same, to be computed with sample weights.
    """

    def __init__(self, metrics: Any, weighted_metrics: Any) -> None:
        self._identifiers = [(item, False) for item in _as_list(metrics)] + [
            (item, True) for item in _as_list(weighted_metrics)
        ]
        #: The metrics, and whether each sees sample weights; None until the first batch tells which accuracy is meant.
        self.entries: list[tuple[Any, bool]] | None = None if self._identifiers else []

    @property
    def named(self) -> list[tuple[str, bool]]:
        """The metrics' own names, and whether each sees sample weights."""
        if self.entries is None:
            return [(_name_of(identifier), weighted) for identifier, weighted in self._identifiers]
        return [(metric.name, weighted) for metric, weighted in self.entries]

    def update(self, target: Array | None, outputs: Tensor, sample_weight: Array | None) -> None:
        """Takes one batch in."""
        if target is None:
            return
        if self.entries is None:
            from kinema import metrics

            self.entries = [
                (metrics.metric_for(identifier, target, outputs), weighted)
                for identifier, weighted in self._identifiers
            ]
        for metric, weighted in self.entries:
            metric.update_state(Tensor(target), outputs, sample_weight=sample_weight if weighted else None)


class CompiledMetrics(Metric):
    """The metrics of all outputs, as the one metric that Keras makes of them.

    Args:
        outputs: The metrics of each output.
        labels: What stands in front of each output's figures in logs; None for nothing.
        judge: Makes of targets, outputs and sample weights, as a user has them, those of each output.
    """

    def __init__(self, outputs: Mapping[Hashable, OutputMetrics], labels: Iterable[str | None], judge: Any) -> None:
        super().__init__(name="compile_metrics")
        #: The metrics of each output.
        self.outputs = dict(outputs)
        self._labels = list(labels)
        self._judge = judge
        self._settled: dict[str, Any] | None = None

    @property
    def metrics(self) -> list[Any]:
        """The metric objects; empty until the first batch tells which accuracy is meant."""
        return [metric for own in self.outputs.values() for metric, _ in own.entries or []]

    @property
    def variables(self) -> list[Any]:
        """Everything that adds up."""
        return [variable for metric in self.metrics for variable in metric.variables]

    @property
    def names(self) -> list[str]:
        """The names of the figures in their order."""
        return [name for keys in self._named() for name in keys]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        for key, (target, output, weight) in self._judge(y_true, y_pred, sample_weight).items():
            self.outputs[key].update(target, output, weight)

    def reset_state(self) -> None:
        for metric in self.named_metrics.values():
            metric.reset_state()

    def result(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, metric in self.named_metrics.items():
            value = metric.result()
            if isinstance(value, dict):
                found.update(value)
            else:
                found[name] = value
        return found

    @property
    def named_metrics(self) -> dict[str, Any]:
        """The metrics that have seen a batch, by their names in logs."""
        if self._settled is not None:
            return self._settled
        every = list(zip(self._named(), self.outputs.values(), strict=True))
        found = {
            name: metric
            for names, own in every
            for name, (metric, _) in zip(names, own.entries or (), strict=own.entries is not None)
        }
        if all(own.entries is not None for _, own in every):
            self._settled = found
        return found

    def _named(self) -> list[list[str]]:
        """The names of each output's figures."""
        wanted = [
            [Wanted(f"{label}_" if label else "", name, weighted) for name, weighted in own.named]
            for label, own in zip(self._labels, self.outputs.values(), strict=True)
        ]
        names = iter(result_names([one for each in wanted for one in each]))
        return [list(itertools.islice(names, len(each))) for each in wanted]


def figure(result: Any) -> Any:
    """What a metric gave as logs show it: a number, or an array of several."""
    values = as_array(result)
    return values.item() if values.size == 1 else values.copy()


def _name_of(identifier: Any) -> str:
    if isinstance(identifier, str):
        return identifier
    from kinema import metrics

    return metrics.metric_for(identifier, None, None).name


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
