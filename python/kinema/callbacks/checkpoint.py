"""Saving the model while it trains."""

from __future__ import annotations

import os
from typing import Any

from kinema._warnings import warn
from kinema.callbacks.monitor import MonitorCallback
from kinema.errors import ArgumentError
from kinema.saving.atomic import make_folder

_ENDINGS = (".keras", ".h5", ".hdf5")


class ModelCheckpoint(MonitorCallback):
    """Saves the model, or its weights, after epochs or batches.

    Args:
        filepath: The file: `.keras` or `.h5`, `.weights.h5` for weights alone. It may name figures, as in
            `"model-{epoch:02d}-{val_loss:.2f}.keras"`; epochs are counted from 1 there. Folders are made as needed.
        monitor: The figure that decides what is best.
        verbose: 1 to say what is saved.
        save_best_only: Save only when the figure improves.
        save_weights_only: Save weights instead of the whole model.
        mode: `"min"`, `"max"`, or `"auto"` to know it from the figure.
        save_freq: `"epoch"`, or a number of batches.
        initial_value_threshold: With `save_best_only`, the first value must be better than this.
        **kwargs: `period`, the old way to save every so many epochs.

    Raises:
        ArgumentError: The file's ending or an argument makes no sense, or the name asks for a figure that is not there.

    Example:
        >>> import kinema
        >>> keep = kinema.callbacks.ModelCheckpoint("best.keras", monitor="val_accuracy", save_best_only=True)
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(monitor, mode, best=initial_value_threshold)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.period = 1
        if "period" in kwargs:
            self.period = int(kwargs.pop("period"))
            warn(
                "ModelCheckpoint(period=...) is an old argument: write save_freq='epoch' or a number of batches",
                DeprecationWarning,
            )
        if kwargs:
            raise ArgumentError(f"ModelCheckpoint has no argument {', '.join(map(repr, kwargs))}")
        if not self.filepath.endswith(_ENDINGS) or (save_weights_only and self.filepath.endswith(".keras")):
            wanted = "'.weights.h5'" if save_weights_only else "'.keras' or '.h5'"
            raise ArgumentError(f"ModelCheckpoint: filepath must end in {wanted}, got {self.filepath!r}")
        self.save_freq = check_save_freq("ModelCheckpoint", save_freq)
        self._epoch = 0
        self._batches = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        if "{" not in os.path.dirname(self.filepath):
            self._make_folder(self.filepath)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if self.save_freq == "epoch":
            return
        self._batches += 1
        if self._batches >= int(self.save_freq):
            self._batches = 0
            self._save_if_wanted({"batch": batch + 1, **(logs or {})})

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch = epoch
        if self.save_freq == "epoch" and (epoch + 1) % self.period == 0:
            self._save_if_wanted(logs or {})

    def _save_if_wanted(self, logs: dict[str, Any]) -> None:
        if not self.save_best_only:
            self._save(logs, "")
            return
        value = self.current(logs)
        if value is None:
            self._save(logs, "")
            return
        before = "nothing" if self.best is None else f"{self.best:.5f}"
        if self.improves(value, self.best):
            self.best = value
            self._save(logs, f"{self.monitor} improved from {before} to {value:.5f}, ")
        elif self.verbose:
            print(f"\nEpoch {self._epoch + 1}: {self.monitor} did not improve from {before}")

    def _save(self, logs: dict[str, Any], reason: str) -> None:
        path = self._path(logs)
        if self.verbose:
            print(
                f"\nEpoch {self._epoch + 1}: {reason}saving {'weights' if self.save_weights_only else 'model'} to "
                f"{path}"
            )
        self._make_folder(path)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)

    def _make_folder(self, path: str) -> None:
        make_folder(os.path.dirname(path) or ".", "ModelCheckpoint: filepath")

    def _path(self, logs: dict[str, Any]) -> str:
        try:
            return self.filepath.format(**{**logs, "epoch": self._epoch + 1})
        except (KeyError, ValueError, IndexError) as error:
            raise ArgumentError(
                f"ModelCheckpoint: filepath {self.filepath!r} cannot be filled in ({error}): there are epoch, "
                f"{', '.join(sorted(logs))}"
            ) from error


def check_save_freq(owner: str, save_freq: Any) -> str | int:
    """`save_freq`, which is "epoch" or a number of batches."""
    if save_freq != "epoch" and (isinstance(save_freq, (str, bool)) or int(save_freq) < 1):
        raise ArgumentError(f"{owner}: save_freq is 'epoch' or a number of batches, not {save_freq!r}")
    return save_freq if save_freq == "epoch" else int(save_freq)
