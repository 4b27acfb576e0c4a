"""Mixing samples with one another."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from kinema import ops, random
from kinema.autograd import Array
from kinema.errors import ArgumentError, DTypeError
from kinema.layers.augmentation.base import Augmentation, to_bytes
from kinema.layers.layer import current_training
from kinema.ops._contract import Result
from kinema.random import RandomKey
from kinema.saving.registry import builtin


@builtin("keras.layers")
class MixUp(Augmentation):
    """While training, lays another sample of the batch over every one, with a random weight, and mixes labels alike.

    The weight is one for all frames of a clip. Labels are mixed where the layer sees them: in a dataset's `augment=`,
    or in a dictionary {"images": ..., "labels": ...}. As a layer of a model it mixes the clips alone.

    Args:
        alpha: Both parameters of the beta distribution of the weights: the smaller, the less is mixed.
        data_format: None or "channels_last".
        seed: A seed of its own; the training's when None.

    Input shape:
        (batch, height, width, channels), or (batch, time, height, width, channels).

    Output shape:
        The input's.

    Example:
        >>> import kinema, numpy as np
        >>> mixed = kinema.layers.MixUp()({"images": np.zeros((4, 2, 8, 8, 3)), "labels": np.eye(4)})
        >>> mixed["labels"].numpy().sum(axis=1).round(3).tolist()
        [1.0, 1.0, 1.0, 1.0]
    """

    moves_places = True
    config_names = ("alpha", "data_format", "seed")
    #: A sample depends on the rest of its batch.
    uses_batch_statistics = True
    draws: ClassVar[int] = 2

    def __init__(self, alpha: float = 0.2, data_format: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        if isinstance(alpha, bool) or not isinstance(alpha, (int, float, np.number)) or not alpha > 0:
            raise ArgumentError(f"{self._title}: alpha is a positive number, not {alpha!r}")
        self.alpha = float(alpha)

    def __call__(self, inputs: Any, *args: Any, training: bool | None = None, **kwargs: Any) -> Any:
        """Clips, or a dictionary of clips and labels, mixed unless training is said to be off."""
        if not isinstance(inputs, dict) or "labels" not in inputs:
            return super().__call__(inputs, *args, training=training, **kwargs)
        if training is None:
            training = current_training(default=True)
        # One key for both: labels are mixed as the clips are.
        key = self.draw_key(self.seed)
        step_seed = key.seed if self.seed is None else self.seed
        with random.random_scope(step_seed, key.step, key.first_sample):
            mixed = super().__call__(inputs, *args, training=training, **kwargs)
        if not training:
            return mixed
        weights, partners = self._drawn(len(inputs["labels"]), key)
        labels = self._mixed(np.asarray(inputs["labels"], self.dtype), weights, partners)
        return {**mixed, "labels": ops.convert_to_tensor(labels)}

    def change_batch(self, x: Array, key: RandomKey, mask: Any = None) -> Result:
        """Every sample with its partner laid over it."""
        weights, partners = self._drawn(len(x), key)
        exact = x.astype(np.float32) if x.dtype == np.uint8 else x
        mixed = self._mixed(exact, weights, partners)

        def backward(dy: Array) -> Array:
            shaped = _along(weights, dy)
            back = shaped * dy
            back[partners] += (1 - shaped) * dy
            return back

        return to_bytes(mixed) if x.dtype == np.uint8 else mixed, backward

    def augment(self, x: Array, y: Any, key: RandomKey) -> tuple[Array, Any]:
        """A batch of a dataset with its labels, mixed."""
        changed, _ = super().augment(x, y, key)
        if y is None:
            return changed, None
        labels = np.asarray(y)
        if labels.dtype.kind != "f":
            raise DTypeError(
                f"{self._title} mixes labels, which whole numbers ({labels.dtype}) cannot be: use one-hot labels "
                "(label_mode='categorical' in VideoFolder) and a categorical loss"
            )
        return changed, self._mixed(labels, *self._drawn(len(x), key))

    def _drawn(self, samples: int, key: RandomKey) -> tuple[Array, Array]:
        """The samples' own weights, and who is laid over each."""
        drawn = random.draw_uniform((samples, self.draws), key, "float64")
        weights = [
            np.random.Generator(np.random.Philox(int(one * 2**53))).beta(self.alpha, self.alpha) for one in drawn[:, 0]
        ]
        return np.array(weights), np.argsort(drawn[:, 1], kind="stable")

    @staticmethod
    def _mixed(values: Array, weights: Array, partners: Array) -> Array:
        own = _along(weights, values)
        mixed: Array = own * values + (1 - own) * values[partners]
        return mixed


def _along(weights: Array, values: Array) -> Array:
    """The weights along the first axis of the values, in their type."""
    return weights.astype(values.dtype).reshape(-1, *[1] * (values.ndim - 1))
