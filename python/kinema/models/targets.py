"""Targets and weights of samples, checked against what the model puts out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kinema.autograd import Array, Tensor
from kinema.errors import ArgumentError, DataError, ShapeError
from kinema.models.lengths import finite_where_masked


def check_targets(model: Any, target: Array | None, outputs: Tensor) -> Array | None:
    """The targets in the outputs' floating-point type (integers stay), after a look at their shape.

    Raises:
        ShapeError: They have fewer axes than the outputs because nothing in the model consumed the time axis.
        DataError: They hold NaN or infinite numbers.
    """
    if target is None:
        return None
    run = getattr(model, "open_run", None)
    if run is not None and outputs.ndim >= 3 and target.shape[1:2] != outputs.shape[1:2]:
        raise ShapeError(
            f"y has shape {target.shape} and the model gives one output for every frame, shape {outputs.shape}: "
            f"from layer '{run}' on it works frame by frame and no layer consumes the time axis. "
            "Add one that does, such as LSTM, or give a target for every frame"
        )
    target = finite_where_masked(target, outputs.mask)
    if target.dtype.kind == "f":
        if not np.isfinite(target).all():
            raise DataError("y contains NaN or infinite values: clean the targets before training")
        return target.astype(outputs.dtype, copy=False)
    return target


def weigh(sample_weight: Array | None, class_weight: Any, target: Array | None, outputs: Tensor) -> Array | None:
    """The weight of each sample, or of each time step, from `sample_weight` and `class_weight` together."""
    if sample_weight is not None and not np.isfinite(sample_weight).all():
        raise DataError(
            "sample_weight contains NaN or infinite values: give finite weights, 0 for what shall not count"
        )
    weights = None if sample_weight is None else sample_weight.astype(outputs.dtype, copy=False)
    if class_weight is None:
        return weights
    if not isinstance(class_weight, Mapping):
        raise ArgumentError(f"class_weight is a dict of class number to weight, not {class_weight!r}")
    if target is None:
        raise DataError("class_weight needs targets: give y")
    _check_class_weight(class_weight, max(2, outputs.shape[-1]))
    by_class = _weights_by_class(_class_numbers(target, outputs), class_weight).astype(outputs.dtype)
    return by_class if weights is None else by_class * _aligned(weights, by_class)


def weights_by_targets(sample_weight: Any, class_weight: Any, target: Any) -> Any:
    """The weight of each sample where there are no outputs to go by: targets wider than 1 are one-hot."""
    if class_weight is None:
        return sample_weight
    if not isinstance(class_weight, Mapping):
        raise ArgumentError(f"class_weight is a dict of class number to weight, not {class_weight!r}")
    if not isinstance(target, np.ndarray):
        raise DataError("class_weight needs targets of one output: give y, or sample_weight in its place")
    wide = target.ndim > 1 and target.shape[-1] > 1
    classes = np.argmax(target, axis=-1) if wide else target.reshape(target.shape[:-1] if target.ndim > 1 else -1)
    by_class = _weights_by_class(np.rint(classes), class_weight)
    return by_class if sample_weight is None else by_class * _aligned(sample_weight, by_class)


def _aligned(weights: Array, values: Array) -> Array:
    return weights.reshape(weights.shape + (1,) * (values.ndim - weights.ndim))


def _check_class_weight(class_weight: Mapping[Any, Any], classes: int) -> None:
    for number, weight in class_weight.items():
        if number not in range(classes):
            raise ArgumentError(f"class_weight has a weight for {number!r}, the classes are 0 to {classes - 1}")
        if not isinstance(weight, (int, float, np.number)) or not np.isfinite(weight):
            raise ArgumentError(f"class_weight of class {number} is a finite number, not {weight!r}")


def _class_numbers(target: Array, outputs: Tensor) -> Array:
    """Class numbers of one-hot targets (as wide as the outputs) or of sparse ones, per sample or per time step."""
    if target.ndim == outputs.ndim and target.shape[-1] == outputs.shape[-1] and outputs.shape[-1] > 1:
        numbers: Array = np.argmax(target, axis=-1)
        return numbers
    if target.ndim == outputs.ndim:
        target = target[..., 0]
    return target.astype(np.int64)


def _weights_by_class(classes: Array, class_weight: Mapping[int, float]) -> Array:
    weights = np.ones(classes.shape)
    for number, weight in class_weight.items():
        weights[classes == int(number)] = float(weight)
    return weights
