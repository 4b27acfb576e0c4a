"""Which videos there are, and in which folders."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kinema.errors import ArgumentError, DataError, VideoNotFoundError

VIDEO_ENDINGS = frozenset(
    {
        ".mp4",
        ".m4v",
        ".mov",
        ".mkv",
        ".webm",
        ".avi",
        ".mpg",
        ".mpeg",
        ".ogv",
        ".gif",
        ".wmv",
        ".flv",
        ".3gp",
        ".ts",
        ".mts",
    }
)

Grouping = Callable[[Path], str]


@dataclass(frozen=True)
class Video:
    """One labelled file, or a segment of one; `group` is what must not be torn apart by a split.

    Args:
        path: The file.
        label: The number of its class, -1 where it has none: what splits and weights go by.
        group: The group's name.
        span: The segment's start and end in seconds; None for all of the file.
        target: What else the labels say: numbers, the classes of a multi-label, or what is known of the frames.
    """

    path: Path
    label: int
    group: str
    span: tuple[float, float] | None = None
    target: Any = None


def list_videos(
    root: Path, class_names: Sequence[str] | None, groups: Grouping | None
) -> tuple[list[Video], list[str]]:
    """The videos under one sub-folder a class, in the order of their names."""
    check_root(root)
    folders = sorted(entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    found = {folder.name: _files_below(folder) for folder in folders}
    if class_names is None:
        names = [name for name, files in found.items() if files]
    else:
        names = list(class_names)
        check_known({name for name, files in found.items() if files}, names, f"The sub-folders of {str(root)!r}")
    if not any(found.get(name) for name in names):
        raise DataError(
            f"{str(root)!r} holds no sub-folder with videos in it. Put the videos of each class into a folder named "
            f"after the class, or give labels='labels.csv'. Files counted as video: {', '.join(sorted(VIDEO_ENDINGS))}."
        )
    videos = [
        Video(file, label, group_of(file, root, groups))
        for label, name in enumerate(names)
        for file in found.get(name, [])
    ]
    return videos, names


def list_unlabelled(root: Path, groups: Grouping | None) -> list[Video]:
    """Every video below `root`, without a label."""
    check_root(root)
    videos = [Video(file, -1, group_of(file, root, groups)) for file in _files_below(root)]
    if not videos:
        raise DataError(f"{str(root)!r} holds no videos. Files counted as video: {', '.join(sorted(VIDEO_ENDINGS))}.")
    return videos


def check_root(root: Path) -> None:
    if not root.exists():
        raise VideoNotFoundError(f"There is no folder {str(root)!r}. Check the path, or the folder it is relative to.")
    if not root.is_dir():
        raise ArgumentError(f"{str(root)!r} is a file; VideoFolder wants the folder that holds the videos.")


def _files_below(folder: Path) -> list[Path]:
    found = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [
            Path(parent, name)
            for name in files
            if Path(name).suffix.lower() in VIDEO_ENDINGS and not name.startswith(".")
        ]
    return sorted(found)


def check_known(used: set[str], class_names: Sequence[str], where: str) -> None:
    unknown = sorted(used - set(class_names))
    if unknown:
        raise DataError(f"{where} name classes that are not in class_names: {unknown}; those are {list(class_names)}.")


def group_of(file: Path, root: Path, groups: Grouping | None) -> str:
    relative = Path(os.path.relpath(file, root))
    return relative.as_posix() if groups is None else str(groups(relative))
