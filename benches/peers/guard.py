"""Notices when somebody else uses the machine: a burst of arithmetic on all threads before and after each sample."""

from __future__ import annotations

import time

import numpy as np

#: A product of this size stays in a core's own cache and takes about a millisecond.
_SIZE = 512
_WARM_UP_SECONDS = 0.01
_BURST_SECONDS = 0.02


class Guard:
    """Measures how fast this process multiplies cached matrices with `kinema.ops.matmul` on all threads, in GFLOP/s.

    The rate stands for the peak of fused multiply-add: what counts is not its height but that it is the same whenever
    the machine is quiet. It is measured in the parent, while every worker is stopped.
    """

    def __init__(self, threads: int, least: float) -> None:
        import kinema

        kinema.set_num_threads(threads)
        self._multiply = kinema.ops.matmul
        rng = np.random.default_rng(0)
        self._a, self._b = (rng.standard_normal((_SIZE, _SIZE), dtype=np.float32) for _ in range(2))
        self.least = least
        self.best = 0.0
        for _ in range(20):
            self.measure()

    def measure(self) -> float:
        """GFLOP/s now."""
        self._run(_WARM_UP_SECONDS)
        calls, seconds = self._run(_BURST_SECONDS)
        rate = calls * 2 * _SIZE**3 / seconds / 1e9
        self.best = max(self.best, rate)
        return rate

    def is_quiet(self, rate: float) -> bool:
        """Whether a rate is close enough to the best one seen so far."""
        return rate >= self.least * self.best

    def _run(self, seconds: float) -> tuple[int, float]:
        calls, begun = 0, time.perf_counter()
        while (spent := time.perf_counter() - begun) < seconds or not calls:
            self._multiply(self._a, self._b)
            calls += 1
        return calls, spent
