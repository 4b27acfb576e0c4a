"""One contestant's process: builds one model, then runs steps when it is told to.

    python worker.py CONTESTANT WORKLOAD WAY SETTINGS

Commands come as lines of JSON on standard input, answers go as lines of JSON to what was standard output; whatever
frameworks print goes to standard error.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from contestants import CONTESTANTS
from session import Session, Settings
from workloads import PREDICT, WORKLOADS

#: Untimed calls before timed ones: whoever was stopped has threads to wake and caches to fill.
WARM_UP_SECONDS = 0.05


def main() -> None:
    """Answers commands until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    name, workload, way, settings = sys.argv[1:5]
    contestant = CONTESTANTS[name]
    builder = importlib.import_module(contestant.builder)
    session: Session = builder.build(WORKLOADS[workload], Settings(**json.loads(settings)))
    step = session.predict if way == PREDICT else session.train
    assert step is not None
    _tell(answers, {"facts": session.facts})
    for line in sys.stdin:
        command = json.loads(line)
        _tell(answers, _COMMANDS[command.pop("do")](session, step, **command))


def _tell(answers: Any, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


def _sample(session: Session, step: Callable[[], Any], repeats: int, warm_up: bool) -> dict[str, Any]:
    """Seconds per step, over `repeats` steps."""
    begun = time.perf_counter()
    while warm_up and time.perf_counter() - begun < WARM_UP_SECONDS:
        step()
    begun = time.perf_counter()
    for _ in range(repeats):
        step()
    return {"seconds": (time.perf_counter() - begun) / repeats}


def _peak(session: Session, step: Callable[[], Any]) -> dict[str, Any]:
    """The most memory that the process ever held, in MB."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20}


def _outputs(session: Session, step: Callable[[], Any], file: str) -> dict[str, Any]:
    """Predictions, in the neutral order, written to a file."""
    import numpy as np

    assert session.predict is not None
    np.save(file, session.comparable(np.array(session.predict())))
    return {}


def _losses(session: Session, step: Callable[[], Any], steps: int) -> dict[str, Any]:
    """The losses of so many steps, each before its update; empty for who cannot train."""
    return {"losses": [float(session.train()) for _ in range(steps)] if session.train else []}


_COMMANDS: dict[str, Callable[..., dict[str, Any]]] = {
    "sample": _sample,
    "peak": _peak,
    "outputs": _outputs,
    "losses": _losses,
}

if __name__ == "__main__":
    main()
