"""Reading video files, frame by frame and exactly.

Containers lie about how many frames they hold, and a seek may land on another frame than asked for. So a reader only
decodes forward: frame i is the i-th frame that comes out of the decoder, going back starts again from the beginning,
and the number of frames is what was counted.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import overload

import numpy as np
import numpy.typing as npt

from kinema.errors import ArgumentError, VideoError
from kinema.video._container import check_file
from kinema.video._convert import FrameFormat, check_color, check_count, check_size
from kinema.video._decoders import Decoder, open_decoder

Frame = npt.NDArray[np.uint8]

_FIRST_ALLOCATION = 512 << 20  # bytes at most; the memory is only touched as frames arrive


class VideoReader:
    """The frames of one video file: iterate over them, or ask for any by its index.

    Frames are uint8 arrays `(height, width, channels)`. An index or a slice gives exactly the frames that iterating
    gives; asking for frames in rising order decodes the file once, going back decodes it again from the start.
    `len(reader)` decodes the file once and remembers (`list(reader)` asks for the length first: `reader.read()` is the
    faster way to have everything). Rotation written in the file is applied. A file that cannot be read, is cut short or
    holds no frame raises when the reader is made; a damaged place raises when it is reached.

    Args:
        path: The video file.
        size: `(height, width)` to resize every frame to; `None` keeps the size of the first.
        color: `"rgb"`, `"bgr"` (OpenCV's order) or `"gray"` (one channel).
        threads: Threads for decoding; `None` lets the decoder choose.
        allow_damaged: Give what can be decoded of a damaged or truncated file instead of raising.

    Raises:
        VideoError: The file is missing (then also a `FileNotFoundError`), empty, truncated, damaged or not a video.

    Example:

    >>> import kinema
    >>> path = min(kinema.datasets.grid_commands.folder("test").glob("bin/*.webm"))
    >>> with kinema.video.VideoReader(path) as reader:
    ...     reader.size, reader.fps, len(reader), reader[-1].shape, reader[2:8:3].shape
    ((64, 96), 25.0, 16, (64, 96, 3), (2, 64, 96, 3))
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        size: tuple[int, int] | int | None = None,
        color: str = "rgb",
        *,
        threads: int | None = None,
        allow_damaged: bool = False,
    ) -> None:
        self.path = Path(path)
        wanted = check_size(size)
        check_color(color)
        self._threads = None if threads is None else check_count(threads, "threads")
        self._allow_damaged = allow_damaged
        self._seconds: list[float] = []
        self._count: int | None = None
        self._closed = False
        check_file(self.path, allow_damaged=allow_damaged)
        self._decoder: Decoder | None = None
        first = self._restart()
        self._container_fps: float = first.fps
        self.codec: str = first.codec
        self._promised: int = first.promised
        height, width = wanted or self._picture.shape[:2]
        self._format: FrameFormat = FrameFormat(height, width, color)

    @property
    def size(self) -> tuple[int, int]:
        """`(height, width)` of the frames, after rotation and resizing."""
        return self._format.height, self._format.width

    @property
    def fps(self) -> float:
        """Frames per second as the file states them; where it states none, from the time stamps of all its frames."""
        if 0 < self._container_fps < 10000:
            return self._container_fps
        seconds = self.timestamps
        length = float(seconds[-1] - seconds[0])
        return (len(seconds) - 1) / length if length > 0 else 25.0

    @property
    def timestamps(self) -> npt.NDArray[np.float64]:
        """When each frame is shown, in seconds, rising (decodes the file once and remembers)."""
        len(self)
        return np.array(self._seconds)

    def __len__(self) -> int:
        while self._count is None:
            self._advance()
        return self._count

    def __bool__(self) -> bool:
        return True  # a video has a frame; asking for its length would decode it

    def __iter__(self) -> Iterator[Frame]:
        index = 0
        while self._move_to(index):
            yield self._format.convert(self._picture)
            index += 1

    @overload
    def __getitem__(self, index: int) -> Frame: ...
    @overload
    def __getitem__(self, index: slice) -> Frame: ...
    def __getitem__(self, index: int | slice) -> Frame:
        if isinstance(index, slice):
            return self._frames_at(index)
        wanted = int(index.__index__())
        if wanted < 0:
            wanted += len(self)
        if wanted < 0 or not self._move_to(wanted):
            raise IndexError(f"Frame {index} of {str(self.path)!r} does not exist: the video has {len(self)} frames.")
        return self._format.convert(self._picture)

    def read(self, stride: int = 1, max_frames: int | None = None) -> Frame:
        """Every `stride`-th frame from the first on, at most `max_frames`: `(frames, height, width, channels)`."""
        step = check_count(stride, "stride")
        stop = None if max_frames is None else step * check_count(max_frames, "max_frames")
        return self._collect(range(0, sys.maxsize if stop is None else stop, step))

    def close(self) -> None:
        """Closes the file; the reader can no longer be used."""
        self._closed = True
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None

    def __enter__(self) -> "VideoReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"VideoReader({str(self.path)!r}, size={self.size}, fps={self._container_fps:g}, codec={self.codec!r})"

    def _frames_at(self, where: slice) -> Frame:
        start, stop, step = where.start or 0, where.stop, 1 if where.step is None else where.step
        if step > 0 and start >= 0 and stop is not None and stop >= 0:
            return self._collect(range(start, stop, step))  # no need to know the length
        indices = range(*where.indices(len(self)))
        if indices.step > 0:
            return self._collect(indices)
        return self._collect(indices[::-1])[::-1]

    def _collect(self, indices: range) -> Frame:
        """The frames at rising `indices`, as many as exist, decoded once into one array that grows in place."""
        guess = min(self._promised // indices.step + 1, _FIRST_ALLOCATION // int(np.prod(self._format.shape)))
        room = min(len(indices), max(16, guess))
        frames = np.empty((room, *self._format.shape), np.uint8)
        filled = 0
        for index in indices:
            if not self._move_to(index):
                break
            if filled == len(frames):
                frames.resize((min(len(indices), 2 * filled), *self._format.shape), refcheck=False)
            self._format.convert(self._picture, out=frames[filled])
            filled += 1
        frames.resize((filled, *self._format.shape), refcheck=False)
        return frames

    def _move_to(self, index: int) -> bool:
        """Makes frame `index` the current picture; False where the video ends before it."""
        if self._closed:
            raise ArgumentError(f"The reader of {str(self.path)!r} is closed: make a new VideoReader to read on.")
        if self._count is not None and index >= self._count:
            return False
        decoder = self._decoder
        if decoder is None or index < self._position:
            decoder = self._restart()
        while self._position < index:
            if not self._advance():
                return False
        if not self._retrieved:
            self._retrieve(decoder)
        return True

    def _restart(self) -> Decoder:
        if self._decoder is not None:
            self._decoder.close()
        self._position = 0
        self._decoder = decoder = open_decoder(self.path, self._threads)
        self._check_damage(decoder)
        self._note_time(decoder)
        self._retrieve(decoder)
        return decoder

    def _advance(self) -> bool:
        """Steps to the next frame without converting it; False, and the count is known, at the end."""
        decoder = self._decoder or self._restart()
        found = decoder.grab()
        self._check_damage(decoder)
        if not found:
            self._count = self._position + 1
            decoder.close()
            self._decoder = None
            return False
        self._position += 1
        self._retrieved = False
        self._note_time(decoder)
        return True

    def _check_damage(self, decoder: Decoder) -> None:
        if decoder.damaged and not self._allow_damaged:
            decoder.close()
            self._decoder = None
            raise VideoError(
                f"{str(self.path)!r} is damaged: the data after frame {self._position} cannot be decoded. "
                "Copy or download it again, or read what can be decoded with VideoReader(path, allow_damaged=True)."
            )

    def _retrieve(self, decoder: Decoder) -> None:
        self._picture: Frame = decoder.retrieve()
        self._retrieved = True

    def _note_time(self, decoder: Decoder) -> None:
        if self._position < len(self._seconds):
            return
        seconds = decoder.seconds()
        if self._seconds and not seconds > self._seconds[-1]:
            fps = decoder.fps
            seconds = self._seconds[-1] + 1 / (fps if 0 < fps < 10000 else 25.0)
        self._seconds.append(seconds if np.isfinite(seconds) else 0.0)


def read_video_frames(
    path: str | os.PathLike[str],
    size: tuple[int, int] | int | None = None,
    stride: int = 1,
    max_frames: int | None = None,
    color: str = "rgb",
) -> Frame:
    """Reads a video into one uint8 array `(frames, height, width, channels)`.

    Args:
        path: The video file.
        size: `(height, width)` to resize every frame to; `None` keeps the video's own.
        stride: Keep every `stride`-th frame, from the first on.
        max_frames: Stop after so many frames (counted after `stride`).
        color: `"rgb"`, `"bgr"` (OpenCV's order) or `"gray"` (one channel).

    Raises:
        VideoError: The file is missing (then also a `FileNotFoundError`), empty, truncated, damaged or not a video.

    Example:

    >>> import kinema
    >>> path = min(kinema.datasets.grid_commands.folder("test").glob("bin/*.webm"))
    >>> kinema.video.read_video_frames(path, size=(32, 48), stride=2).shape
    (8, 32, 48, 3)
    """
    with VideoReader(path, size, color) as reader:
        return reader.read(stride, max_frames)
