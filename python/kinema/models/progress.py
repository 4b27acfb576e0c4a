"""What training shows: a bar on a terminal, a line an epoch elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np

from kinema import config
from kinema.callbacks import Callback
from kinema.models.frames import Rows
from kinema.models.waiting import WaitingTime

_WORTH_SHOWING = 0.01  # of an epoch, spent waiting for data


class Progress(Callback):
    """Shows how an epoch goes on: batches, time left, loss, metrics, frames (or samples) per second, waiting for data.

    Args:
        verbose: 0 nothing, 1 a bar on a terminal and a line an epoch elsewhere, 2 a line an epoch.
        epochs: How many epochs there will be.
        steps: Batches an epoch, None where that is not known.
    """

    def __init__(self, verbose: int, epochs: int, steps: int | None) -> None:
        super().__init__()
        self._verbose = verbose
        self._epochs = epochs
        self._steps = steps
        self._bar: Any = None
        self._task: Any = None
        self._label = ""
        self._begun = 0.0
        self._items = 0
        self._unit = "samples"
        self._seen_steps = 0
        #: What watches the batches.
        self.waiting = WaitingTime()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Starts a new bar."""
        self.begin(f"Epoch {epoch + 1}/{self._epochs}")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Finishes the epoch's bar with its final figures."""
        self.end(logs or {})

    def begin(self, label: str) -> None:
        """Starts a bar of that name."""
        self._label, self._begun, self._items, self._seen_steps = label, time.perf_counter(), 0, 0
        self.waiting.restart()
        if self._verbose == 1 and config.is_interactive_logging_enabled() and sys.stdout.isatty():
            self._bar = _bar()
            self._task = self._bar.add_task(label, total=self._steps, figures="")
            self._bar.start()

    def advance(self, rows: Rows, logs: dict[str, float]) -> None:
        """Counts one batch."""
        frames = len(rows.shape) >= 4
        self._unit = "frames" if frames else "samples"
        self._items += len(rows) * (rows.shape[1] if len(rows.shape) >= 5 else 1)
        self._seen_steps += 1
        self.waiting.step_done()
        if self._bar is not None:
            self._bar.update(self._task, advance=1, figures=" - ".join([*_figures(logs), *self._speed()]))

    def end(self, logs: dict[str, float]) -> None:
        """Replaces the bar by a line with the final figures."""
        if self._steps is None:
            self._steps = self._seen_steps
        self.close()
        if self._verbose:
            seconds = time.perf_counter() - self._begun
            begin = [self._label, f"{self._seen_steps} steps", f"{seconds:.1f} s"]
            print(" - ".join([*begin, *self._speed(), *_figures(logs)]), flush=True)

    def close(self) -> None:
        """Takes the bar off the terminal."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _speed(self) -> list[str]:
        seconds = max(time.perf_counter() - self._begun, 1e-9)
        speed = f"{self._items / seconds:.0f} {self._unit}/s"
        share = self.waiting.share
        return [speed, f"{share:.0%} waiting for data"] if share >= _WORTH_SHOWING else [speed]


def _figures(logs: dict[str, Any]) -> list[str]:
    return [f"{name}: {' '.join(f'{one:.4g}' for one in np.ravel(value))}" for name, value in logs.items()]


def _bar() -> Any:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Column

    def fixed(width: int) -> Column:
        return Column(no_wrap=True, min_width=width)

    # On a narrow terminal the last column, of figures, gives way.
    return Progress(
        TextColumn("{task.description}", table_column=fixed(10)),
        BarColumn(bar_width=12, table_column=fixed(12)),
        MofNCompleteColumn(table_column=fixed(5)),
        TextColumn("left", table_column=fixed(4)),
        TimeRemainingColumn(table_column=fixed(7)),
        TextColumn("{task.fields[figures]}", table_column=Column(no_wrap=True, overflow="ellipsis")),
        transient=True,
    )
