"""Reading video files, frame by frame and exactly.

Containers lie about how many frames they hold, and a seek may land on another frame than asked for. So frame i is the
i-th frame that comes out of the decoder, and the number of frames is what was counted. A jump to a key frame is taken
where PyAV is installed and every time stamp on the way is the one that the file's packets promise; else a reader only
decodes forward, and going back starts again from the beginning.
"""

import math
import os
import sys
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import overload

import numpy as np
import numpy.typing as npt

from kinema.errors import ArgumentError
from kinema.video._container import check_file
from kinema.video._convert import (
    FrameFormat,
    Frames,
    check_color,
    check_count,
    check_crop,
    check_dtype,
    check_interpolation,
    check_size,
    cut_out,
)
from kinema.video._cursor import Cursor
from kinema.video._hostile import check_name, is_address
from kinema.video._isolated import Isolation
from kinema.video._limits import MOST_PIXELS, DecoderOptions, check_memory

Frame = npt.NDArray[np.uint8]

_FIRST_ALLOCATION = 512 << 20  # bytes at most; the memory is only touched as frames arrive
_BACKENDS = ("auto", "opencv", "pyav")
_ON_ERROR = ("raise", "skip", "keep")


class VideoReader:
    """The frames of one video file: iterate over them, or ask for any by its index.

    Frames are arrays `(height, width, channels)`. An index or a slice gives exactly the frames that iterating
    gives. Asking for frames in rising order decodes the file once; with PyAV installed, going back and leaping forward
    start at the key frame before, and without it, going back decodes again from the start.
    `len(reader)` decodes the file once and remembers (`list(reader)` asks for the length first: `reader.read()` is the
    faster way to have everything). Rotation written in the file is applied; interlaced frames are given as stored, both
    fields in one picture. A file that cannot be read, is cut short or holds no frame raises when the reader is made; a
    damaged place raises when it is reached. A folder of pictures is read as a video of 25 frames a second, in the order
    of the numbers in their names.

    Args:
        path: The video file, or a folder of pictures.
        size: `(height, width)` to resize every frame to; `None` keeps the size of the first, or of `crop`.
        color: `"rgb"`, `"bgr"` (OpenCV's order) or `"gray"` (one channel).
        backend: `"auto"` decodes with OpenCV, and with PyAV (where installed) what OpenCV cannot or not exactly: more
            than 8 bits, jumps, time stamps. `"opencv"` and `"pyav"` use that one alone.
        threads: Threads for decoding; `None` lets the decoder choose.
        crop: `(top, left, height, width)` of the part of every picture that becomes the frame, in pixels of the video
            (rotation applied); `None` takes all of it. What `size` then resizes is that part.
        interpolation: How frames get smaller: `"area"` (the mean of the pixels that each new one covers) or
            `"bilinear"` (cheaper, and coarser). Frames that get larger are always bilinear.
        dtype: `"uint8"`, or `"float32"` for the same levels (0 to 255) that were not rounded.
        on_error: `"raise"`, `"skip"` gives the frames that are sound and leaves out the damaged ones (only PyAV tells
            which those are), `"keep"` gives everything that can be decoded. `lost` counts what is missing.
        allow_damaged: The same as `on_error="keep"`.
        allow_urls: Open addresses, playlists and patterns of file names, too.
        max_pixels: Refuse frames of more pixels than that.
        isolated: Decode in another process, so that a crash of the decoder is a `VideoError` here. The process
            is started once for several readers.
        time_limit: Seconds that the other process may take for one frame.
        memory_limit: Bytes that the other process may take (not on Windows).

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
        backend: str = "auto",
        threads: int | None = None,
        crop: tuple[int, int, int, int] | None = None,
        interpolation: str = "area",
        dtype: npt.DTypeLike = "uint8",
        on_error: str = "raise",
        allow_damaged: bool = False,
        allow_urls: bool = False,
        max_pixels: int = MOST_PIXELS,
        isolated: bool = False,
        time_limit: float = 10.0,
        memory_limit: int = 2 << 30,
    ) -> None:
        wanted = check_size(size)
        part = check_crop(crop)
        check_color(color)
        check_interpolation(interpolation)
        numbers = check_dtype(dtype)
        on_error = _one_of(on_error, "on_error", _ON_ERROR)
        if allow_damaged and on_error == "raise":
            on_error = "keep"
        options = DecoderOptions(
            threads=None if threads is None else check_count(threads, "threads"),
            backend=_one_of(backend, "backend", _BACKENDS),
            max_pixels=check_count(max_pixels, "max_pixels"),
            keep_damaged=on_error == "keep",
            drop_damaged=on_error == "skip",
            allow_urls=allow_urls,
        )
        isolation = Isolation(time_limit, memory_limit) if isolated else None
        self.path: Path = Path(path)
        self._times: list[float] | None = None
        self._closed = False
        source: Path | str = self.path
        cut = None
        if allow_urls and (is_address(path) or not self.path.exists()):
            source = os.fspath(path)
        else:
            if not allow_urls:
                check_name(path)
            cut = check_file(self.path, allow_damaged=on_error != "raise", allow_lists=allow_urls)
        self._cursor = Cursor(source, options, isolation, cut)
        self.codec: str = self._cursor.codec
        self.audio: str = self._cursor.audio
        picture = cut_out(self._cursor.picture, part)
        height, width = wanted or picture.shape[:2]
        self._format: FrameFormat = FrameFormat(height, width, color, interpolation, numbers, crop=part)

    @property
    def size(self) -> tuple[int, int]:
        """`(height, width)` of the frames, after rotation and resizing."""
        return self._format.height, self._format.width

    @property
    def fps(self) -> float:
        """Frames per second as the file states them; where it states none, from the time stamps of all its frames."""
        if 0 < self._cursor.fps < 10000:
            return self._cursor.fps
        seconds = self.timestamps
        length = float(seconds[-1] - seconds[0])
        return (len(seconds) - 1) / length if length > 0 else 25.0

    @property
    def timestamps(self) -> npt.NDArray[np.float64]:
        """When each frame is shown, in seconds, rising (decodes the file once and remembers)."""
        if self._times is None or len(self._times) != len(self):
            self._times = self._cursor.times()
        return np.array(self._times)

    @property
    def promised(self) -> int:
        """How many frames the file claims to hold, good for no more than a guess."""
        return self._cursor.promised

    @property
    def lost(self) -> int:
        """How many frames were damaged or missing so far; of the whole file once its end was reached."""
        return self._cursor.lost

    def at(self, seconds: float) -> Frame:
        """The frame that is shown `seconds` after the start of the file's clock, where its sound is 0, too.

        Times before the first frame give the first. With PyAV this decodes no more than from the key frame before.
        """
        seconds = float(seconds)
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ArgumentError(f"seconds must be a finite number of at least 0; got {seconds}.")
        if self._times is None:
            self._times = self._cursor.promised_times()
        index = self._shown_at(seconds)
        try:
            return self[index]
        except IndexError:  # the packets promised more frames than there are
            return self[self._shown_at(seconds)]

    def _shown_at(self, seconds: float) -> int:
        times = self.timestamps if self._times is None or self._cursor.count is not None else np.array(self._times)
        after_last = times[-1] + 1 / self.fps
        if seconds >= after_last:
            raise IndexError(f"{str(self.path)!r} ends at {after_last:.3f} seconds; nothing is shown at {seconds:.3f}.")
        return max(0, bisect_right(times, seconds) - 1)

    def __len__(self) -> int:
        self._check_open()
        while self._cursor.count is None:
            self._cursor.advance()
        return self._cursor.count

    def __bool__(self) -> bool:
        return True  # a video has a frame; asking for its length would decode it

    def __iter__(self) -> Iterator[Frames]:
        index = 0
        while self._move_to(index):
            yield self._format.convert(self._cursor.picture)
            index += 1

    @overload
    def __getitem__(self, index: int) -> Frames: ...
    @overload
    def __getitem__(self, index: slice) -> Frames: ...
    def __getitem__(self, index: int | slice) -> Frames:
        if isinstance(index, slice):
            return self._frames_at(index)
        wanted = int(index.__index__())
        if wanted < 0:
            wanted += len(self)
        if wanted < 0 or not self._move_to(wanted):
            raise IndexError(f"Frame {index} of {str(self.path)!r} does not exist: the video has {len(self)} frames.")
        return self._format.convert(self._cursor.picture)

    def read(self, stride: int = 1, max_frames: int | None = None) -> Frames:
        """Every `stride`-th frame from the first on, at most `max_frames`: `(frames, height, width, channels)`."""
        step = check_count(stride, "stride")
        stop = None if max_frames is None else step * check_count(max_frames, "max_frames")
        return self._collect(range(0, sys.maxsize if stop is None else stop, step))

    def close(self) -> None:
        """Closes the file; the reader can no longer be used."""
        self._closed = True
        self._cursor.close()

    def __enter__(self) -> "VideoReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"VideoReader({str(self.path)!r}, size={self.size}, fps={self._cursor.fps:g}, codec={self.codec!r})"

    def _frames_at(self, where: slice) -> Frames:
        start, stop, step = where.start or 0, where.stop, 1 if where.step is None else where.step
        if step > 0 and start >= 0 and stop is not None and stop >= 0:
            return self._collect(range(start, stop, step))  # no need to know the length
        indices = range(*where.indices(len(self)))
        if indices.step > 0:
            return self._collect(indices)
        return self._collect(indices[::-1])[::-1]

    def _collect(self, indices: range) -> Frames:
        """The frames at rising `indices`, as many as exist, decoded once into one array that grows in place."""
        frame_bytes = self._format.empty().nbytes
        guess = min(self.promised // indices.step + 1, _FIRST_ALLOCATION // frame_bytes)
        frames = self._format.empty(min(len(indices), max(16, guess)))
        filled = 0
        for index in indices:
            if not self._move_to(index):
                break
            if filled == len(frames):
                check_memory(min(len(indices), 2 * filled), frames[0].nbytes, repr(str(self.path)))
                frames.resize((min(len(indices), 2 * filled), *self._format.shape), refcheck=False)
            self._format.convert(self._cursor.picture, out=frames[filled])
            filled += 1
        frames.resize((filled, *self._format.shape), refcheck=False)
        return frames

    def _move_to(self, index: int) -> bool:
        self._check_open()
        return self._cursor.move_to(index)

    def _check_open(self) -> None:
        if self._closed:
            raise ArgumentError(f"The reader of {str(self.path)!r} is closed: make a new VideoReader to read on.")


def _one_of(value: str, name: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ArgumentError(f"{name}={value!r} is unknown: use one of {', '.join(map(repr, allowed))}.")
    return value


def read_video_frames(
    path: str | os.PathLike[str],
    size: tuple[int, int] | int | None = None,
    stride: int = 1,
    max_frames: int | None = None,
    color: str = "rgb",
    *,
    crop: tuple[int, int, int, int] | None = None,
) -> Frame:
    """Reads a video into one uint8 array `(frames, height, width, channels)`.

    Args:
        path: The video file.
        size: `(height, width)` to resize every frame to; `None` keeps the video's own.
        stride: Keep every `stride`-th frame, from the first on.
        max_frames: Stop after so many frames (counted after `stride`).
        color: `"rgb"`, `"bgr"` (OpenCV's order) or `"gray"` (one channel).
        crop: `(top, left, height, width)` of the part of every picture to take, before it is resized.

    Raises:
        VideoError: The file is missing (then also a `FileNotFoundError`), empty, truncated, damaged or not a video.

    Example:

    >>> import kinema
    >>> path = min(kinema.datasets.grid_commands.folder("test").glob("bin/*.webm"))
    >>> kinema.video.read_video_frames(path, size=(32, 48), stride=2).shape
    (8, 32, 48, 3)
    """
    with VideoReader(path, size, color, crop=crop) as reader:
        return reader.read(stride, max_frames)
