"""One workload: all contestants by turns, A B C A B C, until each has its samples."""

from __future__ import annotations

import contextlib
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from contestants import Contestant
from guard import Guard
from remote import Worker, WorkerError

#: A sample lasts about this long; shorter steps are repeated.
SAMPLE_SECONDS = 0.15
_LONGEST_WARMED_UP = 0.3
_PAUSE_SECONDS = 0.3


@dataclass
class Result:
    """What a contestant did on a workload."""

    workload: str
    way: str
    contestant: str
    seconds: list[float] = field(default_factory=list)
    #: Samples that were thrown away because the machine was not quiet, and samples that were kept although it was not.
    dropped: int = 0
    noisy: int = 0
    repeats: int = 1
    peak_mb: float = 0.0
    facts: dict[str, str] = field(default_factory=dict)
    error: str | None = None

    @property
    def median(self) -> float:
        """The median of the samples."""
        return statistics.median(self.seconds)

    @property
    def fastest(self) -> float:
        """The shortest sample."""
        return min(self.seconds)


@dataclass(frozen=True)
class Rules:
    """How long and how strictly to measure."""

    samples: int
    #: How often a sample is repeated before it is kept although the machine is not quiet.
    patience: int


def race(
    workload: str,
    way: str,
    contestants: list[Contestant],
    start: Callable[[Contestant], Worker],
    guard: Guard,
    rules: Rules,
) -> list[Result]:
    """The results, in the order of the contestants; who fails has an error and leaves the race."""
    results = {c.name: Result(workload, way, c.name) for c in contestants}
    with contextlib.ExitStack() as stack:
        running: dict[str, Worker] = {}
        for contestant in contestants:
            result = results[contestant.name]
            with _noting(result):
                worker = start(contestant)
                stack.callback(worker.close)
                result.facts = worker.facts
                _calibrate(worker, result)
                running[contestant.name] = worker
        for _ in range(rules.samples):
            for name, worker in running.items():
                if results[name].error is None:
                    with _noting(results[name]):
                        _sample(worker, results[name], guard, rules.patience)
        for name, worker in running.items():
            if results[name].error is None:
                with _noting(results[name]):
                    results[name].peak_mb = worker.ask("peak")["peak_mb"]
    return list(results.values())


@contextlib.contextmanager
def _noting(result: Result):  # type: ignore[no-untyped-def]
    try:
        yield
    except WorkerError as error:
        result.error = str(error)
        print(f"  {result.contestant} failed on {result.workload} {result.way}: {error}", file=sys.stderr)


def _calibrate(worker: Worker, result: Result) -> None:
    """Warms up (compilers, caches, memory) and finds how many steps make a sample."""
    for _ in range(2):
        worker.ask("sample", repeats=1, warm_up=False)
    seconds = worker.ask("sample", repeats=1, warm_up=True)["seconds"]
    result.repeats = max(1, round(SAMPLE_SECONDS / seconds))


def _sample(worker: Worker, result: Result, guard: Guard, patience: int) -> None:
    warm_up = not result.seconds or result.seconds[-1] < _LONGEST_WARMED_UP
    for attempt in range(patience + 1):
        before = guard.measure()
        seconds = worker.ask("sample", repeats=result.repeats, warm_up=warm_up)["seconds"]
        after = guard.measure()
        quiet = guard.is_quiet(before) and guard.is_quiet(after)
        if quiet or attempt == patience:
            result.seconds.append(seconds)
            result.noisy += not quiet
            return
        result.dropped += 1
        time.sleep(_PAUSE_SECONDS)
