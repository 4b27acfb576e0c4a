"""What the callbacks share that watch one figure."""

from __future__ import annotations

from typing import Any

from kinema._warnings import warn
from kinema.callbacks.callback import Callback
from kinema.errors import ArgumentError
from kinema.saving.registry import builtin_objects

_OTHER_SPELLING = {"acc": "accuracy", "accuracy": "acc"}
_HIGHER_IS_BETTER = ("acc", "precision", "recall", "auc", "f1")


class MonitorCallback(Callback):
    """Watches a figure of the logs and knows when it improves.

    Args:
        monitor: Its name, such as `"val_loss"`. `"acc"` and `"accuracy"` mean each other where only one is there.
        mode: `"min"`, `"max"`, or `"auto"` to know it from the figure.
        min_delta: A smaller change is no improvement.
        best: The value to beat at first.

    Raises:
        ArgumentError: The mode is another one.
    """

    def __init__(self, monitor: str, mode: str = "auto", min_delta: float = 0.0, best: float | None = None) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            raise ArgumentError(f"{type(self).__name__}: mode is 'auto', 'min' or 'max', not {mode!r}")
        self.monitor = monitor
        self.mode = mode
        self.min_delta = abs(min_delta)
        self.best = best

    def current(self, logs: dict[str, Any] | None) -> float | None:
        """The figure's value now; None, with a warning, when it is not there."""
        logs = logs or {}
        for name in (self.monitor, _other_spelling(self.monitor)):
            if name in logs:
                return float(logs[name])
        hint = "; give fit validation_data or validation_split" if self.monitor.startswith("val_") else ""
        warn(
            f"{type(self).__name__} watches {self.monitor!r}, which is not there; there are "
            f"{', '.join(sorted(logs))}{hint}"
        )
        return None

    def improves(self, value: float, reference: float | None) -> bool:
        """Whether a value is better than another by more than `min_delta`."""
        if reference is None:
            return True
        if self._direction() == "max":
            return value - self.min_delta > reference
        return value + self.min_delta < reference

    def _direction(self) -> str:
        if self.mode == "auto":
            self.mode = self._known_direction()
        return self.mode

    def _known_direction(self) -> str:
        name = self.monitor.removeprefix("val_")
        given = getattr(self.model, "metrics", [])
        outputs = getattr(self.model, "output_names", [])
        if len(outputs) > 1:  # an output's figures have its name in front
            name = next((name.removeprefix(f"{own}_") for own in outputs if name.startswith(f"{own}_")), name)
        if name == "loss":
            return "min"
        compiled = [getattr(metric, "named_metrics", {}).get(self.monitor.removeprefix("val_")) for metric in given]
        alike = [metric for metric in given if metric.name == name]
        for metric in (*compiled, *alike, builtin_objects("keras.metrics").get(name)):
            if (direction := getattr(metric, "direction", None)) is not None:
                return "max" if direction == "up" else "min"
        if name in builtin_objects("keras.losses"):
            return "min"
        if any(part in name for part in _HIGHER_IS_BETTER):
            return "max"
        raise ArgumentError(
            f"{type(self).__name__} cannot know whether a higher or a lower {self.monitor!r} is better: pass "
            "mode='max' or mode='min'"
        )


def _other_spelling(name: str) -> str:
    prefix = "val_" if name.startswith("val_") else ""
    bare = name.removeprefix("val_")
    return prefix + _OTHER_SPELLING.get(bare, bare)
