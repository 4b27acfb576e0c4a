"""What every test can rely on, however the test run was started."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Ctrl-C interrupts: a shell that starts a run in the background has it ignored, and children inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
