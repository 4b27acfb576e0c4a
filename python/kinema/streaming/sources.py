"""Where a stream's pictures come from: a camera, an address, a file, any iterable."""

from __future__ import annotations

import os
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kinema.autograd import Array
from kinema.errors import ArgumentError, VideoError
from kinema.video._convert import check_count
from kinema.video._cv2 import load_cv2
from kinema.video.reader import VideoReader

_ADDRESSES = ("rtsp://", "rtsps://")


@dataclass(frozen=True)
class Moment:
    """A picture in RGB, when it was shown (seconds from the first), and when it was there (`time.perf_counter`)."""

    picture: Array
    seconds: float
    arrived: float


class Source(ABC):
    """Pictures one after the other, once."""

    #: Frames per second as far as known, else None.
    fps: float | None = None
    #: Pictures left out because nobody had asked for them in time.
    dropped: int = 0

    @abstractmethod
    def __iter__(self) -> Iterator[Moment]:
        """The pictures."""

    def close(self) -> None:
        """Frees what the source holds."""
        return


class FileSource(Source):
    """Every frame of a video file; it waits for whoever asks."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._reader = VideoReader(path)
        self.fps = self._reader.fps

    def __iter__(self) -> Iterator[Moment]:
        for index, picture in enumerate(self._reader):
            yield Moment(picture, index / (self.fps or 25.0), time.perf_counter())

    def close(self) -> None:
        """Closes the file."""
        self._reader.close()


class IterableSource(Source):
    """Pictures that a program gives; it waits for whoever asks."""

    def __init__(self, pictures: Iterable[Any]) -> None:
        self._pictures = pictures

    def __iter__(self) -> Iterator[Moment]:
        begun = time.perf_counter()
        for picture in self._pictures:
            now = time.perf_counter()
            yield Moment(np.asarray(picture), now - begun, now)


class LiveSource(Source):
    """A camera or address, which does not wait: a thread takes its pictures as they come.

    At most `backlog` of them wait; a further one pushes the oldest out, which counts as dropped.

    Args:
        capture: An opened `cv2.VideoCapture`, or something with its `read` and `release`.
        backlog: How many pictures may wait.
        fps: Frames per second, where known.
    """

    def __init__(self, capture: Any, backlog: int = 1, fps: float | None = None) -> None:
        self._capture = capture
        self._backlog = check_count(backlog, "backlog")
        self._waiting: deque[tuple[Any, float]] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self.fps = fps
        self.dropped = 0
        self._thread = threading.Thread(target=self._take, name="kinema-camera", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Moment]:
        cv2 = load_cv2()
        begun: float | None = None
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ended)
                if not self._waiting:
                    return
                picture, arrived = self._waiting.popleft()
            begun = arrived if begun is None else begun
            yield Moment(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), arrived - begun, arrived)

    def close(self) -> None:
        """Stops taking pictures and frees the camera."""
        with self._changed:
            self._ended = True
            self._waiting.clear()
            self._changed.notify_all()
        self._thread.join(timeout=10)

    def _take(self) -> None:
        try:
            while not self._ended:
                good, picture = self._capture.read()
                if not good:
                    break
                with self._changed:
                    if self._ended:
                        break
                    self._waiting.append((picture, time.perf_counter()))
                    if len(self._waiting) > self._backlog:
                        self._waiting.popleft()
                        self.dropped += 1
                    self._changed.notify_all()
        finally:
            self._capture.release()
            with self._changed:
                self._ended = True
                self._changed.notify_all()


def open_source(source: str | os.PathLike[str] | int | Iterable[Any], backlog: int = 1) -> Source:
    """The pictures of a camera (its number), an `rtsp://` address, a video file or an iterable, as RGB.

    Args:
        source: What to open. No address is opened but one written here, and only `rtsp://` and `rtsps://`.
        backlog: How many pictures of a camera or address may wait; where more come the oldest is dropped.

    Raises:
        ArgumentError: It is an address of another kind.
        VideoError: It cannot be opened.

    Example:
        >>> import kinema, numpy as np
        >>> source = kinema.streaming.open_source(np.zeros((3, 4, 4, 3), np.uint8))
        >>> [moment.picture.shape for moment in source]
        [(4, 4, 3), (4, 4, 3), (4, 4, 3)]
    """
    if isinstance(source, (int, np.integer)) and not isinstance(source, bool):
        return _live(int(source), f"camera {source}", backlog)
    if isinstance(source, (str, os.PathLike)):
        text = os.fspath(source)
        if text.lower().startswith(_ADDRESSES):
            return _live(text, repr(text), backlog)
        if "://" in text:
            raise ArgumentError(
                f"{text!r} is an address of a kind that is not opened: give rtsp://..., a file or a camera's number"
            )
        return FileSource(Path(text))
    if isinstance(source, Iterable):
        return IterableSource(source)
    raise ArgumentError(
        f"a source is a camera's number, a file, an rtsp:// address or an iterable of pictures, not {source!r}"
    )


def _live(where: int | str, name: str, backlog: int) -> LiveSource:
    check_count(backlog, "backlog")
    cv2 = load_cv2()
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(0)
    try:
        capture = cv2.VideoCapture(where) if isinstance(where, int) else cv2.VideoCapture(where, cv2.CAP_FFMPEG)
    finally:
        cv2.utils.logging.setLogLevel(level)
    if not capture.isOpened():
        raise VideoError(f"Cannot open {name}: check that it is there, and that no other program uses it.")
    fps = float(capture.get(cv2.CAP_PROP_FPS))
    return LiveSource(capture, backlog, fps if 0 < fps <= 1000 else None)
