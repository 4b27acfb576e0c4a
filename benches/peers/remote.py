"""The parent's end of a worker: a process that stands still whenever it is not its turn."""

from __future__ import annotations

import dataclasses
import json
import os
import selectors
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from contestants import DROPPED, Contestant
from session import Settings
from workloads import Workload

_WORKER = Path(__file__).with_name("worker.py")


class WorkerError(Exception):
    """The worker died, or did not answer in time; the message is the last thing it said."""


class Worker:
    """Starts a contestant on one workload and asks it one thing at a time.

    Between questions the process is stopped (SIGSTOP): threads that spin while they wait for work, as most
    frameworks' do, stand still, and every framework keeps its own defaults.
    """

    def __init__(
        self,
        python: str,
        contestant: Contestant,
        workload: Workload,
        way: str,
        settings: Settings,
        environment: dict[str, str],
        timeout: float,
    ) -> None:
        self.contestant = contestant
        self.timeout = timeout
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        names = [contestant.name, workload.name, way, json.dumps(dataclasses.asdict(settings))]
        inherited = {name: value for name, value in os.environ.items() if name not in DROPPED}
        self._process = subprocess.Popen(
            [python, str(_WORKER), *names],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={
                **inherited,
                "OMP_NUM_THREADS": str(settings.threads),
                **environment,
                **contestant.environment,
            },
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._commands, self._answers = self._process.stdin, self._process.stdout
        try:
            self.facts: dict[str, str] = self._answer()["facts"]
        except WorkerError:
            self.close()
            raise
        self._stop()

    def ask(self, what: str, **arguments: Any) -> dict[str, Any]:
        """Wakes the worker, gives it a command, waits for the answer and stops it again."""
        self._process.send_signal(signal.SIGCONT)
        try:
            self._commands.write(json.dumps({"do": what, **arguments}).encode() + b"\n")
            self._commands.flush()
        except BrokenPipeError:
            raise WorkerError(self._last_words()) from None
        answer = self._answer()
        self._stop()
        return answer

    def close(self) -> None:
        """Ends the process."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for file in (self._commands, self._answers, self._errors):
            file.close()

    def _stop(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def _answer(self) -> dict[str, Any]:
        with selectors.DefaultSelector() as selector:
            selector.register(self._answers, selectors.EVENT_READ)
            if not selector.select(self.timeout):
                raise WorkerError(f"no answer within {self.timeout:.0f} s")
        line = self._answers.readline()
        if not line:
            self._process.wait()
            raise WorkerError(self._last_words())
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _last_words(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"ended with code {self._process.returncode}"
