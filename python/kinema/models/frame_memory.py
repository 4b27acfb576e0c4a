"""What `predict` and `evaluate` remember of frames from one batch to the next, so that each is computed once in all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from kinema.autograd import Array
from kinema.models.copies import CopiedFrames

_LIMIT = 64 << 20


class FrameMemory:
    """The features of the frames of one array, kept while weights and frames stay as they are.

    Args:
        limit: Bytes of features. Where they do not suffice, all but those of the batch at hand are forgotten: windows
            in their own order find the frames they share with the batch before even so.
    """

    def __init__(self, limit: int = _LIMIT) -> None:
        self._limit = limit
        self._rows: dict[int, int] = {}
        self._columns: list[Array] = []
        #: Finds equal frames where the array holds copies; it too remembers what it saw.
        self.copies: CopiedFrames | None = None

    def columns(self, keys: Array, compute: Callable[[Array], Sequence[Array]]) -> tuple[Sequence[Array], Array]:
        """The features, in arrays with a row for each frame, and which row is whose.

        Args:
            keys: The keys of the frames wanted.
            compute: Gives the features of new frames, by their positions in `keys`.
        """
        wanted = keys.tolist()
        new = [position for position, key in enumerate(wanted) if key not in self._rows]
        if new:
            self._append(wanted, new, compute(np.array(new)))
        return self._columns, np.array([self._rows[key] for key in wanted])

    def _append(self, wanted: list[int], new: list[int], features: Sequence[Array]) -> None:
        filled = len(self._rows)
        if not self._columns or filled + len(new) > len(self._columns[0]):
            filled = self._make_room(wanted, len(new), features)
        for column, feature in zip(self._columns, features, strict=True):
            column[filled : filled + len(new)] = feature
        self._rows.update((wanted[position], filled + number) for number, position in enumerate(new))

    def _make_room(self, wanted: list[int], count: int, like: Sequence[Array]) -> int:
        """Larger buffers; what this batch does not show is left behind where it would exceed the limit."""
        rows = self._rows
        bytes_a_row = sum(feature.nbytes for feature in like) // count
        if bytes_a_row * 2 * (len(rows) + count) > self._limit:
            rows = {key: rows[key] for key in wanted if key in rows}
        grown = [np.empty((2 * (len(rows) + count), *feature.shape[1:]), feature.dtype) for feature in like]
        kept = list(rows.values())
        for old, column in zip(self._columns, grown, strict=False):  # there are no old ones at first
            column[: len(kept)] = old[kept]
        self._columns = grown
        self._rows = {key: number for number, key in enumerate(rows)}
        return len(kept)
