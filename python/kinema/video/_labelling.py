"""From the rows of a manifest, or the names of files, to labelled videos and segments of videos."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kinema.errors import ArgumentError, DataError
from kinema.video._catalogue import Grouping, Video, check_known, check_root, group_of, list_unlabelled
from kinema.video._manifest import Manifest, Row, Table, is_missing, read_manifest

Columns = str | Sequence[str] | None

_YES = ("1", "1.0", "true", "yes")
_NO = ("", "0", "0.0", "false", "no")


@dataclass(frozen=True)
class Labelling:
    """Where labels come from.

    Args:
        mode: What they are; the `label_mode` of `VideoFolder`.
        columns: The columns of the labels; None for the name of the folder.
        starts: The columns of the times at which segments start, as many as there are columns of labels.
        ends: The columns of the times at which they end.
        pattern: An expression whose group is the label in a file's name, instead of columns.
        separator: What stands between several labels in one cell.
        background: The class of frames that are in no segment.
        path_column: The column of paths; None for "path", or the first one.
        group_column: The column of groups; None for "group", where there is one.
    """

    mode: str | None
    columns: tuple[str, ...] | None
    starts: tuple[str, ...]
    ends: tuple[str, ...]
    pattern: re.Pattern[str] | None
    separator: str
    background: str | None
    path_column: str | None
    group_column: str | None

    @property
    def several(self) -> bool:
        """Whether several columns together are the label of one row."""
        return self.columns is not None and len(self.columns) > 1 and not self.starts


def labelling(
    mode: str | None,
    label_column: Columns,
    start_column: Columns,
    end_column: Columns,
    label_pattern: str | None,
    separator: str,
    background: str | None,
    path_column: str | None,
    group_column: str | None,
) -> Labelling:
    """The arguments of `VideoFolder`, checked against each other."""
    columns, starts, ends = (_as_tuple(each) for each in (label_column, start_column, end_column))
    if len(starts or ()) != len(ends or ()):
        raise ArgumentError("A segment has a start and an end: give start_column and end_column, as many of each.")
    if starts and columns is not None and not label_pattern and len(starts) != len(columns) and mode is not None:
        raise ArgumentError(
            f"There are {len(columns)} columns of labels and {len(starts)} of starts: give a start_column and an "
            "end_column for each label_column."
        )
    if columns is not None and len(columns) > 1 and not starts and mode not in ("multi", "number"):
        raise ArgumentError(
            f"Several columns of labels for one video need label_mode='multi' (yes or no in each column) or 'number', "
            f"or a start_column and end_column for each; label_mode is {mode!r}."
        )
    try:
        pattern = None if label_pattern is None else re.compile(label_pattern)
    except re.error as error:
        raise ArgumentError(f"label_pattern={label_pattern!r} is not a regular expression: {error}.") from error
    if pattern is not None and not pattern.groups:
        raise ArgumentError(f"label_pattern={label_pattern!r} needs a group for the label, as in r'_(\\w+)\\.mp4$'.")
    return Labelling(mode, columns, starts or (), ends or (), pattern, separator, background, path_column, group_column)


def labelled_videos(
    root: Path, table: Table | None, how: Labelling, class_names: Sequence[str] | None, groups: Grouping | None
) -> tuple[list[Video], list[str]]:
    """The videos, or segments of videos, and the names of the classes."""
    check_root(root)
    found: Iterable[tuple[Video, str, Any]]
    if table is None:
        where = f"The files of {str(root)!r}"
        found = [
            (video, repr(str(video.path)), _label_of(None, video.path, root, 0, how))
            for video in list_unlabelled(root, groups)
        ]
    else:
        manifest = read_manifest(table, root)
        where = _describe(manifest, how)
        found = _from_manifest(manifest, root, how, groups)
    if how.mode is None:
        return [video for video, _, _ in found], []
    if how.mode == "number":
        return [replace(video, target=_numbers(raw, place)) for video, place, raw in found], []
    return _classified(list(found), how, class_names, where)


def _from_manifest(
    manifest: Manifest, root: Path, how: Labelling, groups: Grouping | None
) -> list[tuple[Video, str, Any]]:
    if how.mode is not None and how.pattern is None and how.columns is not None:
        for column in how.columns:
            manifest.require(column, "label_column", "the labels")
    for argument, columns in (("start_column", how.starts), ("end_column", how.ends)):
        for column in columns:
            manifest.require(column, argument, "these times")
    if not manifest.rows:
        raise DataError(f"{manifest.name} names no videos.")
    if how.path_column is not None:
        path_column = manifest.require(how.path_column, "path_column", "the paths")
    else:
        path_column = "path" if "path" in manifest.columns else manifest.columns[0]
    group_column = "group"
    if how.group_column is not None:
        group_column = manifest.require(how.group_column, "group_column", "the groups")
    found = []
    for row in manifest.rows:
        if is_missing(row.values.get(path_column)):
            raise DataError(f"{row.place} lacks a path or a label.")
        path = root / str(row.values[path_column])
        named = row.values.get(group_column) if groups is None else None
        group = group_of(path, root, groups) if is_missing(named) else str(named)
        for index in range(max(1, len(how.starts))):
            label = None if how.mode is None else _label_of(row, path, root, index, how)
            video = Video(path, -1, group, span=_span(row, index, how))
            found.append((video, row.place, label))
    return found


def _label_of(row: Row | None, path: Path, root: Path, index: int, how: Labelling) -> Any:
    if how.mode is None:
        return None
    if how.pattern is not None:
        match = how.pattern.search(path.name)
        if match is None:
            raise DataError(f"label_pattern={how.pattern.pattern!r} finds no label in the file name {path.name!r}.")
        return match["label"] if "label" in how.pattern.groupindex else match[1]
    if how.columns is None or row is None:
        inside = path.relative_to(root) if path.is_relative_to(root) else path
        if len(inside.parts) < 2:
            raise DataError(f"{str(path)!r} lies in no sub-folder, whose name would be its label.")
        return inside.parts[0] if path.is_relative_to(root) else inside.parts[-2]
    if how.several:
        return {column: row.values.get(column) for column in how.columns}
    value = row.values.get(how.columns[index])
    if is_missing(value) and how.mode != "multi":
        raise DataError(f"{row.place} lacks a path or a label.")
    return value


def _span(row: Row, index: int, how: Labelling) -> tuple[float, float] | None:
    if not how.starts:
        return None
    start, end = (_number(row.values.get(columns[index]), row.place) for columns in (how.starts, how.ends))
    if not 0 <= start < end:
        raise DataError(
            f"{row.place} has a segment from {start:g} to {end:g} s: it must start at 0 or later and end after that."
        )
    return start, end


def _classified(
    found: list[tuple[Video, str, Any]], how: Labelling, class_names: Sequence[str] | None, where: str
) -> tuple[list[Video], list[str]]:
    split: Callable[[Any, str], list[str]] = lambda raw, place: _several(raw, place, how)  # noqa: E731
    labels = [split(raw, place) for _, place, raw in found]
    used = {label for each in labels for label in each}
    if how.several:
        used |= set(how.columns or ())
    if how.mode == "frame" and how.starts and how.background is not None:
        used.add(how.background)
    names = _in_order(used) if class_names is None else list(class_names)
    check_known(used, names, where)
    numbers = {name: number for number, name in enumerate(names)}
    numbered = [[numbers[label] for label in each] for each in labels]
    if how.mode == "multi":
        videos = [
            replace(video, label=min(each, default=-1), target=tuple(each))
            for (video, _, _), each in zip(found, numbered, strict=True)
        ]
    elif how.mode == "frame":
        videos = _with_frames(found, numbered, how, numbers)
    else:
        videos = [replace(video, label=each[0]) for (video, _, _), each in zip(found, numbered, strict=True)]
    return videos, names


def _several(raw: Any, place: str, how: Labelling) -> list[str]:
    """The names in one cell."""
    if isinstance(raw, dict):
        return [column for column, value in raw.items() if _is_yes(value, column, place)]
    if how.mode == "multi" or (how.mode == "frame" and not how.starts):
        parts = raw if isinstance(raw, (list, tuple)) else str(raw or "").split(how.separator)
        return [str(part).strip() for part in parts if str(part).strip()]
    return [str(raw)]


def _with_frames(
    found: list[tuple[Video, str, Any]], numbered: list[list[int]], how: Labelling, numbers: dict[str, int]
) -> list[Video]:
    if not how.starts:
        return [replace(video, target=tuple(each)) for (video, _, _), each in zip(found, numbered, strict=True)]
    background = -1 if how.background is None else numbers[how.background]
    segments: dict[Path, list[tuple[float, float, int]]] = {}
    first: dict[Path, Video] = {}
    for (video, _, _), each in zip(found, numbered, strict=True):
        assert video.span is not None
        first.setdefault(video.path, video)
        segments.setdefault(video.path, []).append((*video.span, each[0]))
    return [
        replace(video, span=None, target=Segments(tuple(segments[path]), background)) for path, video in first.items()
    ]


@dataclass(frozen=True)
class Segments:
    """The labels of a video's frames by time: (start, end, class number) each, and the class of all other frames."""

    spans: tuple[tuple[float, float, int], ...]
    background: int


