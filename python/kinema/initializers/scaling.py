"""Initialisers that look at how many inputs and outputs a weight has."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from numpy.typing import DTypeLike

from kinema.autograd import Tensor
from kinema.errors import ArgumentError
from kinema.initializers.distributions import RandomInitializer, normal, scaled, truncated_normal, uniform
from kinema.initializers.initializer import MODULE
from kinema.saving.registry import builtin

#: The standard deviation of a standard normal distribution cut off at 2.
_TRUNCATED_DEVIATION = 0.87962566103423978


def compute_fans(
    shape: Sequence[int], input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
) -> tuple[int, int]:
    """How many inputs and outputs a weight of that shape has.

    The last two axes are inputs and outputs, the ones before them are places of a convolution's window, which multiply
    both.

    Example:
        >>> from kinema.initializers.scaling import compute_fans
        >>> compute_fans((3, 3, 8, 16))
        (72, 144)
    """
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[axis] for axis in input_axes), math.prod(shape[axis] for axis in output_axes)
    if len(shape) < 2:
        count = math.prod(shape)
        return count, count
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


@builtin(MODULE, "variance_scaling")
class VarianceScaling(RandomInitializer):
    """Random numbers whose variance suits the number of a weight's inputs and outputs.

    The variance is `scale / n`, where n is the number of inputs, of outputs, or their mean.

    Args:
        scale: The factor.
        mode: `"fan_in"`, `"fan_out"` or `"fan_avg"`.
        distribution: `"truncated_normal"`, `"untruncated_normal"` or `"uniform"`.
        seed: See `RandomInitializer`.
        input_axes: The axes whose lengths multiply to the number of inputs, where the usual reading of a shape is
            wrong.
        output_axes: The same for outputs; give both or neither.

    Raises:
        ArgumentError: An argument has another value.

    Example:
        >>> import kinema
        >>> values = kinema.initializers.VarianceScaling(distribution="uniform", seed=1)((300, 2)).numpy()
        >>> bool(abs(values).max() <= 0.1)
        True
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(seed)
        if not scale > 0:
            raise ArgumentError(f"{type(self).__name__}: scale must be above 0, got {scale!r}")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ArgumentError(f"{type(self).__name__}: mode is 'fan_in', 'fan_out' or 'fan_avg', not {mode!r}")
        distribution = "truncated_normal" if distribution == "normal" else distribution
        if distribution not in ("uniform", "truncated_normal", "untruncated_normal"):
            raise ArgumentError(
                f"{type(self).__name__}: distribution is 'uniform', 'truncated_normal' or 'untruncated_normal', "
                f"not {distribution!r}"
            )
        if (input_axes is None) != (output_axes is None):
            raise ArgumentError(f"{type(self).__name__}: give both input_axes and output_axes, or neither")
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        self.input_axes = input_axes
        self.output_axes = output_axes

    def __call__(self, shape: Sequence[int], dtype: DTypeLike | None = None) -> Tensor:
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(fan, 1)
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return Tensor(uniform(shape, -limit, limit, self.key(), dtype))
        if self.distribution == "untruncated_normal":
            return Tensor(scaled(normal(shape, self.key(), dtype), 0.0, math.sqrt(variance)))
        deviation = math.sqrt(variance) / _TRUNCATED_DEVIATION
        return Tensor(scaled(truncated_normal(shape, self.key(), dtype), 0.0, deviation))

    def get_config(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            **self._axes(),
        }

    def _axes(self) -> dict[str, Any]:
        # Older Keras does not know these arguments: named only where they are used.
        return {} if self.input_axes is None else {"input_axes": self.input_axes, "output_axes": self.output_axes}


class _NamedScaling(VarianceScaling):
    """A variance scaling with a name of its own: scale, mode and distribution are fixed."""

    settings: tuple[float, str, str]

    def __init__(
        self,
        seed: int | None = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(*self.settings, seed, input_axes, output_axes)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed, **self._axes()}


@builtin(MODULE, "glorot_uniform")
class GlorotUniform(_NamedScaling):
    """Even in ±sqrt(6 / (inputs + outputs)): Keras's usual choice for kernels.

    Args:
        seed: See `RandomInitializer`.
        input_axes: See `VarianceScaling`.
        output_axes: See `VarianceScaling`.
    """

    settings = (1.0, "fan_avg", "uniform")


@builtin(MODULE, "glorot_normal")
class GlorotNormal(_NamedScaling):
    """Normal, cut off at two deviations, of variance 2 / (inputs + outputs).

    Args:
        seed: See `RandomInitializer`.
        input_axes: See `VarianceScaling`.
        output_axes: See `VarianceScaling`.
    """

    settings = (1.0, "fan_avg", "truncated_normal")


@builtin(MODULE, "he_uniform")
class HeUniform(_NamedScaling):
    """Even in ±sqrt(6 / inputs): for layers followed by ReLU.

    Args:
        seed: See `RandomInitializer`.
        input_axes: See `VarianceScaling`.
        output_axes: See `VarianceScaling`.
    """

    settings = (2.0, "fan_in", "uniform")


@builtin(MODULE, "he_normal")
class HeNormal(_NamedScaling):
    """Normal, cut off at two deviations, of variance 2 / inputs: for layers followed by ReLU.

    Args:
        seed: See `RandomInitializer`.
        input_axes: See `VarianceScaling`.
        output_axes: See `VarianceScaling`.
    """

    settings = (2.0, "fan_in", "truncated_normal")


@builtin(MODULE, "lecun_uniform")
class LecunUniform(_NamedScaling):
    """Even in ±sqrt(3 / inputs).

    Args:
        seed: See `RandomInitializer`.
        input_axes: See `VarianceScaling`.
        output_axes: See `VarianceScaling`.
    """

    settings = (1.0, "fan_in", "uniform")


@builtin(MODULE, "lecun_normal")
class LecunNormal(_NamedScaling):
    """Normal, cut off at two deviations, of variance 1 / inputs: for layers followed by SELU.

    Args:
        seed: See `RandomInitializer`.
        input_axes: See `VarianceScaling`.
        output_axes: See `VarianceScaling`.
    """

    settings = (1.0, "fan_in", "truncated_normal")
