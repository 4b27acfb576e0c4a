"""Builds Kinema's contestants."""

from __future__ import annotations

import numpy as np
from description import weights, with_shapes
from keras_layers import make_layer, set_weights
from session import Session, Settings
from workloads import LEARNING_RATE, Workload


def build(workload: Workload, settings: Settings) -> Session:
    """Through `predict_on_batch`, `train_on_batch` and `Optimizer.apply`. The variant is a precision, or empty."""
    import kinema

    kinema.set_num_threads(settings.threads)
    facts = {"kinema": kinema.__version__, "instruction set": kinema.instruction_set()}
    if settings.variant and hasattr(kinema, "set_precision"):
        kinema.set_precision(settings.variant)
        facts["precision"] = settings.variant
    optimizer = kinema.optimizers.Adam(LEARNING_RATE)
    if not workload.layers:
        rng = np.random.default_rng(0)
        variable = kinema.Variable(rng.standard_normal(workload.shape, dtype=np.float32))
        gradient = rng.standard_normal(workload.shape, dtype=np.float32)
        return Session(train=lambda: optimizer.apply([gradient], [variable]), facts=facts)

    described = list(with_shapes(workload.layers, workload.shape[1:]))
    layers = [make_layer(kinema.layers, layer, shape) for layer, shape in described]
    model = kinema.Sequential([kinema.Input(workload.shape[1:]), *layers])
    model.compile(optimizer, "categorical_crossentropy")
    if settings.same_weights:
        for made, layer, arrays in zip(
            layers, workload.layers, weights(workload.layers, workload.shape[1:]), strict=True
        ):
            set_weights(made, layer, arrays)
    x, y = workload.data()
    return Session(
        predict=lambda: model.predict_on_batch(x), train=lambda: float(model.train_on_batch(x, y)), facts=facts
    )
