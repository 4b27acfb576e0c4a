"""Two decoders behind one interface: OpenCV, and PyAV (where installed) for what OpenCV's FFmpeg cannot decode.

A decoder only goes forward. `grab` moves to the next frame that can be decoded, and sets `damaged` once it had to pass
over data that cannot; `retrieve` gives the frame as BGR; whoever wants to go back opens another. Rotation written in
the file is applied. `promised` is the number of frames the container claims, good for no more than a guess.
"""

import threading
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from kinema.errors import VideoError
from kinema.video._cv2 import load_cv2

Frame = npt.NDArray[np.uint8]

_DAMAGED_PACKETS_IN_A_ROW = 16
_log_level = threading.Lock()


class Decoder(Protocol):
    fps: float
    codec: str
    promised: int
    damaged: bool

    def grab(self) -> bool: ...
    def retrieve(self) -> Frame: ...
    def seconds(self) -> float: ...
    def close(self) -> None: ...


def open_decoder(path: Path, threads: int | None) -> Decoder:
    """A decoder standing on the first frame of `path` (already grabbed)."""
    opencv = _OpenCVDecoder(path, threads)
    if opencv.opened and opencv.grab():
        return opencv
    opencv.close()
    return _open_with_pyav(path, opencv, threads)


def _open_with_pyav(path: Path, opencv: "_OpenCVDecoder", threads: int | None) -> Decoder:
    what = (
        f"OpenCV recognises {str(path)!r} but gets no frame out of it"
        if opencv.opened
        else f"{str(path)!r} is not a video OpenCV can open"
    )
    if opencv.codec:
        what += f" (codec {opencv.codec!r})"
    try:
        import av
    except ImportError:
        raise VideoError(
            f"{what}. If other players show it, `python -m pip install av` gives Kinema a decoder for more codecs "
            "(AV1 among them)."
        ) from None
    try:
        decoder = _PyAVDecoder(path, threads)
    except _NoPicturesError:
        raise VideoError(f"{str(path)!r} holds no pictures: it is a sound file, or no video at all.") from None
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise VideoError(
            f"{what}, and PyAV cannot decode it either ({error}). The file is no video, or is damaged."
        ) from error
    if not decoder.grab():
        decoder.close()
        raise VideoError(f"{what}, and PyAV finds no frame in it either. The file is no video, or is damaged.")
    return decoder


class _NoPicturesError(Exception):
    """The file opens, and has no video stream."""


class _OpenCVDecoder:
    def __init__(self, path: Path, threads: int | None) -> None:
        cv2 = load_cv2()
        self._cv2 = cv2
        ffmpeg = cv2.CAP_FFMPEG in cv2.videoio_registry.getStreamBackends()
        options = [cv2.CAP_PROP_N_THREADS, threads] if ffmpeg and threads else []
        with _log_level:
            level = cv2.utils.logging.getLogLevel()
            cv2.utils.logging.setLogLevel(0)
            try:
                # an absolute path is never taken for a URL or a camera
                self._capture = cv2.VideoCapture(
                    str(path.absolute()), cv2.CAP_FFMPEG if ffmpeg else cv2.CAP_ANY, options
                )
            finally:
                cv2.utils.logging.setLogLevel(level)
        self.opened = bool(self._capture.isOpened())
        self._capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
        self.fps = float(self._capture.get(cv2.CAP_PROP_FPS))
        self.promised = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        fourcc = int(self._capture.get(cv2.CAP_PROP_FOURCC)) if self.opened else 0
        self.codec = (fourcc & 0xFFFFFFFF).to_bytes(4, "little").decode("latin-1").strip("\x00 ")
        self.damaged = False
        self._ended = False

    def grab(self) -> bool:
        if self._ended:
            return False
        if self._capture.grab():
            return True
        # OpenCV stops alike at the end and at a packet it cannot decode; only behind the latter are there more frames.
        for _ in range(_DAMAGED_PACKETS_IN_A_ROW):
            if self._capture.grab():
                self.damaged = True
                return True
        self._ended = True
        return False

    def retrieve(self) -> Frame:
        good, frame = self._capture.retrieve()
        if not good:
            raise VideoError("OpenCV decoded a frame but could not convert it to BGR.")
        return np.asarray(frame)

    def seconds(self) -> float:
        return float(self._capture.get(self._cv2.CAP_PROP_POS_MSEC)) / 1000

    def close(self) -> None:
        self._capture.release()


class _PyAVDecoder:
    def __init__(self, path: Path, threads: int | None) -> None:
        import av

        self._container: Any = av.open(str(path.absolute()))
        if not self._container.streams.video:
            self._container.close()
            raise _NoPicturesError
        stream: Any = self._container.streams.video[0]
        if stream.codec_context is None:
            self._container.close()
            raise ValueError("it has no decoder for the codec")
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = threads or 0
        self.fps = float(stream.average_rate or 0)
        self.codec = str(stream.codec_context.name)
        self.promised = int(stream.frames)
        self.damaged = False
        self._packets = self._container.demux(stream)
        self._decoded: list[Any] = []
        self._frame: Any = None

    def grab(self) -> bool:
        import av

        while not self._decoded:
            packet = self._next_packet()
            if packet is None:
                return False
            try:
                self._decoded = list(packet.decode())
            except EOFError:
                return False
            except av.error.FFmpegError:
                self.damaged = True
        self._frame = self._decoded.pop(0)
        return True

    def _next_packet(self) -> Any:
        import av

        try:
            return next(self._packets, None)
        except av.error.FFmpegError:
            self.damaged = True
            return None

    def retrieve(self) -> Frame:
        pixels: Frame = self._frame.to_ndarray(format="bgr24")
        quarter_turns = round(getattr(self._frame, "rotation", 0) / 90) % 4
        return np.ascontiguousarray(np.rot90(pixels, quarter_turns)) if quarter_turns else pixels

    def seconds(self) -> float:
        time = self._frame.time
        return float("nan") if time is None else float(time)

    def close(self) -> None:
        self._container.close()
