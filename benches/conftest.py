"""Prints how many times faster Kinema was than what it is compared with, from the medians of one run.

`--threads` is what both sides get; `--write-docs` puts the table into docs/benchmarks.md.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

_BASELINE = "numpy"


def pytest_addoption(parser: Any) -> None:
    """The options of benches."""
    parser.addoption("--threads", type=int, default=2, help="threads of Kinema and of NumPy's BLAS (default: 2)")
    parser.addoption("--write-docs", action="store_true", help="put the ratios into docs/benchmarks.md")


def pytest_configure(config: Any) -> None:
    """Gives both sides their threads; a BLAS reads the variable when NumPy is imported."""
    threads = config.getoption("threads")
    if "numpy" in sys.modules:
        raise pytest.UsageError("NumPy is imported already: run the benches by themselves, as `pytest benches`")
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ[variable] = str(threads)
    import kinema

    kinema.set_num_threads(threads)


def pytest_terminal_summary(terminalreporter: Any, config: Any) -> None:
    """One line a pair."""
    pairs = _pairs(config)
    if not pairs:
        return
    terminalreporter.section("Kinema against its baseline (medians, milliseconds)")
    for group, (baseline, theirs, ours) in pairs.items():
        terminalreporter.write_line(
            f"{group:<40} {ours * 1e3:9.2f} {theirs * 1e3:9.2f}  x{theirs / ours:.1f} {baseline}"
        )
    if config.getoption("write_docs"):
        from peers.documents import rewrite

        rewrite("numpy", _table(pairs, config.getoption("threads")))


def _pairs(config: Any) -> dict[str, tuple[str, float, float]]:
    """For each group with two sides: the name of the other side, its median and Kinema's."""
    medians: dict[str, dict[str, float]] = {}
    session = getattr(config, "_benchmarksession", None)
    for bench in getattr(session, "benchmarks", []):
        if "library" in bench.extra_info:
            medians.setdefault(bench.group, {})[bench.extra_info["library"]] = bench.stats.median
    pairs = {}
    for group, times in medians.items():
        if len(times) == 2 and "kinema" in times:
            (baseline,) = times.keys() - {"kinema"}
            pairs[group] = (baseline, times[baseline], times["kinema"])
    return pairs


def _table(pairs: dict[str, tuple[str, float, float]], threads: int) -> str:
    import numpy as np
    from peers import machine

    blas: Any = np.show_config(mode="dicts")["Build Dependencies"]["blas"]  # type: ignore[index]
    facts = ", ".join(f"{name}: {value}" for name, value in machine.describe().items())
    lines = [
        f"{facts}. NumPy {np.__version__} with {blas['name']} {blas['version']}, {threads} threads each.",
        "",
        "| computation | Kinema, ms | NumPy, ms | Kinema is faster |",
        "| --- | ---: | ---: | ---: |",
    ]
    for group, (baseline, theirs, ours) in pairs.items():
        if baseline == _BASELINE:
            lines.append(f"| {group} | {ours * 1e3:.2f} | {theirs * 1e3:.2f} | **{theirs / ours:.1f}x** |")
    return "\n".join(lines)
