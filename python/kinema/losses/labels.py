"""Checks of labels: wrong ones would train a wrong model without a word."""

from __future__ import annotations

import numpy as np

from kinema._warnings import warn_once
from kinema.autograd import Array
from kinema.errors import ArgumentError, DataError

_ROW_SUM_TOLERANCE = 1e-3


def check_class_numbers(labels: Array, classes: int, ignore: int | None = None) -> None:
    """Raises `DataError` unless every label is a whole number in [0, classes) or `ignore`."""
    wrong = ~((labels >= 0) & (labels < classes))
    if labels.dtype.kind == "f":
        wrong |= labels != np.floor(labels)
    if ignore is not None:
        wrong &= labels != ignore
    if not wrong.any():
        return
    value = labels[wrong].flat[0]
    fix = "number the classes from 0"
    if np.isfinite(value) and value >= classes and value == np.floor(value):
        fix += f", or give the last layer at least {int(value) + 1} units"
    raise DataError(
        f"sparse_categorical_crossentropy: label {value:g} of {_position(wrong)} is not one of the class numbers 0 to "
        f"{classes - 1} that the model's {classes} outputs stand for: {fix}"
    )


def check_binary(labels: Array, loss: str = "binary_crossentropy") -> None:
    """Raises `DataError` unless every label lies in [0, 1]."""
    wrong = ~((labels >= 0) & (labels <= 1))
    if wrong.any():
        raise DataError(
            f"{loss}: label {labels[wrong].flat[0]:g} of {_position(wrong)} is not between 0 and 1: "
            "give 0 or 1 for every output, or use sparse_categorical_crossentropy for class numbers"
        )


def check_distribution(labels: Array, axis: int, loss: str = "categorical_crossentropy") -> None:
    """Raises `DataError` for negative or non-finite targets, and warns where they do not sum to 1 along `axis`."""
    # Where there is NaN or infinity, not both hold.
    if labels.min(initial=0) >= 0 and (np.abs(labels.sum(axis=axis) - 1) <= _ROW_SUM_TOLERANCE).all():
        return
    wrong = ~(np.isfinite(labels) & (labels >= 0))
    if wrong.any():
        raise DataError(
            f"{loss}: target {labels[wrong].flat[0]:g} of {_position(wrong)} is negative or not "
            "finite: targets are one-hot rows, as kinema.utils.to_categorical makes, or other non-negative numbers"
        )
    warn_once(
        f"{loss}: the targets of some samples do not sum to 1, so the loss cannot reach 0. For class "
        "numbers, use kinema.utils.to_categorical, or sparse_categorical_crossentropy with the numbers"
    )


def check_smoothing(owner: str, value: float) -> float:
    """The share by which a loss smooths labels, or `ArgumentError` where it is none."""
    if not 0 <= value <= 1:
        raise ArgumentError(f"{owner}: label_smoothing must be from 0 to 1, got {value!r}")
    return value


def _position(wrong: Array) -> str:
    sample, *rest = (int(i) for i in np.argwhere(np.atleast_1d(wrong))[0])
    return f"sample {sample}" + (f", position {rest[0] if len(rest) == 1 else tuple(rest)}," if rest else "")
