"""Callbacks that end the training early."""

from __future__ import annotations

import math
from typing import Any

from kinema.callbacks.callback import Callback
from kinema.callbacks.monitor import MonitorCallback
from kinema.errors import NonFiniteError


class EarlyStopping(MonitorCallback):
    """Ends the training when a figure no longer improves.

    Args:
        monitor: The figure, such as `"val_loss"`.
        min_delta: A smaller change is no improvement.
        patience: How many epochs without improvement are waited for.
        verbose: 1 to say when it stops.
        mode: `"min"`, `"max"`, or `"auto"` to know it from the figure.
        baseline: The figure must get better than this too.
        restore_best_weights: Go back to the best epoch's weights at the end.
        start_from_epoch: How many epochs pass before it starts to watch.

    Example:
        >>> import kinema
        >>> stop = kinema.callbacks.EarlyStopping(monitor="val_loss", patience=3, restore_best_weights=True)
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self.wait = 0
        self.stopped_epoch = 0
        self.best_epoch = 0
        self.best_weights: Any = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best = None
        self.best_epoch = 0
        self.best_weights = None

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        value = self.current(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self.improves(value, self.best) or (self.restore_best_weights and self.best_weights is None):
            self._keep(epoch, value)
            if self.baseline is None or self.improves(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        if self.stopped_epoch and self.verbose:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose:
                print(f"Restoring the weights of epoch {self.best_epoch + 1}, the best.")
            self.model.set_weights(self.best_weights)

    def _keep(self, epoch: int, value: float) -> None:
        self.best = value
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()


class TerminateOnNaN(Callback):
    """Ends the training when the loss is no longer a finite number.

    Args:
        raise_error: Raise an error instead of ending quietly.

    Raises:
        NonFiniteError: The loss is not finite and `raise_error` is set.

    Example:
        >>> import kinema
        >>> kinema.callbacks.TerminateOnNaN(raise_error=True).on_train_batch_end(3, {"loss": float("nan")})
        Traceback (most recent call last):
            ...
        kinema.errors.NonFiniteError: the loss is nan after batch 3: lower the learning rate, or look for NaN in the
        data
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise NonFiniteError(
                f"the loss is {loss} after batch {batch}: lower the learning rate, or look for NaN in the data"
            )
        print(f"Batch {batch}: the loss is {loss}, the training ends")
        self.model.stop_training = True
