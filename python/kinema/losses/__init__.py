"""Losses: how far predictions are from targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kinema.errors import ArgumentError
from kinema.losses.crossentropy import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    categorical_crossentropy,
    crossentropy,
    sparse_categorical_crossentropy,
)
from kinema.losses.divergence import KLDivergence, Poisson, kl_divergence, poisson
from kinema.losses.focal import (
    BinaryFocalCrossentropy,
    CategoricalFocalCrossentropy,
    binary_focal_crossentropy,
    categorical_focal_crossentropy,
)
from kinema.losses.hinges import CategoricalHinge, Hinge, SquaredHinge, categorical_hinge, hinge, squared_hinge
from kinema.losses.loss import Loss, LossFunctionWrapper
from kinema.losses.overlap import Dice, Tversky, dice, tversky
from kinema.losses.regression import (
    HalfMeanSquaredError,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanSquaredError,
    half_mean_squared_error,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_squared_error,
)
from kinema.losses.relative import (
    MeanAbsolutePercentageError,
    MeanSquaredLogarithmicError,
    mean_absolute_percentage_error,
    mean_squared_logarithmic_error,
)
from kinema.losses.similarity import CosineSimilarity, cosine_similarity
from kinema.saving.identifiers import resolve
from kinema.saving.registry import serialize_keras_object

__all__ = [
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Dice",
    "HalfMeanSquaredError",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "LossFunctionWrapper",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "as_loss",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "cosine_similarity",
    "crossentropy",
    "deserialize",
    "dice",
    "get",
    "half_mean_squared_error",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]


def get(identifier: Any) -> Any:
    """The loss that a name, a class, a config, a function or an object means; None for None.

    Example:
        >>> from kinema import losses
        >>> losses.get("mse") is losses.mean_squared_error
        True
    """
    return resolve(identifier, "keras.losses", "loss")


def as_loss(identifier: Any) -> Loss:
    """The `Loss` object that the `loss` argument of `compile` means; a function is wrapped into one.

    Example:
        >>> from kinema import losses
        >>> round(float(losses.as_loss("mse")([[0.0]], [[3.0]])))
        9

    Raises:
        ArgumentError: The identifier is None or unknown.
    """
    if identifier is None:
        raise ArgumentError("compile needs a loss to train with: for example loss='categorical_crossentropy'")
    found = get(identifier)
    if isinstance(found, Loss):
        return found
    return LossFunctionWrapper(found, name=identifier if isinstance(identifier, str) else None)


def serialize(loss: Any) -> Any:
    """What a file says about a loss."""
    return serialize_keras_object(loss)


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The loss that a file describes."""
    return resolve(name, "keras.losses", "loss", custom_objects)
