"""What is run: one network and one batch each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from description import (
    Array,
    BatchNorm,
    Conv,
    Dense,
    Dropout,
    Flatten,
    GlobalAverage,
    Gru,
    Layer,
    Lstm,
    MaxPool,
    Relu,
)

CLASSES = 10
#: Small, so that hundreds of steps on one batch do not saturate the network: denormal gradients would slow peers down.
LEARNING_RATE = 1e-5
PREDICT, TRAIN = "predict", "train"


@dataclass(frozen=True)
class Workload:
    """A network on a batch of `shape`, or without layers: an optimizer's update of that many parameters."""

    name: str
    title: str
    shape: tuple[int, ...]
    layers: tuple[Layer, ...] = ()
    ways: tuple[str, ...] = (PREDICT, TRAIN)

    @property
    def is_clip(self) -> bool:
        """Whether there is a time axis before the frames' axes."""
        return bool(self.layers) and len(self.shape) == 5

    @property
    def is_recurrent(self) -> bool:
        """Whether a layer walks through time."""
        return any(isinstance(layer, Lstm | Gru) for layer in self.layers)

    @property
    def is_random(self) -> bool:
        """Whether training draws random numbers."""
        return any(isinstance(layer, Dropout) for layer in self.layers)

    def data(self) -> tuple[Array, Array]:
        """A batch like frames, between 0 and 1, and one-hot targets."""
        rng = np.random.default_rng(0)
        x = rng.random(self.shape, dtype=np.float32)
        return x, np.eye(CLASSES, dtype=np.float32)[rng.integers(0, CLASSES, self.shape[0])]


def _softmax() -> Dense:
    return Dense(CLASSES, "softmax")


_CONVOLUTIONS = (
    Conv(32, relu=True),
    MaxPool(),
    Conv(64, relu=True),
    MaxPool(),
    Conv(128, relu=True),
    MaxPool(),
    Flatten(),
)
_REFERENCE = (*_CONVOLUTIONS, Lstm(128, sequences=True), Dropout(0.5), Lstm(128), _softmax())


def _normalised(*filters: int) -> tuple[Layer, ...]:
    block = [(Conv(n, padding="same", bias=False), BatchNorm(), Relu(), MaxPool()) for n in filters]
    return tuple(layer for layers in block for layer in layers)


def _separable(filters: int, strides: int = 1) -> tuple[Layer, ...]:
    """A depthwise convolution and a pointwise one. Strided ones are `valid`, which all frameworks compute alike."""
    padding = "same" if strides == 1 else "valid"
    return (
        Conv(strides=strides, padding=padding, bias=False, depthwise=True),
        BatchNorm(),
        Relu(),
        Conv(filters, 1, bias=False),
        BatchNorm(),
        Relu(),
    )


_MOBILE = (
    *(Conv(32, strides=2, bias=False), BatchNorm(), Relu()),
    *_separable(64),
    *_separable(128, strides=2),
    *_separable(128),
    *_separable(256, strides=2),
    *_separable(256),
    *(GlobalAverage(), _softmax()),
)

_ALL = (
    Workload("reference", "CNN-LSTM, 4 clips of 16 frames of 128x128", (4, 16, 128, 128, 3), _REFERENCE),
    Workload("reference-112", "the same at 112x112", (4, 16, 112, 112, 3), _REFERENCE),
    Workload("reference-64", "the same at 64x64", (4, 16, 64, 64, 3), _REFERENCE),
    Workload("latency", "the same, 1 clip of 1 frame of 128x128", (1, 1, 128, 128, 3), _REFERENCE),
    Workload("frame", "its convolutional part, 1 frame of 128x128", (1, 128, 128, 3), _CONVOLUTIONS, (PREDICT,)),
    Workload(
        "normalised",
        "3 blocks of convolution, batch normalisation, ReLU, pooling; 32 frames of 112x112",
        (32, 112, 112, 3),
        (*_normalised(32, 64, 128), GlobalAverage(), _softmax()),
    ),
    Workload("mobile", "depthwise-separable blocks, 16 frames of 112x112", (16, 112, 112, 3), _MOBILE),
    Workload("gru", "GRU(128), 16 x 64 steps x 256 features", (16, 64, 256), (Gru(128), _softmax())),
    Workload(
        "lstm",
        "two LSTM(128), 16 x 64 steps x 256 features",
        (16, 64, 256),
        (Lstm(128, sequences=True), Lstm(128), _softmax()),
    ),
    Workload(
        "dense",
        "dense layers 1024-1024-1024-10, batch 64",
        (64, 1024),
        (Dense(1024, "relu"), Dense(1024, "relu"), _softmax()),
    ),
    Workload("adam", "Adam alone on 12.8 million parameters", (25088, 512), (), (TRAIN,)),
)

WORKLOADS = {workload.name: workload for workload in _ALL}
