"""What a compiled model minimises and reports: a loss, a factor and metrics for each output."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np

from kinema import ops
from kinema.autograd import Array, Tensor
from kinema.errors import ArgumentError, DataError, NotBuiltError
from kinema.layers.structure import leaves, map_leaves
from kinema.models.data import as_data
from kinema.models.metrics import CompiledMetrics, MeanLoss, OutputMetrics, figure
from kinema.models.structure import Several
from kinema.models.targets import check_targets, weigh

#: The output of a model that has one and does not name it.
ONLY = 0
ONE_OUTPUT: tuple[Hashable, ...] = (ONLY,)


class Judged(NamedTuple):
    """How one output of a batch did.

    Args:
        target: What it should have been.
        output: What it is.
        weight: The weights of its samples.
        loss: Its loss, None where it has none.
    """

    target: Array | None
    output: Tensor
    weight: Array | None
    loss: float | None


@dataclass(frozen=True)
class CompileArguments:
    """What `compile` was told, by the names of its arguments."""

    loss: Any = None
    loss_weights: Any = None
    metrics: Any = None
    weighted_metrics: Any = None
    run_eagerly: bool = False
    steps_per_execution: int = 1
    jit_compile: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The arguments by their names."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def suits_one_output(self) -> bool:
        """Whether this may mean a model with one output."""
        return all(len(_entries(value)) == 1 for value in (self.loss, self.loss_weights))

    def check_losses(self) -> None:
        """Raises an ArgumentError where a loss is not known."""
        from kinema import losses

        for loss in _entries(self.loss):
            if loss is not None:
                losses.as_loss(loss)


class Objective:
    """A loss, a factor and metrics for each output of a model, and the figures so far.

    Args:
        model: The model.
        arguments: What `compile` was told.
        keys: The outputs: their names, or their numbers where they have none; `ONE_OUTPUT` for a single one.
        named: Whether the keys are names that the model has given its outputs itself.
        order: The names in the order of the dict in which the model gives its outputs; None where it gives none.
    """

    def __init__(
        self,
        model: Any,
        arguments: CompileArguments,
        keys: Sequence[Hashable],
        named: bool = False,
        order: Sequence[Hashable] | None = None,
    ) -> None:
        self.keys = tuple(keys)
        self.has_one = self.keys == ONE_OUTPUT
        self.loss = MeanLoss()
        labels = {key: key if isinstance(key, str) and (named or len(self.keys) > 1) else None for key in self.keys}
        self._has_labels = any(labels.values())
        self._losses, self._factors = _losses(arguments, self.keys)
        #: The mean loss of each output that has one, where there are several.
        self.output_losses: dict[Hashable, MeanLoss] = {}
        if named or len(self._losses) > 1:
            self.output_losses = {
                key: MeanLoss(f"{labels[key] or self._losses[key].name}_loss")
                for key in _as_listed(arguments.loss, self.keys, order)
                if key in self._losses
            }
        plain = _metrics_by_output("metrics", arguments.metrics, self.keys)
        weighted = _metrics_by_output("weighted_metrics", arguments.weighted_metrics, self.keys)
        own = {key: OutputMetrics(plain[key], weighted[key]) for key in self.keys}
        self.metrics = CompiledMetrics(own, labels.values(), _Judge(model, self))

    @property
    def parts(self) -> list[Any]:
        """The figures as Keras lists them: the loss, the metrics if there are any, the outputs' losses."""
        return [self.loss, *([self.metrics] if self.metrics.names else []), *self.output_losses.values()]

    @property
    def names(self) -> list[str]:
        """The names of the results in their order."""
        losses = (one.name for one in self.output_losses.values())
        return list(dict.fromkeys(["loss", *losses, *self._listed(self.metrics.names)]))

    def reset(self) -> None:
        """Starts anew."""
        self.loss.reset_state()
        self.metrics.reset_state()
        for one in self.output_losses.values():
            one.reset_state()

    def results(self) -> dict[str, Any]:
        """The mean loss since the last reset, each output's own, and each metric's value."""
        values = {"loss": self.loss.value}
        for one in self.output_losses.values():
            values[one.name] = one.value
        figures = self.metrics.result()
        for name in self._listed(figures):
            values[name] = figure(figures[name])
        return values

    def judge(
        self, model: Any, y: Any, outputs: Any, sample_weight: Any, class_weight: Any = None
    ) -> tuple[Tensor, dict[Hashable, Judged]]:
        """The sum of all outputs' losses and of the model's penalties, and how each output did."""
        if class_weight is not None and not self.has_one:
            raise ArgumentError(
                "class_weight is for models with one output: use sample_weight, by the names of outputs"
            )
        total: Any = None
        judged: dict[Hashable, Judged] = {}
        for key, (given, output, weights) in self.arrange(y, outputs, sample_weight).items():
            target = check_targets(model, given, output)
            weight = weigh(weights, class_weight, target, output)
            value = None
            if (loss := self._losses.get(key)) is not None:
                if target is None:
                    raise DataError(_missing_target(key, self.has_one))
                own = loss(target, output, sample_weight=weight)
                value = None if self.has_one else mean_of(own)
                factor = self._factors[key]
                weighted = own if factor == 1.0 else own * factor
                total = weighted if total is None else total + weighted
            judged[key] = Judged(target, output, weight, value)
        for penalty in model.losses:
            total = penalty if total is None else total + penalty
        if total is None:
            raise NotBuiltError("the model has no loss to minimise: call model.compile(loss=...) or add one in a layer")
        return ops.convert_to_tensor(total), judged

    def arrange(self, y: Any, outputs: Any, sample_weight: Any) -> dict[Hashable, tuple[Any, Tensor, Any]]:
        """Target, output and sample weights of each output."""
        if self.has_one:
            target = _alone("y", y) if isinstance(y, Several) else y
            weight = _alone("sample_weight", sample_weight) if isinstance(sample_weight, Several) else sample_weight
            return {ONLY: (target, outputs, weight)}
        targets, weights = self._by_key("y", y), self._by_key("sample_weight", sample_weight)
        pairs = zip(self.keys, leaves(outputs), strict=True)
        return {key: (targets.get(key), output, weights.get(key)) for key, output in pairs}

    def as_data(self, y: Any, sample_weight: Any) -> tuple[Any, Any]:
        """Targets and weights as the arrays of a batch."""
        given = (("y", y), ("sample_weight", sample_weight))
        found = [None if value is None else as_data(name, value) for name, value in given]
        return found[0], found[1]

    def update(self, loss: float, judged: Mapping[Hashable, Judged], samples: int) -> None:
        """Takes one batch in."""
        self.loss.add_batch(loss, samples)
        if self.output_losses:
            self.update_losses(judged, samples)
        for key, (target, output, weight, _) in judged.items():
            self.metrics.outputs[key].update(target, output, weight)

    def update_losses(self, judged: Mapping[Hashable, Judged], samples: int) -> None:
        """Takes the losses of a batch's outputs in."""
        for key, mean in self.output_losses.items():
            mean.add_batch(judged[key].loss or 0.0, samples)

    def _listed(self, names: Iterable[str]) -> list[str]:
        """The names of metrics in the order of the results: sorted, as Keras does, where they begin with outputs'."""
        return sorted(names) if self._has_labels else list(names)

    def _by_key(self, what: str, value: Any) -> Mapping[Hashable, Any]:
        if isinstance(value, Several):
            if set(value.parts) <= set(self.keys):
                return value.parts
            if not value.has_names and len(value.parts) == len(self.keys):
                return dict(zip(self.keys, value.parts.values(), strict=True))
            raise DataError(
                f"{what} has the entries {', '.join(map(repr, value.parts))}, and the model's outputs are "
                f"{', '.join(map(repr, self.keys))}: give one entry for each"
            )
        if value is None:
            return {}
        if what == "y" and len(self.keys) > 1:
            raise DataError(
                f"the model has {len(self.keys)} outputs ({', '.join(map(repr, self.keys))}), and y is one "
                f"{type(value).__name__}: give a list in that order, or a dict by these names"
            )
        return dict.fromkeys(self.keys, value)


