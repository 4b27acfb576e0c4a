"""Kinema and every installed peer by turns, in one run: `python benches/peers/run.py --python PYTHON_WITH_PEERS`.

Every contestant runs each workload in a process of its own, through its public calls. Samples alternate (A B C,
A B C, ...); a sample is repeated when the machine was not quiet before and after it. See docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import machine
from agreement import agree
from contestants import CONTESTANTS, FORCED, Contestant
from documents import rewrite
from guard import Guard
from race import Result, Rules, race
from remote import Worker
from report import as_json, as_markdown
from session import Settings
from workloads import PREDICT, TRAIN, WORKLOADS, Workload

_VERSIONS = """
import importlib.metadata, json, sys
found = {}
for name in sys.argv[1:]:
    for distribution in (name, name + "-cpu"):
        try: found[name] = importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError: pass
print(json.dumps(found))
"""


def main() -> int:
    """Runs what was asked for."""
    options = _options()
    about = machine.describe()
    machine.keep_to(options.threads)
    forced = FORCED.get(options.isa, {})
    os.environ.update(forced)
    versions = _installed(options.python)
    contestants = _contestants(options, versions)
    workloads = [WORKLOADS[name] for name in options.workloads]
    if options.check:
        return _check(options, contestants, workloads, forced)

    guard = Guard(options.threads, options.quiet)
    rules = Rules(options.samples, options.patience)
    results: list[Result] = []
    conditions = {
        "date": datetime.date.today().isoformat(),
        "machine": about,
        "threads": options.threads,
        "precision": options.kinema_precision,
        "isa": options.isa,
        "quick": options.quick,
        "versions": versions,
        "probe_gflops": guard.best,
    }
    for workload in workloads:
        for way in (way for way in workload.ways if way in options.ways):
            runners = [c for c in contestants if c.takes(workload, way)]
            print(f"{workload.name} {way}: {', '.join(c.name for c in runners)}", file=sys.stderr)

            def start(contestant: Contestant, workload: Workload = workload, way: str = way) -> Worker:
                return _start(options, contestant, workload, way, forced, same_weights=False)

            results += race(workload.name, way, runners, start, guard, rules)
            # After each workload, so that an interrupted run leaves what it has.
            _write(options, results, {**conditions, "probe_gflops": guard.best})
    print(as_markdown(results, conditions))
    if options.write_docs:
        rewrite("peers" if options.isa is None else f"peers {options.isa}", as_markdown(results, conditions))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable, help="a Python that has the peers (default: this one)")
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, default=list(WORKLOADS), metavar="NAME")
    parser.add_argument("--ways", nargs="+", choices=(PREDICT, TRAIN), default=[PREDICT, TRAIN])
    usual = [name for name, contestant in CONTESTANTS.items() if contestant.usual]
    parser.add_argument(
        "--contestants", nargs="+", choices=CONTESTANTS, default=usual, metavar="NAME", help=", ".join(CONTESTANTS)
    )
    parser.add_argument("--samples", type=int, default=9, help="samples a contestant (default: 9)")
    parser.add_argument("--threads", type=int, default=machine.available_cores())
    parser.add_argument("--isa", choices=FORCED, help="keep everybody who can be told to it to an instruction set")
    parser.add_argument("--kinema-precision", choices=("exact", "fast"), help="what kinema.set_precision is given")
    parser.add_argument("--quiet", type=float, default=0.9, help="least part of the best probe of a quiet machine")
    parser.add_argument("--patience", type=int, default=8, help="how often a sample is repeated on a noisy machine")
    parser.add_argument("--timeout", type=float, default=300, help="seconds that a contestant may take for one answer")
    parser.add_argument("--output", type=Path, help="folder for peers.md and peers.json")
    parser.add_argument("--quick", action="store_true", help="3 samples, repeated once: a first look")
    parser.add_argument("--check", action="store_true", help="do not measure: check that contestants compute the same")
    parser.add_argument("--write-docs", action="store_true", help="put the tables into docs/benchmarks.md")
    options = parser.parse_args()
    if options.quick:
        options.samples, options.patience = 3, 1
    if not 1 <= options.threads <= machine.available_cores():
        parser.error(f"--threads must be between 1 and {machine.available_cores()}, the cores of this process")
    return options


def _installed(python: str) -> dict[str, str]:
    """Versions of what the contestants need."""
    names = sorted({name for contestant in CONTESTANTS.values() for name in contestant.needs})
    found: dict[str, str] = {}
    for interpreter in dict.fromkeys([python, sys.executable]):
        command = [interpreter, "-c", _VERSIONS, *names]
        here = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        # Kinema is the one that this script runs with, peers are the other Python's.
        found |= {name: version for name, version in here.items() if name == "kinema" or interpreter == python}
    return found


def _contestants(options: argparse.Namespace, versions: dict[str, str]) -> list[Contestant]:
    chosen = [CONTESTANTS[name] for name in CONTESTANTS if name in options.contestants]
    for contestant in chosen:
        if missing := [name for name in contestant.needs if name not in versions]:
            print(f"{contestant.name} does not take part: {', '.join(missing)} is not installed", file=sys.stderr)
    return [c for c in chosen if all(name in versions for name in c.needs)]


def _start(
    options: argparse.Namespace,
    contestant: Contestant,
    workload: Workload,
    way: str,
    environment: dict[str, str],
    same_weights: bool,
) -> Worker:
    variant = contestant.variant
    if contestant.name == "kinema" and options.kinema_precision:
        variant = options.kinema_precision
    threads = contestant.threads or options.threads
    settings = Settings(variant, threads, threads == os.cpu_count(), same_weights)
    python = sys.executable if contestant.is_kinema else options.python
    return Worker(python, contestant, workload, way, settings, environment, options.timeout)


def _check(
    options: argparse.Namespace, contestants: list[Contestant], workloads: list[Workload], environment: dict[str, str]
) -> int:
    lines: list[str] = []
    for workload in (workload for workload in workloads if workload.layers):
        runners = [c for c in contestants if any(c.takes(workload, way) for way in workload.ways)]

        def start(contestant: Contestant, way: str, workload: Workload = workload) -> Worker:
            return _start(options, contestant, workload, way, environment, same_weights=True)

        found = agree(workload, runners, start)
        print("\n".join(found), flush=True)
        lines += found
    return int(any(not line.startswith("agrees") for line in lines))


def _write(options: argparse.Namespace, results: list[Result], conditions: dict[str, Any]) -> None:
    if options.output is None:
        return
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "peers.json").write_text(json.dumps(as_json(results, conditions), indent=1) + "\n")
    (options.output / "peers.md").write_text(as_markdown(results, conditions))


if __name__ == "__main__":
    sys.exit(main())