def _numbers(raw: Any, place: str) -> tuple[float, ...]:
    values = raw.values() if isinstance(raw, dict) else [raw]
    return tuple(_number(value, place) for value in values)


def _number(value: Any, place: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if number != number or number in (float("inf"), -float("inf")):
        raise DataError(f"{place} has {value!r} where a number is expected.")
    return number


def _is_yes(value: Any, column: str, place: str) -> bool:
    text = "" if value is None else str(value).strip().lower()
    if text not in _YES and text not in _NO:
        raise DataError(f"{place} has {value!r} in column {column!r}, where 0 or 1 says whether the label is given.")
    return text in _YES


def _in_order(names: set[str]) -> list[str]:
    """Sorted as text, or by value where all are whole numbers."""
    return sorted(names, key=int) if all(name.isdecimal() for name in names) else sorted(names)


def _describe(manifest: Manifest, how: Labelling) -> str:
    if how.pattern is not None:
        return f"The file names in {manifest.name}"
    if how.columns is None:
        return f"The folders in {manifest.name}"
    columns = ", ".join(map(repr, how.columns))
    return f"Column{'s' if len(how.columns) > 1 else ''} {columns} of {manifest.name}"


def _as_tuple(columns: Columns) -> tuple[str, ...] | None:
    if columns is None:
        return None
    return (columns,) if isinstance(columns, str) else tuple(columns)
