"""Which videos are held out: by a fraction, in folds, or group by group; never parts of one group on both sides.

What goes where depends on the names of the groups alone, so that it is the same on every machine and for every seed.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from kinema.errors import ArgumentError, DataError
from kinema.video._catalogue import Video
from kinema.video._convert import check_count

Parts = tuple[list[Video], list[Video]]


def split_videos(videos: Sequence[Video], held_out: float) -> Parts:
    """Holds out about this fraction of the groups, and of each class.

    A group's place changes little when videos are added.
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
    pure = all(len(labels) == 1 for labels in labels_of.values())
    chosen = _by_class(labels_of, held_out) if pure else _closest(videos, held_out)
    everything = sorted(labels_of, key=_hash)
    if not chosen:
        chosen = {everything[0]}
    elif len(chosen) == len(everything):
        chosen.discard(everything[-1])
    return _parted(videos, chosen)


def fold_videos(videos: Sequence[Video], folds: int) -> list[Parts]:
    """Parts the videos `folds` times, each video held out once, each fold with all classes in proportion."""
    check_count(folds, "k", least=2)
    names, counts = _classes_of_groups(videos)
    if len(names) < folds:
        raise DataError(f"k={folds} folds need as many videos or groups, and there are {len(names)}: use a smaller k.")
    shares = counts / counts.sum(axis=0)
    held = np.zeros((folds, counts.shape[1]))
    sizes = np.zeros(folds)
    members: list[set[str]] = [set() for _ in range(folds)]
    # The largest groups first: the small ones even out what these leave uneven.
    for group in sorted(range(len(names)), key=lambda index: (-counts[index].sum(), _hash(names[index]))):
        unevenness = (np.square(held + shares[group]) - np.square(held)).sum(axis=1).round(12)
        fold = min(range(folds), key=lambda index: (unevenness[index], sizes[index], index))
        held[fold] += shares[group]
        sizes[fold] += counts[group].sum()
        members[fold].add(names[group])
    for empty in (part for part in members if not part):
        fullest = max(members, key=len)
        moved = max(fullest, key=_hash)
        fullest.discard(moved)
        empty.add(moved)
    return [_parted(videos, part) for part in members]


def leave_each_group_out(videos: Sequence[Video]) -> dict[str, Parts]:
    """For each group, in the order of the names: all others, and the group."""
    groups = sorted({video.group for video in videos})
    if len(groups) < 2:
        raise DataError(f"There must be at least two groups to leave one out, and there is {len(groups)}.")
    return {group: _parted(videos, {group}) for group in groups}


def _by_class(labels_of: dict[str, set[int]], held_out: float) -> set[str]:
    strata: dict[int, list[str]] = {}
    for group, labels in labels_of.items():
        strata.setdefault(min(labels), []).append(group)
    chosen: set[str] = set()
    wanted = 0.0
    for label in sorted(strata):
        names = sorted(strata[label], key=_hash)
        wanted += held_out * len(names)
        chosen.update(names[: max(0, round(wanted) - len(chosen))])
    return chosen


def _closest(videos: Sequence[Video], held_out: float) -> set[str]:
    """Groups that hold videos of several classes: taken while they bring the classes nearer to what is wanted."""
    names, counts = _classes_of_groups(videos)
    shares = counts / counts.sum(axis=0)
    held = np.zeros(counts.shape[1])
    chosen: set[str] = set()
    for group in sorted(range(len(names)), key=lambda index: _hash(names[index])):
        if np.square(held + shares[group] - held_out).sum() < np.square(held - held_out).sum():
            held += shares[group]
            chosen.add(names[group])
    return chosen


def _classes_of_groups(videos: Sequence[Video]) -> tuple[list[str], npt.NDArray[np.float64]]:
    """The groups, and how many videos of each class are in each: (groups, classes)."""
    names = sorted({video.group for video in videos})
    labels = sorted({video.label for video in videos})
    counts = np.zeros((len(names), len(labels)))
    row = {name: index for index, name in enumerate(names)}
    column = {label: index for index, label in enumerate(labels)}
    for video in videos:
        counts[row[video.group], column[video.label]] += 1
    return names, counts


def _parted(videos: Sequence[Video], held: set[str]) -> Parts:
    return [video for video in videos if video.group not in held], [video for video in videos if video.group in held]


def _hash(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()
