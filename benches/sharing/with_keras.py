"""Keras on TensorFlow with time folded into the batch by hand: one epoch, then all windows predicted."""

from __future__ import annotations

import json
import os
import resource
import sys
import time

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import article
import keras
import numpy as np
from keras import layers, ops

LENGTH, SIDE = article.LENGTH, article.SIDE


class Fold(layers.Layer):
    def compute_output_shape(self, shape):
        return (None, SIDE, SIDE, 3)

    def call(self, x):
        return ops.reshape(x, (-1, SIDE, SIDE, 3))


class Unfold(layers.Layer):
    def compute_output_shape(self, shape):
        return (None, LENGTH, 14 * 14 * 128)

    def call(self, x):
        return ops.reshape(x, (-1, LENGTH, 14 * 14 * 128))


def model():
    built = keras.Sequential(
        [
            keras.Input((LENGTH, SIDE, SIDE, 3)),
            Fold(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(128, 3, activation="relu"),
            layers.MaxPooling2D(2),
            Unfold(),
            layers.LSTM(128, return_sequences=True),
            layers.Dropout(0.5),
            layers.LSTM(128),
            layers.Dense(article.CLASSES, activation="softmax"),
        ]
    )
    built.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return built


class Steps(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.train, self.predict = [], []

    def on_train_batch_begin(self, batch, logs=None):
        self.begun = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self.train.append(time.perf_counter() - self.begun)

    on_predict_batch_begin = on_train_batch_begin

    def on_predict_batch_end(self, batch, logs=None):
        self.predict.append(time.perf_counter() - self.begun)


def main() -> None:
    epochs = int(sys.argv[1])
    frames = article.video()
    windows = np.array([frames[i : i + LENGTH] for i in range(len(frames) - LENGTH + 1)])
    y = article.targets(len(windows))
    net, steps = model(), Steps()
    seconds = []
    for _ in range(epochs):
        begun = time.perf_counter()
        net.fit(windows, y, batch_size=article.BATCH, epochs=1, shuffle=False, verbose=0, callbacks=[steps])
        seconds.append(time.perf_counter() - begun)
    predicted = []
    for _ in range(epochs):
        begun = time.perf_counter()
        net.predict(windows, batch_size=article.BATCH, verbose=0, callbacks=[steps])
        predicted.append(time.perf_counter() - begun)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"fit": seconds, "predict": predicted, "steps": steps.train, "peak_mb": peak}))


main()
