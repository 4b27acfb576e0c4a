"""Prints how many times faster Kinema was than what it is compared with, from the medians of one run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))


def pytest_terminal_summary(terminalreporter: Any, config: Any) -> None:
    """One line a pair."""
    session = getattr(config, "_benchmarksession", None)
    medians: dict[str, dict[str, float]] = {}
    for bench in getattr(session, "benchmarks", []):
        if "library" in bench.extra_info:
            medians.setdefault(bench.group, {})[bench.extra_info["library"]] = bench.stats.median
    pairs = {group: times for group, times in medians.items() if len(times) == 2}
    if not pairs:
        return
    terminalreporter.section("Kinema against its baseline (medians, milliseconds)")
    for group, times in pairs.items():
        (baseline,) = times.keys() - {"kinema"}
        ratio = times[baseline] / times["kinema"]
        terminalreporter.write_line(
            f"{group:<40} {times['kinema'] * 1e3:9.2f} {times[baseline] * 1e3:9.2f}  x{ratio:.1f} {baseline}"
        )
