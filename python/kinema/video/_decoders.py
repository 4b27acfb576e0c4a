"""Decoders behind one interface: OpenCV, PyAV (where installed), and one for folders of pictures.

A decoder goes forward. `grab` moves to the next frame that can be decoded, and sets `damaged` once it had to pass over
data that cannot, which `lost` counts; `retrieve` gives the frame as BGR; whoever wants to go back opens another.
Rotation written in the file is applied. `promised` is the number of frames the container claims, good for no more than
a guess. OpenCV is the faster one, and gives PyAV's bits for pictures of 8 bits a channel; PyAV decodes the others,
knows which pictures are damaged or interlaced, and jumps.
"""

import functools
import importlib.util
import itertools
import threading
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from kinema.errors import MissingDependencyError, VideoError
from kinema.video._cv2 import load_cv2
from kinema.video._fields import may_interlace
from kinema.video._limits import DecoderOptions, check_pixels, location
from kinema.video._picture_folder import PictureFolderDecoder

Frame = npt.NDArray[np.uint8]

_DAMAGED_PACKETS_IN_A_ROW = 16
_log_level = threading.Lock()


class Decoder(Protocol):
    fps: float
    codec: str
    promised: int
    damaged: bool
    lost: int
    audio: str

    def grab(self) -> bool: ...
    def retrieve(self) -> Frame: ...
    def seconds(self) -> float: ...
    def close(self) -> None: ...


class Jumper(Decoder, Protocol):
    """A decoder that also goes to any frame, `saves` telling whether that spares decoding."""

    def saves(self, index: int, position: int) -> bool: ...
    def jump(self, index: int) -> None: ...


def open_decoder(path: Path | str, options: DecoderOptions) -> Decoder:
    """A decoder standing on the first frame of `path` (already grabbed)."""
    if isinstance(path, Path) and path.is_dir():
        return PictureFolderDecoder(path, options)
    if options.backend == "pyav" or (options.backend == "auto" and options.drop_damaged and has_pyav()):
        if not has_pyav():
            raise MissingDependencyError("backend='pyav' needs PyAV: `python -m pip install av` installs it.")
        return _open_with_pyav(path, "", options)
    exact = options.backend == "opencv" or not has_pyav() or not _is_interlaced(path, options)
    opencv = _OpenCVDecoder(path, options)
    try:
        check_pixels(*opencv.size, options.max_pixels)
        exact = exact and (opencv.bits_fit or options.backend == "opencv" or not has_pyav())
        if opencv.opened and exact and opencv.grab():
            return _checked(opencv, path, options)
    except BaseException:
        opencv.close()
        raise
    opencv.close()
    what = (
        f"OpenCV recognises {str(path)!r} but gets no frame out of it"
        if opencv.opened
        else f"{str(path)!r} is not a video OpenCV can open"
    )
    if opencv.codec:
        what += f" (codec {opencv.codec!r})"
    if options.backend == "opencv":
        raise VideoError(f"{what}. backend='auto' asks PyAV, too, where it is installed.")
    return _open_with_pyav(path, what, options)


def _checked(opencv: "_OpenCVDecoder", path: Path | str, options: DecoderOptions) -> Decoder:
    if options.backend == "opencv" or options.keep_damaged or not options.trusts_index or not has_pyav():
        return opencv
    if not isinstance(path, Path):  # an address may be a stream without an end, whose packets cannot be read ahead
        return opencv
    from kinema.video._checked import CheckedDecoder

    return CheckedDecoder(opencv, lambda: open_jumper(path, options))


def open_jumper(path: Path | str, options: DecoderOptions) -> Jumper | None:
    """A decoder of the same frames that jumps; None where none is sure to give the same."""
    if isinstance(path, Path) and path.is_dir():
        return PictureFolderDecoder(path, options)
    if options.backend == "opencv" or options.keep_damaged or options.drop_damaged or not has_pyav():
        return None
    import av

    from kinema.video._pyav import IndexLiesError, JumpingDecoder, NoPicturesError

    try:
        jumper = JumpingDecoder(path, options)
    except (IndexLiesError, NoPicturesError, av.error.FFmpegError, OSError, ValueError, IndexError):
        return None
    plain = open_decoder(path, options)
    same = np.array_equal(plain.retrieve(), jumper.first_picture)
    plain.close()
    if same:
        return jumper
    jumper.close()
    return None


def read_times(path: Path | str, options: DecoderOptions) -> list[float] | None:
    """When each frame is shown, exactly; None where only the decoder of the frames can tell."""
    if options.backend == "opencv" or not has_pyav() or (isinstance(path, Path) and path.is_dir()):
        return None
    import av

    from kinema.video import _pyav

    try:
        return _pyav.read_times(path, options)
    except (_pyav.NoPicturesError, av.error.FFmpegError, OSError, ValueError, IndexError):
        return None


def _is_interlaced(path: Path | str, options: DecoderOptions) -> bool:
    """Whether a picture may be of two fields: OpenCV 5 gives memory at random for such ones, and no error.

    Refuses pictures that are too large on the way: OpenCV decodes the first ones to open a file.
    """
    name = location(path)
    try:
        found = path.stat() if isinstance(path, Path) else None
    except OSError:
        return False
    looked = _look(name, options) if found is None else _look_once(name, found.st_mtime_ns, found.st_size, options)
    if looked is None:
        return False
    interlaced, size = looked
    check_pixels(*size, options.max_pixels)
    return interlaced


