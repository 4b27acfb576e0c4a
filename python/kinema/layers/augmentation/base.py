"""What every augmentation shares: one draw per clip, the key that it depends on, and what happens at rest."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from kinema import random
from kinema.autograd import Array, Backward
from kinema.errors import ArgumentError, ShapeError
from kinema.layers.activation import ElementwiseLayer
from kinema.layers.arguments import channels_last, drop_legacy
from kinema.layers.structure import Shape
from kinema.layers.symbolic import symbolic_leaves
from kinema.ops._contract import Result, differentiable
from kinema.random import RandomKey


@differentiable(promote=False)
def _changed(x: Array, *, change: Any) -> Result:
    """`change(x)`, which gives its own way back."""
    result: Result = change(x)
    return result


#: What Keras's dicts hold of places in pictures.
_PLACES = frozenset({"segmentation_masks", "bounding_boxes"})


class Augmentation(ElementwiseLayer):
    """A random change of clips while training, the same for every frame of a clip; nothing at rest.

    What is drawn for a clip depends on the seed, the layer, the step and the clip's number alone. Subclasses say how
    many numbers one clip takes (`draws`) and what they do to it (`change`).
    """

    frame_rank: int | None = 4
    is_random = True
    #: A `TimeDistributed` around the layer hands whole clips on, so that their frames share the draw.
    takes_clips = True
    #: Whether the layer gives its inputs as they are when it does not train.
    only_trains = True
    #: Whether things may stand elsewhere in the changed picture.
    moves_places: ClassVar[bool] = False
    #: Uniform numbers that one clip takes.
    draws: ClassVar[int] = 1
    #: Whether `change` takes frames of bytes as they are; others get them as float32 and are rounded.
    changes_bytes: ClassVar[bool] = False
    #: Whether `change` overwrites its clip, and so is given a copy.
    changes_in_place: ClassVar[bool] = False

    def __init__(self, *, seed: int | None = None, data_format: Any = None, **kwargs: Any) -> None:
        drop_legacy(type(self).__name__, kwargs, {"bounding_box_format": (None,)})
        super().__init__(**kwargs)
        self.seed = seed
        self.data_format = channels_last(self._title, data_format)

    def change(self, clip: Array, drawn: Array) -> Result:
        """One clip (time, height, width, channels) under one draw, and the way back of its gradient."""
        raise NotImplementedError(f"{type(self).__name__} needs change(self, clip, drawn)")

    def __call__(self, inputs: Any, *args: Any, training: bool | None = None, **kwargs: Any) -> Any:
        """The inputs, changed unless training is said to be off. As in Keras, a bare call changes them."""
        if isinstance(inputs, dict):
            self._require_no_places(inputs)
            return {**inputs, "images": self(inputs["images"], *args, training=training, **kwargs)}
        if training and symbolic_leaves(inputs):
            training = None  # in a graph the model's own mode decides: Keras's files say True of every such call
        return super().__call__(inputs, *args, training=training, **kwargs)

    def call(self, inputs: Any, training: bool = True, mask: Any = None) -> Any:
        """The inputs at rest, changed ones while training."""
        self._require_frames(inputs.shape)
        if not training:
            return inputs if self.only_trains else _changed(inputs, change=self.rest_batch)
        key, rows = self.draw_key(self.seed), random.rows_per_sample()
        if rows == 1 or not self.takes_clips:
            return _changed(inputs, change=lambda clips: self.change_batch(clips, key, mask))
        return _changed(inputs, change=lambda frames: self._change_frames(frames, key, rows))

    def _change_frames(self, x: Array, key: RandomKey, rows: int) -> Result:
        """The frames of clips that stand in so many rows of the batch each, all under their clip's draw."""
        clips = x.reshape(-1, math.prod(x.shape[1:-3], start=rows), *x.shape[-3:])
        changed, back = self.change_batch(clips, replace(key, first_sample=key.first_sample // rows))
        shape = (*x.shape[:-3], *changed.shape[-3:])
        return changed.reshape(shape), lambda dy: back(dy.reshape(changed.shape)).reshape(x.shape)

    def rest_batch(self, x: Array) -> Result:
        """What the layer makes of a batch when it does not train."""
        return x, same

    def augment(self, x: Array, y: Any, key: RandomKey) -> tuple[Array, Any]:
        """A batch of a dataset, changed outside of any model: x keeps its type, bytes too."""
        self._require_frames(x.shape)
        changed: Array = self.change_batch(x, key)[0]
        return changed, y

    def change_batch(self, x: Array, key: RandomKey, mask: Any = None) -> Result:
        """Every clip, or every single image, of a batch under its own draw."""
        drawn = random.draw_uniform((len(x), self.draws), key, "float64")
        clips = x[:, np.newaxis] if x.ndim == 4 else x
        if not len(clips):
            return self.rest_batch(x)
        outputs = np.empty((len(clips), *self._changed_shape(clips.shape[1:])), x.dtype)
        ways_back: list[Backward] = []
        for index, clip in enumerate(clips):
            ways_back.append(self._change_into(outputs[index], clip, drawn[index]))

        def backward(dy: Array) -> Array:
            shaped = dy.reshape(outputs.shape)
            return np.stack([back(one) for back, one in zip(ways_back, shaped, strict=True)]).reshape(x.shape)

        return outputs.reshape(*x.shape[:-3], *outputs.shape[-3:]), backward

    def _changed_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of a changed clip."""
        return shape

    def _change_into(self, output: Array, clip: Array, drawn: Array) -> Backward:
        """Writes the changed clip, and gives the way back."""
        if clip.dtype == np.uint8 and not self.changes_bytes:
            changed, back = self.change(clip.astype(np.float32, order="C"), drawn)
            output[...] = to_bytes(changed)
        elif self.changes_in_place:
            output[...] = clip
            _, back = self.change(output, drawn)
        else:
            output[...], back = self.change(clip, drawn)
        return back

    def _require_no_places(self, inputs: dict[str, Any]) -> None:
        if self.moves_places and (places := sorted(_PLACES.intersection(inputs))):
            raise ArgumentError(
                f"{self._title} changes pictures alone, so {' and '.join(places)} would no longer fit them: "
                "take them out of the dict, and give masks to a layer of the same seed as pictures of their own"
            )

    def _require_frames(self, shape: Shape) -> None:
        if len(shape) not in (4, 5):
            raise ShapeError(
                "expected images (batch, height, width, channels) or clips (batch, time, height, width, channels), "
                f"got an input of shape {tuple(shape)}: add the batch axis of a single one with x[None]"
            )


def to_bytes(values: Array) -> Array:
    """Rounded, and brought within what a byte holds; the values themselves are spent on it."""
    np.rint(values, out=values)
    return np.clip(values, 0, 255, out=values).astype(np.uint8)


def same(dy: Array) -> Array:
    """The way back where nothing changed."""
    return dy


def between(limits: tuple[float, float], uniform: Any) -> float:
    """A number within limits, from a uniform one."""
    return limits[0] + (limits[1] - limits[0]) * float(uniform)
