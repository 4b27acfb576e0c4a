"""Random noise while training."""

from __future__ import annotations

import math
from typing import Any

from kinema import random
from kinema.autograd import Array
from kinema.errors import ArgumentError
from kinema.layers.activation import ElementwiseLayer
from kinema.layers.arguments import fraction
from kinema.saving.registry import builtin


class Noise(ElementwiseLayer):
    """A layer that draws a normal number for each of its inputs while training.

    What is drawn depends on the seed, the step and the sample's number alone, not on threads or the batch around it.
    """

    draws_per_frame = True

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed

    def _draw(self, inputs: Any) -> Array:
        return random.draw_normal(inputs.shape, self.draw_key(self.seed), inputs.dtype)


@builtin("keras.layers")
class GaussianNoise(Noise):
    """While training, adds normally distributed numbers with mean 0.

    Args:
        stddev: Their standard deviation, from 0 to 1.
        seed: A seed of its own; the training's when None.

    Input shape:
        Any.

    Output shape:
        The input's.

    Example:
        >>> import kinema, numpy as np
        >>> noise = kinema.layers.GaussianNoise(0.5, seed=1)(np.zeros((1, 1000), "float32"), training=True)
        >>> bool(abs(noise.numpy().std() - 0.5) < 0.05)
        True
    """

    config_names = ("stddev", "seed")

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        self.stddev = fraction(self._title, "stddev", stddev)
        self.is_random = self.stddev > 0

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The input itself, or with noise added while training."""
        return inputs + self._draw(inputs) * self.stddev if training and self.stddev > 0 else inputs


@builtin("keras.layers")
class GaussianDropout(Noise):
    """While training, multiplies with normally distributed numbers with mean 1.

    Their variance is that of `Dropout`'s factors: `rate / (1 - rate)`.

    Args:
        rate: The rate of the `Dropout` whose variance is wanted, from 0 up to but not 1.
        seed: A seed of its own; the training's when None.

    Input shape:
        Any.

    Output shape:
        The input's.

    Example:
        >>> import kinema, numpy as np
        >>> factors = kinema.layers.GaussianDropout(0.5, seed=1)(np.ones((1, 1000), "float32"), training=True)
        >>> bool(abs(factors.numpy().std() - 1) < 0.1)
        True
    """

    config_names = ("rate", "seed")

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        self.rate = fraction(self._title, "rate", rate)
        if self.rate == 1:
            raise ArgumentError(f"{self._title}: rate is below 1, where the noise would be without bounds")
        self.is_random = self.rate > 0

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The input itself, or times random factors while training."""
        if not training or self.rate == 0:
            return inputs
        return inputs * (1 + self._draw(inputs) * math.sqrt(self.rate / (1 - self.rate)))
