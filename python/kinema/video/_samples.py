"""From surveyed videos to clips in the order of an epoch."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kinema.errors import ArgumentError
from kinema.video._catalogue import Video
from kinema.video._cutting import Cutting
from kinema.video._loading import Decoding, Frames, Piece, Surveyed, decode_blocks
from kinema.video._sound import Sound
from kinema.video._stored import read_ahead

_READ_AHEAD = 64 << 20  # bytes of clips that are read from the cache before they are needed
_GROUP = 16  # clips that are read in one go


@dataclass(frozen=True)
class Clip:
    """Where a sample comes from: the video, the index of its first frame in it, and the label (-1 without labels)."""

    path: Path
    first_frame: int
    label: int


class Samples:
    """The clips of the usable videos, and how their frames come by.

    Args:
        videos: The videos or segments, each with what decoding its file told.
        targets: The target of each; an array of one a frame where `per_frame`.
        cutting: How they are cut into clips.
        decoding: How frames are decoded.
        max_memory: Bytes that decoded frames may take.
        workers: Decoding threads.
        per_frame: Whether a clip's target is the part of its video's that belongs to its frames.
    """

    def __init__(
        self,
        videos: Sequence[tuple[Video, Surveyed]],
        targets: Sequence[Any],
        cutting: Cutting,
        decoding: Decoding,
        max_memory: int,
        workers: int,
        per_frame: bool = False,
    ) -> None:
        self._decoding = decoding
        self._sound_bytes = _sound_bytes(videos, max_memory)
        self._block_frames = (max_memory - self._sound_bytes) // (2 * max(1, decoding.frame_bytes))
        self._workers = workers
        self.clips: list[Clip] = []
        #: The target of each clip, and which of the videos or segments it belongs to.
        self.targets: list[Any] = []
        self.origins: list[int] = []
        #: The sound of each clip, where there is sound.
        self.heard: list[Sound] = []
        self._starts: list[int] = []
        self._stops: list[int] = []
        files: dict[Path, list[tuple[int, int, int]]] = {}
        surveys: dict[Path, Surveyed] = {}
        for origin, (video, surveyed) in enumerate(videos):
            surveys[video.path] = surveyed
            cuts = files.setdefault(video.path, [])
            cuts += [(start, stop, origin) for start, stop in cutting.clips(video, surveyed)]
        self._paths = list(files)
        self._frames = [surveys[path].frames for path in files]
        self._stored = [surveys[path].stored for path in files]
        self._clips_of: list[range] = []
        self._video_of: list[int] = []
        for number, (path, cuts) in enumerate(files.items()):
            before = len(self.clips)
            for start, stop, origin in sorted(cuts):
                self._require_room(stop - start, path)
                target = targets[origin]
                self._starts.append(start)
                self._stops.append(stop)
                self.clips.append(Clip(path, start * decoding.frame_stride, videos[origin][0].label))
                self.targets.append(target[start:stop] if per_frame else target)
                self.origins.append(origin)
                rows = surveys[path].sound
                if rows is not None:
                    self.heard.append(rows[start:stop])
            self._clips_of.append(range(before, len(self.clips)))
            self._video_of += [number] * (len(self.clips) - before)

    def _require_room(self, frames: int, path: Path) -> None:
        if frames > self._block_frames and self._decoding.frame_bytes:
            needed = 2 * frames * self._decoding.frame_bytes + self._sound_bytes
            raise ArgumentError(
                f"A clip of {str(path)!r} has {frames} frames, and max_memory has room for {self._block_frames}: "
                f"give max_memory={needed} or more, or a clip_length."
            )

    def in_order(self, ranks: npt.NDArray[np.int64]) -> Iterator[tuple[Frames, int]]:
        """Every clip with its number, by rising rank: of all where they fit in memory or are on disk, else by block."""
        kept = [frames for frames in self._frames if frames is not None]
        if len(kept) == len(self._frames):
            yield from self._from_block([(clips, 0) for clips in self._clips_of], kept.__getitem__, ranks)
        elif None not in self._stored:
            yield from self._from_disk(ranks)
        else:
            yield from self._decoded(ranks)

    def _from_disk(self, ranks: npt.NDArray[np.int64]) -> Iterator[tuple[Frames, int]]:
        """Clips are read in groups: handing one over from thread to thread costs about as much as reading it."""
        order = np.argsort(ranks).tolist()
        longest = max(stop - start for start, stop in zip(self._starts, self._stops, strict=True))
        room = min(self._block_frames, _READ_AHEAD // max(1, self._decoding.frame_bytes)) // longest
        size = max(1, min(_GROUP, room // 4))
        groups = [order[start : start + size] for start in range(0, len(order), size)]
        reads = (partial(self._read, group) for group in groups)
        with closing(read_ahead(reads, self._workers, max(1, room // size - 1))) as ahead:
            for group, clips in zip(groups, ahead, strict=True):
                yield from zip(clips, group, strict=True)

    def _read(self, clips: Sequence[int], stopping: threading.Event) -> list[Frames]:
        found = [(self._stored[self._video_of[clip]], clip) for clip in clips]
        return [
            stored.read(self._starts[clip], self._stops[clip], stopping) for stored, clip in found if stored is not None
        ]

    def _decoded(self, ranks: npt.NDArray[np.int64]) -> Iterator[tuple[Frames, int]]:
        blocks = self._blocks(ranks)
        wanted = [
            [
                Piece(self._paths[video], start, stop, clips[-1] < self._clips_of[video][-1])
                for video, clips, start, stop in block
            ]
            for block in blocks
        ]
        with closing(decode_blocks(wanted, self._decoding, self._workers)) as decoded:
            for block, frames_of in zip(blocks, decoded, strict=True):
                yield from self._from_block([(clips, start) for _, clips, start, _ in block], frames_of, ranks)

    def _from_block(
        self, pieces: Sequence[tuple[range, int]], frames_of: Callable[[int], Frames], ranks: npt.NDArray[np.int64]
    ) -> Iterator[tuple[Frames, int]]:
        of_block = [(int(ranks[clip]), clip, index) for index, (clips, _) in enumerate(pieces) for clip in clips]
        for _, clip, index in sorted(of_block):
            offset = pieces[index][1]
            yield frames_of(index)[self._starts[clip] - offset : self._stops[clip] - offset], clip

    def _blocks(self, ranks: npt.NDArray[np.int64]) -> list[list[tuple[int, range, int, int]]]:
        """Pieces (video, clips, first frame, frame after the last), in blocks that each fit half the memory."""
        order = sorted(range(len(self._paths)), key=lambda video: int(ranks[self._clips_of[video][0]]))
        blocks: list[list[tuple[int, range, int, int]]] = []
        room = 0
        for video in order:
            for clips in self._cut(video):
                start = self._starts[clips[0]]
                stop = max(self._stops[clip] for clip in clips)
                if stop - start > room:
                    blocks.append([])
                    room = self._block_frames
                blocks[-1].append((video, clips, start, stop))
                room -= stop - start
        for block in blocks:  # what is needed first is decoded first
            block.sort(key=lambda piece: min(int(ranks[clip]) for clip in piece[1]))
        return blocks

    def _cut(self, video: int) -> Iterator[range]:
        """The clips of a video in runs whose frames fit a block."""
        clips = self._clips_of[video]
        first, stop = clips[0], 0
        for clip in clips:
            stop = max(stop, self._stops[clip])
            if stop - self._starts[first] > self._block_frames:
                yield range(first, clip)
                first, stop = clip, self._stops[clip]
        yield range(first, clips[-1] + 1)


def _sound_bytes(videos: Sequence[tuple[Video, Surveyed]], max_memory: int) -> int:
    """What the sound of all files takes, which is kept."""
    sounds = {video.path: surveyed.sound for video, surveyed in videos}
    size = sum(0 if sound is None else sound.nbytes for sound in sounds.values())
    if size > max_memory:
        raise ArgumentError(
            f"The sound of {len(sounds)} videos takes {size} bytes, more than max_memory={max_memory}: raise that, or "
            "make rows of fewer numbers, such as audio_options={'n_mels': 40}."
        )
    return size