class _Judge:
    """Arranges what a user hands to the metrics of a model.

    Args:
        model: The model.
        objective: Its objective.
    """

    def __init__(self, model: Any, objective: Objective) -> None:
        self._model, self._objective = model, objective

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any) -> dict[Hashable, tuple[Any, Tensor, Any]]:
        arranged = self._objective.as_data(*self._model._data_ports.arrange_targets(y_true, sample_weight))
        found = {}
        outputs = map_leaves(y_pred, ops.convert_to_tensor)
        for key, (given, output, weight) in self._objective.arrange(arranged[0], outputs, arranged[1]).items():
            target = check_targets(self._model, given, output)
            found[key] = (target, output, weigh(weight, None, target, output))
        return found


def keys_of(outputs: Any) -> tuple[Hashable, ...]:
    """What tells the outputs of a model of the user's own apart: their names in a dict, else their numbers."""
    if isinstance(outputs, Tensor):
        return ONE_OUTPUT
    if isinstance(outputs, Mapping):
        return tuple(sorted(outputs))
    return tuple(range(1, len(leaves(outputs)) + 1))


def order_of(outputs: Any) -> tuple[Hashable, ...] | None:
    """The names of outputs in the order in which a dict has them; None where there is none."""
    return tuple(outputs) if isinstance(outputs, Mapping) else None


