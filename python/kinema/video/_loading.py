"""Decoding many videos in background threads, with a bound on the memory that decoded frames take.

First every video is decoded once (`survey`), because only that tells how many clips it holds. Where all frames fit the
bound they are kept, and nothing is decoded again. Where they do not, an epoch goes through blocks of videos: while the
clips of one block are given out, the next block is decoded, so each video is decoded once an epoch and two blocks are
in memory at most.
"""

import contextlib
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kinema.errors import VideoError
from kinema.video._sound import Sound, SoundReading
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

    def open(self, path: Path) -> VideoReader:
        return VideoReader(path, self.size, self.color, threads=1)

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


@dataclass(frozen=True)
class Surveyed:
    """What decoding a video once told.

    Args:
        count: How many frames are kept of it.
        frames: The frames, where they fit.
        error: Why it failed.
        seconds: When each kept frame is shown.
        sound: A row for each kept frame, where sound is wanted.
    """

    count: int
    frames: Frames | None
    error: VideoError | None = None
    seconds: Seconds = field(default_factory=lambda: np.empty(0))
    sound: Sound | None = None


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
    def __init__(self, size: int) -> None:
        self._left = size
        self._lock = threading.Lock()
        self.exceeded = False

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
) -> list[Surveyed]:
    """Decodes every video once, in order of `paths`; keeps all the frames, or none where they exceed `max_memory`."""
    budget = _Budget(max_memory)
    results = []
    with _workers(workers) as (pool, stopping):
        tasks = [pool.submit(_survey_one, path, decoding, budget, stopping) for path in paths]
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


def _survey_one(path: Path, decoding: Decoding, budget: _Budget, stopping: threading.Event) -> Surveyed:
    kept: list[Frames] = []
    count = 0
    try:
        with decoding.open(path) as reader:
            for chunk in decoding.chunks(reader, 0, None, stopping):
                count += len(chunk)
                if budget.take(chunk.nbytes):
                    kept.append(chunk)
                else:
                    kept.clear()
            timestamps = reader.timestamps
        sound = None if decoding.sound is None else decoding.sound.read(path, timestamps, decoding.frame_stride)
    except VideoError as error:
        return Surveyed(0, None, error)
    if sound is not None and not budget.take(sound.nbytes):
        kept.clear()
    seconds = timestamps[:: decoding.frame_stride]
    return Surveyed(count, None if budget.exceeded else np.concatenate(kept), seconds=seconds, sound=sound)


def decode_blocks(
    blocks: Sequence[Sequence[Piece]], decoding: Decoding, workers: int
) -> Generator[list[Frames], None, None]:
    """The frames of each block's pieces, the next block being decoded while one is in use."""
    with _OpenReaders(decoding) as readers, _workers(workers) as (pool, stopping):

        def submit(block: Sequence[Piece]) -> list[Future[Frames]]:
            return [pool.submit(_decode_piece, piece, decoding, readers, stopping) for piece in block]

        upcoming = submit(blocks[0]) if blocks else []
        for index in range(len(blocks)):
            current = upcoming
            frames = [task.result() for task in current]
            current.clear()
            upcoming = submit(blocks[index + 1]) if index + 1 < len(blocks) else []
            yield frames
            frames.clear()


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


@contextlib.contextmanager
def _workers(count: int) -> Iterator[tuple[ThreadPoolExecutor, threading.Event]]:
    """Decoding threads that end with the block however it is left: at its end, by an exception, a break."""
    stopping = threading.Event()
    pool = ThreadPoolExecutor(count, thread_name_prefix="kinema-decode")
    try:
        yield pool, stopping
    finally:
        stopping.set()
        pool.shutdown(wait=True, cancel_futures=True)
