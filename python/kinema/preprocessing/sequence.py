"""Sequences of unequal length as one array."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from kinema.errors import ArgumentError, DataError, ShapeError


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: npt.DTypeLike = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> npt.NDArray[Any]:
    """Puts sequences of unequal length into one array, padded or cut to one length.

    Args:
        sequences: Lists or arrays; their elements may themselves be arrays, all of one shape, such as feature vectors.
        maxlen: The length of all; `None` takes the longest.
        dtype: Of the result.
        padding: Where padding goes: `"pre"` or `"post"`.
        truncating: Where what is too long loses elements: `"pre"` or `"post"`.
        value: What to pad with.

    Returns:
        Array `(len(sequences), maxlen, ...)`.

    Example:

    >>> import kinema
    >>> kinema.preprocessing.sequence.pad_sequences([[1], [2, 3], [4, 5, 6, 7]], maxlen=3)
    array([[0, 0, 1],
           [0, 2, 3],
           [5, 6, 7]], dtype=int32)
    """
    for name, where in (("padding", padding), ("truncating", truncating)):
        if where not in ("pre", "post"):
            raise ArgumentError(f"{name} must be 'pre' or 'post'; got {where!r}.")
    if not hasattr(sequences, "__len__") or any(not hasattr(sequence, "__len__") for sequence in sequences):
        raise DataError("sequences must be a list of sequences, such as [[1], [2, 3]].")
    length = max((len(sequence) for sequence in sequences), default=0) if maxlen is None else maxlen
    arrays = [np.asarray(sequence, dtype) for sequence in sequences]
    element = next((array.shape[1:] for array in arrays if len(array)), ())
    padded = np.full((len(arrays), length, *element), value, dtype)
    for index, array in enumerate(arrays):
        if not len(array) or not length:
            continue
        if array.shape[1:] != element:
            raise ShapeError(
                f"The elements of sequence {index} have shape {array.shape[1:]}, those before it {element}."
            )
        kept = array[-length:] if truncating == "pre" else array[:length]
        if padding == "pre":
            padded[index, length - len(kept) :] = kept
        else:
            padded[index, : len(kept)] = kept
    return padded
