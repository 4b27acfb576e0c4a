"""Augmentations of time, which Keras lacks: what is shown stays as it is, when it is shown changes."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from kinema import random
from kinema.autograd import Array
from kinema.errors import ArgumentError, ShapeError
from kinema.layers.arguments import fraction, positive_int
from kinema.layers.augmentation.arguments import drawn_range
from kinema.layers.augmentation.base import Augmentation, between
from kinema.layers.structure import Shape
from kinema.ops._contract import Result
from kinema.random import RandomKey
from kinema.saving.registry import builtin

#: The axes of frames in a batch, which clips of anything but pictures do not have.
_FRAME_RANK = 4


class _Timing(Augmentation):
    """An augmentation that gives the time steps of a sample in another order. Steps that are masked stay in place."""

    moves_places = True
    frame_rank: int | None = None
    mixes_frames = True
    takes_clips = False

    def order(self, steps: int, drawn: Array) -> Array:
        """Which step stands where, of so many."""
        raise NotImplementedError(f"{type(self).__name__} needs order(self, steps, drawn)")

    def drawn_for(self, steps: int) -> int:
        """How many uniform numbers a sample of so many steps takes."""
        return self.draws

    def change_batch(self, x: Array, key: RandomKey, mask: Any = None) -> Result:
        """Every sample in its own order."""
        if x.ndim == _FRAME_RANK and random.rows_per_sample() > 1:
            raise ShapeError(
                "it changes when frames are shown, and TimeDistributed shows it one frame alone: put it in front of it"
            )
        samples, steps = x.shape[:2]
        drawn = random.draw_uniform((samples, self.drawn_for(steps)), key, "float64")
        order = np.tile(np.arange(steps), (samples, 1))
        for sample in range(samples):
            shown = np.arange(steps) if mask is None else np.flatnonzero(np.asarray(mask)[sample])
            if len(shown):
                order[sample, shown] = shown[self.order(len(shown), drawn[sample])]
        rows = np.arange(samples)[:, np.newaxis]

        def backward(dy: Array) -> Array:
            back = np.zeros_like(dy)
            np.add.at(back, (rows, order), dy)
            return back

        return x[rows, order], backward

    def _require_frames(self, shape: Shape) -> None:
        if len(shape) < 3:
            raise ShapeError(f"expected (batch, time, ...), at least three axes, got an input of shape {tuple(shape)}")


@builtin("kinema.layers")
class RandomTimeReversal(_Timing):
    """While training, shows some clips backwards.

    Args:
        factor: The part of the clips that is reversed, from 0 to 1.
        seed: A seed of its own; the training's when None.

    Input shape:
        (batch, time, ...).

    Output shape:
        The input's.

    Example:
        >>> import kinema, numpy as np
        >>> clip = np.arange(4.0).reshape(1, 4, 1)
        >>> kinema.layers.RandomTimeReversal(1.0)(clip).numpy().ravel().tolist()
        [3.0, 2.0, 1.0, 0.0]
    """

    config_names = ("factor", "seed")

    def __init__(self, factor: float = 0.5, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.factor = fraction(self._title, "factor", factor)
        self.is_random = self.factor > 0

    def order(self, steps: int, drawn: Array) -> Array:
        """Forwards or backwards."""
        return np.arange(steps)[:: -1 if drawn[0] < self.factor else 1]


@builtin("kinema.layers")
class RandomTemporalJitter(_Timing):
    """While training, takes each frame from a few steps before or after its place, as an unsteady camera would.

    Time never runs backwards: frames are repeated or left out, not swapped.

    Args:
        max_offset: The largest number of steps that a frame is away from its place.
        seed: A seed of its own; the training's when None.

    Input shape:
        (batch, time, ...).

    Output shape:
        The input's.

    Example:
        >>> import kinema, numpy as np
        >>> clip = np.arange(8.0).reshape(1, 8, 1)
        >>> jittered = kinema.layers.RandomTemporalJitter(1)(clip).numpy().ravel()
        >>> bool((np.diff(jittered) >= 0).all()), bool((abs(jittered - clip.ravel()) <= 1).all())
        (True, True)
    """

    config_names = ("max_offset", "seed")

    def __init__(self, max_offset: int = 1, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.max_offset = positive_int(self._title, "max_offset", max_offset)

    def drawn_for(self, steps: int) -> int:
        """A number a step."""
        return steps

    def order(self, steps: int, drawn: Array) -> Array:
        """Each step a little off."""
        offsets = np.floor(drawn[:steps] * (2 * self.max_offset + 1)).astype(int) - self.max_offset
        return np.sort(np.clip(np.arange(steps) + offsets, 0, steps - 1))


@builtin("kinema.layers")
class RandomSpeed(_Timing):
    """While training, plays every clip at a random speed, by repeating frames or leaving some out.

    A slower clip shows a random part of the original. A faster one has shown everything before its time is over: it
    waits on its first or last frame, how long on which is random.

    Args:
        factor: The largest change of speed: 0.25 draws from 0.75 to 1.25 times the speed; or a pair (lower, upper) of
            changes, each above -1.
        seed: A seed of its own; the training's when None.

    Input shape:
        (batch, time, ...).

    Output shape:
        The input's.

    Raises:
        ArgumentError: The slowest speed would be 0 or less.

    Example:
        >>> import kinema, numpy as np
        >>> clip = np.arange(4.0).reshape(1, 4, 1)
        >>> slow = kinema.layers.RandomSpeed((-0.5, -0.5))(clip).numpy().ravel()
        >>> bool((np.diff(slow) <= 1).all())
        True
    """

    config_names = ("factor", "seed")
    draws: ClassVar[int] = 2

    def __init__(self, factor: Any = 0.25, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.factor = drawn_range(self._title, "factor", factor, -1, 10)
        if self.factor[0] <= -1:
            raise ArgumentError(f"{self._title}: factor={factor!r} would stop time: keep changes of speed above -1")

    def order(self, steps: int, drawn: Array) -> Array:
        """Evenly spaced steps, nearest ones."""
        speed = 1 + between(self.factor, drawn[0])
        start = drawn[1] * (steps - 1) * (1 - speed)
        nearest: Array = np.floor(start + speed * np.arange(steps) + 0.5).astype(int)
        return np.clip(nearest, 0, steps - 1)
