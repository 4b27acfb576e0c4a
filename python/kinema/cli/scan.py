"""`kinema scan`: what the videos of a folder hold, and what is wrong with them."""

import argparse
import dataclasses
import json
import os
from pathlib import Path
from typing import Any

from kinema.video.scan import ScannedVideo, scan


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "scan",
        help="report every video of a folder: frames, rate, size, sound, what is wrong",
        description="Decode every video below a folder, in a process of its own, and report frames, rate, size, sound "
        "and what is wrong.",
    )
    parser.add_argument("folder", type=Path, help="the folder")
    parser.add_argument("--json", action="store_true", help="print one JSON object a file instead of a table")
    parser.add_argument(
        "--time-limit", type=float, default=10.0, metavar="SECONDS", help="for one frame (default: %(default)g)"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print a line for each file as it is decoded, and the sum at the end."""
    if options.json:
        scan(options.folder, time_limit=options.time_limit, progress=_print_json)
        return
    print(f"{'frames':>7} {'fps':>7} {'size':>10} {'seconds':>8}  {'codec':<10} file")
    reports = scan(
        options.folder, time_limit=options.time_limit, progress=lambda report: _print_row(report, options.folder)
    )
    bad = sum(bool(report.problems) for report in reports)
    print(f"{len(reports)} videos, {sum(report.frames for report in reports):,} frames, {bad} with something wrong")


def _print_json(report: ScannedVideo) -> None:
    print(json.dumps({**dataclasses.asdict(report), "path": str(report.path)}), flush=True)


def _print_row(report: ScannedVideo, folder: Path) -> None:
    height, width = report.size
    name = os.path.relpath(report.path, folder)
    sound = f" [{report.audio}]" if report.audio else ""
    size = f"{width}x{height}"
    print(
        f"{report.frames:7} {report.fps:7.2f} {size:>10} {report.seconds:8.2f}  {report.codec:<10} {name}{sound}",
        flush=True,
    )
    for problem in report.problems:
        print(f"{'':8}wrong: {problem}", flush=True)
