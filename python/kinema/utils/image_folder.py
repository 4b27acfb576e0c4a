"""Labelled folders of pictures as batches."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kinema.autograd import Array
from kinema.errors import ArgumentError, DataError
from kinema.preprocessing._pictures import COLOR_MODES, decode_picture
from kinema.preprocessing._resampling import middle, resample
from kinema.random import global_seed
from kinema.utils.sample_dataset import SampleDataset
from kinema.video._catalogue import check_root
from kinema.video._convert import check_size
from kinema.video._targets import encode

#: The endings of the files that count as pictures.
_ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
_INTERPOLATIONS = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic")
_NUMPY_SEEDS = 2**32


class ImageFolder(SampleDataset):
    """Batches of pictures with their labels: what `image_dataset_from_directory` gives.

    Args:
        files: Where the pictures are.
        pictures: How they are read.
        batch_size: Pictures in a batch; None gives them one by one.
        shuffle: Draw a new order every epoch.
        seed: What the orders depend on.
        class_names: The names of the classes, by number; None without labels.
    """

    def __init__(
        self,
        files: list[Path],
        pictures: _Pictures,
        batch_size: int | None,
        shuffle: bool,
        seed: int,
        class_names: list[str] | None,
    ) -> None:
        super().__init__(pictures, batch_size, shuffle, seed, workers=min(8, os.cpu_count() or 1))
        self._files = files
        #: The names of the classes, by number; None without labels.
        self.class_names = class_names

    @property
    def file_paths(self) -> list[str]:
        """The files, in the order of an epoch that is not shuffled."""
        return [str(self._files[index]) for index in self._order]


def image_dataset_from_directory(
    directory: str | os.PathLike[str],
    labels: str | Sequence[int] | None = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: tuple[int, int] | int = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """A dataset of the pictures in a folder, with the names of its sub-folders as classes.

    With the same seed the pictures are parted into training and validation as Keras parts them; the order of the
    batches is Kinema's own. Pictures are read by threads, ahead of their use.

    Args:
        directory: The folder.
        labels: "inferred" from the sub-folders, None for none, or class numbers in the order of the sorted files.
        label_mode: "int" for class numbers, "categorical" for one-hot rows, "binary" for 0 and 1 in a column, None for
            pictures alone.
        class_names: The names of the sub-folders in the order of their numbers; sorted when None.
        color_mode: "rgb", "rgba" or "grayscale": 3, 4 or 1 channels.
        batch_size: Pictures in a batch; None gives them one by one.
        image_size: The (height, width) to resize to.
        shuffle: Draw the order of the files, and a new order of the pictures every epoch.
        seed: What the orders depend on.
        validation_split: The fraction of the files to hold out.
        subset: "training", "validation", or "both" for a list of both, where there is a validation_split.
        interpolation: "bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian" or "mitchellcubic".
        follow_links: Look into linked folders too.
        crop_to_aspect_ratio: Cut the middle out, as much as has the proportions of `image_size`, before resizing.
        pad_to_aspect_ratio: Keep the proportions, with zeros around.
        data_format: "channels_last".
        format: Taken for Keras's sake.
        verbose: Say how many files there are.

    Returns:
        Iterating gives batches (images, labels), or images alone, as arrays; images are float32 (batch, height, width,
        channels) from 0 to 255. `class_names` are the classes, `file_paths` the files.

    Raises:
        ArgumentError: An argument has no such value, or arguments do not go together.
        DataError: There are no pictures, or one cannot be read.

    Example:
        >>> import kinema, numpy as np
        >>> folder = getfixture("tmp_path")
        >>> for name in ("cats", "dogs"):
        ...     (folder / name).mkdir()
        ...     kinema.utils.save_img(folder / name / "1.png", np.zeros((8, 8, 3)))
        >>> pictures = kinema.utils.image_dataset_from_directory(folder, image_size=(4, 4))
        Found 2 files belonging to 2 classes.
        >>> images, labels = next(iter(pictures))
        >>> images.shape, labels.shape, pictures.class_names
        ((2, 4, 4, 3), (2,), ['cats', 'dogs'])
    """
    _check_choices(
        label_mode=(label_mode, ("int", "categorical", "binary", None)),
        color_mode=(color_mode, tuple(COLOR_MODES)),
        interpolation=(interpolation, _INTERPOLATIONS),
        subset=(subset, ("training", "validation", "both", None)),
        data_format=(data_format, ("channels_last", None)),
        format=(format, ("tf", "grain")),
    )
    _check_split(validation_split, subset, shuffle, seed)
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ArgumentError("crop_to_aspect_ratio and pad_to_aspect_ratio exclude each other: give one of them")
    size = check_size(image_size)
    if size is None:
        raise ArgumentError("image_size is (height, width): pictures of a batch have one size")
    if labels is None or label_mode is None:
        labels, label_mode = None, None
    files, numbers, names = _find(Path(directory), labels, class_names, follow_links)
    if label_mode == "binary" and len(names) != 2:
        raise DataError(f"label_mode='binary' is for two classes, and there are {len(names)}: {names}")
    if verbose:
        print(f"Found {len(files)} files" + (f" belonging to {len(names)} classes." if label_mode else "."))
    seed = global_seed() % _NUMPY_SEEDS if seed is None else seed
    if shuffle:  # the order that Keras draws, so that parts are the same
        order = np.arange(len(files))
        np.random.RandomState(seed).shuffle(order)
        files, numbers = [files[index] for index in order], numbers[order]
    reading = Reading(color_mode, size, interpolation, crop_to_aspect_ratio, pad_to_aspect_ratio)

    def part(of: slice, shuffled: bool) -> ImageFolder:
        targets = None if label_mode is None else encode(numbers[of], label_mode, len(names))
        if not files[of]:
            raise DataError(f"this part of {str(directory)!r} holds no pictures: use another validation_split")
        pictures = _Pictures(files[of], targets, reading)
        return ImageFolder(files[of], pictures, batch_size, shuffled, seed, names if label_mode else None)

    if validation_split is None or subset is None:
        return part(slice(None), shuffle)
    held_out = int(validation_split * len(files))
    training, validation = slice(0, len(files) - held_out), slice(len(files) - held_out, None)
    if verbose and subset != "validation":
        print(f"Using {len(files) - held_out} files for training.")
    if verbose and subset != "training":
        print(f"Using {held_out} files for validation.")
    if subset == "both":
        return [part(training, shuffle), part(validation, False)]
    return part(training if subset == "training" else validation, shuffle)


@dataclass(frozen=True)
class Reading:
    """How a file becomes a picture of one size.

    Args:
        color_mode: "rgb", "rgba" or "grayscale".
        size: (height, width).
        interpolation: The kernel.
        crops: Whether the middle is cut out, so that proportions stay.
        pads: Whether zeros are put around, so that proportions stay.
    """

    color_mode: str
    size: tuple[int, int]
    interpolation: str
    crops: bool
    pads: bool

    def read(self, file: Path) -> Array:
        """The picture in a file as float32 (height, width, channels)."""
        picture = decode_picture(file.read_bytes(), self.color_mode, repr(str(file)))
        if not self.pads:
            return resample(middle(picture, self.size) if self.crops else picture, self.size, self.interpolation)
        before = np.array(picture.shape[:2], np.float32)  # single precision, which decides where Keras rounds down
        exact = before / (before / np.array(self.size, np.float32)).max()
        height, width = (max(1, int(side)) for side in exact)
        top, left = (int((wanted - side) / 2) for side, wanted in zip(exact, self.size, strict=True))
        padded = np.zeros((*self.size, picture.shape[2]), np.float32)
        padded[top : top + height, left : left + width] = resample(picture, (height, width), self.interpolation)
        return padded


class _Pictures:
    """The pictures in files, with their targets."""

    def __init__(self, files: list[Path], targets: Array | None, reading: Reading) -> None:
        self._files, self._targets, self._reading = files, targets, reading

    def __len__(self) -> int:
        return len(self._files)

    def take(self, index: Array) -> Any:
        images = np.stack([self._reading.read(self._files[number]) for number in index])
        return images if self._targets is None else (images, self._targets[index])


def _find(
    root: Path, labels: str | Sequence[int] | None, class_names: Sequence[str] | None, follow_links: bool
) -> tuple[list[Path], Array, list[str]]:
    """The pictures sorted by class and path, their class numbers, and the names of the classes."""
    check_root(root)
    if labels != "inferred":
        if class_names is not None:
            raise ArgumentError(
                "class_names are for labels='inferred', where they name the sub-folders: leave them out"
            )
        if isinstance(labels, str):
            raise ArgumentError(f"labels is 'inferred', None or a list of class numbers, not {labels!r}")
        files = _pictures_below(root, follow_links)
        if labels is not None and len(labels) != len(files):
            raise DataError(
                f"there are {len(labels)} labels for the {len(files)} pictures in {str(root)!r}: give as many"
            )
        numbers = np.zeros(len(files), np.int32) if labels is None else np.array(labels, np.int32)
        names = [] if labels is None else [str(label) for label in sorted(set(labels))]
    else:
        found = sorted(entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
        if class_names is not None and (unknown := sorted(set(class_names) - set(found))):
            raise DataError(f"class_names holds {unknown}, and the sub-folders of {str(root)!r} are {found}")
        names = found if class_names is None else list(class_names)
        by_class = [_pictures_below(root / name, follow_links) for name in names]
        files = [file for files in by_class for file in files]
        numbers = np.repeat(np.arange(len(names), dtype=np.int32), [len(files) for files in by_class])
    if not files:
        raise DataError(f"{str(root)!r} holds no pictures. Files counted as pictures: {', '.join(_ENDINGS)}")
    return files, numbers, names


def _pictures_below(folder: Path, follow_links: bool) -> list[Path]:
    walk = sorted(os.walk(folder, followlinks=follow_links), key=lambda entry: entry[0])
    return [
        Path(parent, name) for parent, _, names in walk for name in sorted(names) if name.lower().endswith(_ENDINGS)
    ]


def _check_choices(**choices: tuple[Any, tuple[Any, ...]]) -> None:
    for name, (value, allowed) in choices.items():
        if value not in allowed:
            raise ArgumentError(f"{name}={value!r} is unknown: use one of {', '.join(map(repr, allowed))}")


def _check_split(validation_split: float | None, subset: str | None, shuffle: bool, seed: int | None) -> None:
    if (validation_split is None) != (subset is None):
        raise ArgumentError("validation_split and subset go together: give both or neither")
    if validation_split is None:
        return
    if not 0 < validation_split < 1:
        raise ArgumentError(f"validation_split is a fraction between 0 and 1, not {validation_split!r}")
    if shuffle and seed is None:
        raise ArgumentError(
            "with validation_split and shuffle give a seed, so that no picture is in both the training and the "
            "validation part"
        )
