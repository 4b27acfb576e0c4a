"""How fast a stream is answered."""

from __future__ import annotations

import time

import numpy as np

_KEPT = 4096


class Rates:
    """Frames per second since the first frame, and the latency of the last few thousand frames.

    Example:
        >>> import kinema
        >>> rates = kinema.streaming.Rates()
        >>> for milliseconds in (3, 5, 4):
        ...     rates.note(milliseconds / 1000)
        >>> rates.frames, round(rates.median * 1000, 3)
        (3, 4.0)
    """

    def __init__(self) -> None:
        self.frames = 0
        #: Frames that came faster than they were answered and were left out.
        self.dropped = 0
        self._latencies = np.zeros(_KEPT)
        self._begun = self._last = 0.0

    def note(self, latency: float) -> None:
        """Counts a frame that was answered just now, so many seconds after it was there."""
        self._last = time.perf_counter()
        if not self.frames:
            self._begun = self._last - latency
        self._latencies[self.frames % _KEPT] = latency
        self.frames += 1

    def replace_last(self, latency: float) -> None:
        """Corrects the latency of the frame counted last."""
        self._latencies[(self.frames - 1) % _KEPT] = latency

    @property
    def fps(self) -> float:
        """Frames answered per second."""
        return self.frames / max(self._last - self._begun, 1e-9)

    @property
    def median(self) -> float:
        """The latency in seconds that half of the frames stay below."""
        return self._quantile(0.5)

    @property
    def percentile_99(self) -> float:
        """The latency in seconds that 99 of 100 frames stay below."""
        return self._quantile(0.99)

    def __str__(self) -> str:
        dropped = f", {self.dropped} dropped" if self.dropped else ""
        return (
            f"{self.frames} frames{dropped}, {self.fps:.1f} a second, latency {1000 * self.median:.1f} ms "
            f"(99th percentile {1000 * self.percentile_99:.1f} ms)"
        )

    def _quantile(self, share: float) -> float:
        return float(np.quantile(self._latencies[: min(self.frames, _KEPT)], share)) if self.frames else 0.0
