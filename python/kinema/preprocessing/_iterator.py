"""Batches of an array, varied as they are asked for."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kinema.errors import ArgumentError, DataError
from kinema.preprocessing._transforms import DRAWS
from kinema.random import RandomKey, draw_uniform, global_seed, permutation

if TYPE_CHECKING:
    from kinema.preprocessing.image import ImageDataGenerator

_STREAM = 0x1346
"""Keeps these draws apart from those of a model's layers under the same seed."""


class ArrayIterator:
    """What `ImageDataGenerator.flow` gives: batches without end by `next`, those of one epoch by index.

    The batches of an epoch depend on the seed and the epoch only. `next` goes from epoch to epoch by itself; `fit`
    chooses them with `set_epoch`.
    """

    def __init__(
        self,
        generator: "ImageDataGenerator",
        x: npt.NDArray[Any],
        y: Any,
        batch_size: int,
        shuffle: bool,
        sample_weight: Any,
        seed: int | None,
        subset: str | None,
    ) -> None:
        if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise ArgumentError(f"batch_size must be a whole number of at least 1; got {batch_size!r}.")
        part = _part(len(x), generator.validation_split, subset)
        self.batch_size = int(batch_size)
        self.shuffle = shuffle
        self.seed = global_seed() if seed is None else seed
        self.x = x[part]
        if len(self.x) == 0:
            raise DataError("ImageDataGenerator.flow has no sample to give: x, or the subset of it, is empty.")
        self.y = _beside("y", y, x, part)
        self.sample_weight = _beside("sample_weight", sample_weight, x, part)
        self._generator = generator
        self._position = 0
        self.set_epoch(0)

    @property
    def n(self) -> int:
        """Samples in an epoch."""
        return len(self.x)

    def set_epoch(self, epoch: int) -> None:
        """Chooses the epoch whose batches an index gives."""
        self.epoch = epoch
        self._order = permutation(self.n, self.seed, epoch) if self.shuffle else np.arange(self.n)

    def __len__(self) -> int:
        return -(-self.n // self.batch_size)

    def __getitem__(self, index: int) -> Any:
        batches = len(self)
        if not -batches <= index < batches:
            raise IndexError(f"Batch {index} does not exist: an epoch has {batches}.")
        start = index % batches * self.batch_size
        chosen = self._order[start : start + self.batch_size]
        x = np.empty((len(chosen), *self.x.shape[1:]), self._generator.dtype)
        for place, sample in enumerate(chosen):
            key = RandomKey(self.seed, _STREAM, self.epoch, int(sample))
            x[place] = self._generator.varied(self.x[sample], draw_uniform((1, DRAWS), key, "float64")[0])
        parts = [part[chosen] for part in (self.y, self.sample_weight) if part is not None]
        return (x, *parts) if parts else x

    def __iter__(self) -> "ArrayIterator":
        return self

    def __next__(self) -> Any:
        if self._position == len(self):
            self._position = 0
            self.set_epoch(self.epoch + 1)
        batch = self[self._position]
        self._position += 1
        return batch

    def reset(self) -> None:
        """Makes `next` begin the epoch again."""
        self._position = 0


def _beside(name: str, value: Any, x: npt.NDArray[Any], part: slice) -> npt.NDArray[Any] | None:
    if value is None:
        return None
    array = np.asarray(value)
    if array.ndim == 0 or len(array) != len(x):
        raise DataError(
            f"{name} must have one entry for each of the {len(x)} samples of x; its shape is {array.shape}."
        )
    return array[part]


def _part(samples: int, validation_split: float, subset: str | None) -> slice:
    if subset is None:
        return slice(None)
    if subset not in ("training", "validation"):
        raise ArgumentError(f"subset={subset!r} is unknown: use 'training' or 'validation'.")
    if not validation_split:
        raise ArgumentError(f"subset={subset!r} needs ImageDataGenerator(validation_split=...).")
    held_out = int(samples * validation_split)
    return slice(held_out, None) if subset == "training" else slice(0, held_out)
