"""Which videos there are, what they are labelled with, and which of them are held out."""

import csv
import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

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
    """One labelled file; `group` is what must not be torn apart by a split."""

    path: Path
    label: int
    group: str


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
        _check_known({name for name, files in found.items() if files}, names, f"The sub-folders of {str(root)!r}")
    if not any(found.get(name) for name in names):
        raise DataError(
            f"{str(root)!r} holds no sub-folder with videos in it. Put the videos of each class into a folder named "
            f"after the class, or give labels='labels.csv'. Files counted as video: {', '.join(sorted(VIDEO_ENDINGS))}."
        )
    videos = [
        Video(file, label, _group_of(file, root, groups))
        for label, name in enumerate(names)
        for file in found.get(name, [])
    ]
    return videos, names


def list_unlabelled(root: Path, groups: Grouping | None) -> list[Video]:
    """Every video below `root`, without a label."""
    check_root(root)
    videos = [Video(file, -1, _group_of(file, root, groups)) for file in _files_below(root)]
    if not videos:
        raise DataError(f"{str(root)!r} holds no videos. Files counted as video: {', '.join(sorted(VIDEO_ENDINGS))}.")
    return videos


def read_labels(
    table: Path, root: Path, label_column: str, class_names: Sequence[str] | None, groups: Grouping | None
) -> tuple[list[Video], list[str]]:
    """The videos that a CSV names: a column `path` (else the first one), the labels, and perhaps a column `group`."""
    check_root(root)
    if not table.is_file():
        near = f" Did you mean {str(root / table)!r}?" if (root / table).is_file() else ""
        raise VideoNotFoundError(f"There is no table of labels {str(table)!r}.{near}")
    with table.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        columns = list(reader.fieldnames or [])
        if label_column not in columns:
            raise DataError(
                f"{str(table)!r} has no column {label_column!r}: its first line names {columns}. "
                "Name the column of the labels with label_column=."
            )
        path_column = "path" if "path" in columns else columns[0]
        rows = [(reader.line_num, row) for row in reader]
    for line, row in rows:
        if not row[path_column] or not row[label_column]:
            raise DataError(f"Line {line} of {str(table)!r} lacks a path or a label.")
    if not rows:
        raise DataError(f"{str(table)!r} names no videos.")
    used = {row[label_column] for _, row in rows}
    names = sorted(used) if class_names is None else list(class_names)
    _check_known(used, names, f"Column {label_column!r} of {str(table)!r}")
    videos = []
    for _, row in rows:
        path = root / row[path_column]
        group = row.get("group") if groups is None else None
        videos.append(Video(path, names.index(row[label_column]), group or _group_of(path, root, groups)))
    return videos, names


def split_videos(videos: Sequence[Video], held_out: float) -> tuple[list[Video], list[Video]]:
    """Holds out about this fraction of the groups, class by class where no group spans classes.

    A group's place depends on a hash of its name, so the split is the same on every machine, for every seed, and
    changes little when videos are added.
    """
    if not (isinstance(held_out, float) and 0 < held_out < 1):
        raise ArgumentError(f"validation_split must be a fraction between 0 and 1, both excluded; got {held_out!r}.")
    labels_of: dict[str, set[int]] = {}
    for video in videos:
        labels_of.setdefault(video.group, set()).add(video.label)
    if len(labels_of) < 2:
        raise DataError(
            f"validation_split needs at least two videos or groups to part, and there is {len(labels_of)}: "
            "give the validation videos a folder of their own."
        )
    by_class = all(len(labels) == 1 for labels in labels_of.values())
    strata: dict[int, list[str]] = {}
    for group, labels in labels_of.items():
        strata.setdefault(min(labels) if by_class else 0, []).append(group)
    chosen: set[str] = set()
    wanted = 0.0
    for label in sorted(strata):
        names = sorted(strata[label], key=_hash)
        wanted += held_out * len(names)
        chosen.update(names[: max(0, round(wanted) - len(chosen))])
    everything = sorted(labels_of, key=_hash)
    if not chosen:
        chosen = {everything[0]}
    elif len(chosen) == len(everything):
        chosen.discard(everything[-1])
    return [video for video in videos if video.group not in chosen], [
        video for video in videos if video.group in chosen
    ]


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


def _check_known(used: set[str], class_names: Sequence[str], where: str) -> None:
    unknown = sorted(used - set(class_names))
    if unknown:
        raise DataError(f"{where} name classes that are not in class_names: {unknown}; those are {list(class_names)}.")


def _group_of(file: Path, root: Path, groups: Grouping | None) -> str:
    relative = Path(os.path.relpath(file, root))
    return relative.as_posix() if groups is None else str(groups(relative))


def _hash(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()
