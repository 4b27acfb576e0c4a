"""Steps of the user's own: those of models that override `train_step` and the like, and what these find there."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from kinema import config, ops
from kinema.autograd import Array, StepTape, Tensor, no_tape
from kinema.errors import DTypeError
from kinema.layers.structure import leaves, map_leaves
from kinema.metrics.metric import Metric
from kinema.models.data import Batch
from kinema.models.metrics import CompiledMetrics, figure
from kinema.models.objectives import mean_of
from kinema.models.steps import BeforeStep, Logs, Steps, minimise, require_optimizer
from kinema.models.structure import Several, arranged, copied
from kinema.models.targets import weights_by_targets
from kinema.random import random_scope
from kinema.utils.unpacking import pack_x_y_sample_weight, unpack_x_y_sample_weight


class OwnSteps(Steps):
    """Steps that call the model's own methods, with tensors and in the tuples that Keras makes.

    Args:
        model: The model.
        single: Whether a batch was handed over by itself, as to `train_on_batch`: then all three parts are there.
    """

    def __init__(self, model: Any, single: bool = False) -> None:
        super().__init__(model)
        self._single = single

    def reset(self) -> None:
        self.model.reset_metrics()

    def train(self, batch: Batch, class_weight: Any = None) -> tuple[Logs, float]:
        model = self.model
        self._prepare(batch)
        step = model._training_run.steps
        with random_scope(model._training_run.seed, step):
            logs = self._plain(model.train_step(self._data(batch, class_weight)), "train_step")
        loss = 0.0 if model._overrides("train_step") else float(logs.get("loss", 0.0))
        if math.isfinite(loss):
            model._training_run.steps = step + 1
        return logs, loss

    def test(self, batch: Batch) -> Logs:
        self._prepare(batch)
        with no_tape():
            return self._plain(self.model.test_step(self._data(batch)), "test_step")

    def results(self, logs: Logs) -> Logs:
        found = self._plain(self.model.get_metrics_result(), "get_metrics_result")
        return found if found.keys() == logs.keys() else logs

    def predict(self, rows: Any) -> Any:
        x = _tensors(rows.gather_masked())
        with no_tape():
            return copied(self.model.predict_step((x,) if self._single else x))

    def _prepare(self, batch: Batch) -> None:
        if not self.model.built:  # by a call on zeros, which figures must not count
            self.model.ensure_built(batch.x.input_shape)
            self.reset()
        self.model.clear_losses()

    def _data(self, batch: Batch, class_weight: Any = None) -> Any:
        x, y = _tensors(batch.x.gather_masked()), _tensors(_structure(batch.y))
        weight = _tensors(_structure(weights_by_targets(batch.sample_weight, class_weight, batch.y)))
        if self._single:
            return x, y, weight
        return (x,) if batch.in_tuple and y is None else pack_x_y_sample_weight(x, y, weight)

    def _plain(self, logs: Any, method: str) -> Logs:
        """Logs as plain numbers, those of the model's metrics first."""
        if not isinstance(logs, Mapping):
            raise DTypeError(
                f"{type(self.model).__name__}.{method} returns a dict of figures by their names, not "
                f"{type(logs).__name__}: for example {{m.name: m.result() for m in self.metrics}}"
            )
        flat: Logs = {}
        for name, value in logs.items():
            flat.update(value if isinstance(value, Mapping) else {name: value})
        flat = {name: figure(value) if hasattr(value, "__array__") else value for name, value in flat.items()}
        known: list[str] = []
        for metric in self.model.metrics:
            known += metric.names if isinstance(metric, CompiledMetrics) else [metric.name]
        first = [name for name in dict.fromkeys(known) if name in flat]
        return {name: flat[name] for name in [*first, *sorted(flat.keys() - first)]}


def own_metrics(model: Any) -> list[Metric]:
    """The metrics that are attributes of a model and of its layers, alone or in lists and dicts."""
    found: dict[int, Metric] = {}
    for layer in model.flatten_layers():
        if layer is not model and hasattr(layer, "train_step"):
            continue
        for name, value in vars(layer).items():
            if name in layer._internal_names:
                continue
            items = (
                value if isinstance(value, (list, tuple)) else value.values() if isinstance(value, dict) else (value,)
            )
            found.update((id(item), item) for item in items if isinstance(item, Metric))
    return list(found.values())


def train_step(model: Any, data: Any) -> Logs:
    """What `Model.train_step` does."""
    x, y, sample_weight = unpack_x_y_sample_weight(data)
    require_optimizer(model)
    with StepTape() as tape, BeforeStep(model) as before:
        y_pred = model(x, training=True)
        loss = _loss(model, x, y, y_pred, sample_weight, training=True)
        value = mean_of(loss)
    minimise(model, tape, loss, value, before, model._training_run.count)
    return _judged(model, value, x, y, y_pred, sample_weight)


def test_step(model: Any, data: Any) -> Logs:
    """What `Model.test_step` does."""
    x, y, sample_weight = unpack_x_y_sample_weight(data)
    y_pred = model(x, training=False)
    loss = _loss(model, x, y, y_pred, sample_weight, training=False)
    return _judged(model, mean_of(loss), x, y, y_pred, sample_weight)


def compute_loss(model: Any, y: Any, y_pred: Any, sample_weight: Any) -> Any:
    """What `Model.compute_loss` does."""
    y_pred = map_leaves(y_pred, ops.convert_to_tensor)
    objective = model.objective_for(y_pred)
    y, sample_weight = objective.as_data(*model._data_ports.arrange_targets(y, sample_weight))
    total, judged = objective.judge(model, y, y_pred, sample_weight)
    objective.update_losses(judged, _samples(y_pred))
    return total


def _loss(model: Any, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
    """The loss by the model's own method, which in scripts for older Keras does not know `training`."""
    knows = "training" in inspect.signature(model.compute_loss).parameters
    loss = model.compute_loss(x, y, y_pred, sample_weight, **({"training": training} if knows else {}))
    return ops.convert_to_tensor(loss)


def _judged(model: Any, loss: float, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> Logs:
    model.objective_for(y_pred).loss.add_batch(loss, _samples(x))
    logs: Logs = model.compute_metrics(x, y, y_pred, sample_weight=sample_weight)
    return logs


def _samples(structure: Any) -> int:
    return int(leaves(structure)[0].shape[0])


def _structure(value: Any) -> Any:
    return arranged(value.parts, value.kind) if isinstance(value, Several) else value


def _tensors(structure: Any) -> Any:
    return None if structure is None else map_leaves(structure, _tensor)


def _tensor(value: Tensor | Array) -> Tensor:
    """A tensor with fractional numbers in the process-wide type, as Keras hands them to steps."""
    if value.dtype.kind != "f" or value.dtype == config.floatx():
        return value if isinstance(value, Tensor) else Tensor(value)
    tensor = Tensor(np.asarray(value).astype(config.floatx()))
    tensor.mask = getattr(value, "mask", None)
    return tensor
