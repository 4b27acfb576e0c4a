"""Going on after a crash."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from kinema._warnings import warn
from kinema.callbacks.callback import Callback
from kinema.callbacks.checkpoint import check_save_freq
from kinema.errors import ArgumentError, FileFormatError
from kinema.saving.atomic import make_folder

_NAME = re.compile(r"epoch-(\d+)-step-(\d+)\.keras")


class BackupAndRestore(Callback):
    """Keeps the state of a training in a folder, so that running the program again goes on where it was interrupted.

    The state is the model with its optimizer, seed, epoch and step: a training that goes on after an epoch ends
    with the same weights as one that was never interrupted. After a backup within an epoch, that epoch starts anew with
    the weights of that moment. The backups are removed when the training has ended.

    Args:
        backup_dir: The folder. It is made as needed; use it for one training only.
        save_freq: `"epoch"`, or a number of batches.
        double_checkpoint: Keep the last but one backup too, in case the last turns out to be damaged.
        delete_checkpoint: Remove the backups when the training has ended.

    Raises:
        ArgumentError: `backup_dir` is empty, or `save_freq` is something else.

    Example:
        >>> import kinema
        >>> backup = kinema.callbacks.BackupAndRestore("backup")
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        if not os.fspath(backup_dir):
            raise ArgumentError("BackupAndRestore: backup_dir is empty: name a folder for the backups")
        self.backup_dir = Path(backup_dir)
        self.save_freq = check_save_freq("BackupAndRestore", save_freq)
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._epoch = 0
        self._batches = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        from kinema.saving.keras_zip import restore_training

        make_folder(self.backup_dir, "BackupAndRestore: backup_dir")
        backups = self._backups()
        while backups:
            newest = backups.pop()
            try:
                restore_training(newest, self.model)
            except FileFormatError as error:
                if not backups:
                    raise
                warn(f"BackupAndRestore: {error}; going back to '{backups[-1].name}'")
                continue
            self.model._initial_epoch = _epoch_and_step(newest)[0]
            return

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if self.save_freq == "epoch":
            return
        self._batches += 1
        if self._batches >= int(self.save_freq):
            self._batches = 0
            self._save()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch = epoch + 1
        if self.save_freq == "epoch":
            self._save()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        if not self.delete_checkpoint:
            return
        for backup in self._backups():
            backup.unlink()
        if self.backup_dir.is_dir() and not any(self.backup_dir.iterdir()):
            self.backup_dir.rmdir()

    def _save(self) -> None:
        older = self._backups()
        # The place in the training is in the name: it cannot part from the state, and the file is whole or not there.
        newest = self.backup_dir / f"epoch-{self._epoch:06d}-step-{self.model._training_run.steps:09d}.keras"
        self.model.save(newest, overwrite=True)
        kept = {newest, *older[-1:]} if self.double_checkpoint else {newest}
        for backup in older:
            if backup not in kept:
                backup.unlink()

    def _backups(self) -> list[Path]:
        """The backups in the folder, oldest first."""
        found = self.backup_dir.iterdir() if self.backup_dir.is_dir() else ()
        return sorted((path for path in found if _NAME.fullmatch(path.name)), key=_epoch_and_step)


def _epoch_and_step(path: Path) -> tuple[int, int]:
    match = _NAME.fullmatch(path.name)
    assert match is not None
    return int(match[1]), int(match[2])
