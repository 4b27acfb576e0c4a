"""Everyday conversions of labels and vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from kinema.autograd import Array, as_array
from kinema.errors import ArgumentError, DataError


def to_categorical(x: Any, num_classes: int | None = None) -> Array:
    """Class numbers as one-hot rows.

    Args:
        x: Class numbers from 0, in any shape. A last axis of length 1 is dropped.
        num_classes: The length of a row; one more than the largest number when None.

    Returns:
        A float32 array with one axis more, the classes.

    Raises:
        DataError: A number is negative, not whole, or not below `num_classes`, or there are none to count classes by.

    Example:
        >>> import kinema
        >>> kinema.utils.to_categorical([0, 2, 1])
        array([[1., 0., 0.],
               [0., 0., 1.],
               [0., 1., 0.]], dtype=float32)
    """
    labels = np.asarray(as_array(x))
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.size == 0 and num_classes is None:
        raise DataError("to_categorical: there are no labels to count the classes by: pass num_classes")
    if labels.dtype.kind not in "iub" and not np.array_equal(labels, np.floor(labels)):
        raise DataError("to_categorical: labels must be whole numbers, the numbers of classes from 0")
    numbers = labels.astype(np.int64)
    classes = int(numbers.max()) + 1 if num_classes is None else int(num_classes)
    wrong = (numbers < 0) | (numbers >= classes)
    if wrong.any():
        raise DataError(
            f"to_categorical: label {numbers[wrong][0]} is not a class number from 0 to {classes - 1}: "
            "number the classes from 0, or raise num_classes"
        )
    rows = np.zeros((numbers.size, classes), np.float32)
    rows[np.arange(numbers.size), numbers.ravel()] = 1
    return rows.reshape((*numbers.shape, classes))


def normalize(x: Any, axis: int = -1, order: float = 2) -> Array:
    """Scales vectors to length 1.

    Args:
        x: An array.
        axis: The axis along which vectors lie.
        order: 1 for the sum of magnitudes as length, 2 for the usual one, infinity for the largest magnitude.

    Raises:
        ArgumentError: `order` is below 1.

    Example:
        >>> import kinema
        >>> kinema.utils.normalize([[3.0, 4.0]])
        array([[0.6, 0.8]])
    """
    if order < 1:
        raise ArgumentError(f"normalize: order must be 1 or more, got {order!r}")
    array = np.atleast_1d(np.asarray(as_array(x), dtype=np.result_type(as_array(x), np.float32)))
    length = np.linalg.norm(array, order, axis, keepdims=True)
    normalized: Array = array / np.where(length == 0, 1, length)
    return normalized
