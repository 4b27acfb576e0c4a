"""Labelled folders of videos as batches of clips, decoded ahead of training."""

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from kinema.errors import ArgumentError, DataError, VideoError
from kinema.random import global_seed, permutation
from kinema.video._catalogue import Grouping, Video, list_unlabelled, list_videos, read_labels, split_videos
from kinema.video._convert import CHANNELS, check_color, check_count, check_size
from kinema.video._loading import Decoding, Surveyed, survey
from kinema.video._samples import Clip, Samples

Batch = tuple[npt.NDArray[np.uint8], npt.NDArray[Any]]

_LABEL_MODES = ("int", "categorical", "binary", None)


@runtime_checkable
class Dataset(Protocol):
    """What `fit`, `evaluate` and `predict` take besides arrays: batches by the epoch.

    Iterating gives the batches `(x, y)` of one epoch, or `x` alone where there are no labels. The order of an epoch
    depends on its number alone, which `set_epoch` sets before iterating.
    """

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Any]: ...
    def set_epoch(self, epoch: int) -> None: ...


class VideoFolder:
    """The videos of a folder as shuffled batches of labelled clips, for `model.fit`.

    Each sub-folder is a class and every video below it belongs to that class; or a CSV names the videos and their
    labels. Each video is cut into clips of `clip_length` frames. With `validation_split` this object is the training
    part and `.validation` the part held out; all clips of one video, or of one group of videos, are on one side, and
    the side depends on names only, never on the seed.

    The videos are decoded once by background threads when the number of clips is first needed. Frames that fit
    `max_memory` are kept; otherwise the folder is decoded again each epoch, a block of videos ahead of training, and
    clips are shuffled within the blocks, parts of a long video among them. The batches are the same whatever the number
    of threads.

    Args:
        root: The folder.
        clip_length: Frames in a clip.
        size: `(height, width)` that frames are resized to.
        clip_stride: Frames from the start of a clip to the start of the next; `None` is `clip_length`: no overlap.
        frame_stride: Use every so many-th frame of the video; the other lengths count the frames used.
        batch_size: Clips in a batch; the last of an epoch may have fewer.
        validation_split: Fraction of the videos (or groups) held out.
        subset: `"training"` (what `None` means, too) or `"validation"`: which part this object is.
        shuffle: Give the clips in another order each epoch.
        seed: Of the shuffling; `None` takes the one of `kinema.utils.set_random_seed`.
        labels: A CSV file with a column `path` (else its first one) relative to `root`, a column of labels, and perhaps
            a column `group`.
        label_column: The column of labels.
        class_names: The classes in the order of their labels; `None` sorts the names found.
        groups: From a video's path relative to `root` to the name of its group, such as who is seen in it.
        label_mode: `"int"` (for sparse losses), `"categorical"` (one-hot), `"binary"` (two classes), or `None`: no
            labels, every video below `root`, wherever it is.
        color: `"rgb"`, `"bgr"` or `"gray"`.
        on_error: `"raise"`, or `"skip"`: leave out videos that cannot be read or hold too few frames, list them in
            `skipped`, and warn once.
        pad_short: Give a video with too few frames one clip that repeats its last frame, instead of an error.
        workers: Decoding threads; `None` is one for each processor, at most 8.
        max_memory: Bytes that decoded frames may take.
        progress: Called with (videos decoded, videos) while the folder is first decoded.

    Output shape:
        Batches `(x, y)`: x uint8 `(batch, clip_length, height, width, channels)`; y int64 `(batch,)`, float32
        `(batch, classes)` or float32 `(batch, 1)`.

    Raises:
        DataError: No videos, labels that do not fit, nothing to split.
        VideoError: A video cannot be read, or the folder is missing (then also a `FileNotFoundError`).

    Example:

    >>> import kinema
    >>> path = kinema.datasets.grid_commands.folder("test")
    >>> folder = kinema.video.VideoFolder(path, clip_length=8, size=(16, 24), batch_size=32, validation_split=0.2)
    >>> folder.class_names, folder.num_samples, folder.validation.num_samples, len(folder)
    (['bin', 'lay', 'place', 'set'], 320, 80, 10)
    >>> x, y = next(iter(folder))
    >>> x.shape, y.shape
    ((32, 8, 16, 24, 3), (32,))
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        clip_length: int,
        size: tuple[int, int] | int,
        *,
        clip_stride: int | None = None,
        frame_stride: int = 1,
        batch_size: int = 16,
        validation_split: float | None = None,
        subset: str | None = None,
        shuffle: bool = True,
        seed: int | None = None,
        labels: str | os.PathLike[str] | None = None,
        label_column: str = "label",
        class_names: Sequence[str] | None = None,
        groups: Grouping | None = None,
        label_mode: str | None = "int",
        color: str = "rgb",
        on_error: str = "raise",
        pad_short: bool = False,
        workers: int | None = None,
        max_memory: int = 1 << 30,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self.root = Path(root)
        self.clip_length = check_count(clip_length, "clip_length")
        self.clip_stride = self.clip_length if clip_stride is None else check_count(clip_stride, "clip_stride")
        self.batch_size = check_count(batch_size, "batch_size")
        self.shuffle = bool(shuffle)
        self.seed = global_seed() if seed is None else check_count(seed, "seed", least=0)
        self.epoch = 0
        self.label_mode = _choose(label_mode, "label_mode", _LABEL_MODES)
        self._on_error = _choose(on_error, "on_error", ("raise", "skip"))
        _choose(subset, "subset", (None, "training", "validation"))
        self._pad_short = bool(pad_short)
        self._workers = min(8, os.cpu_count() or 1) if workers is None else check_count(workers, "workers")
        self._progress = progress
        self._decoding = _decoding(size, color, check_count(frame_stride, "frame_stride"))
        least_memory = 2 * self.clip_length * self._decoding.frame_bytes
        self._max_memory = check_count(max_memory, "max_memory", least=least_memory)
        videos = self._find(labels, label_column, class_names, groups)
        self._validation: VideoFolder | None = None
        self._samples: Samples | None = None
        self._skipped: list[tuple[Path, str]] = []
        if validation_split is None:
            if subset is not None:
                raise ArgumentError(f"subset={subset!r} needs validation_split, the fraction of videos to hold out.")
            self._videos = videos
        else:
            training, validation = split_videos(videos, validation_split)
            self._videos = validation if subset == "validation" else training
            if subset is None:
                self._part_from(validation, validation_split)

    def _find(
        self,
        labels: str | os.PathLike[str] | None,
        label_column: str,
        class_names: Sequence[str] | None,
        groups: Grouping | None,
    ) -> list[Video]:
        self.class_names: list[str] = []
        if self.label_mode is None:
            return list_unlabelled(self.root, groups)
        if labels is None:
            videos, self.class_names = list_videos(self.root, class_names, groups)
        else:
            videos, self.class_names = read_labels(Path(labels), self.root, label_column, class_names, groups)
        if self.label_mode == "binary" and len(self.class_names) != 2:
            raise DataError(f"label_mode='binary' is for two classes; {str(self.root)!r} has {len(self.class_names)}.")
        return videos

    def _part_from(self, videos: list[Video], fraction: float) -> None:
        """Makes the validation part: the same settings, other videos, never shuffled, its share of the memory."""
        part = object.__new__(VideoFolder)
        part.__dict__.update(self.__dict__)
        part._videos = videos
        part._skipped = []
        part.shuffle = False
        least = 2 * self.clip_length * self._decoding.frame_bytes
        part._max_memory = max(least, int(self._max_memory * fraction))
        self._max_memory = max(least, self._max_memory - part._max_memory)
        self._validation = part

    @property
    def train(self) -> "VideoFolder":
        """The training part, which is this object itself."""
        return self

    @property
    def validation(self) -> "VideoFolder":
        """The part held out by `validation_split`, not shuffled."""
        if self._validation is None:
            raise ArgumentError("There is no validation part: make the VideoFolder with validation_split=0.2 or so.")
        return self._validation

    @property
    def num_samples(self) -> int:
        """Clips in an epoch."""
        return len(self._survey().clips)

    @property
    def clips(self) -> list[Clip]:
        """Where each sample comes from, in the order of an epoch that is not shuffled."""
        return list(self._survey().clips)

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """The label of each sample, in the order of `clips`."""
        return np.array([clip.label for clip in self._survey().clips], np.int64)

    @property
    def skipped(self) -> list[tuple[Path, str]]:
        """The videos left out under `on_error="skip"`, each with the reason."""
        self._survey()
        return list(self._skipped)

    def set_epoch(self, epoch: int) -> None:
        """Chooses which epoch's order iterating gives."""
        self.epoch = check_count(epoch, "epoch", least=0)

    def __len__(self) -> int:
        return -(-self.num_samples // self.batch_size)

    def __iter__(self) -> Iterator[Batch | npt.NDArray[np.uint8]]:
        samples = self._survey()
        total = len(samples.clips)
        ranks = np.arange(total)
        if self.shuffle:
            ranks[permutation(total, self.seed, self.epoch)] = np.arange(total)
        height, width, channels = (*self._decoding.size, CHANNELS[self._decoding.color])
        empty = (self.clip_length, height, width, channels)
        given = 0
        filled = 0
        x = np.empty((0, *empty), np.uint8)
        y = np.empty(0, np.int64)
        for clip, label in samples.in_order(ranks):
            if filled == 0:
                x = np.empty((min(self.batch_size, total - given), *empty), np.uint8)
                y = np.empty(len(x), np.int64)
            x[filled, : len(clip)] = clip
            x[filled, len(clip) :] = clip[-1]
            y[filled] = label
            filled += 1
            if filled == len(x):
                given += filled
                filled = 0
                yield x if self.label_mode is None else (x, self._encode(y))

    def __repr__(self) -> str:
        return (
            f"VideoFolder({str(self.root)!r}, {len(self._videos)} videos, {len(self.class_names)} classes, "
            f"clip_length={self.clip_length}, size={self._decoding.size})"
        )

    def _encode(self, labels: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        if self.label_mode == "categorical":
            return np.eye(len(self.class_names), dtype=np.float32)[labels]
        if self.label_mode == "binary":
            return labels.astype(np.float32)[:, np.newaxis]
        return labels

    def _survey(self) -> Samples:
        if self._samples is None:
            surveyed = survey(
                [video.path for video in self._videos],
                self._decoding,
                self._max_memory,
                self._workers,
                self._on_error == "raise",
                self._progress,
            )
            usable = [pair for pair in zip(self._videos, surveyed, strict=True) if self._is_usable(*pair)]
            if self._skipped:
                self._warn_of_skipped()
            if not usable:
                raise DataError(f"None of the {len(self._videos)} videos of {str(self.root)!r} can be used.")
            self._samples = Samples(
                usable, self.clip_length, self.clip_stride, self._decoding, self._max_memory, self._workers
            )
        return self._samples

    def _is_usable(self, video: Video, surveyed: Surveyed) -> bool:
        error = surveyed.error
        if error is None and surveyed.count < self.clip_length and not self._pad_short:
            error = VideoError(
                f"{str(video.path)!r} has {surveyed.count} frames, too few for a clip of {self.clip_length}. "
                "Use a smaller clip_length or frame_stride, pad_short=True (repeats its last frame) or on_error='skip'."
            )
        if error is None:
            return True
        if self._on_error == "raise":
            raise error
        self._skipped.append((video.path, str(error)))
        return False

    def _warn_of_skipped(self) -> None:
        shown = "\n  ".join(reason for _, reason in self._skipped[:10])
        more = "" if len(self._skipped) <= 10 else f"\n  and {len(self._skipped) - 10} more, listed in .skipped"
        warnings.warn(
            f"Skipped {len(self._skipped)} of the {len(self._videos)} videos of {str(self.root)!r}:\n  {shown}{more}",
            stacklevel=4,
        )


def _decoding(size: tuple[int, int] | int, color: str, frame_stride: int) -> Decoding:
    checked = check_size(size)
    if checked is None:
        raise ArgumentError("size must be (height, width): the clips of a batch need one size; got None.")
    height, width = checked
    return Decoding(checked, check_color(color), frame_stride, height * width * CHANNELS[color])


def _choose(value: Any, name: str, allowed: Sequence[Any]) -> Any:
    if value not in allowed:
        raise ArgumentError(f"{name}={value!r} is unknown: use one of {', '.join(map(repr, allowed))}.")
    return value
