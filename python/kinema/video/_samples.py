"""From surveyed videos to clips in the order of an epoch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kinema.video._catalogue import Video
from kinema.video._loading import Decoding, Frames, Piece, Surveyed, decode_blocks


@dataclass(frozen=True)
class Clip:
    """Where a sample comes from: the video, the index of its first frame in it, and the label (-1 without labels)."""

    path: Path
    first_frame: int
    label: int


class Samples:
    """The clips of the usable videos, and how their frames come by."""

    def __init__(
        self,
        videos: Sequence[tuple[Video, Surveyed]],
        clip_length: int,
        clip_stride: int,
        decoding: Decoding,
        max_memory: int,
        workers: int,
    ) -> None:
        self._length = clip_length
        self._decoding = decoding
        self._block_frames = max_memory // (2 * decoding.frame_bytes)
        self._workers = workers
        self._frames = [surveyed.frames for _, surveyed in videos]
        self._paths = [video.path for video, _ in videos]
        self._counts = [surveyed.count for _, surveyed in videos]
        self.clips: list[Clip] = []
        self._clips_of: list[range] = []
        self._starts: list[int] = []
        for video, surveyed in videos:
            first = len(self.clips)
            for start in range(0, max(1, surveyed.count - clip_length + 1), clip_stride):
                self._starts.append(start)
                self.clips.append(Clip(video.path, start * decoding.frame_stride, video.label))
            self._clips_of.append(range(first, len(self.clips)))

    def in_order(self, ranks: npt.NDArray[np.int64]) -> Iterator[tuple[Frames, int]]:
        """Every clip with its label, by rising rank within what fits in memory."""
        kept = [frames for frames in self._frames if frames is not None]
        if len(kept) == len(self._frames):
            pieces = [(clips, 0) for clips in self._clips_of]
            yield from self._from_block(pieces, kept, ranks)
            return
        blocks = self._blocks(ranks)
        wanted = [
            [
                Piece(self._paths[video], start, stop, clips[-1] < self._clips_of[video][-1])
                for video, clips, start, stop in block
            ]
            for block in blocks
        ]
        decoded = decode_blocks(wanted, self._decoding, self._workers)
        try:
            for block, frames in zip(blocks, decoded, strict=True):
                yield from self._from_block([(clips, start) for _, clips, start, _ in block], frames, ranks)
        finally:
            decoded.close()

    def _from_block(
        self, pieces: Sequence[tuple[range, int]], frames: Sequence[Frames], ranks: npt.NDArray[np.int64]
    ) -> Iterator[tuple[Frames, int]]:
        of_block = [(int(ranks[clip]), clip, index) for index, (clips, _) in enumerate(pieces) for clip in clips]
        for _, clip, index in sorted(of_block):
            begin = self._starts[clip] - pieces[index][1]
            yield frames[index][begin : begin + self._length], self.clips[clip].label

    def _blocks(self, ranks: npt.NDArray[np.int64]) -> list[list[tuple[int, range, int, int]]]:
        """Pieces (video, clips, first frame, frame after the last), in blocks that each fit half the memory."""
        order = sorted(range(len(self._paths)), key=lambda video: int(ranks[self._clips_of[video][0]]))
        blocks: list[list[tuple[int, range, int, int]]] = []
        room = 0
        for video in order:
            for clips in self._cut(video):
                start = self._starts[clips[0]]
                stop = min(self._starts[clips[-1]] + self._length, self._counts[video])
                if stop - start > room:
                    blocks.append([])
                    room = self._block_frames
                blocks[-1].append((video, clips, start, stop))
                room -= stop - start
        return blocks

    def _cut(self, video: int) -> Iterator[range]:
        """The clips of a video in runs whose frames fit a block."""
        clips = self._clips_of[video]
        first = clips[0]
        for clip in clips:
            if self._starts[clip] + self._length - self._starts[first] > self._block_frames:
                yield range(first, clip)
                first = clip
        yield range(first, clips[-1] + 1)
