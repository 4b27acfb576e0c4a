"""Models that the tests of files share."""

from collections.abc import Callable
from typing import Any

import numpy as np

import kinema
from kinema import layers

CLIP = (4, 10, 10, 3)
FEATURES = (5, 6)


def lifted() -> kinema.Sequential:
    """A CNN-LSTM as the user writes it, without TimeDistributed."""
    return kinema.Sequential(
        [
            layers.Conv2D(3, 3, activation="relu", padding="same", input_shape=CLIP),
            layers.MaxPooling2D(2),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.LSTM(4, return_sequences=True),
            layers.Dropout(0.25),
            layers.LSTM(4),
            layers.Dense(3, activation="softmax"),
        ]
    )


def wrapped() -> kinema.Sequential:
    """Explicit wrappers, a nested model, regularisers."""
    features = kinema.Sequential(
        [layers.Input(CLIP[1:]), layers.Conv2D(2, 3, kernel_regularizer="l2"), layers.GlobalAveragePooling2D()]
    )
    return kinema.Sequential(
        [
            layers.Input(CLIP),
            layers.TimeDistributed(features),
            layers.Bidirectional(layers.GRU(3, return_sequences=True)),
            layers.SimpleRNN(4),
            layers.Dense(3, kernel_initializer="he_normal", activation="softmax"),
        ]
    )


def normalised() -> kinema.Sequential:
    """Layers that hold statistics, and the plainer ones."""
    normalization = layers.Normalization(axis=-1)
    normalization.adapt(np.random.default_rng(0).normal(3, 2, (50, *FEATURES)).astype("float32"))
    return kinema.Sequential(
        [
            layers.Input(FEATURES),
            normalization,
            layers.Dense(4),
            layers.LeakyReLU(),
            layers.LayerNormalization(),
            layers.Reshape((4, 5)),
            layers.Masking(),
            layers.LSTM(3, return_sequences=True, go_backwards=True),
            layers.LSTM(4),
            layers.Activation("tanh"),
            layers.Dense(3),
            layers.Softmax(),
        ]
    )


def pooled() -> kinema.Sequential:
    """Single frames through every 2-D layer."""
    return kinema.Sequential(
        [
            layers.Input((12, 12, 3)),
            layers.Rescaling(1 / 255, offset=-0.5),
            layers.ZeroPadding2D(1),
            layers.Conv2D(4, (3, 2), strides=2, padding="same"),
            layers.ReLU(max_value=6),
            layers.AveragePooling2D(2, padding="same"),
            layers.Conv2D(4, 2, groups=2, use_bias=False),
            layers.MaxPooling2D(2, strides=1),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )


def resized() -> kinema.Sequential:
    """Clips through layers that change sizes or add noise, those for frames lifted, and features through the others."""
    return kinema.Sequential(
        [
            layers.Input(CLIP),
            layers.Resizing(8, 9, antialias=True),
            layers.CenterCrop(6, 6),
            layers.Conv2D(3, 3),
            layers.PReLU(shared_axes=[1, 2, 3]),
            layers.UpSampling2D(2, interpolation="bilinear"),
            layers.SpatialDropout2D(0.2),
            layers.Cropping2D(((2, 1), (0, 3))),
            layers.Flatten(),
            layers.GaussianNoise(0.1),
            layers.ZeroPadding1D((1, 0)),
            layers.UpSampling1D(2),
            layers.Cropping1D((0, 3)),
            layers.SpatialDropout1D(0.1),
            layers.ELU(0.5),
            layers.Permute((2, 1)),
            layers.GlobalAveragePooling1D(),
            layers.Identity(),
            layers.RepeatVector(3),
            layers.GaussianDropout(0.1),
            layers.ActivityRegularization(l2=0.01),
            layers.LSTM(4),
            layers.Dense(3, activation="softmax"),
        ]
    )


def celled() -> kinema.Sequential:
    """Walks with cells: one, two on top of each other, in both directions, step by step."""
    return kinema.Sequential(
        [
            layers.Input(FEATURES),
            layers.RNN([layers.LSTMCell(4), layers.GRUCell(3)], return_sequences=True),
            layers.Bidirectional(layers.RNN(layers.SimpleRNNCell(3), return_sequences=True)),
            layers.RNN(layers.GRUCell(4, "softmax", reset_after=False), go_backwards=True),
            layers.Dense(3, activation="softmax"),
        ]
    )


def frozen() -> kinema.Sequential:
    """Models inside, with parts that do not train or hold statistics in front of others of the same shapes."""

    def inside() -> kinema.Sequential:
        same = [layers.Dense(6), layers.BatchNormalization(), layers.Dense(6), layers.Dense(6)]
        same[0].trainable = False
        return kinema.Sequential([layers.Input((6,)), *same])

    return kinema.Sequential(
        [
            layers.Input(FEATURES),
            layers.TimeDistributed(inside()),
            layers.LSTM(6),
            inside(),
            layers.Dense(3, activation="softmax"),
        ]
    )


MODELS: dict[str, Callable[[], kinema.Sequential]] = {
    model.__name__: model for model in (lifted, wrapped, normalised, pooled, resized, celled, frozen)
}


def inputs_for(model: Any, samples: int = 6) -> np.ndarray:
    """Random inputs of the model's shape."""
    return np.random.default_rng(5).normal(size=(samples, *model.input_shape[1:])).astype("float32")


def train_a_little(model: Any, optimizer: Any = "adam") -> None:
    """Compiles a model and takes two steps."""
    model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
    model.fit(inputs_for(model), np.eye(3)[[0, 1, 2, 0, 1, 2]], batch_size=3, verbose=0)
