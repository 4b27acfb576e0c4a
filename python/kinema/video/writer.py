"""Writing frames to a video file, whole or not at all."""

import contextlib
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kinema.errors import ArgumentError, DataError, DTypeError, ShapeError, VideoError
from kinema.video._convert import check_color
from kinema.video._cv2 import load_cv2
from kinema.video._encoders import Encoder, check_ending, open_encoder
from kinema.video.reader import VideoReader

Frame = npt.NDArray[np.uint8]


def write_video(
    path: str | os.PathLike[str],
    frames: npt.NDArray[np.uint8] | Iterable[npt.NDArray[np.uint8]],
    fps: float = 25,
    color: str = "rgb",
) -> Path:
    """Writes uint8 frames as a video and returns its path.

    The ending chooses the format: `.webm` (VP9, which browsers play; the one to take), `.mp4` (H.264 where PyAV is
    installed, else MPEG-4 part 2, with a warning that browsers do not play it) or `.avi` (Motion JPEG). The video is
    written beside its place, opened again and counted before it takes its name: a call that fails leaves an older file
    as it was. Encoding loses detail, and codecs need even sides: an odd height or width grows by a copy of its last row
    or column.

    Args:
        path: The file to write, in a folder that exists.
        frames: Array `(frames, height, width, channels)` with 1 or 3 channels, or an iterable of frames
            `(height, width, channels)` or `(height, width)`, such as a generator: only one frame is held at a time.
        fps: Frames per second.
        color: The order of three channels, `"rgb"` or `"bgr"`; frames with one channel are grey whatever it says.

    Raises:
        DTypeError: The frames are not uint8.
        ShapeError: They are no pictures, or differ in shape.
        DataError: There are no frames.
        VideoError: The file cannot be written, or does not hold what was written.

    Example:

    >>> import kinema, numpy as np, tempfile
    >>> darkening = (np.full((48, 64), level, np.uint8) for level in range(200, 0, -40))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = kinema.video.write_video(folder + "/darkening.webm", darkening, fps=10)
    ...     kinema.video.read_video_frames(path).shape
    (5, 48, 64, 3)
    """
    target = Path(path)
    check_ending(target)
    check_color(color)
    if not (isinstance(fps, (int, float, np.number)) and 0 < fps <= 1000):
        raise ArgumentError(f"fps must be a number above 0 and at most 1000; got {fps!r}.")
    if not target.parent.is_dir():
        raise VideoError(f"Cannot write {str(target)!r}: the folder {str(target.parent)!r} does not exist.")
    if not os.access(target.parent, os.W_OK):
        raise VideoError(f"Cannot write {str(target)!r}: you have no permission to write in {str(target.parent)!r}.")
    if target.is_dir():
        raise VideoError(f"Cannot write {str(target)!r}: it is a folder.")
    unfinished = target.with_name(f".kinema-{secrets.token_hex(8)}{target.suffix}").absolute()
    try:
        written = _encode(unfinished, _pictures(frames, color), float(fps))
        _count_again(unfinished, target, written)
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)
    return target


def _encode(path: Path, pictures: Iterator[Frame], fps: float) -> int:
    first = next(pictures, None)
    if first is None:
        raise DataError("There are no frames to write: a video needs at least one.")
    count = 1
    encoder: Encoder = open_encoder(path, fps, *first.shape[:2])
    with contextlib.closing(encoder):
        encoder.write(first)
        for picture in pictures:
            encoder.write(picture)
            count += 1
    return count


def _count_again(unfinished: Path, target: Path, written: int) -> None:
    with VideoReader(unfinished) as reader:
        if len(reader) != written:
            raise VideoError(
                f"Writing {str(target)!r} failed: {written} frames were given to the encoder "
                f"and the file holds {len(reader)}."
            )


def _pictures(frames: Any, color: str) -> Iterator[Frame]:
    """The frames as even-sided BGR pictures, checked one by one."""
    cv2 = load_cv2()
    shape = None
    for index, frame in enumerate(frames):
        array = np.asarray(frame)
        if array.dtype != np.uint8:
            raise DTypeError(
                f"Video frames must be uint8 (0 to 255); frame {index} is {array.dtype}. "
                "For values from 0 to 1 write (frames * 255).round().astype('uint8')."
            )
        if array.ndim == 2:
            array = array[..., np.newaxis]
        if array.ndim != 3 or array.shape[2] not in (1, 3) or 0 in array.shape:
            raise ShapeError(
                "A video frame must be (height, width, 3), (height, width, 1) or (height, width); "
                f"frame {index} is {np.shape(frame)}."
            )
        if shape is not None and array.shape != shape:
            raise ShapeError(
                f"All frames of a video must have one shape: frame 0 is {shape}, frame {index} is {array.shape}."
            )
        shape = array.shape
        if shape[2] == 1:
            array = np.repeat(array, 3, axis=2)
        elif color == "rgb":
            array = cv2.cvtColor(np.ascontiguousarray(array), cv2.COLOR_RGB2BGR)
        odd_height, odd_width = shape[0] % 2, shape[1] % 2
        if odd_height or odd_width:
            array = np.pad(array, ((0, odd_height), (0, odd_width), (0, 0)), mode="edge")
        yield np.ascontiguousarray(array)
