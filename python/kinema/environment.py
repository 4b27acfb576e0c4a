"""The environment variables `KINEMA_ISA` and `KINEMA_NUM_THREADS`, which are read when the package is imported."""

from __future__ import annotations

import sys
from pathlib import PurePath

from kinema import _rust
from kinema.errors import KinemaError

#: What is wrong with them when the program is the command `kinema`, which says so itself; None if nothing is.
problem: KinemaError | None = None


def read() -> None:
    """Applies the variables.

    Raises:
        ArgumentError: One has a value that makes no sense. The command `kinema` imports the package before it can
            catch anything, so there the error waits in `problem`.
    """
    global problem
    try:
        _rust.read_environment()
    except KinemaError as error:
        if not _is_command():
            raise
        problem = error


def _is_command() -> bool:
    program = sys.argv[0] if getattr(sys, "argv", None) else ""
    return PurePath(program).stem.removesuffix("-script") == "kinema"
