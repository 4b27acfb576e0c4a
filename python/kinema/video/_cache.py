"""Decoded videos on disk, in files that several processes may share.

There is one file a video and way of decoding it. Its name is made of everything that its frames depend on, so a changed
video or another size is another file, and nothing in it is ever changed: it is written beside its place and moved there
whole. It holds a `.npy` array of the frames that are kept, and behind that when each frame of the video is shown, a
checksum of each that is kept, and a checksum of all but the frames.
"""

import hashlib
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from kinema._rust import __version__
from kinema.errors import FileFormatError, VideoError
from kinema.video._cv2 import load_cv2
from kinema.video._decoders import has_pyav

Frames = npt.NDArray[np.uint8]
Seconds = npt.NDArray[np.float64]

_LAYOUT = 1  # of the files; another number makes old ones unknown
_HEADER = 128  # bytes: fixed, for it is written last, when the number of frames is known
_PREAMBLE = b"\x93NUMPY\x01\x00" + (_HEADER - 10).to_bytes(2, "little")


class DamagedEntryError(Exception):
    """A file of the cache does not hold what was written to it."""


@dataclass(frozen=True)
class Entry:
    """A file of the cache whose length and checksum are right; its frames are checked when they are first read."""

    path: Path
    #: When each frame of the video is shown, those between the kept ones too.
    timestamps: Seconds
    checksums: npt.NDArray[np.uint32]
    frame_shape: tuple[int, ...]
    checked: npt.NDArray[np.bool_]

    @property
    def count(self) -> int:
        """How many frames are kept."""
        return len(self.checksums)

    def read(self, start: int, stop: int) -> Frames:
        """The frames from `start` to `stop`.

        Raises:
            DamagedEntryError: They are not as they were written, or the file is gone.
        """
        frames = np.empty((stop - start, *self.frame_shape), np.uint8)
        room = frames.reshape(-1).data
        filled = 0
        try:
            with self.path.open("rb", buffering=0) as file:
                file.seek(_HEADER + start * int(np.prod(self.frame_shape)))
                while filled < frames.nbytes and (more := file.readinto(room[filled:])):
                    filled += more
        except OSError as error:
            raise DamagedEntryError from error
        unknown = np.flatnonzero(~self.checked[start:stop])
        if filled < frames.nbytes or any(zlib.crc32(frames[i]) != self.checksums[start + i] for i in unknown):
            raise DamagedEntryError
        self.checked[start:stop] = True
        return frames


class Writing:
    """A file of the cache that is being written."""

    def __init__(self, file: BinaryIO, frame_stride: int) -> None:
        self._file = file
        self._frame_stride = frame_stride
        self._checksums: list[int] = []
        self._frame_shape: tuple[int, ...] = ()
        file.write(bytes(_HEADER))

    def append(self, frames: Frames) -> None:
        """Writes the next frames."""
        self._frame_shape = frames.shape[1:]
        self._checksums += [zlib.crc32(frame) for frame in frames]
        self._file.write(frames.data)

    def finish(self, timestamps: Seconds) -> None:
        """Makes the file complete; the time stamps are those of all frames of the video."""
        count = len(self._checksums)
        header = _header((count, *self._frame_shape))
        times = np.full(count * self._frame_stride, np.nan)
        times[: len(timestamps)] = timestamps
        trailer = times.astype("<f8").tobytes() + np.array(self._checksums, "<u4").tobytes()
        self._file.write(trailer + zlib.crc32(header + trailer).to_bytes(4, "little"))
        self._file.seek(0)
        self._file.write(header)


class FrameCache:
    """The files of one folder for one way of decoding.

    Args:
        folder: Where the files are; made if need be.
        settings: What frames depend on besides the video and the versions of the decoders.
        frame_shape: (height, width, channels).
        frame_stride: One of so many frames of a video is kept.

    Raises:
        FileFormatError: The folder cannot be made or written to.
    """

    def __init__(
        self, folder: str | os.PathLike[str], settings: str, frame_shape: tuple[int, ...], frame_stride: int
    ) -> None:
        # Not above: the package `saving` knows the layers, and these know of videos.
        from kinema.saving.atomic import make_folder

        make_folder(folder, "cache=")
        self.folder = Path(folder)
        self._settings = settings
        self._frame_shape = frame_shape
        self._frame_stride = frame_stride
        self._decoders: str | None = None

    def find(self, video: Path) -> Entry | None:
        """The frames of a video as it is now; None where they are not here, or damaged."""
        try:
            path = self._path(video)
            with path.open("rb") as file:
                return self._entry(path, file)
        except (OSError, DamagedEntryError):
            return None

    @contextmanager
    def writing(self, video: Path) -> Iterator[Writing]:
        """Something to write the frames of a video to, which are kept if the block ends well.

        Raises:
            FileFormatError: They cannot be written.
        """
        from kinema.saving.atomic import atomic_path

        path = self._path(video)
        try:
            path.parent.mkdir(exist_ok=True)
            with atomic_path(path) as part, part.open("wb") as file:
                yield Writing(file, self._frame_stride)
        except VideoError:
            raise
        except OSError as error:
            # Windows lets nobody replace a file that another process has written meanwhile, and is reading.
            if isinstance(error, PermissionError) and self.find(video) is not None:
                return
            raise FileFormatError(
                f"cache=: cannot write the frames of {str(video)!r} into {str(self.folder)!r}: "
                f"{error.strerror or error}. Make room there (everything in the folder may be deleted), give a folder "
                "on a disk that has more, or leave out cache="
            ) from error

    def _path(self, video: Path) -> Path:
        if self._decoders is None:
            self._decoders = _decoder_versions()
        known = (_LAYOUT, __version__, self._decoders, self._settings, os.path.realpath(video), _state(video))
        name = hashlib.sha256(repr(known).encode(errors="surrogateescape")).hexdigest()[:40]
        return self.folder / name[:2] / f"{name}.npy"

    def _entry(self, path: Path, file: BinaryIO) -> Entry:
        header = file.read(_HEADER)
        frame_bytes = int(np.prod(self._frame_shape))
        times_bytes = 8 * self._frame_stride
        count, rest = divmod(os.fstat(file.fileno()).st_size - _HEADER - 4, frame_bytes + times_bytes + 4)
        if rest or count < 0 or header != _header((count, *self._frame_shape)):
            raise DamagedEntryError
        file.seek(count * frame_bytes, os.SEEK_CUR)
        trailer = file.read((times_bytes + 4) * count)
        if zlib.crc32(header + trailer).to_bytes(4, "little") != file.read(4):
            raise DamagedEntryError
        times = np.frombuffer(trailer, "<f8", count * self._frame_stride).astype(np.float64)
        checksums = np.frombuffer(trailer, "<u4", count, offset=times_bytes * count).astype(np.uint32)
        return Entry(path, times[~np.isnan(times)], checksums, self._frame_shape, np.zeros(count, np.bool_))


def _header(shape: tuple[int, ...]) -> bytes:
    description = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".encode()
    return _PREAMBLE + description.ljust(_HEADER - len(_PREAMBLE) - 1) + b"\n"


def _state(video: Path) -> object:
    """What changes when the video does; of a folder of pictures, that of each."""
    if video.is_dir():
        return sorted((picture.name, _state(picture)) for picture in video.iterdir() if picture.is_file())
    try:
        found = video.stat()
    except FileNotFoundError:
        return None  # the decoder says it better
    return found.st_mtime_ns, found.st_size


def _decoder_versions() -> str:
    versions = f"OpenCV {load_cv2().__version__}"
    if has_pyav():
        import av

        versions += f", PyAV {av.__version__}"
    return versions
