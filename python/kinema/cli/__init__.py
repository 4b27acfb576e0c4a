"""The command line: `kinema demo`, `train`, `evaluate`, `predict` and `info`."""

from kinema.cli.main import main

__all__ = ["main"]
