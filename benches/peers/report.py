"""Results as Markdown and as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import Any

from contestants import CANNOT_BE_FORCED, CONTESTANTS
from race import Result
from workloads import WORKLOADS


def as_json(results: list[Result], conditions: dict[str, Any]) -> dict[str, Any]:
    """Everything that was measured; `ratio` is how many times longer than Kinema."""
    ours = _ours(results)
    rows = []
    for result in results:
        row: dict[str, Any] = {
            "workload": result.workload,
            "way": result.way,
            "contestant": result.contestant,
            "facts": result.facts,
        }
        if result.error is not None:
            row["error"] = result.error
        else:
            reference = ours.get((result.workload, result.way))
            row |= {
                "median": result.median,
                "minimum": result.fastest,
                "ratio": result.median / reference.median if reference else None,
                "peak_mb": result.peak_mb,
                "samples": result.seconds,
                "steps_a_sample": result.repeats,
                "dropped": result.dropped,
                "noisy": result.noisy,
            }
        rows.append(row)
    return {**conditions, "results": rows}


def as_markdown(results: list[Result], conditions: dict[str, Any]) -> str:
    """The conditions, Kinema beside the best peer, and everybody."""
    parts = [_conditions(conditions), _summary(results), _everybody(results), _failures(results)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _conditions(conditions: dict[str, Any]) -> str:
    machine = ", ".join(f"{name}: {value}" for name, value in conditions["machine"].items())
    versions = ", ".join(f"{name} {version}" for name, version in conditions["versions"].items())
    lines = [f"{conditions['date']}. {machine}.", f"Threads: {conditions['threads']}. Versions: {versions}."]
    if conditions["precision"]:
        lines.append(f"Kinema's precision: {conditions['precision']}.")
    if conditions["isa"]:
        lines.append(f"Kept to {conditions['isa']}. {CANNOT_BE_FORCED}")
    if conditions["quick"]:
        lines.append("**A quick run with few samples: for a first look, not for quoting.**")
    return "\n".join(lines)


def _summary(results: list[Result]) -> str:
    """A row a workload: Kinema, the best peer, and how many times faster Kinema is."""
    ours = _ours(results)
    lines = [
        "| workload | way | Kinema | best peer | its time | Kinema is faster | memory: Kinema | memory: best peer |",
        "| --- | --- | ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    ratios = []
    for key, own in ours.items():
        peers = [
            r for r in _finished(results) if (r.workload, r.way) == key and not CONTESTANTS[r.contestant].is_kinema
        ]
        if not peers:
            continue
        best = min(peers, key=lambda result: result.median)
        ratios.append(best.median / own.median)
        lines.append(
            f"| {WORKLOADS[own.workload].title} | {own.way} | {_time(own)} | {CONTESTANTS[best.contestant].title} "
            f"| {_time(best)} | **{ratios[-1]:.2f}x** | {own.peak_mb:.0f} MB | {best.peak_mb:.0f} MB |"
        )
    if not ratios:
        return ""
    lines.append(f"| geometric mean | | | | | **{statistics.geometric_mean(ratios):.2f}x** | | |")
    return "\n".join(lines)


def _everybody(results: list[Result]) -> str:
    """A table for each way: milliseconds (median), and times Kinema's."""
    ours = _ours(results)
    tables = []
    for way in dict.fromkeys(result.way for result in results):
        mine = [result for result in results if result.way == way]
        taking_part = {result.contestant for result in mine}
        names = [name for name in CONTESTANTS if name in taking_part]
        cells = {(result.workload, result.contestant): result for result in mine}
        lines = [
            f"`{way}`, milliseconds (median of the samples), times Kinema's, peak memory of the process:",
            "",
            f"| workload | {' | '.join(CONTESTANTS[name].title for name in names)} |",
            f"| --- |{' ---: |' * len(names)}",
        ]
        for workload in dict.fromkeys(result.workload for result in mine):
            row = [_cell(cells.get((workload, name)), ours.get((workload, way))) for name in names]
            lines.append(f"| {workload} | {' | '.join(row)} |")
        tables.append("\n".join(lines))
    return "\n\n".join(tables)


def _cell(result: Result | None, ours: Result | None) -> str:
    if result is None:
        return ""
    if result.error is not None:
        return "failed"
    ratio = f", {result.median / ours.median:.2f}x" if ours and result is not ours else ""
    return f"{_time(result)}{ratio}, {result.peak_mb:.0f} MB"


def _time(result: Result) -> str:
    """With three figures; a star where the machine was not quiet."""
    value = result.median * 1e3
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:.{digits}f}" + ("\\*" if result.noisy else "")


def _failures(results: list[Result]) -> str:
    lines = [f"- {r.contestant}, {r.workload} {r.way}: {r.error}" for r in results if r.error is not None]
    dropped = sum(result.dropped for result in results)
    noisy = sum(result.noisy for result in results)
    kept = sum(len(result.seconds) for result in results)
    lines.append(f"- {kept} samples; {dropped} more were dropped because the machine was not quiet.")
    if noisy:
        lines.append(f"- \\* {noisy} samples were kept although the machine was not quiet.")
    return "\n".join(lines)


def _finished(results: Iterable[Result]) -> list[Result]:
    return [result for result in results if result.error is None]


def _ours(results: list[Result]) -> dict[tuple[str, str], Result]:
    return {(r.workload, r.way): r for r in _finished(results) if r.contestant == "kinema"}
