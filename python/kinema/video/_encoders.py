"""Encoders by file ending: VP9 (.webm) and H.264 (.mp4) by PyAV, else by OpenCV, which writes Motion JPEG (.avi), too.

OpenCV has no H.264 encoder (it writes MPEG-4 part 2), and its VP9 takes twenty times as long for the same quality.
"""

import contextlib
import os
import threading
import warnings
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from kinema.errors import ArgumentError, VideoError
from kinema.video._cv2 import load_cv2

Frame = npt.NDArray[np.uint8]

#: What PyAV encodes, and how: quality that looks like the original, at the speed of a camera.
_PYAV = {
    ".mp4": ("libx264", {"crf": "18"}),
    ".webm": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "7", "row-mt": "1", "crf": "12", "b": "0"}),
}
_FOURCC = {".webm": "VP90", ".avi": "MJPG", ".mp4": "mp4v"}
_stderr = threading.Lock()


class Encoder(Protocol):
    def write(self, picture: Frame) -> None: ...
    def close(self) -> None: ...


def check_ending(path: Path) -> None:
    if path.suffix.lower() not in _FOURCC:
        raise ArgumentError(
            f"Cannot tell the format of {path.name!r}: end the name in .webm (VP9, which browsers play), .mp4 or .avi."
        )


def open_encoder(path: Path, fps: float, height: int, width: int) -> Encoder:
    """An encoder for BGR pictures of an even `height` and `width`."""
    ending = path.suffix.lower()
    if ending in _PYAV:
        with contextlib.suppress(ImportError):
            return _PyAVEncoder(path, *_PYAV[ending], fps, height, width)
    if ending == ".mp4":
        warnings.warn(
            "The .mp4 is written as MPEG-4 part 2 (mp4v), which browsers do not play: OpenCV has no H.264 encoder. "
            "Write .webm instead, or `python -m pip install av` for H.264.",
            stacklevel=4,
        )
    return _OpenCVEncoder(path, _FOURCC[ending], fps, height, width)


class _OpenCVEncoder:
    def __init__(self, path: Path, fourcc: str, fps: float, height: int, width: int) -> None:
        cv2 = load_cv2()
        with _stderr, _silent_stderr():  # OpenCV prints that it falls back to WebM's own tag for VP9
            self._writer = cv2.VideoWriter(
                str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*fourcc), fps, (width, height)
            )
        if not self._writer.isOpened():
            raise VideoError(
                f"OpenCV cannot write {width}x{height} video at {fps:g} frames a second as {path.suffix} ({fourcc})."
            )

    def write(self, picture: Frame) -> None:
        self._writer.write(picture)

    def close(self) -> None:
        self._writer.release()


class _PyAVEncoder:
    def __init__(self, path: Path, codec: str, options: dict[str, str], fps: float, height: int, width: int) -> None:
        import av

        if codec not in av.codecs_available:
            raise ImportError(f"this PyAV was built without {codec}")
        self._video_frame: Any = av.VideoFrame
        self._container = cast(Any, av.open(str(path), "w"))
        self._stream = self._container.add_stream(codec, rate=Fraction(fps).limit_denominator(1001))
        self._stream.height, self._stream.width = height, width
        self._stream.pix_fmt = "yuv420p"
        self._stream.gop_size = max(1, round(fps))  # a key frame a second, so that players and readers can jump
        self._stream.options = dict(options)

    def write(self, picture: Frame) -> None:
        self._container.mux(self._stream.encode(self._video_frame.from_ndarray(picture, format="bgr24")))

    def close(self) -> None:
        if self._container is not None:
            self._container.mux(self._stream.encode())
            self._container.close()
            self._container = None


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Keeps what C code prints to the process's standard error from the user."""
    try:
        saved = os.dup(2)
    except OSError:  # no standard error, as in a windowed program
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
