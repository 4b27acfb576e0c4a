"""Builds Keras's contestants; the environment variable KERAS_BACKEND says on which backend."""

from __future__ import annotations

from typing import Any

import numpy as np
from description import Flatten, Layer, Shape, output_shape, weights, with_shapes
from keras_layers import make_layer, set_weights
from session import Session, Settings
from workloads import LEARNING_RATE, Workload


def build(workload: Workload, settings: Settings) -> Session:
    """Through `predict_on_batch`, `train_on_batch` and `Optimizer.apply`.

    The variant holds words: `distributed` wraps layers for frames in TimeDistributed, otherwise time is folded into the
    batch before them; `graph` and `xla` say how TensorFlow compiles, where Keras chooses by itself otherwise.
    """
    import keras

    words = settings.variant.split()
    backend = keras.backend.backend()
    _use_threads(backend, settings)
    facts = {"keras": keras.__version__, backend: __import__(backend).__version__}
    optimizer = keras.optimizers.Adam(LEARNING_RATE)
    if not workload.layers:
        return Session(train=_update(backend, optimizer, workload), facts=facts)

    described = list(with_shapes(workload.layers, workload.shape[1:]))
    layers = [make_layer(keras.layers, layer, shape) for layer, shape in described]
    if not workload.is_clip:
        running = layers
    elif "distributed" in words:
        running = [
            keras.layers.TimeDistributed(made) if len(shape) == 4 else made
            for made, (_, shape) in zip(layers, described, strict=True)
        ]
    else:
        running = _folded(keras, layers, described)
    model = keras.Sequential([keras.Input(workload.shape[1:]), *running])
    jit = False if "graph" in words else True if "xla" in words else "auto"
    model.compile(optimizer, "categorical_crossentropy", jit_compile=jit)
    if settings.same_weights:
        for made, layer, arrays in zip(
            layers, workload.layers, weights(workload.layers, workload.shape[1:]), strict=True
        ):
            set_weights(made, layer, arrays)
    x, y = workload.data()
    return Session(
        predict=lambda: model.predict_on_batch(x), train=lambda: float(model.train_on_batch(x, y)), facts=facts
    )


def _use_threads(backend: str, settings: Settings) -> None:
    if backend == "tensorflow" and not settings.all_cores:
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(settings.threads)
        tf.config.threading.set_inter_op_parallelism_threads(settings.threads)


def _folded(keras: Any, layers: list[Any], described: list[tuple[Layer, Shape]]) -> list[Any]:
    """Time folded into the batch from the first layer up to Flatten, as an experienced user writes it."""

    class Regroup(keras.layers.Layer):  # type: ignore[misc, name-defined]
        """Another number of rows, each of a shape."""

        def __init__(self, shape: Shape) -> None:
            super().__init__()
            self.shape = shape

        def compute_output_shape(self, _: Any) -> Any:
            return (None, *self.shape)

        def call(self, x: Any) -> Any:
            return keras.ops.reshape(x, (-1, *self.shape))

    running = [Regroup(described[0][1][1:])]
    for made, (layer, shape) in zip(layers, described, strict=True):
        running.append(made)
        if isinstance(layer, Flatten):
            running.append(Regroup(output_shape(layer, shape)))
    return running


def _update(backend: str, optimizer: Any, workload: Workload) -> Any:
    """One compiled update, as inside a training loop of one's own."""
    import keras

    rng = np.random.default_rng(0)
    variable = keras.Variable(rng.standard_normal(workload.shape, dtype=np.float32))
    gradient = keras.ops.convert_to_tensor(rng.standard_normal(workload.shape, dtype=np.float32))
    optimizer.build([variable])
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.function(lambda: optimizer.apply([gradient], [variable]))
    import jax

    step = jax.jit(optimizer.stateless_apply, donate_argnums=(0, 2))
    state: list[Any] = [[v.value for v in optimizer.variables], [variable.value]]

    def update() -> None:
        trainable, state[0] = step(state[0], [gradient], state[1])
        state[1] = jax.block_until_ready(trainable)

    return update
