"""What a model computes in a step, and how it is compiled: the methods that a model of your own may override."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from kinema.models import own_steps
from kinema.models.objectives import ONE_OUTPUT, CompileArguments, Objective, keys_of, order_of
from kinema.models.steps import Steps
from kinema.saving.registry import serialize_keras_object
from kinema.saving.training_state import compile_arguments
from kinema.utils.unpacking import unpack_x_y_sample_weight

#: What changes the steps of training and evaluation where a model overrides it.
_SHARED = ("compute_loss", "compute_metrics", "get_metrics_result", "reset_metrics", "metrics")


class Trainer:
    """The part of a model that knows its optimizer, its loss and its metrics.

    A model that overrides none of `train_step`, `test_step`, `predict_step`, `compute_loss` and `compute_metrics` runs
    steps that do the same with less work between them: frames that clips share are computed once.
    """

    optimizer: Any = None
    loss: Any = None
    #: Whether `compile` has been called.
    compiled = False
    #: What `compile` was told of them, for scripts that ask: they change nothing here.
    run_eagerly, steps_per_execution, jit_compile = False, 1, False
    stop_training = False
    history: Any = None
    losses: list[Any]
    #: What the model minimises and reports; None before the first batch where that has to tell the outputs.
    _objective: Objective | None
    _compile_arguments: CompileArguments | None
    #: How batches that come by themselves are taken, kept until the model is compiled or fitted.
    _single_steps: dict[str, Steps]

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Sets how the model is trained.

        Args:
            optimizer: A name such as "adam", or an optimizer of `kinema.optimizers`.
            loss: A name such as "mse", a loss of `kinema.losses`, or a function of targets and predictions; with
                several outputs a list or dict of them.
            loss_weights: A factor of the loss, or one for each output.
            metrics: Names, metrics of `kinema.metrics` or functions of (y_true, y_pred); by output where there are
                several.
            weighted_metrics: The same, computed with sample weights.
            run_eagerly: Accepted for Keras's sake; Kinema has no other mode.
            steps_per_execution: Accepted for Keras's sake.
            jit_compile: Accepted for Keras's sake.
            auto_scale_loss: Accepted for Keras's sake; float32 needs no scaling.
        """
        from kinema import optimizers

        self.optimizer = optimizers.get(optimizer)
        self.loss = loss
        self.run_eagerly = bool(run_eagerly)
        self.steps_per_execution = steps_per_execution
        self.jit_compile = jit_compile is True and not run_eagerly
        self._compile_arguments = CompileArguments(
            loss, loss_weights, metrics, weighted_metrics, self.run_eagerly, steps_per_execution, self.jit_compile
        )
        self._objective = self._first_objective(self._compile_arguments)
        self._single_steps.clear()
        self.compiled, self.stop_training = True, False

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of training: the model on the samples, the loss, its gradient, an update, the metrics.

        Args:
            data: `(x, y)` or `(x, y, sample_weight)`; samples alone, or a tuple of them, where there are no targets.

        Returns:
            The figures by their names, as logs show them.
        """
        return own_steps.train_step(self, data)

    def test_step(self, data: Any) -> dict[str, Any]:
        """What `train_step` is to training, for evaluation: nothing is updated but the metrics."""
        return own_steps.test_step(self, data)

    def predict_step(self, data: Any) -> Any:
        """The outputs for the samples in `data`."""
        model: Any = self
        return model(unpack_x_y_sample_weight(data)[0], training=False)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The loss that `compile` asked for, with the penalties of regularizers and of `add_loss`.

        Args:
            x: The samples; not looked at here.
            y: The targets.
            y_pred: What the model makes of the samples.
            sample_weight: Weights of the samples.
            training: Whether this is a training step; not looked at here.
        """
        return own_steps.compute_loss(self, y, y_pred, sample_weight)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Takes a batch into the metrics that `compile` asked for, and gives all figures so far.

        Args:
            x: The samples; not looked at here.
            y: The targets.
            y_pred: What the model makes of the samples.
            sample_weight: Weights of the samples.
        """
        self.objective_for(y_pred).metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """The results of all `metrics` by their names; a result that is a dict gives its own."""
        results: dict[str, Any] = {}
        for metric in self.metrics:
            result = metric.result()
            results.update(result if isinstance(result, Mapping) else {metric.name: result})
        return results

    def reset_metrics(self) -> None:
        """Lets all `metrics` forget what they have seen, as at the start of an epoch."""
        for metric in self.metrics:
            metric.reset_state()

    @property
    def metrics(self) -> list[Any]:
        """The mean loss, the metrics of `compile` as one, and those that are attributes of the model and its layers."""
        compiled = self._objective.parts if self._objective is not None else []
        return [*compiled, *own_steps.own_metrics(self)]

    @property
    def metrics_names(self) -> list[str]:
        """The names of what `evaluate` gives, in its order: "loss", the outputs' losses, the metrics."""
        compiled = self._objective.names if self._objective is not None else ["loss"]
        return [*compiled, *(metric.name for metric in own_steps.own_metrics(self))]

    def objective_for(self, outputs: Any) -> Objective:
        """What the model minimises and reports, for outputs arranged like these."""
        return self._objective_of(keys_of(outputs), order_of(outputs))

    def _steps_for(self, kind: str, single: bool = False) -> Steps:
        """How the model takes a step.

        Args:
            kind: "train_step", "test_step" or "predict_step".
            single: Whether it is one batch by itself.
        """
        if not single:
            self._single_steps.clear()
        elif kind in self._single_steps:
            return self._single_steps[kind]
        shared = _SHARED if kind != "predict_step" else ()
        own = self._overrides(kind, *shared) or (shared and own_steps.own_metrics(self))
        steps = own_steps.OwnSteps(self, single) if own else Steps(self)
        if single:
            self._single_steps[kind] = steps
        return steps

    def _overrides(self, *methods: str) -> bool:
        """Whether the model has a method of its own in place of one of these."""
        mine = vars(self)
        return any(name in mine or getattr(type(self), name) is not getattr(Trainer, name) for name in methods)

    def get_compile_config(self) -> dict[str, Any] | None:
        """The arguments of `compile` as plain values, which files hold; None for a model that is not compiled."""
        if self._compile_arguments is None:
            return None
        arguments = {"optimizer": self.optimizer, **self._compile_arguments.as_dict()}
        return {name: serialize_keras_object(value) for name, value in arguments.items()}

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compiles the model as `get_compile_config` described, unless it has a `compile` of its own."""
        if self._overrides("compile"):
            warnings.warn(
                f"{type(self).__name__} has a compile method of its own, and is not compiled: call it, or override "
                "get_compile_config and compile_from_config too",
                stacklevel=2,
            )
            return
        known = {name: config[name] for name in ("optimizer", *CompileArguments().as_dict()) if name in config}
        self.compile(**compile_arguments(known))

    def _first_objective(self, arguments: CompileArguments) -> Objective | None:
        """The objective, as far as it is known before the model has given anything."""
        arguments.check_losses()
        return Objective(self, arguments, ONE_OUTPUT) if arguments.suits_one_output() else None

    def _objective_of(self, keys: tuple[Any, ...], order: tuple[Any, ...] | None = None) -> Objective:
        if self._objective is None or self._objective.keys != keys:
            self._objective = Objective(self, self._compile_arguments or CompileArguments(), keys, order=order)
        return self._objective
