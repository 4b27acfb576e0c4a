"""Callbacks that write down what happens, or call the user's functions."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from typing import Any, TextIO

from kinema.callbacks.callback import Callback
from kinema.errors import ArgumentError
from kinema.saving.atomic import make_folder


class CSVLogger(Callback):
    """Writes every epoch's figures as a line of a CSV file.

    Args:
        filename: The file. Folders are made as needed.
        separator: What separates columns.
        append: Continue an existing file instead of replacing it.

    Example:
        >>> import kinema
        >>> log = kinema.callbacks.CSVLogger("training.csv")
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        self.separator = separator
        self.append = append
        self._file: TextIO | None = None
        self._columns: list[str] = []
        self._needs_header = True

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._close()
        make_folder(os.path.dirname(self.filename) or ".", "CSVLogger: filename")
        started = self.append and os.path.exists(self.filename) and os.path.getsize(self.filename) > 0
        self._needs_header = not started
        self._columns = self._existing_columns() if started else []
        self._file = open(self.filename, "a" if self.append else "w", newline="", encoding="utf-8")  # noqa: SIM115

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if self._file is None:
            return
        logs = logs or {}
        if not self._columns:
            names = sorted(logs)
            # Validation may start in a later epoch: its columns are there from the first line.
            late = [] if any(name.startswith("val_") for name in names) else [f"val_{name}" for name in names]
            self._columns = ["epoch", *names, *late]
        writer = csv.DictWriter(
            self._file,
            self._columns,
            restval="NA",
            extrasaction="ignore",
            delimiter=self.separator,
            lineterminator="\n",
        )
        if self._needs_header:
            writer.writeheader()
            self._needs_header = False
        writer.writerow({"epoch": epoch, **logs})
        self._file.flush()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self._close()

    def _existing_columns(self) -> list[str]:
        with open(self.filename, newline="", encoding="utf-8") as file:
            return next(csv.reader(file, delimiter=self.separator), [])

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class LambdaCallback(Callback):
    """Calls functions of yours.

    Args:
        on_epoch_begin: Called with `(epoch, logs)`.
        on_epoch_end: Called with `(epoch, logs)`.
        on_train_begin: Called with `(logs)`.
        on_train_end: Called with `(logs)`.
        on_train_batch_begin: Called with `(batch, logs)`.
        on_train_batch_end: Called with `(batch, logs)`.
        **kwargs: Functions for the other methods of `Callback`.

    Raises:
        ArgumentError: `Callback` has no method of that name.

    Example:
        >>> import kinema
        >>> say = kinema.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs))
        >>> say.on_epoch_end(0, {"loss": 0.5})
        0 {'loss': 0.5}
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **kwargs: Callable[..., Any],
    ) -> None:
        super().__init__()
        functions: dict[str, Callable[..., Any] | None] = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        for name, function in functions.items():
            if not (name.startswith("on_") and hasattr(Callback, name)):
                raise ArgumentError(
                    f"LambdaCallback has no argument {name!r}: callbacks have methods such as on_epoch_end"
                )
            if function is not None:
                setattr(self, name, function)