@functools.lru_cache(maxsize=1 << 16)
def _look_once(name: str, changed: int, size: int, options: DecoderOptions) -> tuple[bool, tuple[int, int]] | None:
    """The same, asked once: PyAV takes milliseconds for it, and some memory that does not always come back."""
    return _look(name, options)


def _look(name: str, options: DecoderOptions) -> tuple[bool, tuple[int, int]] | None:
    """Whether pictures may be of two fields, and their height and width; None where PyAV does not know."""
    import av

    from kinema.video._pyav import open_options

    try:
        with av.open(name, options=open_options(options)) as container:
            stream = container.streams.video[0]
            context = stream.codec_context
            size = context.height, context.width
            interlaced = may_interlace(context.name, context.extradata)
            if interlaced is None and size[0] * size[1] <= options.max_pixels:
                interlaced = any(frame.interlaced_frame for frame in itertools.islice(container.decode(stream), 1))
    except (av.error.FFmpegError, OSError, ValueError, IndexError, AttributeError):  # no decoder for the codec
        return None
    return bool(interlaced), size


def has_pyav() -> bool:
    try:
        return importlib.util.find_spec("av") is not None
    except ValueError:  # it was put out of the way: sys.modules["av"] is None
        return False


def _open_with_pyav(path: Path | str, what: str, options: DecoderOptions) -> Decoder:
    if not has_pyav():
        raise VideoError(
            f"{what}. If other players show it, `python -m pip install av` gives Kinema a decoder for more codecs "
            "(AV1 among them)."
        )
    import av

    from kinema.video._pyav import NoPicturesError, PyAVDecoder

    both = f"{what}, and PyAV cannot decode it either" if what else f"PyAV cannot decode {str(path)!r}"
    try:
        decoder = PyAVDecoder(path, options)
    except NoPicturesError:
        raise VideoError(f"{str(path)!r} holds no pictures: it is a sound file, or no video at all.") from None
    except VideoError:
        raise
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise VideoError(f"{both} ({error}). The file is no video, or is damaged.") from error
    if not decoder.grab():
        decoder.close()
        raise VideoError(
            f"{both}: it finds no frame. The file is no video or is damaged, or the pixels of its frames are more than "
            f"max_pixels={options.max_pixels:,} allows."
        )
    return decoder


class _OpenCVDecoder:
    audio = ""

    def __init__(self, path: Path | str, options: DecoderOptions) -> None:
        cv2 = load_cv2()
        threads = options.threads
        self._cv2 = cv2
        ffmpeg = cv2.CAP_FFMPEG in cv2.videoio_registry.getStreamBackends()
        settings = [cv2.CAP_PROP_N_THREADS, threads] if ffmpeg and threads else []
        with _log_level:
            level = cv2.utils.logging.getLogLevel()
            cv2.utils.logging.setLogLevel(0)
            try:
                self._capture = cv2.VideoCapture(location(path), cv2.CAP_FFMPEG if ffmpeg else cv2.CAP_ANY, settings)
            finally:
                cv2.utils.logging.setLogLevel(level)
        self.opened = bool(self._capture.isOpened())
        self._capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
        self.fps = float(self._capture.get(cv2.CAP_PROP_FPS))
        self.promised = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        fourcc = int(self._capture.get(cv2.CAP_PROP_FOURCC)) if self.opened else 0
        self.codec = (fourcc & 0xFFFFFFFF).to_bytes(4, "little").decode("latin-1").strip("\x00 ")
        self.size = (
            int(self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
            int(self._capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
        )
        pixels = int(self._capture.get(cv2.CAP_PROP_CODEC_PIXEL_FORMAT)) if self.opened else 0
        self.bits_fit = _has_8_bits((pixels & 0xFFFFFFFF).to_bytes(4, "little"))
        self.damaged = False
        self.lost = 0
        self._max_pixels = options.max_pixels
        self._ended = False

    def grab(self) -> bool:
        if self._ended:
            return False
        if self._capture.grab():
            return True
        # OpenCV stops alike at the end and at a packet it cannot decode; only behind the latter are there more frames.
        for missed in range(1, _DAMAGED_PACKETS_IN_A_ROW + 1):
            if self._capture.grab():
                self.damaged = True
                self.lost += missed
                return True
        self._ended = True
        return False

    def retrieve(self) -> Frame:
        check_pixels(
            int(self._capture.get(self._cv2.CAP_PROP_FRAME_HEIGHT)),
            int(self._capture.get(self._cv2.CAP_PROP_FRAME_WIDTH)),
            self._max_pixels,
        )
        try:
            good, frame = self._capture.retrieve()
        except self._cv2.error:
            good = False
        if not good:
            raise VideoError("OpenCV decoded a frame but could not convert it to BGR.")
        return np.asarray(frame)

    def seconds(self) -> float:
        return float(self._capture.get(self._cv2.CAP_PROP_POS_MSEC)) / 1000

    def stamp(self) -> int:
        """When the frame is shown, in periods of the frame rate."""
        if hasattr(self._cv2, "CAP_PROP_PTS"):
            return int(self._capture.get(self._cv2.CAP_PROP_PTS))
        return round(self.seconds() * self.fps)  # OpenCV before 4.11

    def close(self) -> None:
        self._capture.release()


def _has_8_bits(pixel_format: bytes) -> bool:
    """Whether FFmpeg's code of a pixel format is of 8 bits: those of more end in their number, as in `Y3\\x0b\\n`."""
    return not 8 < pixel_format[3] <= 16
