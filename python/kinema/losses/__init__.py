"""Losses: how far predictions are from targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kinema.autograd import as_array
from kinema.errors import ArgumentError
from kinema.losses.crossentropy import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    categorical_crossentropy,
    sparse_categorical_crossentropy,
)
from kinema.losses.labels import warn_once
from kinema.losses.loss import Loss, LossFunctionWrapper
from kinema.losses.regression import (
    HalfMeanSquaredError,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    half_mean_squared_error,
    huber,
    mean_absolute_error,
    mean_squared_error,
)
from kinema.saving.identifiers import resolve
from kinema.saving.registry import deserialize_keras_object, serialize_keras_object

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "HalfMeanSquaredError",
    "Huber",
    "Loss",
    "LossFunctionWrapper",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "SparseCategoricalCrossentropy",
    "binary_crossentropy",
    "categorical_crossentropy",
    "deserialize",
    "get",
    "half_mean_squared_error",
    "huber",
    "loss_for",
    "mean_absolute_error",
    "mean_squared_error",
    "serialize",
    "sparse_categorical_crossentropy",
    "warn_once",
]


def get(identifier: Any) -> Any:
    """The loss that a name, a class, a config, a function or an object means; None for None.

    Example:
        >>> from kinema import losses
        >>> losses.get("mse") is losses.mean_squared_error
        True
    """
    return resolve(identifier, "keras.losses", "loss")


def loss_for(identifier: Any, y_true: Any, y_pred: Any) -> Loss:
    """The `Loss` object that an argument of `compile` means, for targets and predictions like these.

    `"crossentropy"` and `"ce"` choose between the three cross-entropies by the shapes.

    Raises:
        ArgumentError: The identifier is None or unknown.
    """
    if identifier is None:
        raise ArgumentError("compile needs a loss to train with: for example loss='categorical_crossentropy'")
    if isinstance(identifier, str) and identifier.lower() in ("crossentropy", "ce"):
        identifier = f"{target_kind(y_true, y_pred)}_crossentropy"
    found = get(identifier)
    if isinstance(found, Loss):
        return found
    return LossFunctionWrapper(found, name=identifier if isinstance(identifier, str) else None)


def target_kind(y_true: Any, y_pred: Any) -> str:
    """What targets are, judged by shapes: `"binary"`, `"categorical"` or `"sparse_categorical"`."""
    target, prediction = as_array(y_true).shape, as_array(y_pred).shape
    if prediction[-1] == 1:
        return "binary"
    if len(target) < len(prediction) or target[-1] == 1:
        return "sparse_categorical"
    return "categorical"


def serialize(loss: Any) -> Any:
    """What a file says about a loss."""
    return serialize_keras_object(loss)


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The loss that a file describes."""
    if isinstance(name, str):
        return get(name)
    return deserialize_keras_object(name, custom_objects)
