"""Checks that contestants compute the same from the same weights: outputs, and losses of the first training steps."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from contestants import Contestant
from description import Array
from remote import Worker, WorkerError
from workloads import PREDICT, TRAIN, Workload

#: Relative l2 error of outputs.
OUTPUTS = 1e-4
#: Relative difference of losses: of the first step, before any update, and of the steps after it.
LOSSES = (1e-4, 1e-3, 1e-3)


def agree(workload: Workload, contestants: list[Contestant], start: Callable[[Contestant, str], Worker]) -> list[str]:
    """What each contestant got, a line each; those that disagree with the first one begin with DISAGREES."""
    reference: tuple[Array, list[float]] | None = None
    lines = []
    for contestant in contestants:
        where = f"{workload.name}, {contestant.name}"
        try:
            outputs, losses = _run(workload, contestant, start)
        except WorkerError as error:
            lines.append(f"FAILED {where}: {error}")
            continue
        if reference is None:
            reference = outputs, losses
        difference = np.linalg.norm(outputs - reference[0]) / np.linalg.norm(reference[0])
        fits = outputs.shape == reference[0].shape and difference <= OUTPUTS
        text = f"outputs differ by {difference:.1e}"
        if losses and reference[1]:
            differences = [abs(a - b) / abs(b) for a, b in zip(losses, reference[1], strict=True)]
            fits = fits and all(got <= most for got, most in zip(differences, LOSSES, strict=True))
            text += f", losses by {', '.join(f'{value:.1e}' for value in differences)}"
        lines.append(f"{'agrees' if fits else 'DISAGREES'} {where}: {text}")
    return lines


def _run(
    workload: Workload, contestant: Contestant, start: Callable[[Contestant, str], Worker]
) -> tuple[Array, list[float]]:
    trains = TRAIN in workload.ways and contestant.takes(workload, TRAIN) and not workload.is_random
    worker = start(contestant, TRAIN if trains else PREDICT)
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "outputs.npy"
            worker.ask("outputs", file=str(file))
            outputs: Array = np.load(file).astype("float64")
        return outputs, worker.ask("losses", steps=len(LOSSES))["losses"] if trains else []
    finally:
        worker.close()
