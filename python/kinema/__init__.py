"""Train and run video models on the machine you already have."""

from kinema import (
    activations,
    audio,
    backend,
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
    random,
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
from kinema.initializers import Initializer
from kinema.layers import Input, Layer
from kinema.layers.symbolic import KerasTensor
from kinema.losses import Loss
from kinema.metrics import Metric
from kinema.models import Model, Sequential
from kinema.optimizers import Optimizer
from kinema.regularizers import Regularizer
from kinema.streaming import StreamPredictor

__all__ = [
    "GradientTape",
    "Initializer",
    "Input",
    "KerasTensor",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Optimizer",
    "Regularizer",
    "Sequential",
    "StreamPredictor",
    "Tensor",
    "Variable",
    "__version__",
    "activations",
    "audio",
    "backend",
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
    "random",
    "regularizers",
    "saving",
    "set_num_threads",
    "set_precision",
    "streaming",
    "utils",
    "version",
    "video",
]


def version() -> str:
    """The version of Kinema."""
    return __version__


environment.read()
