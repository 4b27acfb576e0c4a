"""Learning rates that change with the step."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from kinema.errors import ArgumentError
from kinema.saving.registry import builtin, deserialize_keras_object, serialize_keras_object

_MODULE = "keras.optimizers.schedules"


class LearningRateSchedule:
    """A learning rate as a function of the optimiser's step.

    Subclass it with `__call__(step)` and `get_config()` to write your own.

    Example:
        >>> from kinema.optimizers.schedules import LearningRateSchedule
        >>> class Halving(LearningRateSchedule):
        ...     def __call__(self, step):
        ...         return 0.1 * 0.5**step
        >>> Halving()(2)
        0.025
    """

    def __call__(self, step: int) -> float:
        raise NotImplementedError(f"{type(self).__name__} needs a __call__(self, step) that returns the learning rate")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, for a file."""
        raise NotImplementedError(f"{type(self).__name__} needs a get_config() before it can be saved")

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> LearningRateSchedule:
        """Makes the schedule that `get_config` described."""
        return cls(**config)


class _Decay(LearningRateSchedule):
    """What exponential and inverse-time decay share: a start, and a rate applied every `decay_steps`."""

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool, name: str
    ) -> None:
        _check_above_zero(self, decay_steps=decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def _decays(self, step: int) -> float:
        decays = step / self.decay_steps
        return float(math.floor(decays)) if self.staircase else decays

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }


@builtin(_MODULE)
class ExponentialDecay(_Decay):
    """Multiplies the learning rate by `decay_rate` every `decay_steps` steps.

    The rate at a step is `initial_learning_rate * decay_rate ** (step / decay_steps)`.

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: Steps until the rate has been multiplied by `decay_rate` once.
        decay_rate: The factor.
        staircase: Change only at whole multiples of `decay_steps`.
        name: A name for files.

    Example:
        >>> from kinema.optimizers.schedules import ExponentialDecay
        >>> ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5)(200)
        0.025
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)

    def __call__(self, step: int) -> float:
        return self.initial_learning_rate * math.pow(self.decay_rate, self._decays(step))


@builtin(_MODULE)
class InverseTimeDecay(_Decay):
    """Divides the learning rate by `1 + decay_rate * step / decay_steps`.

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: Steps until the divisor has grown by `decay_rate` once.
        decay_rate: The growth of the divisor.
        staircase: Change only at whole multiples of `decay_steps`.
        name: A name for files.

    Example:
        >>> from kinema.optimizers.schedules import InverseTimeDecay
        >>> InverseTimeDecay(0.1, decay_steps=1, decay_rate=0.5)(2)
        0.05
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)

    def __call__(self, step: int) -> float:
        return self.initial_learning_rate / (1 + self.decay_rate * self._decays(step))


