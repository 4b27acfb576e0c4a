"""The frames of videos from the cache: put there when missing or damaged, and read ahead of their use."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from kinema.errors import VideoError
from kinema.video._background import background_threads
from kinema.video._cache import DamagedEntryError, Entry, FrameCache, Frames, Seconds

Take = Callable[[Frames], None]
Read = TypeVar("Read")


class StoredVideo:
    """A video whose frames are in the cache, or will be.

    Args:
        video: The file.
        cache: Where the frames are kept.
        decode: Decodes the video, hands the frames over, some at a time, and gives when each is shown; ends early with
            an exception where the event is set.
    """

    def __init__(self, video: Path, cache: FrameCache, decode: Callable[[Take, threading.Event], Seconds]) -> None:
        self._video = video
        self._cache = cache
        self._decode = decode
        self._storing = threading.Lock()
        self.entry: Entry | None = cache.find(video)

    def store(self, take: Take, stopping: threading.Event) -> Seconds:
        """Decodes the video into the cache and hands the frames over on their way; gives when each is shown."""
        with self._cache.writing(self._video) as writing:

            def write(frames: Frames) -> None:
                writing.append(frames)
                take(frames)

            seconds = self._decode(write, stopping)
            writing.finish(seconds)
        self.entry = self._cache.find(self._video)
        return seconds

    def read(self, start: int, stop: int, stopping: threading.Event) -> Frames:
        """The frames from `start` to `stop`; decodes the video again where the cache has lost them."""
        used = self.entry
        try:
            return _read(used, start, stop)
        except DamagedEntryError:
            pass
        with self._storing:
            if self.entry is used:
                self.store(lambda frames: None, stopping)
            entry = self.entry
        if entry is not None and entry.count < stop:
            raise VideoError(
                f"{str(self._video)!r} changed while it was in use: it now ends after {entry.count} frames, and had "
                f"at least {stop}."
            )
        try:
            return _read(entry, start, stop)
        except DamagedEntryError:
            raise VideoError(
                f"The frames of {str(self._video)!r} in the cache are damaged as soon as they are written: the disk of "
                f"{str(self._cache.folder)!r} is failing, or another program changes the files or the video."
            ) from None


def _read(entry: Entry | None, start: int, stop: int) -> Frames:
    if entry is None:
        raise DamagedEntryError
    return entry.read(start, stop)


def read_ahead(
    reads: Iterable[Callable[[threading.Event], Read]], workers: int, ahead: int
) -> Generator[Read, None, None]:
    """What each of `reads` gives, in order; the next `ahead` of them are read in background threads."""
    with background_threads(workers) as (pool, stopping):
        upcoming: deque[Future[Read]] = deque()
        for read in reads:
            upcoming.append(pool.submit(read, stopping))
            if len(upcoming) > ahead:
                yield upcoming.popleft().result()
        while upcoming:
            yield upcoming.popleft().result()
