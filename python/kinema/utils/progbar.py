"""A bar for loops of one's own."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from typing import Any

from kinema import config
from kinema.errors import ArgumentError


class Progbar:
    """Shows how far a loop has come, and the means of its figures.

    On a terminal the bar is drawn again and again in its line; elsewhere the last state alone is written. The last
    update shows its figures as they are given, as in Keras.

    Args:
        target: The number of steps; None where it is not known.
        width: The width of the bar in characters.
        verbose: 0 nothing, 1 the bar, 2 one line at the end.
        interval: Seconds between two drawings, at least.
        stateful_metrics: The names of figures that are shown as they come, instead of their means.
        stateless_metrics: Instead: the names of those whose means are shown.
        unit_name: What a step is called.

    Example:
        >>> import kinema
        >>> bar = kinema.utils.Progbar(4, verbose=2)
        >>> for step in range(4):
        ...     bar.update(step + 1, values=[("loss", float(step))])
        4/4 - 0s - .../step - loss: 3.0000
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ArgumentError("stateful_metrics and stateless_metrics exclude each other: give one of them")
        self.target, self.width, self.verbose = target, width, verbose
        self.interval, self.unit_name = interval, unit_name
        self.stateful_metrics = set(stateful_metrics or ())
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)
        self._seen = 0
        #: By name: the sum of a figure and the number of steps in it.
        self._sums: dict[str, tuple[float, int]] = {}
        self._start = time.perf_counter()
        self._drawn_at = 0.0
        self._drawn_width = 0

    def update(
        self, current: int, values: Iterable[tuple[str, Any]] | None = None, finalize: bool | None = None
    ) -> None:
        """Moves the bar.

        Args:
            current: The number of steps done.
            values: Names of figures with their values in the steps since the last call.
            finalize: Whether this is the end; where the target is reached when None.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        steps = max(current - self._seen, 1)
        for name, value in values or ():
            self._sums[name] = self._sum(name, float(value), steps, finalize)
        self._seen = current
        now = time.perf_counter()
        in_place = self.verbose == 1 and config.is_interactive_logging_enabled() and sys.stdout.isatty()
        if not self.verbose or not (finalize or (in_place and now - self._drawn_at >= self.interval)):
            return
        line = self._line(current, now - self._start, with_bar=self.verbose == 1)
        print(f"\r{line.ljust(self._drawn_width)}" if in_place else line, end="\n" if finalize else "", flush=True)
        self._drawn_at, self._drawn_width = now, len(line)

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Moves the bar by `n` steps."""
        self.update(self._seen + n, values)

    def _sum(self, name: str, value: float, steps: int, finalize: bool) -> tuple[float, int]:
        if self.stateless_metrics is None:
            averaged = name not in self.stateful_metrics
        else:
            averaged = name in self.stateless_metrics
        if finalize or not averaged:
            return value, 1
        total, count = self._sums.get(name, (0.0, 0))
        return total + value * steps, count + steps

    def _line(self, current: int, seconds: float, with_bar: bool) -> str:
        done = f"{current}/{'Unknown' if self.target is None else self.target}"
        if with_bar and self.target:
            full = min(self.width, self.width * current // self.target)
            done += f" {'━' * full}{'╌' * (self.width - full)}"
        pieces = [done, f"{seconds:.0f}s", f"{_duration(seconds / max(current, 1))}/{self.unit_name}"]
        return " - ".join([*pieces, *(f"{name}: {_figure(*self._sums[name])}" for name in self._sums)])


def _figure(total: float, count: int) -> str:
    mean = total / count
    return f"{mean:.4f}" if abs(mean) > 1e-3 else f"{mean:.4e}"


def _duration(seconds: float) -> str:
    return (
        f"{seconds:.0f}s" if seconds >= 1 else f"{seconds * 1e3:.0f}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us"
    )
