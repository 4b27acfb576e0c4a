"""What one pass over data finds out about its frames, told to the batches that come later."""

from __future__ import annotations

from dataclasses import replace

from kinema.models.copies import CopySearch
from kinema.models.data import Batch
from kinema.models.frame_memory import FrameMemory
from kinema.models.frames import Rows
from kinema.models.structure import SeveralRows


class Findings:
    """For each input: the features of frames computed so far, and whether looking for equal frames has paid.

    Args:
        remembers: Whether features may be kept: the weights stay as they are, and all batches are cut from the same
            arrays.
    """

    def __init__(self, remembers: bool) -> None:
        self._remembers = remembers
        self._memories: dict[str, FrameMemory] = {}
        self._searches: dict[str, CopySearch] = {}

    def told(self, batch: Batch) -> Batch:
        """The batch with what is known, which it will add to."""
        if isinstance(batch.x, Rows):
            return replace(batch, x=self._rows("x", batch.x))
        parts = {name: self._rows(name, rows) for name, rows in batch.x.parts.items()}
        return replace(batch, x=SeveralRows(parts, batch.x.kind))

    def _rows(self, name: str, rows: Rows) -> Rows:
        memory = self._memories.setdefault(name, FrameMemory()) if self._remembers else None
        return replace(rows, memory=memory, search=self._searches.setdefault(name, CopySearch()))
