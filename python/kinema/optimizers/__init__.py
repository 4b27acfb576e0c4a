"""Optimisers: how gradients change the weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kinema.optimizers import legacy, schedules
from kinema.optimizers.adadelta import Adadelta
from kinema.optimizers.adagrad import Adagrad
from kinema.optimizers.adamax import Adamax
from kinema.optimizers.adaptive_moments import Adam, AdamW
from kinema.optimizers.ftrl import Ftrl
from kinema.optimizers.gradient_descent import SGD
from kinema.optimizers.lion import Lion
from kinema.optimizers.nadam import Nadam
from kinema.optimizers.optimizer import Optimizer
from kinema.optimizers.root_mean_square import RMSprop
from kinema.saving.identifiers import resolve
from kinema.saving.registry import serialize_keras_object

# Names that old scripts import.
adadelta = Adadelta
adagrad = Adagrad
adam = Adam
adamax = Adamax
adamw = AdamW
ftrl = Ftrl
lion = Lion
nadam = Nadam
rmsprop = RMSprop
sgd = SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "adamw",
    "deserialize",
    "ftrl",
    "get",
    "legacy",
    "lion",
    "nadam",
    "rmsprop",
    "schedules",
    "serialize",
    "sgd",
]


def get(identifier: Any) -> Optimizer:
    """The optimiser that a name, a class, a config or an object means."""
    optimizer: Optimizer = resolve(identifier, "keras.optimizers", "optimizer")
    return optimizer


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """What a file says about an optimiser."""
    config: dict[str, Any] = serialize_keras_object(optimizer)
    return config


def deserialize(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Optimizer:
    """The optimiser that a file describes."""
    optimizer: Optimizer = resolve(config, "keras.optimizers", "optimizer", custom_objects)
    return optimizer
