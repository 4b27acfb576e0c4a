"""Callbacks that change the learning rate between epochs."""

from __future__ import annotations

import inspect
import math
import numbers
from collections.abc import Callable
from typing import Any

from kinema._warnings import warn
from kinema.autograd import Tensor
from kinema.callbacks.callback import Callback
from kinema.callbacks.monitor import MonitorCallback
from kinema.errors import ArgumentError


class LearningRateScheduler(Callback):
    """Sets the learning rate at the start of each epoch.

    Args:
        schedule: A function of the epoch, or of the epoch and the learning rate so far, that gives the new one.
        verbose: 1 to say what is set.

    Raises:
        ArgumentError: The function gives something else than a number.

    Example:
        >>> import kinema
        >>> halve = kinema.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5 if epoch else rate)
    """

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0) -> None:
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose
        self._knows_rate = _positional_parameters(schedule) >= 2

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        optimizer = self.model.optimizer
        rate = self.schedule(epoch, optimizer.learning_rate) if self._knows_rate else self.schedule(epoch)
        if isinstance(rate, Tensor):
            rate = rate.item()
        if isinstance(rate, bool) or not isinstance(rate, numbers.Real):
            raise ArgumentError(
                f"LearningRateScheduler: the schedule must give a number, it gave {rate!r} for epoch {epoch}"
            )
        optimizer.learning_rate = float(rate)
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: LearningRateScheduler sets the learning rate to {float(rate):g}.")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


class ReduceLROnPlateau(MonitorCallback):
    """Lowers the learning rate when a figure no longer improves.

    Args:
        monitor: The figure, such as `"val_loss"`.
        factor: What the learning rate is multiplied by.
        patience: How many epochs without improvement are waited for.
        verbose: 1 to say when it acts.
        mode: `"min"`, `"max"`, or `"auto"` to know it from the figure.
        min_delta: A smaller change is no improvement.
        cooldown: How many epochs it rests after it acted.
        min_lr: The learning rate never goes below this.
        **kwargs: `epsilon`, the old spelling of `min_delta`.

    Raises:
        ArgumentError: `factor` is not below 1, or an argument is unknown.

    Example:
        >>> import kinema
        >>> reduce = kinema.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.2, patience=5, min_lr=1e-6)
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **kwargs: Any,
    ) -> None:
        if "epsilon" in kwargs:
            min_delta = kwargs.pop("epsilon")
            warn(
                f"ReduceLROnPlateau(epsilon=...) is an old spelling: write min_delta={min_delta!r}", DeprecationWarning
            )
        if kwargs:
            raise ArgumentError(f"ReduceLROnPlateau has no argument {', '.join(map(repr, kwargs))}")
        if not 0 <= factor < 1:
            raise ArgumentError(f"ReduceLROnPlateau: factor must be from 0 to below 1, got {factor!r}")
        super().__init__(monitor, mode, min_delta)
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self.cooldown_counter = 0
        self.wait = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.best = None
        self.cooldown_counter = 0
        self.wait = 0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        value = self.current(logs)
        if value is None:
            return
        if self.cooldown_counter:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.improves(value, self.best):
            self.best = value
            self.wait = 0
        elif not self.cooldown_counter:
            self.wait += 1
            if self.wait >= self.patience and self._lower(epoch):
                self.cooldown_counter = self.cooldown
                self.wait = 0

    def _lower(self, epoch: int) -> bool:
        optimizer = self.model.optimizer
        old = float(optimizer.learning_rate)
        if old <= self.min_lr or math.isclose(old, self.min_lr, rel_tol=1e-6):
            return False
        optimizer.learning_rate = max(old * self.factor, self.min_lr)
        if self.verbose:
            print(f"\nEpoch {epoch + 1}: ReduceLROnPlateau sets the learning rate to {optimizer.learning_rate:g}.")
        return True


def _positional_parameters(function: Callable[..., Any]) -> int:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    if any(parameter.kind is inspect.Parameter.VAR_POSITIONAL for parameter in parameters):
        return 2
    return sum(parameter.kind in kinds for parameter in parameters)
