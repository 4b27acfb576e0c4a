"""What `fit`, `evaluate` and `predict` take: arrays, generators, datasets, all turned into batches.

Nothing here casts, copies or makes contiguous more than one batch.
"""

from __future__ import annotations

import inspect
import itertools
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kinema import random
from kinema.autograd import Array, Tensor
from kinema.errors import ArgumentError, DataError, DTypeError, ShapeError
from kinema.models.frames import Rows
from kinema.models.ports import Ports
from kinema.models.structure import Several, SeveralRows
from kinema.utils.py_dataset import PyDataset
from kinema.utils.unpacking import unpack_x_y_sample_weight
from kinema.video.windows import Windows


@dataclass(frozen=True)
class Batch:
    """One batch: samples, targets, weights of the samples.

    Args:
        x: `Rows`, or `SeveralRows`.
        y: Targets, or None.
        sample_weight: Weights, or None.
        in_tuple: Whether samples alone came in a tuple: a step of the user's own gets them so.
    """

    x: Any
    y: Any = None
    sample_weight: Any = None
    in_tuple: bool = False

    def __len__(self) -> int:
        return len(self.x)


class ArrayData:
    """Batches of arrays in memory (or memory-mapped).

    Args:
        x: (samples, ...).
        y: Targets with as many rows, or None.
        sample_weight: Weights with as many rows, or None.
        batch_size: Samples a batch; 32 when None.
        order: Which samples, in which order; all in their own order when None.
        shuffle: Draw a new order every epoch: of the samples, or, with "blocks", of batches of consecutive samples.
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        batch_size: int | None = None,
        order: Array | None = None,
        shuffle: bool | str = False,
    ) -> None:
        self.x = as_rows(x)
        self.y = None if y is None else as_data("y", y)
        self.sample_weight = None if sample_weight is None else as_data("sample_weight", sample_weight)
        self.batch_size = check_batch_size(batch_size)
        self.shuffle = check_shuffle(shuffle)
        for name, array in (("y", self.y), ("sample_weight", self.sample_weight)):
            if array is not None and len(array) != len(self.x):
                raise DataError(
                    f"{name} has {len(array)} rows and x has {len(self.x)}: give one {name} for each sample of x"
                )
        self.order = np.arange(len(self.x)) if order is None else order
        if len(self.order) == 0:
            raise DataError("x has no samples: there is nothing to train on or predict")

    def __len__(self) -> int:
        return -(-len(self.order) // self.batch_size)

    def epoch(self, seed: int, epoch: int) -> Iterator[Batch]:
        """The batches of one epoch; the order depends on seed and epoch alone."""
        for index in self._orders(seed, epoch):
            yield Batch(
                self.x.take(index),
                None if self.y is None else self.y[index],
                None if self.sample_weight is None else self.sample_weight[index],
            )

    def _orders(self, seed: int, epoch: int) -> Iterator[Array]:
        """The samples of each batch."""
        order, size = self.order, self.batch_size
        if self.shuffle:
            drawn = random.permutation(len(order), seed, epoch)
            # Blocks begin somewhere else in every epoch, so that not always the same samples meet.
            order = np.roll(order, -int(drawn[0])) if self.shuffle == "blocks" else order[drawn]
        starts = np.arange(0, len(order), size)
        if self.shuffle == "blocks":
            starts = starts[random.permutation(len(starts), seed, epoch)]
        for start in starts:
            yield order[start : start + size]

    def split(self, fraction: float) -> tuple[ArrayData, ArrayData]:
        """The first samples and the last `fraction` of them."""
        if not isinstance(fraction, (int, float, np.number)) or not 0 < fraction < 1:
            raise ArgumentError(f"validation_split is a fraction between 0 and 1, not {fraction!r}")
        cut = int(len(self.order) * (1 - fraction))
        if cut == 0 or cut == len(self.order):
            raise DataError(
                f"validation_split={fraction} of {len(self.order)} samples leaves one part empty: "
                "use another fraction or validation_data="
            )
        parts = (self.order[:cut], self.shuffle), (self.order[cut:], False)
        first, second = (
            ArrayData(self.x, self.y, self.sample_weight, self.batch_size, order, shuffle) for order, shuffle in parts
        )
        return first, second


class DatasetData:
    """Batches of an object that gives them: a dataset, a Keras `Sequence`, a list of batches.

    It has `__iter__` over (x, y) or (x, y, sample_weight) for one epoch, or `__getitem__` and `__len__`; optionally
    `set_epoch(epoch)` or `on_epoch_begin()`, called before each epoch, and `on_epoch_end()`, called after it.
    """

    def __init__(self, dataset: Any, shuffle: bool = False, ports: Ports | None = None) -> None:
        self.dataset = dataset
        self._ports = ports
        endless = hasattr(dataset, "__next__") and hasattr(dataset, "__getitem__")  # as Keras's own iterators are
        self._indexed = endless or isinstance(dataset, PyDataset) or not hasattr(dataset, "__iter__")
        self._shuffle = shuffle and self._indexed

    def __len__(self) -> int:
        if not isinstance(self.dataset, PyDataset):
            return len(self.dataset)
        if (count := self.dataset.num_batches) is None:
            raise TypeError("a dataset without an end does not say how many batches it gives")
        return count

    def epoch(self, seed: int, epoch: int) -> Iterator[Batch]:
        """The batches of one epoch."""
        if hasattr(self.dataset, "set_epoch"):
            self.dataset.set_epoch(epoch)
        if hasattr(self.dataset, "on_epoch_begin"):
            self.dataset.on_epoch_begin()
        batches = 0
        for item in self._items(seed, epoch) if self._indexed else self.dataset:
            yield to_batch(item, self._ports)
            batches += 1
        if batches == 0:
            raise DataError(f"the dataset {type(self.dataset).__name__} gave no batch: there is nothing to work on")
        if hasattr(self.dataset, "on_epoch_end"):
            self.dataset.on_epoch_end()

    def _items(self, seed: int, epoch: int) -> Iterator[Any]:
        count = steps_in(self)
        if count is None:
            order: Iterable[int] = itertools.count()
        else:
            order = map(int, random.permutation(count, seed, epoch) if self._shuffle else range(count))
        return (
            self.dataset.batches(order) if isinstance(self.dataset, PyDataset) else map(self.dataset.__getitem__, order)
        )


class GeneratorData:
    """Batches of a generator, which can be walked once: with `steps`, an epoch takes that many; else all that come."""

    def __init__(self, generator: Iterator[Any], steps: int | None, ports: Ports | None = None) -> None:
        self._iterator = iter(generator)
        self._ports = ports
        self._steps = steps

    def __len__(self) -> int:
        if self._steps is None:
            raise TypeError("a generator does not say how many batches it gives")
        return self._steps

    def epoch(self, seed: int, epoch: int) -> Iterator[Batch]:
        """The next batches of the generator."""
        taken = 0
        while self._steps is None or taken < self._steps:
            try:
                item = next(self._iterator)
            except StopIteration:
                break
            yield to_batch(item, self._ports)
            taken += 1
        if taken == 0:
            raise DataError(
                "the generator gave no batch (any more): for several epochs give steps_per_epoch= and a generator "
                "that goes on, or a dataset that can be walked again"
            )
        if self._steps is not None and taken < self._steps:
            warnings.warn(
                f"the generator ended after {taken} of {self._steps} batches: the epoch ends here",
                UserWarning,
                stacklevel=2,
            )


Data = ArrayData | DatasetData | GeneratorData


def make_data(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    batch_size: int | None = None,
    shuffle: bool | str = False,
    steps: int | None = None,
    ports: Ports | None = None,
) -> Data:
    """The right reader of batches for whatever was given as `x`."""
    if steps is not None:
        check_count("the number of steps", steps)
    check_shuffle(shuffle)
    ports = ports or Ports()
    if ports.takes(x):
        return ArrayData(*ports.arrange(x, y, sample_weight), batch_size, shuffle=shuffle)
    if hasattr(x, "__array__") or (isinstance(x, (list, tuple)) and not _is_list_of_batches(x, y)):
        return ArrayData(*ports.arrange(x, y, sample_weight), batch_size, shuffle=shuffle)
    is_generator = inspect.isgenerator(x) or (hasattr(x, "__next__") and not hasattr(x, "__len__"))
    is_dataset = hasattr(x, "__iter__") or (hasattr(x, "__getitem__") and hasattr(x, "__len__"))
    if not (is_generator or is_dataset) or isinstance(x, (str, bytes, Mapping)):
        raise DTypeError(
            f"x is {'None' if x is None else f'of type {type(x).__name__}'}: give an array of samples, a generator of "
            "(x, y) batches or a dataset such as kinema.video.VideoFolder"
        )
    given = [name for name, value in (("y", y), ("sample_weight", sample_weight)) if value is not None]
    if given:
        raise ArgumentError(
            f"{' and '.join(given)} cannot be given when x is a {type(x).__name__}: it yields (x, y) batches itself"
        )
    if isinstance(x, PyDataset) and x.num_batches is None and steps is None:
        raise ArgumentError(
            f"the dataset {type(x).__name__} has no end (its num_batches is None): say how many batches to take, with "
            "steps_per_epoch= and validation_steps= in fit, with steps= in evaluate and predict"
        )
    return GeneratorData(x, steps, ports) if is_generator else DatasetData(x, bool(shuffle), ports)


def steps_in(data: Data) -> int | None:
    """How many batches an epoch has, None where that is not known beforehand."""
    try:
        return len(data)
    except TypeError:
        return None


def unpack(parts: Sequence[Any]) -> tuple[Any, Any, Any]:
    """x, y and sample_weight from one, two or three of them."""
    return unpack_x_y_sample_weight(tuple(parts))


def to_batch(item: Any, ports: Ports | None = None) -> Batch:
    """A batch from what a generator or dataset yields: x, (x,), (x, y) or (x, y, sample_weight)."""
    x, y, weight = (ports or Ports()).arrange(*unpack_x_y_sample_weight(item if isinstance(item, tuple) else (item,)))
    rows = as_rows(x)
    target = None if y is None else as_data("y", y)
    if target is not None and len(target) != len(rows):
        raise DataError(f"a batch has {len(rows)} samples in x and {len(target)} in y: give one target for each sample")
    if len(rows) == 0:
        raise DataError("a batch has no samples: x is empty")
    weights = None if weight is None else as_data("sample_weight", weight)
    return Batch(rows, target, weights, isinstance(item, tuple))


def as_rows(x: Any, name: str = "x") -> Any:
    """The samples: windows as rows of the view over their frames, all else as rows of an array, or of several."""
    if isinstance(x, (Rows, SeveralRows)):
        return x
    if isinstance(x, Several):
        return SeveralRows(x.map(lambda part_name, part: as_rows(part, part_name)).checked().parts, x.kind)
    if isinstance(x, Windows):
        return Rows(as_data(name, x.view), x.starts)
    array = as_data(name, x)
    return Rows(array, np.arange(len(array)), step_mask(x))


def step_mask(x: Any) -> Array | None:
    """The mask (samples, time) that a tensor carries, such as `kinema.video.pad_clips` makes."""
    mask: Array | None = x.mask if isinstance(x, Tensor) else None
    if mask is not None and mask.shape != x.shape[:2]:
        raise ShapeError(f"x has shape {x.shape} and its mask {mask.shape}: a mask is (samples, time)")
    return mask


def as_data(name: str, value: Any) -> Any:
    """The argument as an array, or several, with a sample axis; never copied when it is an array already."""
    if isinstance(value, Several):
        return value.map(as_data).checked()
    try:
        array = value.numpy() if isinstance(value, Tensor) else np.asarray(value)
    except ValueError as error:
        if len({np.ndim(one) for one in value}) > 1:
            raise ShapeError(
                f"{name} is a list of {len(value)} arrays of different kinds, and the model takes one array: give that "
                "alone, or make a model with several inputs, kinema.Model(inputs=[...], outputs=...)"
            ) from error
        raise ShapeError(
            f"{name} is a list whose rows differ in shape: make them equal, or cut them into clips"
        ) from error
    if array.dtype.kind not in "biuf":
        raise DTypeError(
            f"{name} has dtype {array.dtype}: numbers are expected, such as uint8 frames or float32 features"
        )
    if array.ndim == 0:
        raise ShapeError(f"{name} is a single number: its first axis must be the samples")
    return array


def check_batch_size(batch_size: Any) -> int:
    """The batch size; 32 when None."""
    return 32 if batch_size is None else check_count("batch_size", batch_size)


def check_shuffle(shuffle: Any) -> Any:
    """How to shuffle: a truth value, or "blocks"."""
    if isinstance(shuffle, str) and shuffle != "blocks":
        raise ArgumentError(
            f"shuffle is True, False or 'blocks' (batches of neighbours stay together), not {shuffle!r}"
        )
    return shuffle


def check_count(name: str, value: Any, least: int = 1) -> int:
    """A whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        wanted = "a positive integer" if least == 1 else f"an integer of at least {least}"
        raise ArgumentError(f"{name} is {wanted}, not {value!r}")
    return int(value)


def _is_list_of_batches(x: Any, y: Any) -> bool:
    return y is None and len(x) > 0 and all(isinstance(item, tuple) and len(item) in (2, 3) for item in x)
