"""Decoding many videos in background threads, with a bound on the memory that decoded frames take.

First every video is decoded once (`survey`), because only that tells how many clips it holds. Where all frames fit the
bound they are kept, and nothing is decoded again. Where they do not, an epoch goes through blocks of videos: while the
clips of one block are given out, the rest of it and the next block are decoded, so each video is decoded once an epoch
and two blocks are in memory at most. With a cache, what was decoded once is on disk (`_stored.py`).
"""

import contextlib
import os
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kinema.errors import VideoError
from kinema.video._background import background_threads
from kinema.video._cache import FrameCache
from kinema.video._convert import CHANNELS
from kinema.video._sound import Sound, SoundReading
from kinema.video._stored import StoredVideo
from kinema.video.reader import VideoReader

Frames = npt.NDArray[np.uint8]
Seconds = npt.NDArray[np.float64]

_CHUNK = 32  # frames between two looks at whether to stop


@dataclass(frozen=True)
class Decoding:
    """How the frames of a folder are decoded, and its sound where it is wanted."""

    size: tuple[int, int]
    color: str
    frame_stride: int
    frame_bytes: int
    sound: SoundReading | None = None
    crop: tuple[int, int, int, int] | None = None

    def open(self, path: Path) -> VideoReader:
        return VideoReader(path, self.size, self.color, threads=1, crop=self.crop)

    def cache(self, folder: str | os.PathLike[str]) -> FrameCache:
        """The frames in that folder that were decoded this way."""
        return FrameCache(folder, repr(replace(self, sound=None)), self.frame_shape, self.frame_stride)

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """The shape of what is kept of each frame."""
        return (*self.size, CHANNELS[self.color])

    def chunks(self, reader: VideoReader, start: int, stop: int | None, stopping: threading.Event) -> Iterator[Frames]:
        """The kept frames from `start` to `stop` (counted after `frame_stride`), some at a time."""
        while stop is None or start < stop:
            if stopping.is_set():
                raise _StoppedError
            end = start + _CHUNK if stop is None else min(stop, start + _CHUNK)
            chunk = reader[start * self.frame_stride : end * self.frame_stride : self.frame_stride]
            yield chunk
            if len(chunk) < end - start:
                return
            start = end

    def decode(self, path: Path, take: Callable[[Frames], None], stopping: threading.Event) -> Seconds:
        """Hands over the kept frames of a video, some at a time, and gives when each frame, kept or not, is shown."""
        with self.open(path) as reader:
            for chunk in self.chunks(reader, 0, None, stopping):
                take(chunk)
            return reader.timestamps


@dataclass(frozen=True)
class Surveyed:
    """What decoding a video once told.

    Args:
        count: How many frames are kept of it.
        frames: The frames, where they fit.
        error: Why it failed.
        seconds: When each kept frame is shown.
        sound: A row for each kept frame, where sound is wanted.
        stored: The frames on disk, where there is a cache.
    """

    count: int
    frames: Frames | None
    error: VideoError | None = None
    seconds: Seconds = field(default_factory=lambda: np.empty(0))
    sound: Sound | None = None
    stored: StoredVideo | None = None


@dataclass(frozen=True)
class Piece:
    """Consecutive frames of one video, `start` to `stop` counted after `frame_stride`."""

    path: Path
    start: int
    stop: int
    more_follow: bool
    """Whether another piece of the video comes later."""


class _StoppedError(Exception):
    """The consumer went away while a video was being decoded."""


class _Budget:
    def __init__(self, size: int, already_known: int) -> None:
        self._left = size
        self._lock = threading.Lock()
        self.exceeded = already_known > size

    def take(self, size: int) -> bool:
        """Whether that much more memory may be used; once it may not, it never may."""
        with self._lock:
            if self.exceeded or size > self._left:
                self.exceeded = True
                return False
            self._left -= size
            return True


def survey(
    paths: Sequence[Path],
    decoding: Decoding,
    max_memory: int,
    workers: int,
    stop_at_error: bool,
    progress: Callable[[int, int], None] | None,
    cache: FrameCache | None = None,
) -> list[Surveyed]:
    """Decodes every video once, in order of `paths`; keeps all the frames, or none where they exceed `max_memory`.

    What the cache has is read from there, and what it lacks is put there.
    """
    stored = [None if cache is None else StoredVideo(path, cache, partial(decoding.decode, path)) for path in paths]
    known = sum(one.entry.count for one in stored if one and one.entry) * decoding.frame_bytes
    budget = _Budget(max_memory, known)
    results = []
    with background_threads(workers) as (pool, stopping):
        tasks = [
            pool.submit(_survey_one, path, decoding, budget, stopping, one)
            for path, one in zip(paths, stored, strict=True)
        ]
        for done, task in enumerate(tasks, start=1):
            result = task.result()
            if result.error is not None and stop_at_error:
                raise result.error
            results.append(result)
            if progress is not None:
                progress(done, len(paths))
    if budget.exceeded:
        results = [replace(result, frames=None) for result in results]
    return results


