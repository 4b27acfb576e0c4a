"""Train and run video models on the machine you already have."""

from kinema import (
    activations,
    audio,
    callbacks,
    config,
    constraints,
    datasets,
    environment,
    errors,
    initializers,
    layers,
    losses,
    metrics,
    models,
    ops,
    optimizers,
    preprocessing,
    regularizers,
    saving,
    streaming,
    utils,
    video,
)
from kinema._rust import (
    __version__,
    clear_memory,
    get_num_threads,
    get_precision,
    instruction_set,
    set_num_threads,
    set_precision,
)
from kinema.autograd import GradientTape, Tensor, Variable
from kinema.layers import Input, Layer
from kinema.layers.symbolic import KerasTensor
from kinema.models import Model, Sequential
from kinema.streaming import StreamPredictor

__all__ = [
    "GradientTape",
    "Input",
    "KerasTensor",
    "Layer",
    "Model",
    "Sequential",
    "StreamPredictor",
    "Tensor",
    "Variable",
    "__version__",
    "activations",
    "audio",
    "callbacks",
    "clear_memory",
    "config",
    "constraints",
    "datasets",
    "errors",
    "get_num_threads",
    "get_precision",
    "initializers",
    "instruction_set",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "preprocessing",
    "regularizers",
    "saving",
    "set_num_threads",
    "set_precision",
    "streaming",
    "utils",
    "video",
]

environment.read()
