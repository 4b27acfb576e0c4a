"""Labelled folders of videos as batches of clips, decoded ahead of training."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from kinema.errors import ArgumentError, DataError
from kinema.random import RandomKey, global_seed, permutation
from kinema.utils.class_weights import balanced_class_weights
from kinema.video._assembly import batches
from kinema.video._augmenting import augment_tracks, check_augmentations
from kinema.video._averaging import VideoPredictions, averaged
from kinema.video._catalogue import Grouping, Video, list_unlabelled, list_videos
from kinema.video._convert import check_count
from kinema.video._cutting import Cutting, check_margin
from kinema.video._labelling import Columns, Labelling, labelled_videos, labelling
from kinema.video._library import Library
from kinema.video._manifest import Table
from kinema.video._samples import Clip, Samples
from kinema.video._sound import sound_reading
from kinema.video._splits import fold_videos, leave_each_group_out, split_videos
from kinema.video._targets import encode, target_of
from kinema.video._tracks import clips_in_tracks, decoding, described, tracks_of

_LABEL_MODES = ("int", "categorical", "binary", "multi", "number", "frame", None)


@runtime_checkable
class Dataset(Protocol):
    """What `fit`, `evaluate` and `predict` take besides arrays: batches by the epoch.

    Iterating gives the batches `(x, y)` of one epoch, or `x` alone where there are no labels; x may be a tensor with a
    mask (batch, time), or a list for several inputs. The order of an epoch depends on its number alone, which
    `set_epoch` sets before iterating. A method `class_weights()` that gives a dict is what
    `fit(class_weight="balanced")` asks for.
    """

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Any]: ...
    def set_epoch(self, epoch: int) -> None: ...


class VideoFolder:
    """The videos of a folder as shuffled batches of labelled clips, for `model.fit`.

    Each sub-folder is a class and every video below it belongs to that class; or a manifest (CSV, JSON lines, rows in
    memory) names videos or segments of videos and their labels; or the names of the files tell them. Each video or
    segment is cut into clips of `clip_length` frames. With `validation_split` this object is the training part and
    `.validation` the part held out, with the classes in proportion; `k_fold` and `leave_one_group_out` give several
    such pairs. All clips of one video, or of one group of videos, are on one side, and the side depends on names only,
    never on the seed.

    The videos are decoded once by background threads when the number of clips is first needed. Frames that fit
    `max_memory` are kept; otherwise the folder is decoded again each epoch, a block of videos ahead of training, and
    clips are shuffled within the blocks, parts of a long video among them. With `cache` the frames are decoded once for
    all epochs and programs, and read from disk where they do not fit: the batches are then those of a folder that fits.
    The batches are the same whatever the number of threads.

    Args:
        root: The folder.
        clip_length: Frames in a clip; `None` makes one clip of each video or segment, padded with a mask.
        size: `(height, width)` that frames are resized to; `None`, with `audio`, gives the sound alone.
        clip_stride: Frames from the start of a clip to the start of the next; `None` is `clip_length`: no overlap.
        frame_stride: Use every so many-th frame of the video; the other lengths count the frames used.
        batch_size: Clips in a batch; the last of an epoch may have fewer.
        validation_split: Fraction of the videos (or groups) held out.
        subset: `"training"` (what `None` means, too) or `"validation"`: which part this object is.
        shuffle: Give the clips in another order each epoch.
        seed: Of the shuffling; `None` takes the one of `kinema.utils.set_random_seed`.
        labels: A manifest: a CSV, TSV or JSON-lines file, or rows as dicts; its paths are relative to `root`.
        label_column: The column of labels, or several: of segments with a `start_column` each, of yes or no
            (`label_mode="multi"`), of numbers. `None` takes the sub-folder's name.
        label_pattern: A regular expression whose group is the label in a file's name, instead of a column.
        path_column: The column of paths; `None` is `path`, else the first one.
        start_column: The column of the times, in seconds, at which segments start; `None` uses whole videos. Several
            columns go with several of `label_column`: a row then has several segments.
        end_column: The column (or columns) of the times at which they end.
        group_column: The column of groups; `None` is `group`, where there is one.
        label_separator: What stands between several labels in one cell.
        background: The class of frames that lie in no segment (`label_mode="frame"`).
        margin: Seconds by which segments are widened: one number, or (before, after).
        clips_per_video: Clips of each video or segment, spread evenly over it, instead of `clip_stride`.
        class_names: The classes in the order of their labels; `None` sorts the names found.
        groups: From a video's path relative to `root` to the name of its group, such as who is seen in it.
        label_mode: `"int"` (for sparse losses), `"categorical"` (one-hot), `"binary"` (two classes), `"multi"` (any
            number of classes at once), `"number"` (one to predict, or several), `"frame"` (a class for every frame,
            from segments or from a list of labels, one a frame), or `None`: no labels.
        color: `"rgb"`, `"bgr"` or `"gray"`.
        crop: `(top, left, height, width)` of the part of every picture to take before it is resized: see `VideoReader`.
        on_error: `"raise"`, or `"skip"`: leave out videos that cannot be read or hold too few frames, list them in
            `skipped`, and warn once.
        pad_short: Give a video with too few frames one clip that repeats its last frame (`True`) or that is filled up
            with zeros under a mask (`"mask"`), instead of an error. Short segments are then padded, too; else their
            clips show what is around them.
        workers: Decoding threads; `None` is one for each processor, at most 8.
        max_memory: Bytes that decoded frames may take.
        cache: A folder where decoded frames are kept, for later programs too, several at once if need be. A video that
            changed, and other settings, are decoded anew. Everything in the folder may be deleted.
        progress: Called with (videos decoded, videos) while the folder is first decoded.
        augment: An augmentation, such as `kinema.layers.RandomFlip("horizontal")`, or a list of them: random changes of
            the clips, one draw per clip and epoch. The part held out gets what they do at rest.
        audio: Give the sound, too: `"log_mel"`, `"mel"` or `"mfcc"`, a row for every frame, as
            `kinema.audio.frame_features` gives them. It is kept in memory, as a part of `max_memory`.
        audio_options: Those of `frame_features`, such as `{"rate": 16000, "n_fft": 1024, "n_mels": 40}`.

    Output shape:
        Batches `(x, y)`: x uint8 `(batch, clip_length, height, width, channels)`, with padding a tensor that carries a
        mask (batch, time); y int64 `(batch,)`, float32 `(batch, classes)`, `(batch, 1)` or numbers, int64
        `(batch, time)`. With `audio` x is a list of that and the sound, float32 `(batch, clip_length, features)`, as
        models of two inputs take it.

    Raises:
        DataError: No videos, labels that do not fit, nothing to split.
        VideoError: A video cannot be read or has no sound, or the folder is missing (then also a `FileNotFoundError`).

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
        clip_length: int | None,
        size: tuple[int, int] | int | None,
        *,
        clip_stride: int | None = None,
        frame_stride: int = 1,
        batch_size: int = 16,
        validation_split: float | None = None,
        subset: str | None = None,
        shuffle: bool = True,
        seed: int | None = None,
        labels: Table | None = None,
        label_column: Columns = "label",
        label_pattern: str | None = None,
        path_column: str | None = None,
        start_column: Columns = None,
        end_column: Columns = None,
        group_column: str | None = None,
        label_separator: str = "|",
        background: str | None = None,
        margin: float | tuple[float, float] = 0.0,
        clips_per_video: int | None = None,
        class_names: Sequence[str] | None = None,
        groups: Grouping | None = None,
        label_mode: str | None = "int",
        color: str = "rgb",
        crop: tuple[int, int, int, int] | None = None,
        on_error: str = "raise",
        pad_short: bool | str = False,
        workers: int | None = None,
        max_memory: int = 1 << 30,
        cache: str | os.PathLike[str] | None = None,
        progress: Callable[[int, int], None] | None = None,
        augment: Any = None,
        audio: str | None = None,
        audio_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.root = Path(root)
        self.clip_length = None if clip_length is None else check_count(clip_length, "clip_length")
        self.clip_stride = self.clip_length if clip_stride is None else check_count(clip_stride, "clip_stride")
        self.batch_size = check_count(batch_size, "batch_size")
        self.shuffle = bool(shuffle)
        self.seed = global_seed() if seed is None else check_count(seed, "seed", least=0)
        self.epoch = 0
        self.label_mode = _choose(label_mode, "label_mode", _LABEL_MODES)
        _choose(on_error, "on_error", ("raise", "skip"))
        _choose(subset, "subset", (None, "training", "validation"))
        _choose(pad_short, "pad_short", (True, False, "mask"))
        self._with_mask = pad_short == "mask" or clip_length is None
        self._cutting = Cutting(
            self.clip_length,
            self.clip_stride or 1,
            None if clips_per_video is None else check_count(clips_per_video, "clips_per_video"),
            check_margin(margin),
            pads=bool(pad_short),
        )
        self._workers = min(8, os.cpu_count() or 1) if workers is None else check_count(workers, "workers")
        sound = sound_reading(audio, audio_options)
        self._decoding = decoding(size, color, crop, check_count(frame_stride, "frame_stride"), sound)
        self._augmentations = check_augmentations(augment, self._with_mask, with_pictures=size is not None)
        self._augments = subset != "validation"
        self._least_memory = 2 * (self.clip_length or 1) * self._decoding.frame_bytes
        self._max_memory = check_count(max_memory, "max_memory", least=self._least_memory)
        kept = None if cache is None else self._decoding.cache(cache)
        self._library = Library(self.root, self._decoding, self._workers, on_error == "skip", progress, kept)
        how = labelling(
            label_mode, label_column, start_column, end_column, label_pattern,
            label_separator, background, path_column, group_column,
        )  # fmt: skip
        videos = self._find(labels, how, class_names, groups)
        self._validation: VideoFolder | None = None
        self._samples: Samples | None = None
        self._usable: list[Video] = []
        self._skipped: list[tuple[Path, str]] = []
        if validation_split is None:
            if subset is not None:
                raise ArgumentError(f"subset={subset!r} needs validation_split, the fraction of videos to hold out.")
            self._videos = videos
        else:
            training, validation = split_videos(videos, validation_split)
            self._videos = validation if subset == "validation" else training
            if subset is None:
                self._validation = self._part(validation, validation_split, held_out=True)
                self._max_memory = max(self._least_memory, self._max_memory - self._validation._max_memory)

    def _find(
        self, labels: Table | None, how: Labelling, class_names: Sequence[str] | None, groups: Grouping | None
    ) -> list[Video]:
        self.class_names: list[str] = []
        if labels is not None or how.pattern is not None:
            videos, self.class_names = labelled_videos(self.root, labels, how, class_names, groups)
        elif self.label_mode is None:
            videos = list_unlabelled(self.root, groups)
        elif how.starts or self.label_mode in ("multi", "number", "frame"):
            raise ArgumentError(
                f"label_mode={self.label_mode!r} and segments need labels=, a manifest that names them."
            )
        else:
            videos, self.class_names = list_videos(self.root, class_names, groups)
        if self.label_mode == "binary" and len(self.class_names) != 2:
            raise DataError(f"label_mode='binary' is for two classes; {str(self.root)!r} has {len(self.class_names)}.")
        return videos

    def _part(self, videos: list[Video], memory: float, held_out: bool) -> "VideoFolder":
        """The same settings for other videos, with a share of the memory; what is held out stays as it is."""
        part = object.__new__(VideoFolder)
        part.__dict__.update(self.__dict__)
        part._videos = videos
        part._samples = part._validation = None
        part._skipped = []
        part.shuffle = self.shuffle and not held_out
        part._augments = self._augments and not held_out
        part._max_memory = max(self._least_memory, int(self._max_memory * memory))
        return part

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

    def k_fold(self, k: int) -> Iterator[tuple["VideoFolder", "VideoFolder"]]:
        """Pairs (training, validation) of parts: each video is in one of the `k` validation parts.

        Groups stay together and classes are in proportion, as far as the groups allow. The files are decoded once for
        all pairs.
        """
        for training, held_out in fold_videos(self._sound(), k):
            yield self._pair(training, held_out)

    def leave_one_group_out(self) -> Iterator[tuple[str, "VideoFolder", "VideoFolder"]]:
        """For each group its name, the part of all others (to train on), and its own part (to validate on)."""
        for group, (training, held_out) in leave_each_group_out(self._sound()).items():
            yield (group, *self._pair(training, held_out))

    def _sound(self) -> list[Video]:
        """The videos that can be used, so that no part finds out again which cannot."""
        self._survey()
        return self._usable

    def _pair(self, training: list[Video], held_out: list[Video]) -> tuple["VideoFolder", "VideoFolder"]:
        share = len(held_out) / (len(held_out) + len(training))
        return self._part(training, 1 - share, held_out=False), self._part(held_out, share, held_out=True)

    def class_weights(self) -> dict[int, float]:
        """The weights with which all classes count the same, for `fit(class_weight=)`; clips are counted, or frames."""
        samples = self._survey()
        if self.label_mode in ("multi", "number", None):
            raise ArgumentError(f"There are no classes to balance with label_mode={self.label_mode!r}.")
        return balanced_class_weights(np.concatenate([np.atleast_1d(target) for target in samples.targets]))

    def average_clips(self, predictions: Any) -> VideoPredictions:
        """The mean prediction for each video or segment, of the predictions for its clips.

        Args:
            predictions: What `model.predict(folder)` gives for this folder, which must not shuffle.

        Raises:
            ArgumentError: The folder shuffles, or predicts frame by frame.
            DataError: There are not as many predictions as clips.
        """
        samples = self._survey()
        if self.shuffle:
            raise ArgumentError("Predictions for shuffled clips belong to nobody knows which: use shuffle=False.")
        if self.label_mode == "frame":
            raise ArgumentError("label_mode='frame' predicts each frame: there is nothing to average over clips.")
        y = self._encode(np.array(samples.targets))
        return averaged(predictions, samples.origins, [clip.path for clip in samples.clips], y)

    def set_epoch(self, epoch: int) -> None:
        """Chooses which epoch's order iterating gives."""
        self.epoch = check_count(epoch, "epoch", least=0)

    def __len__(self) -> int:
        return -(-self.num_samples // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        samples = self._survey()
        total = len(samples.clips)
        ranks = np.arange(total)
        if self.shuffle:
            ranks[permutation(total, self.seed, self.epoch)] = np.arange(total)
        with_pictures = self._decoding.frame_bytes > 0
        clips = clips_in_tracks(samples.in_order(ranks), samples.heard, with_pictures)
        tracks, per_frame = tracks_of(self._decoding), self.label_mode == "frame"
        key = RandomKey(self.seed, step=self.epoch)
        given = 0
        for xs, targets in batches(
            clips, samples.targets, self.batch_size, self.clip_length, tracks, self._with_mask, per_frame
        ):
            y = None if self.label_mode is None else self._encode(targets)
            here = replace(key, first_sample=given)
            xs, y = augment_tracks(self._augmentations, xs, y, here, self._augments, with_pictures)
            given += len(targets)
            x = xs[0] if len(xs) == 1 else xs
            yield x if self.label_mode is None else (x, y)

    def __repr__(self) -> str:
        return (
            f"VideoFolder({str(self.root)!r}, {len(self._videos)} videos, {len(self.class_names)} classes, "
            f"clip_length={self.clip_length}, {described(self._decoding)})"
        )

    def _encode(self, targets: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return encode(targets, self.label_mode, len(self.class_names))

    def _survey(self) -> Samples:
        if self._samples is None:
            usable, self._skipped = self._library.usable(self._videos, self._cutting, self._max_memory)
            stride = self._decoding.frame_stride
            self._samples = Samples(
                usable,
                [target_of(*pair, stride, self.label_mode, self.class_names) for pair in usable],
                self._cutting,
                self._decoding,
                self._max_memory,
                self._workers,
                per_frame=self.label_mode == "frame",
            )
            self._usable = [video for video, _ in usable]
        return self._samples


def _choose(value: Any, name: str, allowed: Sequence[Any]) -> Any:
    if value not in allowed:
        raise ArgumentError(f"{name}={value!r} is unknown: use one of {', '.join(map(repr, allowed))}.")
    return value
