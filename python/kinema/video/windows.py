"""Windows over frames: the sequences a model is trained on, as a view of the frames themselves."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from kinema.errors import DataError
from kinema.video._convert import check_count


def convert_frames_to_sequence(
    frames: npt.NDArray[Any] | Iterable[npt.NDArray[Any]], sequence_length: int, stride: int = 1
) -> npt.NDArray[Any]:
    """Every window of `sequence_length` consecutive frames, as a read-only view over the same memory.

    Window i begins at frame `i * stride`; frames left over at the end make no window. Nothing is copied, whatever the
    overlap, and slices of the result copy nothing either. A list of frames is first put into one array (the only copy).

    Args:
        frames: Array `(frames, ...)`, such as `(frames, height, width, 3)`, or an iterable of equal frames.
        sequence_length: Frames in a window.
        stride: Frames from the start of a window to the start of the next.

    Returns:
        Read-only array `(windows, sequence_length, ...)`.

    Raises:
        DataError: There are fewer frames than one window needs, or they differ in shape.

    Example:

    >>> import kinema, numpy as np
    >>> frames = np.zeros((100, 48, 64, 3), np.uint8)
    >>> windows = kinema.video.convert_frames_to_sequence(frames, 32)
    >>> windows.shape, np.shares_memory(windows, frames), windows.flags.writeable
    ((69, 32, 48, 64, 3), True, False)
    """
    length = check_count(sequence_length, "sequence_length")
    step = check_count(stride, "stride")
    array = frames if isinstance(frames, np.ndarray) else _stack(frames)
    if array.ndim == 0 or len(array) < length:
        count = len(array) if array.ndim else 0
        smaller = f" or a sequence_length of at most {count}" if count else ""
        raise DataError(f"A window needs {length} frames and there are {count}: use a longer video{smaller}.")
    windows = (len(array) - length) // step + 1
    return np.lib.stride_tricks.as_strided(
        array,
        shape=(windows, length, *array.shape[1:]),
        strides=(array.strides[0] * step, *array.strides),
        writeable=False,
    )


windows = convert_frames_to_sequence


def _stack(frames: Iterable[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    listed = [np.asarray(frame) for frame in frames]
    if not listed:
        return np.empty((0,))
    for index, frame in enumerate(listed):
        if frame.shape != listed[0].shape:
            raise DataError(
                f"All frames must have one shape: frame 0 is {listed[0].shape}, frame {index} is {frame.shape}. "
                "Resize them, or read the video with size=(height, width)."
            )
    return np.stack(listed)
