"""The model that the commands train: a small convolutional network on every frame, and an LSTM over their outputs."""

import itertools
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from kinema import layers, models, optimizers

Clips = npt.NDArray[np.uint8]


def build_classifier(
    clip_shape: tuple[int, ...],
    classes: int,
    normalization: layers.Normalization,
    filters: tuple[int, ...] = (16, 32, 64),
) -> models.Sequential:
    """Return an untrained classifier of clips `(time, height, width, channels)`.

    The decision is made from all steps of the LSTM, not from its last alone, which would have to remember until then
    what happened in the middle of the clip.
    """
    model = models.Sequential([layers.Input(clip_shape), normalization])
    for count in filters:
        model.add(layers.Conv2D(count, 3, padding="same", activation="relu"))
        model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    model.add(layers.BatchNormalization(momentum=0.9))
    model.add(layers.LSTM(64, return_sequences=True))
    model.add(layers.Flatten())
    model.add(layers.Dropout(0.5))
    model.add(layers.Dense(classes, activation="softmax"))
    return model


def compile_classifier(model: models.Sequential, learning_rate: float, steps: int) -> None:
    """Compile for integer labels; the learning rate falls from its start to zero over `steps` steps."""
    schedule = optimizers.schedules.CosineDecay(learning_rate, steps)
    model.compile(optimizers.Adam(schedule), loss="sparse_categorical_crossentropy", metrics=["accuracy"])


def pixel_normalization(batches: Iterable[Clips]) -> layers.Normalization:
    """Return a layer that takes the mean picture off every frame and divides by one standard deviation.

    The mean is that of each pixel and colour over all frames of the batches; a standard deviation for each pixel, too,
    would blow up noise where a pixel never changes in training.
    """
    count, total, squares = 0, np.float64(0), np.float64(0)
    for clip in itertools.chain.from_iterable(batches):
        pixels = clip.astype(np.float64)
        count += len(pixels)
        total = total + pixels.sum(axis=0)
        squares = squares + np.square(pixels).sum(axis=0)
    mean = np.asarray(total / count)
    variance = np.full_like(mean, max(1.0, float(np.mean(squares / count - np.square(mean)))))
    return layers.Normalization(axis=(2, 3, 4), mean=mean, variance=variance)
