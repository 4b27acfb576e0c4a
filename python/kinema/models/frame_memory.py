"""What `predict` and `evaluate` remember of frames from one batch to the next, so that each is computed once in all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kinema.autograd import Array
from kinema.models.copies import CopiedFrames
from kinema.models.frames import SharedFrames

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
        self._features: Array | None = None
        #: Finds equal frames where the array holds copies; it too remembers what it saw.
        self.copies: CopiedFrames | None = None

    def features(self, shared: SharedFrames, compute: Callable[[Array], Array]) -> tuple[Array, Array]:
        """Rows of features, and for each distinct frame which row is its own; `compute` is called for new frames."""
        keys = shared.keys.tolist()
        new = [position for position, key in enumerate(keys) if key not in self._rows]
        if new:
            self._append(keys, new, compute(shared.frames[np.array(new)]))
        assert self._features is not None
        return self._features, np.array([self._rows[key] for key in keys])

    def _append(self, keys: list[int], new: list[int], features: Array) -> None:
        filled = len(self._rows)
        kept = self._features
        if kept is None or filled + len(features) > len(kept):
            kept, filled = self._make_room(keys, len(features), features)
        kept[filled : filled + len(features)] = features
        self._rows.update((keys[position], filled + number) for number, position in enumerate(new))

    def _make_room(self, keys: list[int], count: int, like: Array) -> tuple[Array, int]:
        """A larger buffer; what this batch does not show is left behind where it would exceed the limit."""
        old, rows = self._features, self._rows
        if like.nbytes // count * (2 * (len(rows) + count)) > self._limit:
            rows = {key: rows[key] for key in keys if key in rows}
        self._features = grown = np.empty((2 * (len(rows) + count), *like.shape[1:]), like.dtype)
        if old is not None:
            grown[: len(rows)] = old[list(rows.values())]
        self._rows = {key: number for number, key in enumerate(rows)}
        return grown, len(rows)