def _survey_one(
    path: Path, decoding: Decoding, budget: _Budget, stopping: threading.Event, stored: StoredVideo | None
) -> Surveyed:
    kept: list[Frames] = []
    count = 0

    def take(chunk: Frames) -> None:
        nonlocal count
        count += len(chunk)
        if budget.take(chunk.nbytes):
            kept.append(chunk)
        else:
            kept.clear()

    try:
        if stored is None:
            timestamps = decoding.decode(path, take, stopping)
        elif stored.entry is None:
            timestamps = stored.store(take, stopping)
        else:
            timestamps, count = stored.entry.timestamps, stored.entry.count
            if budget.take(count * decoding.frame_bytes):
                kept.append(stored.read(0, count, stopping))
        sound = None if decoding.sound is None else decoding.sound.read(path, timestamps, decoding.frame_stride)
    except VideoError as error:
        return Surveyed(0, None, error)
    if sound is not None and not budget.take(sound.nbytes):
        kept.clear()
    frames = None if budget.exceeded else kept[0] if len(kept) == 1 else np.concatenate(kept)
    seconds = timestamps[:: decoding.frame_stride]
    return Surveyed(count, frames, seconds=seconds, sound=sound, stored=stored)


def decode_blocks(
    blocks: Sequence[Sequence[Piece]], decoding: Decoding, workers: int
) -> Generator[Callable[[int], Frames], None, None]:
    """For each block a function that gives the frames of its i-th piece, waiting until they are decoded.

    Pieces are decoded in their order, and those of the next block while one is in use. A block's frames are gone when
    the next block is asked for.
    """
    with _OpenReaders(decoding) as readers, background_threads(workers) as (pool, stopping):
        last_piece_done: dict[Path, threading.Event] = {}

        def decode(piece: Piece, before: threading.Event | None, done: threading.Event) -> Frames:
            try:
                if before is not None:
                    before.wait()  # the reader of that piece goes on from there
                return _decode_piece(piece, decoding, readers, stopping)
            finally:
                done.set()

        def submit(block: Sequence[Piece]) -> list[Future[Frames]]:
            tasks = []
            for piece in block:
                before, done = last_piece_done.get(piece.path), threading.Event()
                last_piece_done[piece.path] = done
                tasks.append(pool.submit(decode, piece, before, done))
            return tasks

        upcoming = submit(blocks[0]) if blocks else []
        for index in range(len(blocks)):
            current = upcoming
            upcoming = submit(blocks[index + 1]) if index + 1 < len(blocks) else []
            yield partial(_frames_of, current)
            current.clear()


def _frames_of(tasks: Sequence[Future[Frames]], index: int) -> Frames:
    return tasks[index].result()


def _decode_piece(piece: Piece, decoding: Decoding, readers: "_OpenReaders", stopping: threading.Event) -> Frames:
    frames = np.empty((0,), np.uint8)
    filled = 0
    with readers.lend(piece) as reader:
        for chunk in decoding.chunks(reader, piece.start, piece.stop, stopping):
            if not filled:
                frames = np.empty((piece.stop - piece.start, *chunk.shape[1:]), np.uint8)
            frames[filled : filled + len(chunk)] = chunk
            filled += len(chunk)
    if filled < piece.stop - piece.start:
        raise VideoError(
            f"{str(piece.path)!r} changed while it was in use: it now ends after {piece.start + filled} frames, "
            f"and had at least {piece.stop}."
        )
    return frames


class _OpenReaders:
    """Readers of videos that come in several pieces, kept open so that a piece is decoded from where the last ended."""

    def __init__(self, decoding: Decoding) -> None:
        self._decoding = decoding
        self._idle: dict[Path, VideoReader] = {}

    @contextlib.contextmanager
    def lend(self, piece: Piece) -> Iterator[VideoReader]:
        reader = self._idle.pop(piece.path, None) or self._decoding.open(piece.path)
        try:
            yield reader
        except BaseException:
            reader.close()
            raise
        stale = self._idle.pop(piece.path, None) if piece.more_follow else reader
        if piece.more_follow:
            self._idle[piece.path] = reader
        if stale is not None:
            stale.close()

    def __enter__(self) -> "_OpenReaders":
        return self

    def __exit__(self, *error: object) -> None:
        for reader in self._idle.values():
            reader.close()
