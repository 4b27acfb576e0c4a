"""Class probabilities for every window of a stream, at the price of one frame each."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kinema import ops
from kinema.autograd import Array, Tensor, as_array, no_tape
from kinema.errors import ArgumentError, ShapeError
from kinema.layers.layer import training_scope
from kinema.layers.recurrent import Recurrent
from kinema.models.plan import Plan
from kinema.streaming.parts import parts_of
from kinema.streaming.rates import Rates
from kinema.streaming.sources import Source, open_source
from kinema.video._convert import FrameFormat, check_count
from kinema.video._cv2 import load_cv2


@dataclass(frozen=True)
class Answer:
    """What a model says after one frame.

    Args:
        index: The frame's number among those answered.
        seconds: When it was shown, counted from the first.
        picture: The frame as the source gave it, in RGB.
        probabilities: The model's output for the window that ends here; None before the first window is complete and
            between windows.
        latency: Seconds from when the frame was there to the answer.
    """

    index: int
    seconds: float
    picture: Array
    probabilities: Array | None
    latency: float


class StreamPredictor:
    """Takes a video frame by frame and gives the model's output for the window that ends with each.

    What the frame-wise layers make of the last frames is kept, with the input product of the recurrent layer behind
    them: a new frame costs one pass of the convolutions and the recurrent steps. The outputs are those of `predict` on
    `kinema.video.windows(frames, length, stride)`. With `stateful` there are no windows: the recurrent layers go on
    from frame to frame for ever, each frame costs one step of theirs, and every frame has an answer.

    Args:
        model: A `Sequential`, or a `Model(inputs, outputs)` with one input and one output, on clips (batch, time, ...).
            Call `reset` after changing its weights.
        stride: Frames from one answer to the next.
        stateful: Carry the recurrent state on instead of looking at windows.
        length: Frames in a window, where the model leaves its time axis open.

    Raises:
        ArgumentError: The model is none of these, its window has no known length, or with `stateful` it is not a line
            of layers, or one of them needs all frames at once.
        ShapeError: A frame has another shape than the model takes.

    Example:
        >>> import kinema, numpy as np
        >>> from kinema import layers
        >>> model = kinema.Sequential([
        ...     layers.Input((4, 8, 8, 3)), layers.Conv2D(2, 3), layers.Flatten(), layers.LSTM(5),
        ...     layers.Dense(2, activation="softmax"),
        ... ])
        >>> stream = kinema.StreamPredictor(model)
        >>> answers = [stream.push(frame) for frame in np.zeros((6, 8, 8, 3), np.uint8)]
        >>> [None if answer is None else answer.shape for answer in answers]
        [None, None, None, (2,), (2,), (2,)]
    """

    def __init__(self, model: Any, stride: int = 1, stateful: bool = False, length: int | None = None) -> None:
        self._parts = parts_of(model)
        shape: Any = self._parts.input_shape
        if len(shape) < 3:
            raise ArgumentError(f"StreamPredictor needs a model on clips (batch, time, ...), this one takes {shape}")
        self.model = model
        self.stride = check_count(stride, "stride")
        self.stateful = bool(stateful)
        self.frame_shape: tuple[int | None, ...] = shape[2:]
        wanted = shape[1] if length is None else check_count(length, "length")
        if wanted is None and not self.stateful:
            raise ArgumentError("the model leaves the length of a clip open: give length=")
        if shape[1] is not None and wanted != shape[1]:
            raise ArgumentError(f"the model takes clips of {shape[1]} frames: leave length= out, it is {length}")
        self.length = 1 if self.stateful else int(wanted)
        if self.stateful:
            _check_line(self._parts.line)
        self.rates = Rates()
        self.reset()

    def reset(self) -> None:
        """Forgets all frames: the next one begins a new stream."""
        self._frames = 0
        self._kept: list[Array] = []
        self._states: dict[int, list[Any]] = {}

    def push(self, frame: Any) -> Array | None:
        """The output for the window that ends with this frame, None where no window ends.

        Args:
            frame: One frame of the shape that the model takes; `prepare` makes one of a picture.
        """
        begun = time.perf_counter()
        array = np.asarray(frame)
        if len(array.shape) != len(self.frame_shape) or any(
            want not in (None, have) for want, have in zip(self.frame_shape, array.shape, strict=True)
        ):
            raise ShapeError(
                f"the model takes frames of shape {self.frame_shape}, this one is {array.shape}: "
                "stream.prepare(picture) resizes it"
            )
        with no_tape(), training_scope(False):
            features = self._parts.of_frames(array[None, None])
            self._frames += 1
            since_first = self._frames - self.length
            ends = since_first >= 0 and since_first % self.stride == 0
            answer = self._walk_on(features[0], ends) if self.stateful else self._window(features, ends)
        self.rates.note(time.perf_counter() - begun)
        return answer

    def prepare(self, picture: Array) -> Array:
        """An RGB or grey picture as the model takes it: resized as `VideoReader(size=...)` does."""
        height, width, channels = self._picture_shape()
        pixels = picture[..., None] if picture.ndim == 2 else picture
        if pixels.shape == (height, width, channels):
            return pixels
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (1, 3):
            raise ShapeError(
                f"a picture is uint8 (height, width, 3 or 1), this one is {picture.dtype} of shape {picture.shape}"
            )
        colour = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
        sized = FrameFormat(height, width, "bgr").convert(np.ascontiguousarray(colour))  # resizes and swaps nothing
        return sized if channels == 3 else load_cv2().cvtColor(sized, load_cv2().COLOR_RGB2GRAY)[..., None]

    def run(
        self, source: str | os.PathLike[str] | int | Iterable[Array] | Source, backlog: int = 1
    ) -> Iterator[Answer]:
        """Answers the frames of a source, one after the other, until it ends.

        Args:
            source: A camera's number, a video file, an `rtsp://` address, an iterable of RGB pictures, or what
                `kinema.streaming.open_source` gave.
            backlog: How many frames of a camera or address may wait; where more come the oldest is left out, and
                counted in `rates.dropped`. Files and iterables wait for the model.
        """
        opened = source if isinstance(source, Source) else open_source(source, backlog)
        self.rates = Rates()
        try:
            for index, moment in enumerate(opened):
                probabilities = self.push(self.prepare(moment.picture))
                latency = time.perf_counter() - moment.arrived
                self.rates.replace_last(latency)
                self.rates.dropped = opened.dropped
                yield Answer(index, moment.seconds, moment.picture, probabilities, latency)
        finally:
            opened.close()

    def _picture_shape(self) -> tuple[int, int, int]:
        if len(self.frame_shape) != 3 or None in self.frame_shape or self.frame_shape[2] not in (1, 3):
            raise ShapeError(
                f"pictures fit a model whose frames are (height, width, 1 or 3); its frames are {self.frame_shape}"
            )
        height, width, channels = self.frame_shape
        return int(height or 0), int(width or 0), int(channels or 0)

    def _window(self, features: Sequence[Tensor], ends: bool) -> Array | None:
        """Puts one frame's features in, and gives the output for the last `length` frames."""
        arrays = [as_array(feature)[0, 0] for feature in features]
        if not self._kept:
            self._kept = [np.zeros((2 * self.length, *array.shape), array.dtype) for array in arrays]
        # Each row stands twice, `length` apart, so that the last frames always lie in a row.
        position = (self._frames - 1) % self.length
        for kept, array in zip(self._kept, arrays, strict=True):
            kept[position] = kept[position + self.length] = array
        if not ends:
            return None
        last = slice(position + 1, position + 1 + self.length)
        outputs = self._parts.of_clips([ops.convert_to_tensor(kept[None, last]) for kept in self._kept])
        return np.array(as_array(outputs)[0])

    def _walk_on(self, features: Any, ends: bool) -> Array | None:
        """Moves every recurrent layer one step on."""
        outputs = features
        line: Any = self._parts.line
        projected = line.projects_frames(False)
        for step in line.clip_steps(False):
            if isinstance(step, Recurrent):
                given = outputs if projected else step.project_frames(outputs)
                outputs, self._states[id(step)] = step.walk_on(given, self._states.get(id(step)))
                projected = False
            else:
                outputs = step(outputs, training=False)
        answer = as_array(outputs)[0]
        return np.array(answer[-1] if answer.ndim > 1 else answer) if ends else None


def _check_line(line: Plan | None) -> None:
    if line is None:
        raise ArgumentError(
            "stateful=True carries the state of LSTM, GRU and SimpleRNN on through a line of layers; the model is a "
            "graph that forks: use windows (stateful=False)"
        )
    for step in line.clip_steps(False):
        walks = isinstance(step, Recurrent) and not step.go_backwards and step.activity_regularizer is None
        if step.mixes_frames and not walks:
            raise ArgumentError(
                f"stateful=True carries the state of LSTM, GRU and SimpleRNN on; {step._title} needs all frames of "
                "a clip at once: use windows (stateful=False)"
            )
