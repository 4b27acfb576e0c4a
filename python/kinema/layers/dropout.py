"""Dropping a random part of the numbers while training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from kinema import ops
from kinema.errors import ArgumentError
from kinema.layers.activation import ElementwiseLayer
from kinema.layers.arguments import fraction
from kinema.random import RandomKey
from kinema.saving.registry import builtin


def drop(x: Any, rate: float, key: RandomKey, noise_shape: Sequence[int | None] | None = None) -> Any:
    """Dropout of any rate from 0 to 1; at 1 nothing is left."""
    return x * 0.0 if rate == 1 else ops.dropout(x, rate=rate, key=key, noise_shape=noise_shape)


@builtin("keras.layers")
class Dropout(ElementwiseLayer):
    """While training, sets a random part of the numbers to zero and enlarges the others to keep the sum.

    What is dropped depends on the seed, the step and the sample's number alone, not on threads or the batch around it.

    Args:
        rate: The part that is dropped, from 0 to 1.
        noise_shape: The shape of the draw, 1 along axes that share it, None for the input's own length; the input's
            shape when None.
        seed: A seed of its own; the training's when None.

    Input shape:
        Any.

    Output shape:
        The input's.

    Example:
        >>> import kinema, numpy as np
        >>> dropped = kinema.layers.Dropout(0.5)(np.ones((1, 1000), "float32"), training=True)
        >>> sorted({float(value) for value in dropped.numpy().ravel()})
        [0.0, 2.0]
    """

    config_names: ClassVar[tuple[str, ...]] = ("rate", "seed", "noise_shape")

    def __init__(
        self, rate: float, noise_shape: Sequence[int | None] | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.rate = fraction(self._title, "rate", rate)
        self.is_random = self.rate > 0
        self.seed = seed
        self.noise_shape = _checked_noise_shape(self._title, noise_shape)

    @property
    def draws_per_frame(self) -> bool:  # type: ignore[override]
        """Whether the frames of a clip differ in what is dropped."""
        return self.noise_shape is None or (len(self.noise_shape) > 2 and self.noise_shape[1] is None)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The input itself, or what dropping leaves of it while training."""
        if not training or self.rate == 0:
            return inputs
        return drop(inputs, self.rate, self.draw_key(self.seed), self.noise_shape)


def _checked_noise_shape(owner: str, noise_shape: Any) -> tuple[int | None, ...] | None:
    if noise_shape is None:
        return None
    lengths = tuple(noise_shape) if isinstance(noise_shape, (tuple, list)) else (noise_shape,)
    if not all(length is None or (isinstance(length, (int, np.integer)) and length > 0) for length in lengths):
        raise ArgumentError(
            f"{owner}: noise_shape is a tuple of positive lengths and None for the input's own, not {noise_shape!r}"
        )
    return lengths
