"""Lip-reading: one talker says one of four words, seen from the mouth only; 760 clips to train on and 200 to test with.

The clips are cut from the GRID corpus (Cooke, Barker, Cunningham and Shao, 2006; CC BY 4.0). `ATTRIBUTION.md`, beside
them, says what was changed.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kinema.errors import ArgumentError
from kinema.video import read_video_frames

class_names = ("bin", "lay", "place", "set")
"""The words, in the order of their labels."""

_FRAMES_PER_CLIP = 16
_CLIPS = Path(__file__).parent / "clips" / "grid_commands"
_READERS = 4

Arrays = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]


def folder(split: str) -> Path:
    """Return the folder of one split: a sub-folder a word, a video a clip.

    Args:
        split: `"train"` or `"test"`.

    Raises:
        ArgumentError: For any other name.

    Example:
        >>> import kinema
        >>> len(list(kinema.datasets.grid_commands.folder("test").glob("*/*.webm")))
        200
    """
    if split not in ("train", "test"):
        raise ArgumentError(f'`split` of `grid_commands.folder` must be "train" or "test"; got {split!r}.')
    return _CLIPS / split


def load_data(size: tuple[int, int] = (64, 96), frames: int = _FRAMES_PER_CLIP) -> tuple[Arrays, Arrays]:
    """Decode all clips into memory.

    Which clips are in the test split was decided by a hash of their file names.

    Args:
        size: Height and width of the frames; the clips themselves are 64 by 96.
        frames: How many of the 16 frames of each clip to keep, from its start.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: clips of shape `(clips, frames, height, width, 3)`, uint8 RGB, and int64
        labels that index `class_names`.

    Raises:
        ArgumentError: If `frames` is not between 1 and 16.

    Example:
        >>> import kinema
        >>> (x_train, y_train), (x_test, y_test) = kinema.datasets.grid_commands.load_data(size=(16, 24), frames=4)
        >>> x_train.shape, y_test.shape
        ((760, 4, 16, 24, 3), (200,))
    """
    if not 1 <= frames <= _FRAMES_PER_CLIP:
        raise ArgumentError(
            f"`frames` of `grid_commands.load_data` must be between 1 and {_FRAMES_PER_CLIP}; got {frames!r}."
        )
    return _load_split("train", size, frames), _load_split("test", size, frames)


def _load_split(split: str, size: tuple[int, int], frames: int) -> Arrays:
    paths = [path for word in class_names for path in sorted((folder(split) / word).glob("*.webm"))]
    labels = np.array([class_names.index(path.parent.name) for path in paths], dtype=np.int64)
    clips = np.empty((len(paths), frames, *size, 3), dtype=np.uint8)

    def decode(index: int) -> Any:
        clips[index] = read_video_frames(paths[index], size=size, max_frames=frames)

    with ThreadPoolExecutor(_READERS) as readers:
        list(readers.map(decode, range(len(paths))))
    return clips, labels
