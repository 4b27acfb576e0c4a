"""A graph full of ops on symbolic tensors, for Kinema and for Keras alike."""

from __future__ import annotations

from typing import Any

import numpy as np


def graph_of_ops(keras: Any) -> Any:
    """A model of two inputs, every output of which is another use of ops."""
    ops = keras.ops
    x, y = keras.Input((4, 6), name="x"), keras.Input((4, 6), name="y")
    distance = ops.sqrt(ops.sum(ops.square(x - y), axis=1, keepdims=True))
    outputs = [
        x[:, -1, :],
        x[..., 1:5:2],
        x[:, :2] / (ops.abs(y[:, 2:]) + 1.0),
        ops.mean(x, axis=(1, 2)),
        ops.reshape(x, (-1, 24)),
        ops.concatenate([x, y, x], axis=2),
        ops.stack([x, y], axis=1),
        ops.expand_dims(x, -1),
        2.0 - x,
        2.0 / (1.0 + ops.exp(x)),
        x**2,
        ops.where(x > 0.25, x, y),
        ops.cast(x <= y, "float32"),
        ops.max(x, axis=-1, keepdims=True),
        ops.softmax(x, axis=1),
        ops.matmul(x, ops.transpose(y, (0, 2, 1))),
        ops.clip(x, -0.5, 0.5),
        x + np.ones((4, 6), "float32"),
        ops.maximum(x, 0.25),
        ops.argmax(x, axis=-1),
        ops.pad(x, ((0, 0), (1, 0), (0, 2))),
        ops.take(x, np.array([2, 0]), axis=2),
        distance,
        keras.layers.Dense(3, name="dense")(distance),
    ]
    return keras.Model([x, y], outputs)
