"""Windows over frames: the sequences a model is trained on, as a view of the frames themselves."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from kinema.errors import ArgumentError, DataError
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


class Windows:
    """Windows over frames, none of them copied: what `windows` gives.

    An array of windows `(windows, length, ...)` for all that reads: it has `shape`, `dtype` and `len`, `fit` and
    `predict` take it, and NumPy makes an array of it (which copies). Choosing windows by a slice, a mask, indices or
    `take` gives windows again, over the same frames; an index gives one window as a view.

    Args:
        frames: (frames, ...).
        length: Frames in a window.
        dilation: Frames from one of a window's frames to the next.
        starts: The first frame of each window.

    Example:

    >>> import kinema, numpy as np
    >>> windows = kinema.video.windows(np.arange(10), length=4)
    >>> shuffled = windows.take([5, 0, 3])
    >>> np.asarray(shuffled[1:])
    array([[0, 1, 2, 3],
           [3, 4, 5, 6]])
    """

    def __init__(
        self, frames: npt.NDArray[Any], length: int, dilation: int, starts: npt.NDArray[np.integer[Any]]
    ) -> None:
        self.frames = frames
        self.dilation = dilation
        #: The first frame of each window.
        self.starts = starts
        #: The windows that begin at each frame, as a read-only view: row `starts[i]` is window i.
        self.view = np.lib.stride_tricks.as_strided(
            frames,
            shape=(len(frames) - (length - 1) * dilation, length, *frames.shape[1:]),
            strides=(frames.strides[0], frames.strides[0] * dilation, *frames.strides[1:]),
            writeable=False,
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """(windows, length, ...)."""
        return (len(self.starts), *self.view.shape[1:])

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.view.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the numbers in the frames."""
        return self.frames.dtype

    def take(self, order: Any, axis: int = 0) -> "Windows":
        """Some of the windows in any order, such as a permutation, over the same frames.

        Args:
            order: Their indices.
            axis: 0; there for NumPy's sake.

        Raises:
            ArgumentError: The order is not a row of whole numbers, or another axis is asked for.
            IndexError: An index is out of range.
        """
        chosen = np.asarray(order)
        if axis != 0 or chosen.ndim != 1 or (chosen.size and chosen.dtype.kind not in "iu"):
            raise ArgumentError(
                f"take chooses windows by a row of whole numbers along axis 0, not by {chosen.dtype} of shape "
                f"{chosen.shape} along axis {axis}: use np.asarray(windows) for other things, which copies them."
            )
        return self._with(self.starts[chosen.astype(np.int64)])

    def __len__(self) -> int:
        return len(self.starts)

    def __iter__(self) -> Iterator[npt.NDArray[Any]]:
        return (self.view[start] for start in self.starts)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple):
            first, *inner = key if key else (slice(None),)
            chosen = self[first]
            if not inner:
                return chosen
            if isinstance(chosen, Windows):
                inner, chosen = [slice(None), *inner], np.asarray(chosen)
            return chosen[tuple(inner)]
        starts = self.starts[key]
        return self._with(starts) if np.ndim(starts) else self.view[starts]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        if copy is False:
            raise ValueError("an array of these windows is a copy of them: take copy=True or leave it out")
        gathered: npt.NDArray[Any] = self.view[self.starts].astype(dtype or self.dtype, copy=False)
        return gathered

    def __repr__(self) -> str:
        return f"<{len(self)} windows of {self.view.shape[1]} frames, shape {self.shape}, dtype {self.dtype}>"

    def _with(self, starts: npt.NDArray[Any]) -> "Windows":
        return Windows(self.frames, self.view.shape[1], self.dilation, starts)


def windows(
    frames: npt.NDArray[Any] | Iterable[npt.NDArray[Any]], length: int, stride: int = 1, dilation: int = 1
) -> Windows:
    """Every window of `length` frames, as views that stay views whatever order they are put in.

    Window i shows the frames `i * stride`, `i * stride + dilation` and so on; frames left over at the end make no
    window. Unlike an array, the result can be shuffled without copying: by `take(order)`, or by an array as index.

    Args:
        frames: Array `(frames, ...)`, or an iterable of equal frames, which is put into one array first.
        length: Frames in a window.
        stride: Frames from the start of a window to the start of the next.
        dilation: Frames from one of a window's frames to the next.

    Raises:
        DataError: There are fewer frames than one window needs, or they differ in shape.

    Example:

    >>> import kinema, numpy as np
    >>> kinema.video.windows(np.zeros((100, 48, 64, 3), np.uint8), length=8, stride=4, dilation=2)
    <22 windows of 8 frames, shape (22, 8, 48, 64, 3), dtype uint8>
    """
    count, step = check_count(length, "length"), check_count(stride, "stride")
    gap = check_count(dilation, "dilation")
    array = frames if isinstance(frames, np.ndarray) else _stack(frames)
    span = (count - 1) * gap + 1
    have = len(array) if array.ndim else 0
    if have < span:
        raise DataError(
            f"A window reaches over {span} frames and there are {have}: use a longer video or a smaller length."
        )
    return Windows(array, count, gap, np.arange(0, have - span + 1, step))


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