@builtin(_MODULE)
class PiecewiseConstantDecay(LearningRateSchedule):
    """Keeps the learning rate constant between boundaries.

    Args:
        boundaries: Increasing steps; up to and including the first, the rate is `values[0]`.
        values: The rates, one more than boundaries.
        name: A name for files.

    Raises:
        ArgumentError: The number of values is not the number of boundaries plus one, or boundaries do not increase.

    Example:
        >>> from kinema.optimizers.schedules import PiecewiseConstantDecay
        >>> rate = PiecewiseConstantDecay([10, 20], [0.1, 0.01, 0.001])
        >>> rate(10), rate(11), rate(21)
        (0.1, 0.01, 0.001)
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        if len(values) != len(boundaries) + 1:
            raise ArgumentError(
                f"PiecewiseConstantDecay: {len(boundaries)} boundaries need {len(boundaries) + 1} values, "
                f"got {len(values)}"
            )
        if any(b <= a for a, b in itertools.pairwise(boundaries)):
            raise ArgumentError(f"PiecewiseConstantDecay: boundaries must increase, got {list(boundaries)}")
        self.boundaries = list(boundaries)
        self.values = list(values)
        self.name = name

    def __call__(self, step: int) -> float:
        passed = sum(step > boundary for boundary in self.boundaries)
        return float(self.values[passed])

    def get_config(self) -> dict[str, Any]:
        return {"boundaries": self.boundaries, "values": self.values, "name": self.name}


@builtin(_MODULE)
class CosineDecay(LearningRateSchedule):
    """Lowers the learning rate along half a cosine, after an optional linear warm-up.

    With `warmup_target`, the rate first rises in a straight line from `initial_learning_rate` to it over
    `warmup_steps` steps; the cosine then starts there. It ends at `alpha` times its start and stays.

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: Steps of the cosine, warm-up not counted.
        alpha: The final rate as a fraction of the rate the cosine starts from.
        name: A name for files.
        warmup_target: The rate at the end of the warm-up; None for no warm-up.
        warmup_steps: Steps of the warm-up.

    Example:
        >>> from kinema.optimizers.schedules import CosineDecay
        >>> rate = CosineDecay(0.0, decay_steps=100, warmup_target=0.1, warmup_steps=10)
        >>> rate(5), rate(10), rate(60), rate(110)
        (0.05, 0.1, 0.05, 0.0)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        _check_above_zero(self, decay_steps=decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def __call__(self, step: int) -> float:
        if self.warmup_target is None:
            return self._cosine(self.initial_learning_rate, step)
        if step < self.warmup_steps:
            rise = (self.warmup_target - self.initial_learning_rate) * step / self.warmup_steps
            return self.initial_learning_rate + rise
        return self._cosine(self.warmup_target, step - self.warmup_steps)

    def _cosine(self, start: float, step: float) -> float:
        done = min(step, self.decay_steps) / self.decay_steps
        return start * ((1 - self.alpha) * _half_a_cosine(done) + self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "alpha": self.alpha,
            "name": self.name,
            "warmup_target": self.warmup_target,
            "warmup_steps": self.warmup_steps,
        }


@builtin(_MODULE)
class CosineDecayRestarts(LearningRateSchedule):
    """Lowers the learning rate along half a cosine again and again, each time from the top.

    The schedule of "SGDR: Stochastic Gradient Descent with Warm Restarts" (Loshchilov and Hutter, 2017).

    Args:
        initial_learning_rate: The rate at step 0.
        first_decay_steps: Steps of the first cosine.
        t_mul: How many times as long as the one before each further cosine is, 1 or more.
        m_mul: How many times as high as the one before each further cosine begins.
        alpha: The lowest rate as a fraction of `initial_learning_rate`.
        name: A name for files.

    Raises:
        ArgumentError: `first_decay_steps` is not above 0, or `t_mul` is below 1: the cosines would come to an end.

    Example:
        >>> from kinema.optimizers.schedules import CosineDecayRestarts
        >>> rate = CosineDecayRestarts(0.1, first_decay_steps=100, m_mul=0.5)
        >>> rate(50), rate(100), rate(200), rate(300)
        (0.05, 0.05, 0.025, 0.025)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        _check_above_zero(self, first_decay_steps=first_decay_steps)
        if t_mul < 1:
            raise ArgumentError(f"CosineDecayRestarts: t_mul must be 1 or more, not {t_mul}")
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = first_decay_steps
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def __call__(self, step: int) -> float:
        restarts, done = self._place(step)
        wave = math.pow(self.m_mul, restarts) * _half_a_cosine(done)
        return self.initial_learning_rate * ((1 - self.alpha) * wave + self.alpha)

    def _place(self, step: int) -> tuple[int, float]:
        """How many cosines are over, and how much of the current one."""
        if self.t_mul == 1:
            restarts, left = divmod(step, self.first_decay_steps)
            return int(restarts), left / self.first_decay_steps
        restarts, left, steps = 0, float(step), float(self.first_decay_steps)
        while left >= steps:
            restarts, left, steps = restarts + 1, left - steps, steps * self.t_mul
        return restarts, left / steps

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "first_decay_steps": self.first_decay_steps,
            "t_mul": self.t_mul,
            "m_mul": self.m_mul,
            "alpha": self.alpha,
            "name": self.name,
        }


@builtin(_MODULE)
class PolynomialDecay(LearningRateSchedule):
    """Lowers the learning rate to a final one along a power of the steps that are left: a straight line by default.

    The rate is `(initial - end) * (1 - step / decay_steps) ** power + end`, and `end` from `decay_steps` on.

    Args:
        initial_learning_rate: The rate at step 0.
        decay_steps: Steps until the final rate.
        end_learning_rate: The final rate.
        power: The exponent.
        cycle: Begin again where the final rate is reached, at the first multiple of `decay_steps` that lies further
            ahead, instead of keeping it.
        name: A name for files.

    Example:
        >>> from kinema.optimizers.schedules import PolynomialDecay
        >>> rate = PolynomialDecay(0.5, decay_steps=100, end_learning_rate=0.25)
        >>> rate(50), rate(200)
        (0.375, 0.25)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        _check_above_zero(self, decay_steps=decay_steps)
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def __call__(self, step: int) -> float:
        steps = self.decay_steps
        if self.cycle:
            steps *= max(1, math.ceil(step / steps))
        left = 1 - min(step, steps) / steps
        return (self.initial_learning_rate - self.end_learning_rate) * math.pow(
            left, self.power
        ) + self.end_learning_rate

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "end_learning_rate": self.end_learning_rate,
            "power": self.power,
            "cycle": self.cycle,
            "name": self.name,
        }


def _check_above_zero(schedule: LearningRateSchedule, **steps: float) -> None:
    for name, value in steps.items():
        if value <= 0:
            raise ArgumentError(f"{type(schedule).__name__}: {name} must be above 0, not {value}")


def _half_a_cosine(done: float) -> float:
    """From 1 down to 0 while `done` goes from 0 to 1."""
    return 0.5 * (1 + math.cos(math.pi * done))


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """What a file says about a schedule."""
    config: dict[str, Any] = serialize_keras_object(learning_rate_schedule)
    return config


def deserialize(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> LearningRateSchedule:
    """The schedule that a file describes."""
    schedule: LearningRateSchedule = deserialize_keras_object(config, custom_objects, expected=_MODULE)
    return schedule
