"""One step of training, evaluation or prediction, of models that leave it to Kinema."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from kinema._silence import without_warnings
from kinema._warnings import warn_once
from kinema.autograd import Array, GradientTape, StepTape, Tensor, Variable, no_tape
from kinema.errors import NotBuiltError
from kinema.layers.weights import Growth
from kinema.models.data import Batch
from kinema.models.finite import require_clean
from kinema.models.interrupts import uninterrupted
from kinema.models.objectives import Objective, mean_of
from kinema.models.structure import copied
from kinema.random import random_scope
from kinema.updates import Update

Logs = dict[str, Any]


class Steps:
    """The steps of a model, and the figures over them.

    Args:
        model: The model.
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    def reset(self) -> None:
        """Starts figures anew."""
        if self.model._objective is not None:
            self.model._objective.reset()

    def train(self, batch: Batch, class_weight: Any = None) -> tuple[Logs, float]:
        """One step on one batch: the figures so far, and the loss of this batch."""
        loss, objective = train_step(self.model, batch, class_weight)
        logs = objective.results()
        if not math.isfinite(loss):
            logs["loss"] = loss
        return logs, loss

    def test(self, batch: Batch) -> Logs:
        """Takes one batch into the figures."""
        return _test_step(self.model, batch).results()

    def results(self, logs: Logs) -> Logs:
        """The figures after a pass.

        Args:
            logs: What its last step gave.
        """
        return dict(self.model._objective.results()) if self.model._objective is not None else logs

    def predict(self, rows: Any) -> Any:
        """The outputs for some samples, as arrays of their own."""
        return _predict_rows(self.model, rows)


@without_warnings
def train_step(model: Any, batch: Batch, class_weight: Any = None) -> tuple[float, Objective]:
    """One step on one batch: its loss, and what has taken it in. Where it is not finite, the weights stay."""
    require_optimizer(model)
    model.ensure_built(batch.x.input_shape)
    model.clear_losses()
    with (
        random_scope(model._training_run.seed, model._training_run.steps),
        StepTape() as tape,
        BeforeStep(model) as before,
    ):
        outputs = model._outputs_for(batch.x, training=True)
        objective: Objective = model.objective_for(outputs)
        loss, judged = objective.judge(model, batch.y, outputs, batch.sample_weight, class_weight)
        value = mean_of(loss)
    minimise(model, tape, loss, value, before, model._training_run.count)
    objective.update(value, judged, len(batch))
    return value, objective


def require_optimizer(model: Any) -> None:
    """Raises where a model has nothing to train with."""
    if model.optimizer is None:
        raise NotBuiltError("the model has no optimizer: call model.compile(optimizer=..., loss=...) before training")


class BeforeStep:
    """The variables of a model as a step begins, the values of those that its calls may change among them.

    As a context it is the part of the step that computes the loss: if that fails, those values are put back.

    Args:
        model: The model.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._trains, self._weights, self._growth = model.trainable, model.weights, Growth.count
        self._statistics: list[tuple[Variable, Array]] = [
            (variable, variable.numpy()) for variable in self._weights if not (self._trains and variable.trainable)
        ]

    def __enter__(self) -> BeforeStep:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self.restore()

    def trainable(self) -> list[Variable]:
        """The variables that training changes by gradients, with those of layers that only this step has built."""
        weights = self._weights if Growth.count == self._growth else self._model.weights
        return [variable for variable in weights if self._trains and variable.trainable]

    def restore(self) -> None:
        """Gives the other variables their values back."""
        for variable, value in self._statistics:
            variable.assign(value)


def minimise(
    model: Any,
    tape: GradientTape,
    loss: Tensor,
    value: float,
    before: BeforeStep,
    done: Callable[[], None],
) -> None:
    """Updates the weights by a loss's gradient; puts statistics back where the loss is not finite.

    Args:
        model: The model.
        tape: What has recorded the loss.
        loss: The loss.
        value: The same as a number.
        before: The variables as the step began.
        done: Notes that a step was taken, before a Ctrl-C can come between.
    """
    if not math.isfinite(value):
        before.restore()
        return
    variables = before.trainable()
    if variables:
        _update(model, tape, loss, variables, done)
    else:
        done()


def _update(model: Any, tape: GradientTape, loss: Tensor, variables: list[Variable], done: Callable[[], None]) -> None:
    optimizer = model.optimizer
    optimizer.build(variables)
    reached: set[int] = set()

    def update_at_once(variable: Variable, gradient: Array) -> None:
        reached.add(id(variable))
        optimizer.update_variable(gradient, variable)

    def lone_update(variable: Variable) -> Update | None:
        update: Update | None = optimizer.lone_update(variable)
        if update is not None:
            reached.add(id(variable))
        return update

    with uninterrupted():
        if optimizer.needs_all_gradients:
            pairs: list[tuple[Array, Variable]] = []
            tape.backward(loss, lambda variable, gradient: pairs.append((gradient, variable)))
            optimizer.apply_gradients(pairs)
            reached.update(id(variable) for _, variable in pairs)
        else:
            optimizer.begin_step()
            tape.backward(loss, update_at_once, lone_update)
            optimizer.end_step()
        done()
    if missed := [variable.path for variable in variables if id(variable) not in reached]:
        warn_once(
            f"no gradient reaches {', '.join(missed)}, which training leaves as they are: the loss does not depend on "
            "them, or a layer or loss of yours computes with NumPy where kinema.ops is needed"
        )


@without_warnings
def _test_step(model: Any, batch: Batch) -> Objective:
    model.ensure_built(batch.x.input_shape)
    model.clear_losses()
    with no_tape():
        outputs = model._outputs_for(batch.x, training=False)
        require_clean(batch.x, outputs)
        objective: Objective = model.objective_for(outputs)
        loss, judged = objective.judge(model, batch.y, outputs, batch.sample_weight)
    objective.update(mean_of(loss), judged, len(batch))
    return objective


@without_warnings
def _predict_rows(model: Any, rows: Any) -> Any:
    with no_tape():
        outputs = copied(model._outputs_for(rows, training=False))
    require_clean(rows, outputs)
    return outputs
