"""The arguments that all optimisers take, today's and yesterday's spellings."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from typing import Any

from kinema._warnings import warn
from kinema.autograd import Tensor
from kinema.errors import ArgumentError
from kinema.optimizers.schedules import InverseTimeDecay
from kinema.saving.registry import deserialize_keras_object

_CLIPPING = ("clipnorm", "clipvalue", "global_clipnorm")
#: Options of Keras that change nothing as long as they have these values.
_INERT: dict[str, tuple[Any, ...]] = {
    "loss_scale_factor": (None,),
}


class Options:
    """The common arguments, checked.

    Args:
        owner: The optimiser's class name, for errors and as its default name.
        learning_rate: As given to the optimiser.
        weight_decay: As given to the optimiser.
        options: The remaining keyword arguments.
    """

    def __init__(self, owner: str, learning_rate: Any, weight_decay: Any, options: dict[str, Any]) -> None:
        left = dict(options)
        self.name: str = left.pop("name", None) or owner.lower()
        self.learning_rate = _rate(owner, _old_spellings(owner, learning_rate, left))
        self.weight_decay = 0.0 if weight_decay == 0 else _positive(owner, "weight_decay", weight_decay)
        self.clipnorm, self.clipvalue, self.global_clipnorm = (
            _positive(owner, name, left.pop(name, None)) for name in _CLIPPING
        )
        clips = [name for name in _CLIPPING if getattr(self, name) is not None]
        if len(clips) > 1:
            raise ArgumentError(f"{owner}: choose one kind of clipping, not {' and '.join(clips)}")
        self.use_ema = bool(left.pop("use_ema", False))
        self.ema_momentum = number(owner, "ema_momentum", left.pop("ema_momentum", 0.99), 0, 1)
        self.ema_overwrite_frequency = _whole(owner, "ema_overwrite_frequency", left, 1)
        self.gradient_accumulation_steps = _whole(owner, "gradient_accumulation_steps", left, 2)
        for name, harmless in _INERT.items():
            if (value := left.pop(name, harmless[0])) not in harmless:
                raise ArgumentError(f"{owner}: {name}={value!r} is not supported; leave it out")
        if left:
            raise ArgumentError(
                f"{owner} has no argument {', '.join(map(repr, left))}: see help(kinema.optimizers.{owner})"
            )


def from_old_config(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Constructor arguments from a config that any version of Keras wrote; nothing is warned about."""
    arguments = {
        name: deserialize_keras_object(value, custom_objects, expected="keras.optimizers.schedules")
        for name, value in config.items()
    }
    for name in ("jit_compile", "is_legacy_optimizer"):
        arguments.pop(name, None)
    if "lr" in arguments:
        arguments["learning_rate"] = arguments.pop("lr")
    decay = arguments.pop("decay", None)
    if decay:
        arguments["learning_rate"] = InverseTimeDecay(arguments["learning_rate"], 1, decay)
    return arguments


def _old_spellings(owner: str, learning_rate: Any, left: dict[str, Any]) -> Any:
    """The learning rate that `lr` and `decay` mean; takes them out of `left`."""
    if "lr" in left:
        learning_rate = left.pop("lr")
        warn(f"{owner}(lr=...) is an old spelling: write learning_rate={learning_rate!r}", DeprecationWarning)
    decay = left.pop("decay", None)
    if decay:
        if callable(learning_rate):
            raise ArgumentError(
                f"{owner}: decay={decay!r} needs a number as learning_rate, a schedule decays by itself"
            )
        warn(
            f"{owner}(decay=...) is an old spelling: write learning_rate=InverseTimeDecay({learning_rate!r}, 1, "
            f"{decay!r})",
            DeprecationWarning,
        )
        learning_rate = InverseTimeDecay(float(learning_rate), 1, float(decay))
    return learning_rate


def _rate(owner: str, value: Any) -> Any:
    if callable(value):
        return value
    try:
        rate = float(value)
    except (TypeError, ValueError):
        rate = math.nan
    if isinstance(value, (bool, str)) or not (math.isfinite(rate) and rate >= 0):
        raise ArgumentError(
            f"{owner}: learning_rate must be a finite number that is not negative, a schedule or a function, got "
            f"{value!r}"
        )
    return rate


def number(owner: str, name: str, value: Any, low: float, high: float) -> float:
    """A number argument checked to lie in [low, high]."""
    if isinstance(value, Tensor):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not low <= float(value) <= high:
        raise ArgumentError(f"{owner}: {name} must be a number from {low:g} to {high:g}, got {value!r}")
    return float(value)


def _whole(owner: str, name: str, left: dict[str, Any], least: int) -> int | None:
    value = left.pop(name, None)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
        raise ArgumentError(f"{owner}: {name} must be a whole number from {least} on or None, got {value!r}")
    return int(value)


def _positive(owner: str, name: str, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not 0 < float(value) < math.inf:
        raise ArgumentError(f"{owner}: {name} must be a finite number above 0 or None, got {value!r}")
    return float(value)
