"""Weights that make rare classes count as much as frequent ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema.errors import DataError
from kinema.tensor import Array


def balanced_class_weights(y: Any, mask: Any = None) -> dict[int, float]:
    """For each class found in the targets, the weight with which all classes together count the same.

    The weight of a class is the number of targets divided by (the number of classes times the targets of that class).
    Give the result to `fit(class_weight=)`; `fit(class_weight="balanced")` computes it of the training targets.

    Args:
        y: Class numbers, per sample or per time step, or one-hot rows.
        mask: Which targets count, shaped as the class numbers (or their leading axes).

    Raises:
        DataError: The targets are no classes, or there are none.

    Example:
        >>> import kinema
        >>> kinema.utils.balanced_class_weights([0, 0, 0, 1])
        {0: 0.6666666666666666, 1: 2.0}
    """
    targets = np.asarray(y)
    per_step = mask is not None and np.ndim(mask) == targets.ndim
    classes = _class_numbers(targets, may_be_one_hot=not per_step)
    if mask is not None:
        classes = classes[np.asarray(mask, bool)]
    if not classes.size:
        raise DataError("class weights need targets, and there are none: y is empty")
    numbers, counts = np.unique(classes, return_counts=True)
    weights = classes.size / (len(numbers) * counts)
    return {int(number): float(weight) for number, weight in zip(numbers, weights, strict=True)}


def _class_numbers(y: Array, may_be_one_hot: bool) -> Array:
    if (
        may_be_one_hot
        and y.ndim > 1
        and y.shape[-1] > 1
        and ((y == 0) | (y == 1)).all()
        and (y.sum(axis=-1) == 1).all()
    ):
        numbers: Array = y.argmax(axis=-1)
        return numbers
    whole = y.dtype.kind in "iub" or (y.dtype.kind == "f" and bool((y == np.floor(y)).all()))
    if y.size and not (whole and y.min() >= 0):
        raise DataError(
            f"class weights need class numbers from 0 or one-hot rows, not y of type {y.dtype} with values such as "
            f"{y.flat[0]!r}: numbers to be predicted and several labels a sample have no classes to balance"
        )
    return (y[..., 0] if y.ndim > 1 and y.shape[-1] == 1 else y).astype(np.int64)
