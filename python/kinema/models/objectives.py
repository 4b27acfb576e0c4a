"""What a model with several outputs minimises and reports: a loss, a factor and metrics for each output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kinema import ops
from kinema.autograd import Array, Tensor
from kinema.errors import ArgumentError, DataError, NotBuiltError
from kinema.models.metrics import CompiledMetrics
from kinema.models.result_names import result_names
from kinema.models.structure import Several
from kinema.models.targets import check_targets, weigh


@dataclass(frozen=True)
class Judged:
    """How one output of a batch did.

    Args:
        target: What it should have been.
        weight: The weights of its samples.
        loss: Its loss, None where it has none.
    """

    target: Array | None
    weight: Array | None
    loss: float | None


def losses_by_output(loss: Any, loss_weights: Any, names: Sequence[str]) -> tuple[dict[str, Any], dict[str, float]]:
    """The loss objects and their factors by the names of outputs that have one."""
    from kinema import losses

    given = by_output("loss", loss, names)
    factors = by_output("loss_weights", loss_weights, names)
    found = {name: losses.as_loss(one) for name, one in given.items() if one is not None}
    return found, {name: 1.0 if factors.get(name) is None else float(factors[name]) for name in found}


def by_output(what: str, value: Any, names: Sequence[str]) -> dict[str, Any]:
    """An entry for each output, from a dict, a list in the order of the outputs, or one thing for all of them."""
    if isinstance(value, Mapping) and "class_name" not in value:
        if unknown := [str(name) for name in value if name not in names]:
            raise ArgumentError(
                f"{what} has an entry for '{unknown[0]}', and the model's outputs are {', '.join(map(repr, names))}"
            )
        return {name: value.get(name) for name in names}
    if isinstance(value, (list, tuple)):
        if len(value) != len(names):
            raise ArgumentError(
                f"{what} has {len(value)} entries, and the model has {len(names)} outputs "
                f"({', '.join(map(repr, names))}): give one for each"
            )
        return dict(zip(names, value, strict=True))
    return dict.fromkeys(names, value)


def loss_of_several(model: Any, batch: Any, outputs: Any, class_weight: Any) -> tuple[Tensor, dict[str, Judged], None]:
    """The sum of all outputs' losses and of the model's penalties, and how each output did."""
    if class_weight is not None:
        raise ArgumentError("class_weight is for models with one output: use sample_weight, by the names of outputs")
    targets = batch.y.parts if isinstance(batch.y, Several) else {}
    weights = batch.sample_weight.parts if isinstance(batch.sample_weight, Several) else {}
    total: Any = None
    judged: dict[str, Judged] = {}
    for name, output in model.named_outputs(outputs).items():
        target = check_targets(model, targets.get(name), output)
        weight = weigh(weights.get(name), None, target, output)
        value = None
        if (loss := (model.loss or {}).get(name)) is not None:
            if target is None:
                raise DataError(f"the model is compiled with a loss for output '{name}', and y has no target for it")
            own = loss(target, output, sample_weight=weight)
            value = float(own)
            weighted = own * model.loss_weights[name] if model.loss_weights[name] != 1.0 else own
            total = weighted if total is None else total + weighted
        judged[name] = Judged(target, weight, value)
    for penalty in model.losses:
        total = penalty if total is None else total + penalty
    if total is None:
        raise NotBuiltError("the model has no loss to minimise: call model.compile(loss=...) or add one in a layer")
    return ops.convert_to_tensor(total), judged, None


class SeveralMetrics:
    """The mean loss of a model with several outputs, and each output's mean loss and metrics.

    Args:
        metrics: What `compile(metrics=...)` got: by output, or names for all outputs.
        weighted_metrics: The same, to be computed with sample weights.
        names: The names of the outputs.
        with_loss: Those that have a loss.
    """

    def __init__(self, metrics: Any, weighted_metrics: Any, names: Sequence[str], with_loss: Sequence[str]) -> None:
        plain = _metrics_by_output("metrics", metrics, names)
        weighted = _metrics_by_output("weighted_metrics", weighted_metrics, names)
        self._with_loss = list(with_loss)
        self._outputs = {name: CompiledMetrics(plain[name], weighted[name]) for name in names}
        self._total = CompiledMetrics(None, None)

    @property
    def metrics(self) -> list[Any]:
        """The metric objects of all outputs; empty until the first batch tells which accuracy is meant."""
        return [metric for own in self._outputs.values() for metric in own.metrics]

    @property
    def named_metrics(self) -> dict[str, Any]:
        """The metric objects of all outputs by their names in `results`."""
        wanted = [one for name, own in self._outputs.items() for one in own.wanted(f"{name}_")]
        return dict(zip(result_names(wanted), self.metrics, strict=True))

    @property
    def names(self) -> list[str]:
        """The names of the results in their order."""
        return list(self.results())

    def reset(self) -> None:
        """Starts anew."""
        self._total.reset()
        for own in self._outputs.values():
            own.reset()

    def update(self, loss: float, target: Any, outputs: Any, sample_weight: Any, samples: int) -> None:
        """Takes one batch in; `target` says how each output did."""
        self._total.update(loss, None, outputs, None, samples)
        for (name, own), output in zip(self._outputs.items(), outputs, strict=True):
            judged = target[name]
            own.update(judged.loss or 0.0, judged.target, output, judged.weight, samples)

    def results(self) -> dict[str, float]:
        """The mean loss since the last reset, each output's own, and each metric's value."""
        losses = {f"{name}_loss": own.loss for name, own in self._outputs.items() if name in self._with_loss}
        figures = {name: float(metric.result()) for name, metric in self.named_metrics.items()}
        return {"loss": self._total.loss, **losses, **figures}


def _metrics_by_output(what: str, metrics: Any, names: Sequence[str]) -> dict[str, Any]:
    listed = isinstance(metrics, (list, tuple))
    per_output = listed and any(item is None or isinstance(item, (list, tuple)) for item in metrics)
    if isinstance(metrics, Mapping) or per_output:
        return by_output(what, metrics, names)
    flat = [] if metrics is None else list(metrics) if listed else [metrics]
    if shared := [metric for metric in flat if hasattr(metric, "update_state")]:
        raise ArgumentError(
            f"{what}: {type(shared[0]).__name__} keeps sums and cannot serve several outputs: give metrics by output, "
            f"as in {what}={{'{names[0]}': [...]}}"
        )
    return dict.fromkeys(names, flat)
