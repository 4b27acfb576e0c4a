"""The training loop: what `fit`, `evaluate`, `predict` and their one-batch forms do."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from kinema._warnings import once_each
from kinema.errors import ArgumentError, NotBuiltError
from kinema.models import data as data_module
from kinema.models.class_weights import resolved_class_weight
from kinema.models.data import ArrayData, Batch, Data, make_data, steps_in, to_batch, unpack
from kinema.models.findings import Findings
from kinema.models.finite import require_finite
from kinema.models.passes import Passes
from kinema.models.ports import Ports
from kinema.models.steps import Steps
from kinema.models.structure import joined


@dataclass(frozen=True)
class FitSettings:
    """The arguments of `fit` that are not data."""

    epochs: int
    verbose: int
    initial_epoch: int
    steps_per_epoch: int | None
    validation_steps: int | None
    validation_freq: Any
    class_weight: Any

    def __post_init__(self) -> None:
        data_module.check_count("epochs", self.epochs, least=0)
        data_module.check_count("initial_epoch", self.initial_epoch, least=0)

    def validates(self, epoch: int) -> bool:
        """Whether to validate after this epoch, counted from 0."""
        if isinstance(self.validation_freq, int):
            return (epoch + 1) % self.validation_freq == 0
        return epoch + 1 in self.validation_freq


def fit_data(
    x: Any,
    y: Any,
    sample_weight: Any,
    batch_size: int | None,
    shuffle: bool | str,
    steps_per_epoch: int | None,
    validation_split: float,
    validation_data: Any,
    validation_batch_size: int | None,
    validation_steps: int | None,
    ports: Ports,
) -> tuple[Data, Data | None]:
    """The batches to train on, and those to validate on."""
    train = make_data(x, y, sample_weight, batch_size, shuffle, steps_per_epoch, ports)
    if validation_data is not None:
        parts = validation_data if isinstance(validation_data, (tuple, list)) else (validation_data,)
        size = validation_batch_size or batch_size
        return train, make_data(*unpack(parts), size, steps=validation_steps, ports=ports)
    if not validation_split:
        return train, None
    if not isinstance(train, ArrayData):
        raise ArgumentError(
            f"validation_split needs arrays, x is a {type(x).__name__}: give validation_data=, "
            "or split in the dataset (VideoFolder has validation_split of its own)"
        )
    first, second = train.split(validation_split)
    second.batch_size = data_module.check_batch_size(validation_batch_size or batch_size)
    return first, second


def fit(model: Any, settings: FitSettings, train: Data, validation: Data | None, callbacks: Any) -> Any:
    """Trains a model for some epochs; see `Model.fit`."""
    _require_compiled(model)
    loop, progress = _callbacks(
        model, callbacks, settings.verbose, settings.epochs, _steps(train, settings.steps_per_epoch)
    )
    names = getattr(getattr(train, "dataset", None), "class_names", None)
    if names is not None:
        model.class_names = list(names)
    model.stop_training = False
    model._initial_epoch = settings.initial_epoch
    try:
        with once_each():
            weighted = replace(settings, class_weight=resolved_class_weight(settings.class_weight, train))
            _train(model, weighted, train, validation, loop, progress)
    finally:
        progress.close()
    return model.history


def _train(model: Any, settings: FitSettings, train: Data, validation: Data | None, loop: Any, progress: Any) -> None:
    if isinstance(train, ArrayData):  # so that callbacks find the weights there
        model.ensure_built(train.x.input_shape)
    loop.on_train_begin()
    logs: dict[str, float] = {}
    passes, run = Passes(train, settings.steps_per_epoch), model._training_run
    for epoch in range(model._initial_epoch, settings.epochs):
        loop.on_epoch_begin(epoch)
        batches = _watched(passes.epoch(run.seed, run.epochs), train, progress)
        logs = _train_epoch(model, settings, batches, loop, progress)
        run.epochs += 1
        if validation is not None and settings.validates(epoch):
            results = _evaluate(model, validation, settings.validation_steps, loop)
            logs.update({f"val_{name}": value for name, value in results.items()})
        loop.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    if model.optimizer is not None:
        model.optimizer.finalize_variable_values(model.trainable_weights)
    loop.on_train_end(logs)


def evaluate(
    model: Any,
    x: Any,
    y: Any,
    sample_weight: Any,
    batch_size: int | None,
    steps: int | None,
    verbose: Any,
    callbacks: Any,
) -> dict[str, float]:
    """The loss and metrics over data; see `Model.evaluate`."""
    _require_compiled(model)
    batches = make_data(x, y, sample_weight, batch_size, steps=steps, ports=model._data_ports)
    loop, progress = _callbacks(model, callbacks, verbosity(verbose), 1, _steps(batches, steps), history=False)
    try:
        progress.begin("evaluate")
        logs = _evaluate(model, batches, steps, loop, progress)
        progress.end(logs)
    finally:
        progress.close()
    return logs


def predict(model: Any, x: Any, batch_size: int | None, steps: int | None, verbose: Any, callbacks: Any) -> Any:
    """The outputs for all samples; see `Model.predict`."""
    batches = make_data(x, None, None, batch_size, steps=steps, ports=model._data_ports)
    loop, progress = _callbacks(model, callbacks, verbosity(verbose), 1, _steps(batches, steps), history=False)
    outputs = []
    predicting = model._steps_for("predict_step")
    try:
        progress.begin("predict")
        loop.on_predict_begin()
        for index, batch in enumerate(_watched(_remembering(batches, steps), batches, progress)):
            loop.on_predict_batch_begin(index)
            outputs.append(predicting.predict(batch.x))
            progress.advance(batch.x, {})
            loop.on_predict_batch_end(index, {"outputs": outputs[-1]})
        loop.on_predict_end()
        progress.end({})
    finally:
        progress.close()
    return joined(outputs)


def train_on_batch(model: Any, x: Any, y: Any, sample_weight: Any, class_weight: Any) -> dict[str, float]:
    """One training step; the metrics of this batch alone."""
    _require_compiled(model)
    steps: Steps = model._steps_for("train_step", single=True)
    steps.reset()
    logs, loss = steps.train(to_batch((x, y, sample_weight), model._data_ports), class_weight)
    require_finite(model, loss, x)
    return logs


def test_on_batch(model: Any, x: Any, y: Any, sample_weight: Any) -> dict[str, float]:
    """The loss and metrics of one batch."""
    _require_compiled(model)
    steps: Steps = model._steps_for("test_step", single=True)
    steps.reset()
    return steps.test(to_batch((x, y, sample_weight), model._data_ports))


def predict_on_batch(model: Any, x: Any) -> Any:
    """The outputs for one batch."""
    item = x if isinstance(x, tuple) and not model._data_ports.takes(x) else (x,)
    return model._steps_for("predict_step", single=True).predict(to_batch(item, model._data_ports).x)


def _train_epoch(
    model: Any, settings: FitSettings, batches: Iterable[Batch], loop: Any, progress: Any
) -> dict[str, float]:
    steps: Steps = model._steps_for("train_step")
    steps.reset()
    findings = Findings(remembers=False)
    logs: dict[str, float] = {}
    for index, batch in enumerate(batches):
        batch = findings.told(batch)
        loop.on_train_batch_begin(index)
        logs, loss = steps.train(batch, settings.class_weight)
        progress.advance(batch.x, logs)
        loop.on_train_batch_end(index, logs)
        if model.stop_training:
            break
        require_finite(model, loss, batch.x)
    return steps.results(logs)


def _evaluate(model: Any, batches: Data, limit: int | None, loop: Any, progress: Any = None) -> dict[str, float]:
    steps: Steps = model._steps_for("test_step")
    steps.reset()
    loop.on_test_begin()
    logs: dict[str, float] = {}
    for index, batch in enumerate(_watched(_remembering(batches, limit), batches, progress)):
        loop.on_test_batch_begin(index)
        logs = steps.test(batch)
        if progress is not None:
            progress.advance(batch.x, logs)
        loop.on_test_batch_end(index, logs)
    results = steps.results(logs)
    loop.on_test_end(results)
    return results


def _remembering(batches: Data, steps: int | None) -> Iterator[Batch]:
    """The batches of one pass with fixed weights: those of arrays share a memory of the frames computed."""
    findings = Findings(remembers=isinstance(batches, ArrayData))
    yield from map(findings.told, _limited(batches.epoch(0, 0), steps))


def _watched(batches: Iterable[Batch], data: Data, progress: Any) -> Iterable[Batch]:
    """The batches, the progress bar being told how long each takes to come; those of arrays are there at once."""
    return batches if progress is None or isinstance(data, ArrayData) else progress.waiting.watch(batches)


def _limited(batches: Iterable[Batch], steps: int | None) -> Iterable[Batch]:
    return batches if steps is None else itertools.islice(batches, steps)


def _steps(batches: Data, steps: int | None) -> int | None:
    available = steps_in(batches)
    return available if steps is None else steps if available is None else min(steps, available)


def verbosity(verbose: Any) -> int:
    """How much to show: 0, 1 or 2; "auto" is 1."""
    if verbose not in ("auto", 0, 1, 2):
        raise ArgumentError(
            f"verbose is 0 (silent), 1 (a progress bar), 2 (a line an epoch) or 'auto', not {verbose!r}"
        )
    return 1 if verbose == "auto" else int(verbose)


def _callbacks(
    model: Any, callbacks: Any, verbose: int, epochs: int, steps: int | None, history: bool = True
) -> tuple[Any, Any]:
    from kinema.callbacks import CallbackList
    from kinema.models.progress import Progress

    progress = Progress(verbose, epochs, steps)
    given = [] if callbacks is None else list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]
    loop = CallbackList(
        [*given, progress] if history else given,
        add_history=history,
        model=model,
        epochs=epochs,
        steps=steps,
        verbose=verbose,
    )
    return loop, progress


def _require_compiled(model: Any) -> None:
    if not model.compiled:
        raise NotBuiltError(
            "the model is not compiled: call model.compile(optimizer=..., loss=..., metrics=[...]) first"
        )
