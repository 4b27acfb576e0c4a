"""Checks of labels: wrong ones would train a wrong model without a word."""

from __future__ import annotations

import numpy as np

from kinema._warnings import warn_once
from kinema.autograd import Array
from kinema.errors import ArgumentError, DataError

_ROW_SUM_TOLERANCE = 1e-3


def check_class_numbers(labels: Array, classes: int, ignore: int | None = None, mask: Array | None = None) -> Array:
    """The labels with 0 in place of those that are none; `DataError` unless only `ignore` and masked ones are."""
    no_class = ~((labels >= 0) & (labels < classes))
    if labels.dtype.kind == "f":
        no_class |= labels != np.floor(labels)
    if not no_class.any():
        return labels
    wrong = _counted(no_class, mask)
    if ignore is not None:
        wrong = wrong & (labels != ignore)
    if not wrong.any():
        return np.where(no_class, 0, labels)
    value = labels[wrong].flat[0]
    fix = "number the classes from 0"
    if np.isfinite(value) and value >= classes and value == np.floor(value):
        fix += f", or give the last layer at least {int(value) + 1} units"
    raise DataError(
        f"sparse_categorical_crossentropy: label {value:g} of {_position(wrong)} is not one of the class numbers 0 to "
        f"{classes - 1} that the model's {classes} outputs stand for: {fix}"
    )


def check_binary(labels: Array, mask: Array | None = None, loss: str = "binary_crossentropy") -> None:
    """Raises `DataError` unless every label that the mask counts lies in [0, 1]."""
    wrong = _counted(~((labels >= 0) & (labels <= 1)), mask)
    if wrong.any():
        raise DataError(
            f"{loss}: label {labels[wrong].flat[0]:g} of {_position(wrong)} is not between 0 and 1: "
            "give 0 or 1 for every output, or use sparse_categorical_crossentropy for class numbers"
        )


def check_distribution(
    labels: Array, axis: int, mask: Array | None = None, loss: str = "categorical_crossentropy"
) -> None:
    """Raises `DataError` for negative or non-finite targets, and warns where they do not sum to 1 along `axis`.

    Targets that the mask does not count may be anything.
    """
    # Where there is NaN or infinity, not both hold.
    uneven = ~(np.abs(labels.sum(axis=axis) - 1) <= _ROW_SUM_TOLERANCE)
    if labels.min(initial=0) >= 0 and not uneven.any():
        return
    wrong = _counted(~(np.isfinite(labels) & (labels >= 0)), mask)
    if wrong.any():
        raise DataError(
            f"{loss}: target {labels[wrong].flat[0]:g} of {_position(wrong)} is negative or not "
            "finite: targets are one-hot rows, as kinema.utils.to_categorical makes, or other non-negative numbers"
        )
    if not _counted(uneven, mask).any():
        return
    warn_once(
        f"{loss}: the targets of some samples do not sum to 1, so the loss cannot reach 0. For class "
        "numbers, use kinema.utils.to_categorical, or sparse_categorical_crossentropy with the numbers"
    )


def check_smoothing(owner: str, value: float) -> float:
    """The share by which a loss smooths labels, or `ArgumentError` where it is none."""
    if not 0 <= value <= 1:
        raise ArgumentError(f"{owner}: label_smoothing must be from 0 to 1, got {value!r}")
    return value


def _counted(places: Array, mask: Array | None) -> Array:
    """The places among the samples and steps that the mask counts."""
    if mask is None or places.shape[: mask.ndim] != mask.shape:
        return places
    counted: Array = places & mask.reshape(mask.shape + (1,) * (places.ndim - mask.ndim))
    return counted


def _position(wrong: Array) -> str:
    sample, *rest = (int(i) for i in np.argwhere(np.atleast_1d(wrong))[0])
    return f"sample {sample}" + (f", position {rest[0] if len(rest) == 1 else tuple(rest)}," if rest else "")