def mean_of(loss: Tensor) -> float:
    """A loss as one number: the mean, where it was not reduced."""
    return float(loss) if loss.ndim == 0 else float(np.mean(loss.numpy()))


def by_output(what: str, value: Any, keys: Sequence[Hashable]) -> dict[Hashable, Any]:
    """An entry for each output, from a dict, a list in the order of the outputs, or one thing for all of them."""
    if isinstance(value, Mapping) and "class_name" not in value:
        if unknown := [str(name) for name in value if name not in keys]:
            raise ArgumentError(
                f"{what} has an entry for '{unknown[0]}', and the model's outputs are {', '.join(map(repr, keys))}"
            )
        return {key: value.get(key) for key in keys}
    if isinstance(value, (list, tuple)):
        if len(value) != len(keys):
            raise ArgumentError(
                f"{what} has {len(value)} entries, and the model has {len(keys)} outputs "
                f"({', '.join(map(repr, keys))}): give one for each"
            )
        return dict(zip(keys, value, strict=True))
    return dict.fromkeys(keys, value)


def _as_listed(
    loss: Any, keys: Sequence[Hashable], order: Sequence[Hashable] | None
) -> Sequence[Hashable] | Mapping[Hashable, Any]:
    """The outputs in the order in which Keras lists their losses: of a dict of outputs, that of the dict of losses."""
    if order is None:
        return keys
    return loss if isinstance(loss, Mapping) and "class_name" not in loss else order


def _losses(arguments: CompileArguments, keys: Sequence[Hashable]) -> tuple[dict[Hashable, Any], dict[Hashable, float]]:
    """The loss objects and their factors, by the outputs that have one."""
    from kinema import losses

    choose = _of_only if tuple(keys) == ONE_OUTPUT else by_output
    given, factors = choose("loss", arguments.loss, keys), choose("loss_weights", arguments.loss_weights, keys)
    found: dict[Hashable, Any] = {key: losses.as_loss(one) for key, one in given.items() if one is not None}
    return found, {key: 1.0 if factors[key] is None else float(factors[key]) for key in found}


def _metrics_by_output(what: str, metrics: Any, keys: Sequence[Hashable]) -> dict[Hashable, Any]:
    if tuple(keys) == ONE_OUTPUT:
        return {ONLY: metrics}
    listed = isinstance(metrics, (list, tuple))
    per_output = listed and (
        any(item is None or isinstance(item, (list, tuple)) for item in metrics) or 1 < len(metrics) == len(keys)
    )
    if isinstance(metrics, Mapping) or per_output:
        return by_output(what, metrics, keys)
    flat = [] if metrics is None else list(metrics) if listed else [metrics]
    if len(keys) > 1 and (shared := [metric for metric in flat if hasattr(metric, "update_state")]):
        raise ArgumentError(
            f"{what}: {type(shared[0]).__name__} keeps sums and cannot serve several outputs: give metrics by output, "
            f"as in {what}={{{keys[0]!r}: [...]}}"
        )
    return dict.fromkeys(keys, flat)


def _entries(value: Any) -> list[Any]:
    if isinstance(value, Mapping) and "class_name" not in value:
        return list(value.values())
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _of_only(what: str, value: Any, keys: Sequence[Hashable]) -> dict[Hashable, Any]:
    """The one entry of a list or dict that Keras allows for models with several outputs."""
    entries = _entries(value)
    if len(entries) != 1:
        raise ArgumentError(f"{what} has {len(entries)} entries for a model with one output: give one")
    return dict.fromkeys(keys, entries[0])


def _alone(what: str, value: Several) -> Any:
    """The one array of a list or dict of arrays."""
    if len(value.parts) != 1:
        raise DataError(f"{what} has {len(value.parts)} entries for a model with one output: give one array")
    return next(iter(value.parts.values()))


def _missing_target(key: Hashable, alone: bool) -> str:
    if alone:
        return "the model is compiled with a loss, and y is missing: give targets, or yield (x, y) batches"
    return f"the model is compiled with a loss for output {key!r}, and y has no target for it"
